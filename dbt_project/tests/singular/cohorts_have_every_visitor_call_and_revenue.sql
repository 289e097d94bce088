{# Fails for each count or currency in which the cohorts differ from the facts. #}
with

facts as (

    select
        'visitors' as measure,
        count(distinct visitor_id) as amount

    from {{ ref('fct_sessions') }}

    where not is_bot

    union all

    select
        'calls' as measure,
        count(*) as amount

    from {{ ref('fct_calls') }}

    where not is_spam

    union all

    select
        'qualified calls' as measure,
        count(*) as amount

    from {{ ref('fct_calls') }}

    where not is_spam and is_qualified

    union all

    select
        'revenue ' || revenue_currency as measure,
        sum(revenue_amount) as amount

    from {{ ref('fct_calls') }}

    where not is_spam and revenue_amount is not null

    group by revenue_currency

),

report as (

    select
        'visitors' as measure,
        sum(visitors) as amount

    from {{ ref('cohorts_weekly') }}

    where weeks_since = 0

    union all

    select
        'calls' as measure,
        sum(calls) as amount

    from {{ ref('cohorts_weekly') }}

    union all

    select
        'qualified calls' as measure,
        sum(qualified_calls) as amount

    from {{ ref('cohorts_weekly') }}

    union all

    select
        'revenue ' || currency as measure,
        sum(revenue) as amount

    from {{ ref('cohorts_weekly') }}

    group by currency

)

select
    coalesce(facts.measure, report.measure) as measure,
    facts.amount,
    report.amount as report_amount

from facts

full outer join report
    on facts.measure = report.measure

where abs(coalesce(facts.amount, 0) - coalesce(report.amount, 0)) > 0.001
