{#  sha256_hex(columns): SHA-256 of the columns' text in hex, the same in every engine. The columns are
    parted by the unit separator, which stands in no id, so that no two rows share a text. #}
{% macro sha256_hex(columns) -%}
    {{ return(adapter.dispatch('sha256_hex', 'ringtrail')(columns)) }}
{%- endmacro %}

{% macro default__sha256_hex(columns) -%}
    {{ exceptions.raise_compiler_error("sha256_hex: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__sha256_hex(columns) -%}
    sha256(concat_ws(chr(31), {{ columns | join(', ') }}))
{%- endmacro %}

{% macro spark__sha256_hex(columns) -%}
    sha2(concat_ws(char(31), {{ columns | join(', ') }}), 256)
{%- endmacro %}
