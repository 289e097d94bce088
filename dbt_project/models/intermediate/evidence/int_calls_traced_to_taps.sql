{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

with

calls as (

    select * from {{ ref('int_calls') }}

    where {{ only_touched('call_id', 'int_calls_touched') }}

),

taps as (

    select * from {{ ref('int_contact_events') }}
    where event_type = 'number_clicked'

),

tapping as (

    select
        calls.call_id,
        taps.session_id,
        taps.visitor_id,
        max(taps.occurred_at) as tapped_at

    from calls

    inner join taps
        on
            calls.to_number = taps.tracking_number
            and calls.call_started_at >= taps.occurred_at
            and calls.call_started_at
            <= taps.occurred_at + interval '{{ var("tel_tap_seconds") }} seconds'

    group by calls.call_id, taps.session_id, taps.visitor_id

),

final as (

    select
        *,
        count(*) over (partition by call_id) as tapping_sessions,
        row_number() over (
            partition by call_id order by tapped_at desc, session_id asc
        ) as tap_recency

    from tapping

)

select * from final
