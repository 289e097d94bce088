{# joined_in_order(text, separator, position): the texts of a group as one, in the order of position. #}
{% macro joined_in_order(text, separator, position) -%}
    {{ return(adapter.dispatch('joined_in_order', 'ringtrail')(text, separator, position)) }}
{%- endmacro %}

{% macro default__joined_in_order(text, separator, position) -%}
    {{ exceptions.raise_compiler_error("joined_in_order: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__joined_in_order(text, separator, position) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ position }})
{%- endmacro %}
