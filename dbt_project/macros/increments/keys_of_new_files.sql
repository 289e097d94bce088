{#
    keys_of_new_files('call_id', source('landing', 'cdr')): the condition that keeps a query to the
    keys of which files newer than the last build hold a row; always true in a full build.
#}
{% macro keys_of_new_files(key, relation) -%}
    {%- if is_increment() -%}
        {{ key }} in (
            select {{ key }} from {{ relation }} where _file_id > {{ built_up_to() }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
