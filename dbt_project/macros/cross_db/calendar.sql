{#
    Parts of an instant or a day that people group by.

    hour_in_zone(timestamp, zone)   hour of the day, 0 to 23, of an instant in an IANA zone
    quarter_hour(timestamp)         its quarter of an hour; no zone's day begins inside one, so that rows
                                    counted by it need far fewer conversions to a zone
    weekday_name(day)               English name of a date's weekday
    days_from(first, last)          a table `days` with one row per day, column date_day; last included
#}
{% macro hour_in_zone(timestamp, zone) -%}
    {{ return(adapter.dispatch('hour_in_zone', 'ringtrail')(timestamp, zone)) }}
{%- endmacro %}

{% macro default__hour_in_zone(timestamp, zone) -%}
    {{ exceptions.raise_compiler_error("hour_in_zone: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__hour_in_zone(timestamp, zone) -%}
    cast(hour(timezone({{ zone }}, timezone('UTC', {{ timestamp }}))) as integer)
{%- endmacro %}

{% macro spark__hour_in_zone(timestamp, zone) -%}
    hour(from_utc_timestamp({{ timestamp }}, {{ zone }}))
{%- endmacro %}

{% macro business_hour(timestamp) -%}
    {{ hour_in_zone(timestamp, "'" ~ var('business_timezone') ~ "'") }}
{%- endmacro %}

{% macro quarter_hour(timestamp) -%}
    {{ return(adapter.dispatch('quarter_hour', 'ringtrail')(timestamp)) }}
{%- endmacro %}

{% macro default__quarter_hour(timestamp) -%}
    {{ exceptions.raise_compiler_error("quarter_hour: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__quarter_hour(timestamp) -%}
    time_bucket(interval '15 minutes', {{ timestamp }})
{%- endmacro %}

{% macro spark__quarter_hour(timestamp) -%}
    window({{ timestamp }}, '15 minutes').start
{%- endmacro %}

{% macro weekday_name(day) -%}
    {{ return(adapter.dispatch('weekday_name', 'ringtrail')(day)) }}
{%- endmacro %}

{% macro default__weekday_name(day) -%}
    {{ exceptions.raise_compiler_error("weekday_name: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__weekday_name(day) -%}
    dayname({{ day }})
{%- endmacro %}

{% macro spark__weekday_name(day) -%}
    date_format({{ day }}, 'EEEE')
{%- endmacro %}

{% macro days_from(first, last) -%}
    {{ return(adapter.dispatch('days_from', 'ringtrail')(first, last)) }}
{%- endmacro %}

{% macro default__days_from(first, last) -%}
    {{ exceptions.raise_compiler_error("days_from: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__days_from(first, last) -%}
    (
        select cast(unnest(
            generate_series(date '{{ first }}', date '{{ last }}', interval 1 day)
        ) as date) as date_day
    ) as days
{%- endmacro %}

{% macro spark__days_from(first, last) -%}
    (
        select explode(sequence(date '{{ first }}', date '{{ last }}', interval 1 day)) as date_day
    ) as days
{%- endmacro %}
