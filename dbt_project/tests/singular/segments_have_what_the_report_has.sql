{# Fails for each currency and channel whose sums differ between segments and daily report. #}
with

report as (

    select
        currency,
        channel,
        sum(calls) as calls,
        sum(qualified_calls) as qualified_calls,
        sum(revenue) as revenue,
        sum(spend) as spend,
        sum(clicks) as clicks

    from {{ ref('channel_performance_daily') }}

    group by currency, channel

),

-- Once for both currencies: a view of many joins lies behind it.
summed as materialized (

    select
        currency,
        revenue_currency,
        channel,
        sum(credit) as calls,
        sum(case when is_qualified then credit else 0 end) as qualified_calls,
        sum(credit * revenue_amount) as revenue

    from {{ ref('call_segments') }}

    group by currency, revenue_currency, channel

),

stacked as (

    select
        currency,
        channel,
        calls,
        qualified_calls,
        0 as revenue,
        0 as spend,
        0 as clicks

    from summed

    union all

    select
        revenue_currency as currency,
        channel,
        0 as calls,
        0 as qualified_calls,
        revenue,
        0 as spend,
        0 as clicks

    from summed

    where revenue_currency is not null

    union all

    select
        currency,
        channel,
        0 as calls,
        0 as qualified_calls,
        0 as revenue,
        spend,
        clicks

    from {{ ref('spend_segments_daily') }}

),

segments as (

    select
        currency,
        channel,
        sum(calls) as calls,
        sum(qualified_calls) as qualified_calls,
        sum(revenue) as revenue,
        sum(spend) as spend,
        sum(clicks) as clicks

    from stacked

    group by currency, channel

)

select
    coalesce(report.currency, segments.currency) as currency,
    coalesce(report.channel, segments.channel) as channel,
    report.calls,
    segments.calls as segment_calls,
    report.revenue,
    segments.revenue as segment_revenue,
    report.spend,
    segments.spend as segment_spend

from report

full outer join segments
    on
        report.currency = segments.currency
        and report.channel = segments.channel

where
    abs(coalesce(report.calls, 0) - coalesce(segments.calls, 0)) > 0.000001
    or abs(coalesce(report.qualified_calls, 0) - coalesce(segments.qualified_calls, 0)) > 0.000001
    or abs(coalesce(report.revenue, 0) - coalesce(segments.revenue, 0)) > 0.001
    or coalesce(report.spend, 0) <> coalesce(segments.spend, 0)
    or coalesce(report.clicks, 0) <> coalesce(segments.clicks, 0)
