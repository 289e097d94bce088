{#
    A journey's touches: its own end, and before it the sessions of the person within the lookback.
    Neighbours that are alike by var multi_touch_collapse are one step of the journey.
#}
{% set lookback_days = var('attribution_lookback_days') %}

with

journeys as (

    select * from {{ ref('int_journeys') }}

),

person_touches as (

    select * from {{ ref('int_person_touches') }}

),

touches as (

    select
        journey_id,
        channel,
        platform,
        campaign_id,
        click_id,
        session_id,
        touched_at,
        ended_at,
        1 as is_end

    from journeys

    union all

    select
        journeys.journey_id,
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
            <= person_touches.touched_at + interval '{{ lookback_days }} days'
            and journeys.session_id is distinct from person_touches.session_id

),

compared as (

    select
        *,
        row_number() over in_order as touch_number,
        {% if var('multi_touch_collapse') %}
        case
            when
                {% for column in var('multi_touch_collapse') %}
                lag({{ column }}) over in_order is not distinct from {{ column }}
                {{ 'and' if not loop.last }}
                {% endfor %}
                then 0
            else 1
        end as is_new_step
        {% else %}
        1 as is_new_step
        {% endif %}

    from touches

    window
        in_order as (partition by journey_id order by is_end asc, touched_at asc, session_id asc)

),

final as (

    select
        journey_id,
        cast(touch_number as integer) as touch_number,
        cast(
            sum(is_new_step) over (partition by journey_id order by touch_number asc) as integer
        ) as step_number,
        is_new_step = 1 as is_new_step,
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
