{#  upload_key(columns): the ledger's key of the first message about a conversion, whose columns these are:
    generation 1, a conversion, revision 0. The rule is `upload_key` of activation/ledger/database.py,
    which every later message follows; a test compares the two. #}
{% macro upload_key(columns) -%}
    'rt1-' || substr({{ sha256_hex(columns + ["'1'", "'convert'", "'0'"]) }}, 1, 40)
{%- endmacro %}
