{#
    Calendar days.

    date_series(first, last)        one row per day of both ends and all between, column date_day;
                                    stands in a select list, and the ends may be columns
    plus_calendar_days(date, days)  the day that many days later, a date
    iso_weekday(date)               1 is Monday, 7 is Sunday
#}
{% macro date_series(first, last) -%}
    {{ return(adapter.dispatch('date_series', 'ringtrail')(first, last)) }}
{%- endmacro %}

{% macro default__date_series(first, last) -%}
    {{ exceptions.raise_compiler_error("date_series: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__date_series(first, last) -%}
    cast(unnest(generate_series({{ first }}, {{ last }}, interval 1 day)) as date)
{%- endmacro %}

{% macro spark__date_series(first, last) -%}
    explode(sequence({{ first }}, {{ last }}, interval 1 day))
{%- endmacro %}

{% macro plus_calendar_days(date, days) -%}
    {{ return(adapter.dispatch('plus_calendar_days', 'ringtrail')(date, days)) }}
{%- endmacro %}

{% macro default__plus_calendar_days(date, days) -%}
    {{ exceptions.raise_compiler_error("plus_calendar_days: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__plus_calendar_days(date, days) -%}
    ({{ date }} + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__plus_calendar_days(date, days) -%}
    date_add({{ date }}, cast({{ days }} as int))
{%- endmacro %}

{% macro iso_weekday(date) -%}
    {{ return(adapter.dispatch('iso_weekday', 'ringtrail')(date)) }}
{%- endmacro %}

{% macro default__iso_weekday(date) -%}
    {{ exceptions.raise_compiler_error("iso_weekday: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__iso_weekday(date) -%}
    cast(extract(isodow from {{ date }}) as integer)
{%- endmacro %}

{% macro spark__iso_weekday(date) -%}
    cast(extract(dayofweek_iso from {{ date }}) as int)
{%- endmacro %}
