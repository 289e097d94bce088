{# week_of(date): the Monday of the date's week. #}
{% macro week_of(date) -%}
    {{ return(adapter.dispatch('week_of', 'ringtrail')(date)) }}
{%- endmacro %}

{% macro default__week_of(date) -%}
    {{ exceptions.raise_compiler_error("week_of: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__week_of(date) -%}
    cast(date_trunc('week', {{ date }}) as date)
{%- endmacro %}

{% macro spark__week_of(date) -%}
    cast(date_trunc('week', {{ date }}) as date)
{%- endmacro %}
