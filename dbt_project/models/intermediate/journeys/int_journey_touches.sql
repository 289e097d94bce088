{{ config(materialized='view') }}

with

journeys as (

    select * from {{ ref('int_journeys') }}

),

ordered_touches as (

    select * from {{ ref('int_journey_touches_ordered') }}

),

final as (

    select
        journey_id,
        touch_number,
        step_number,
        is_new_step,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        touched_at,
        ended_at

    from ordered_touches

    union all

    select
        journey_id,
        1 as touch_number,
        1 as step_number,
        true as is_new_step,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        touched_at,
        ended_at

    from journeys

    where journey_id not in (select ordered_touches.journey_id from ordered_touches)

)

select * from final
