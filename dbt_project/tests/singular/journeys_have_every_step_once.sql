{# Fails for each type of step that journeys have more or less often than the facts have. #}
with

facts as (

    select
        'session' as step_type,
        count(*) as steps

    from {{ ref('fct_sessions') }}

    where not is_bot

    union all

    select
        case events.event_type
            when 'page_view' then 'page'
            when 'number_clicked' then 'tap'
            when 'form_submit' then 'form'
            else events.event_type
        end as step_type,
        count(*) as steps

    from {{ ref('int_session_events') }} as events

    inner join {{ ref('fct_sessions') }} as sessions
        on events.session_id = sessions.session_id

    where events.event_type <> 'ping' and not sessions.is_bot

    group by events.event_type

),

report as (

    select
        step_type,
        count(*) as steps

    from {{ ref('visitor_journeys') }}

    where step_type <> 'call'

    group by step_type

)

select
    coalesce(facts.step_type, report.step_type) as step_type,
    facts.steps,
    report.steps as report_steps

from facts

full outer join report
    on facts.step_type = report.step_type

where facts.steps is distinct from report.steps
