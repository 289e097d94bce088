{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

{# What the matcher is asked. It stands before the matcher, so nothing here may read schema ml. #}

with

calls as (

    select * from {{ ref('int_calls') }}

    where {{ only_touched('call_id', 'int_calls_touched') }}

),

numbers as (

    select * from {{ ref('int_calls_traced_to_numbers') }}

),

leases as (

    select * from {{ ref('int_calls_traced_to_leases') }}

),

taps as (

    select * from {{ ref('int_calls_traced_to_taps') }}
    where tap_recency = 1

),

touches as (

    select
        touch_id,
        session_id

    from {{ ref('int_touches') }}

    where session_id is not null

),

final as (

    select
        calls.call_id,
        calls.call_started_at,
        case when calls.number_kind = 'pool' then 'pool' else 'fallback' end as match_kind,
        calls.to_number as tracking_number,
        calls.pool_id,
        calls.site,
        calls.vertical,
        calls.caller_key,
        calls.caller_area_code,
        calls.line_type,
        calls.is_spam,
        live_touches.touch_id as live_touch_id,
        tap_touches.touch_id as tap_touch_id,
        coalesce(taps.tapping_sessions, 0) as tapping_sessions

    from calls

    left join numbers
        on calls.call_id = numbers.call_id

    left join leases
        on calls.call_id = leases.call_id

    left join touches as live_touches
        on leases.session_id = live_touches.session_id

    left join taps
        on calls.call_id = taps.call_id

    left join touches as tap_touches
        on taps.session_id = tap_touches.session_id

    where numbers.call_id is null

)

select * from final
