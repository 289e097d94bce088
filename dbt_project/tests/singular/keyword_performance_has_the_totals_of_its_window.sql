{#
    Fails for each window and currency whose money or impressions are not those of staging and facts,
    and for each window whose calls or sessions are not: what has no currency is compared once.
#}
with

report as (

    select * from {{ ref('keyword_performance') }}

),

windows as (

    select
        window_days,
        min(window_start_date) as window_start_date,
        max(window_end_date) as window_end_date

    from report

    group by window_days

),

spend as (

    select
        spend_date as metric_date,
        coalesce(currency, '{{ var("reporting_currency") }}') as currency,
        cost as spend,
        impressions,
        0 as revenue,
        0 as calls,
        0 as qualified_calls,
        0 as sessions

    from {{ ref('stg_landing__ad_spend') }}

),

calls as (

    select
        call_date as metric_date,
        coalesce(revenue_currency, 'any') as currency,
        0 as spend,
        0 as impressions,
        coalesce(revenue_amount, 0) as revenue,
        1 as calls,
        case when is_qualified then 1 else 0 end as qualified_calls,
        0 as sessions

    from {{ ref('fct_calls') }}

    where not is_spam

),

sessions as (

    select
        {{ business_date('session_start_at') }} as metric_date,
        'any' as currency,
        0 as spend,
        0 as impressions,
        0 as revenue,
        0 as calls,
        0 as qualified_calls,
        1 as sessions

    from {{ ref('int_sessions') }}

    where not is_bot

),

facts as (

    select * from spend
    union all
    select * from calls
    union all
    select * from sessions

),

expected as (

    select
        windows.window_days,
        facts.currency,
        sum(facts.spend) as spend,
        sum(facts.impressions) as impressions,
        sum(facts.revenue) as revenue,
        sum(facts.calls) as calls,
        sum(facts.qualified_calls) as qualified_calls,
        sum(facts.sessions) as sessions

    from facts

    inner join windows
        on
            facts.metric_date >= windows.window_start_date
            and facts.metric_date <= windows.window_end_date

    group by windows.window_days, facts.currency

),

compared as (

    select
        window_days,
        currency,
        spend,
        impressions,
        revenue,
        calls,
        qualified_calls,
        sessions

    from expected

    union all

    select
        window_days,
        currency,
        -spend as spend,
        -impressions as impressions,
        -revenue as revenue,
        -calls as calls,
        -qualified_calls as qualified_calls,
        -sessions as sessions

    from report

),

differences as (

    select
        window_days,
        currency,
        sum(spend) as spend,
        sum(impressions) as impressions,
        sum(revenue) as revenue,
        sum(sum(calls)) over (partition by window_days) as calls,
        sum(sum(qualified_calls)) over (partition by window_days) as qualified_calls,
        sum(sum(sessions)) over (partition by window_days) as sessions

    from compared

    group by window_days, currency

)

select *

from differences

where
    spend <> 0
    or impressions <> 0
    or abs(revenue) > 0.001
    or abs(calls) > 0.000001
    or abs(qualified_calls) > 0.000001
    or sessions <> 0
