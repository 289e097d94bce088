{{ config(materialized='incremental', touched={'int_journeys_touched': 'visitor_id'}) }}

{#
    Windows never look beyond one visitor, so that an increment builds the journeys of touched visitors
    and of those whose calls have other credits. The events of the latter did not change: they are
    taken from their journeys as they stand.
#}
{{ reads('int_journeys_touched') }}
with

sessions as (

    select * from {{ ref('fct_sessions') }}

    where
        not is_bot
        and {{ only_touched('visitor_id', 'int_journeys_touched') }}

),

steps as (

    select * from {{ ref('int_journey_steps') }}

    {% if is_increment() %}
    union all by name

    select
        earlier.session_id,
        earlier.step_id,
        earlier.step_type,
        earlier.step_at,
        earlier.page_path,
        earlier.tracking_number,
        earlier.call_id,
        earlier.credit

    from {{ this }} as earlier

    inner join {{ ref('int_journeys_touched') }} as touched
        on
            earlier.visitor_id = touched.visitor_id
            and not touched.has_new_events

    where earlier.step_type not in ('session', 'call')
    {% endif %}

),

final as (

    select
        sessions.visitor_id,
        cast(
            row_number() over (
                partition by sessions.visitor_id
                order by
                    steps.step_at,
                    -- A session goes before the event that opened it.
                    case when steps.step_type = 'session' then 0 else 1 end,
                    steps.step_id,
                    steps.session_id
            ) as bigint
        ) as step_number,
        steps.step_id,
        steps.step_type,
        steps.step_at,
        steps.session_id,
        sessions.channel,
        sessions.platform,
        sessions.campaign_id,
        case when steps.step_type = 'session' then sessions.click_id end as click_id,
        steps.page_path,
        steps.tracking_number,
        steps.call_id,
        steps.credit,
        cast(null as varchar) as currency

    from steps

    inner join sessions
        on steps.session_id = sessions.session_id

)

select * from final
