{{ config(materialized='view', tags=['delta']) }}

{#
    Every attribution model's share of every touch, side by side. Models that spread credit weigh the
    steps of the path, and the touches of a step share it evenly; the others name one touch. A view,
    because only fct_touch_credits reads it; in an increment the calls that it writes.
#}
{% set first_share = var('position_first_share') %}
{% set last_share = var('position_last_share') %}

with

journeys as (

    select * from {{ ref('int_journey_paths') }}
    where call_id is not null and {{ only_touched('call_id', 'int_multi_touch_calls_touched') }}

),

journey_touches as (

    select * from {{ ref('int_journey_touches') }}

),

step_shares as (

    select * from {{ ref('int_path_step_shares') }}

),

touches as (

    select
        journey_touches.*,
        journeys.call_id,
        journeys.path,
        journeys.conversions,
        journeys.touch_count,
        journeys.step_count,
        journeys.last_non_direct_touch,
        count(*) over in_step as touches_of_step,
        -- Of a click that ends a journey only the day may be known: it is as old as the end.
        max(coalesce(journey_touches.touched_at, journey_touches.ended_at)) over in_step
            as step_at

    from journeys

    inner join journey_touches
        on journeys.journey_id = journey_touches.journey_id

    window
        in_step as (partition by journey_touches.journey_id, journey_touches.step_number)

),

decayed as (

    select
        *,
        cast(
            power(
                2,
                -{{ seconds_between('step_at', 'ended_at') }} / 86400
                / {{ var('time_decay_half_life_days') }}
            )
            / touches_of_step as decimal(18, 15)
        ) as decay_weight

    from touches

),

final as (

    select
        decayed.journey_id,
        decayed.touch_number,
        decayed.call_id,
        decayed.channel,
        decayed.platform,
        decayed.campaign_id,
        decayed.click_id,
        decayed.session_id,
        decayed.touched_at,
        decayed.conversions,
        case when decayed.touch_number = 1 then 1 else 0 end as first_touch,
        case when decayed.touch_number = decayed.touch_count then 1 else 0 end as last_touch,
        case
            when decayed.touch_number = decayed.last_non_direct_touch then 1 else 0
        end as last_non_direct,
        1 / decayed.step_count / decayed.touches_of_step as linear,
        case
            when decayed.step_count = 1 then 1
            when decayed.step_number = 1
                then {{ first_share }} / case
                    when decayed.step_count = 2 then {{ first_share }} + {{ last_share }} else 1
                end
            when decayed.step_number = decayed.step_count
                then {{ last_share }} / case
                    when decayed.step_count = 2 then {{ first_share }} + {{ last_share }} else 1
                end
            else (1 - {{ first_share }} - {{ last_share }}) / (decayed.step_count - 2)
        end / decayed.touches_of_step as position_based,
        decayed.decay_weight
        / sum(decayed.decay_weight) over (partition by decayed.journey_id) as time_decay,
        -- Nobody's share of a call is on no path.
        coalesce(step_shares.markov_share, 1) / decayed.touches_of_step as markov,
        coalesce(step_shares.shapley_share, 1) / decayed.touches_of_step as shapley

    from decayed

    left join step_shares
        on
            decayed.path = step_shares.path
            and decayed.step_number = step_shares.step_number

)

select * from final
