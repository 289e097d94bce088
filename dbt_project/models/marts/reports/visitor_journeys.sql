{# Windows never look beyond one visitor, so that visitors can be built a few at a time. #}
with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

sessions as (

    select * from {{ ref('fct_sessions') }}
    where not is_bot

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
