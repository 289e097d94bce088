{{ config(materialized='incremental', touched={'int_calls_touched': 'call_id'}) }}

{#
    The labels of the matcher. A lease and a tap that name different sessions are no label, and
    neither is a number that two sessions tapped: an uncertain label teaches false certainty.
#}

with

calls_to_match as (

    select * from {{ ref('int_calls_to_match') }}

    where
        not is_spam
        and {{ only_touched('call_id', 'int_calls_touched') }}

),

touches as (

    select
        touch_id,
        session_id

    from {{ ref('int_touches') }}

),

labelled as (

    select
        call_id,
        call_started_at,
        match_kind,
        coalesce(live_touch_id, tap_touch_id) as touch_id,
        case when live_touch_id is null then 'tel_tap' else 'live_lease' end as label_source

    from calls_to_match

    where
        tapping_sessions <= 1
        and coalesce(live_touch_id, tap_touch_id) is not null
        and coalesce(live_touch_id = tap_touch_id, true)

),

final as (

    select
        labelled.call_id,
        labelled.touch_id,
        touches.session_id,
        labelled.call_started_at,
        labelled.match_kind,
        labelled.label_source

    from labelled

    inner join touches
        on labelled.touch_id = touches.touch_id

)

select * from final
