{#
    Instants and days. Timestamps are UTC without a zone throughout the warehouse.

    day_in_zone(timestamp, zone)       the calendar day of an instant in an IANA zone
    plus_minutes(timestamp, minutes)   the instant that many minutes later
    plus_days(timestamp, days)         the instant that many times 24 hours later
    seconds_between(earlier, later)    seconds as a double, negative when later comes first
    epoch_microseconds(timestamp)      microseconds since 1970 as a bigint
#}
{% macro day_in_zone(timestamp, zone) -%}
    {{ return(adapter.dispatch('day_in_zone', 'ringtrail')(timestamp, zone)) }}
{%- endmacro %}

{% macro default__day_in_zone(timestamp, zone) -%}
    {{ exceptions.raise_compiler_error("day_in_zone: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__day_in_zone(timestamp, zone) -%}
    cast(timezone({{ zone }}, timezone('UTC', {{ timestamp }})) as date)
{%- endmacro %}

{% macro plus_minutes(timestamp, minutes) -%}
    {{ return(adapter.dispatch('plus_minutes', 'ringtrail')(timestamp, minutes)) }}
{%- endmacro %}

{% macro default__plus_minutes(timestamp, minutes) -%}
    {{ exceptions.raise_compiler_error("plus_minutes: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__plus_minutes(timestamp, minutes) -%}
    {{ timestamp }} + to_minutes(cast({{ minutes }} as bigint))
{%- endmacro %}

{% macro plus_days(timestamp, days) -%}
    {{ return(adapter.dispatch('plus_days', 'ringtrail')(timestamp, days)) }}
{%- endmacro %}

{% macro default__plus_days(timestamp, days) -%}
    {{ exceptions.raise_compiler_error("plus_days: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__plus_days(timestamp, days) -%}
    {{ timestamp }} + to_hours(24 * cast({{ days }} as bigint))
{%- endmacro %}

{% macro seconds_between(earlier, later) -%}
    {{ return(adapter.dispatch('seconds_between', 'ringtrail')(earlier, later)) }}
{%- endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    {{ exceptions.raise_compiler_error("seconds_between: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__seconds_between(earlier, later) -%}
    (epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1e6
{%- endmacro %}

{% macro epoch_microseconds(timestamp) -%}
    {{ return(adapter.dispatch('epoch_microseconds', 'ringtrail')(timestamp)) }}
{%- endmacro %}

{% macro default__epoch_microseconds(timestamp) -%}
    {{ exceptions.raise_compiler_error("epoch_microseconds: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__epoch_microseconds(timestamp) -%}
    epoch_us({{ timestamp }})
{%- endmacro %}
