{# Fails for each stage whose count is not that of the facts, spam and bots left out. #}
with

facts as (

    select
        'click' as stage,
        count(*) as stage_count

    from {{ ref('fct_ad_clicks') }} as ad_clicks

    left join {{ ref('fct_sessions') }} as sessions
        on ad_clicks.session_id = sessions.session_id

    where not coalesce(sessions.is_bot, false)

    union all

    select
        'session' as stage,
        count(*) as stage_count

    from {{ ref('fct_sessions') }}

    where not is_bot

    union all

    select
        'number_shown' as stage,
        count(*) as stage_count

    from {{ ref('fct_sessions') }}

    where not is_bot and numbers_shown > 0

    union all

    select
        'call' as stage,
        count(*) as stage_count

    from {{ ref('fct_calls') }}

    where not is_spam

    union all

    select
        'qualified_call' as stage,
        count(*) as stage_count

    from {{ ref('fct_calls') }}

    where not is_spam and is_qualified

),

report as (

    select
        stage,
        sum(stage_count) as stage_count

    from {{ ref('call_funnel_daily') }}

    group by stage

)

select
    facts.stage,
    facts.stage_count,
    report.stage_count as report_count

from facts

left join report
    on facts.stage = report.stage

where abs(facts.stage_count - coalesce(report.stage_count, 0)) > 0.000001
