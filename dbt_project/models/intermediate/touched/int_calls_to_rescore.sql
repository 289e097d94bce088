{#
    Calls that the matcher is asked again: those whose own evidence was touched, and calls to shared
    numbers that a touched click or session may have brought. Days are widened by two at either end,
    for zones and for sessions that a late event has moved.

    Empty in a full build.
#}
{{ reads('int_calls_touched', 'int_touch_days_touched', 'int_calls_to_match') }}
{% if is_increment() %}

with

calls_touched as (

    select * from {{ ref('int_calls_touched') }}

),

calls_to_match as (

    select
        call_id,
        cast(call_started_at as date) as call_date

    from {{ ref('int_calls_to_match') }}

    where match_kind = 'fallback'

),

touch_days as (

    select * from {{ ref('int_touch_days_touched') }}

),

final as (

    select call_id
    from calls_touched

    union

    select calls_to_match.call_id
    from calls_to_match
    inner join touch_days
        on
            calls_to_match.call_date >= touch_days.touch_date - 2
            and (
                calls_to_match.call_date
                <= touch_days.touch_date + {{ var('attribution_lookback_days') + 2 }}
                or touch_days.touch_date = date '0001-01-01'
            )

)

select * from final

{% else %}

select cast(null as varchar) as call_id

where false

{% endif %}
