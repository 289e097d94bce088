{# Layer schemas are global (staging, intermediate, marts), not <target>_<schema>:
   each environment is its own DuckDB file, so the file is the namespace. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
