{# days_between(earlier, later): whole days from one date to another, as a double. #}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between', 'ringtrail')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    {{ exceptions.raise_compiler_error("days_between: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__days_between(earlier, later) -%}
    cast({{ later }} - {{ earlier }} as double)
{%- endmacro %}

{% macro spark__days_between(earlier, later) -%}
    cast(datediff({{ later }}, {{ earlier }}) as double)
{%- endmacro %}
