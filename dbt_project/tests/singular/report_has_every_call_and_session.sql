{# Fails for each count of the report that is not that of the facts or of the platforms. #}
with

calls as (

    select
        count(*) as calls,
        sum(case when is_qualified then 1 else 0 end) as qualified_calls

    from {{ ref('fct_calls') }}

    where not is_spam

),

sessions as (

    select count(*) as sessions

    from {{ ref('int_sessions') }}

    where not is_bot

),

counted_clicks as (

    select clicks from {{ ref('stg_landing__ad_spend') }}
    union all
    select clicks from {{ ref('int_clicks_without_spend_daily') }}

),

clicks as (

    select sum(clicks) as clicks
    from counted_clicks

),

report as (

    select
        sum(calls) as calls,
        sum(qualified_calls) as qualified_calls,
        sum(sessions) as sessions,
        sum(clicks) as clicks

    from {{ ref('channel_performance_daily') }}

)

select
    calls.calls,
    report.calls as report_calls,
    calls.qualified_calls,
    report.qualified_calls as report_qualified_calls,
    sessions.sessions,
    report.sessions as report_sessions,
    clicks.clicks,
    report.clicks as report_clicks

from calls

cross join sessions

cross join clicks

cross join report

where
    abs(calls.calls - coalesce(report.calls, 0)) > 0.000001
    or abs(coalesce(calls.qualified_calls, 0) - coalesce(report.qualified_calls, 0)) > 0.000001
    or sessions.sessions <> coalesce(report.sessions, 0)
    or coalesce(clicks.clicks, 0) <> coalesce(report.clicks, 0)
