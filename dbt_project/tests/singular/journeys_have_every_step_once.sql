{# Fails for each type of step that journeys have more or less often than the facts have. #}
with

events as (

    select * from {{ ref('stg_landing__web_events') }}
    where event_type <> 'ping'

),

visitors as (

    select
        visitor_id,
        bool_or(is_bot) as is_bot

    from {{ ref('fct_sessions') }}

    group by visitor_id

),

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

    from events

    inner join visitors
        on
            events.visitor_id = visitors.visitor_id
            -- A visitor who is a robot in one session and a person in the next is left out.
            and not visitors.is_bot

    group by events.event_type

),

persons as (

    select journeys.*

    from {{ ref('visitor_journeys') }} as journeys

    left join visitors
        on
            journeys.visitor_id = visitors.visitor_id
            and not visitors.is_bot

    where
        journeys.step_type <> 'call'
        and (journeys.step_type = 'session' or visitors.visitor_id is not null)

),

report as (

    select
        step_type,
        count(*) as steps

    from persons

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
