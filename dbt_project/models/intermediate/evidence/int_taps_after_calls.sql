{{ config(materialized='view') }}

{#
    A tap after the call cannot have caused it. Counted over the same span as the taps that are taken
    as evidence, these are the taps that fall beside a call by chance. Sessions that also tapped
    before the call are left out: they are redialling.
#}

with

calls as (

    select * from {{ ref('int_calls') }}
    where not is_spam

),

taps as (

    select * from {{ ref('int_contact_events') }}
    where event_type = 'number_clicked'

),

earlier_taps as (

    select * from {{ ref('int_calls_traced_to_taps') }}

),

following as (

    select
        calls.call_id,
        taps.session_id,
        min(taps.occurred_at) as tapped_at

    from calls

    inner join taps
        on
            calls.to_number = taps.tracking_number
            and calls.call_started_at < taps.occurred_at
            and calls.call_started_at
            >= taps.occurred_at - interval '{{ var("tel_tap_seconds") }} seconds'

    group by calls.call_id, taps.session_id

),

final as (

    select
        following.call_id,
        following.session_id,
        following.tapped_at

    from following

    left join earlier_taps
        on
            following.call_id = earlier_taps.call_id
            and following.session_id = earlier_taps.session_id

    where earlier_taps.call_id is null

)

select * from final
