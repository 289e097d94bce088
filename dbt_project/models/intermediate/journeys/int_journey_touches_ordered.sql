{#
    The touches of a journey: its end, and before it the person's sessions within the lookback. Nineteen
    of twenty journeys have none of these and are left out. Neighbours alike are one step of it.
#}
{% set alike = var('multi_touch_collapse') or ['session_id'] %}
with

journeys as (

    select * from {{ ref('int_journeys') }}

),

person_touches as (

    select * from {{ ref('int_person_touches') }}

),

earlier_touches as (

    select
        journeys.journey_id,
        journeys.call_id,
        person_touches.channel,
        person_touches.platform,
        person_touches.campaign_id,
        person_touches.click_id,
        person_touches.session_id,
        person_touches.touched_at,
        journeys.ended_at,
        0 as is_end

    from journeys

    inner join person_touches
        on
            journeys.person_id = person_touches.person_id
            and journeys.ended_at >= person_touches.touched_at
            and journeys.lookback_from_at
            <= person_touches.touched_at + interval '{{ var('attribution_lookback_days') }} days'
            and journeys.session_id is distinct from person_touches.session_id

),

touches as (

    select * from earlier_touches

    union all

    select
        journey_id,
        call_id,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        touched_at,
        ended_at,
        1 as is_end

    from journeys

    where journey_id in (select earlier_touches.journey_id from earlier_touches)

),

ordered as (

    select
        *,
        concat_ws('|', {{ alike | join(', ') }}) as step_key,
        row_number() over (
            partition by journey_id order by is_end asc, touched_at asc, session_id asc
        ) as touch_number

    from touches

),

compared as (

    select
        *,
        coalesce(
            step_key <> lag(step_key) over (partition by journey_id order by touch_number asc),
            true
        ) as is_new_step

    from ordered

),

final as (

    select
        journey_id,
        call_id,
        cast(touch_number as integer) as touch_number,
        cast(
            count(case when is_new_step then 1 end) over (
                partition by journey_id order by touch_number asc
            ) as integer
        ) as step_number,
        is_new_step,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        touched_at,
        ended_at

    from compared

)

select * from final
