{# Fails for each currency whose revenue differs between the report and the calls, spam left out. #}
with

calls as (

    select
        revenue_currency as currency,
        sum(revenue_amount) as revenue

    from {{ ref('fct_calls') }}

    where not is_spam and revenue_amount is not null

    group by revenue_currency

),

report as (

    select
        currency,
        sum(revenue) as revenue

    from {{ ref('channel_performance_daily') }}

    group by currency

)

select
    coalesce(calls.currency, report.currency) as currency,
    calls.revenue,
    report.revenue as report_revenue

from calls

full outer join report
    on calls.currency = report.currency

where abs(coalesce(calls.revenue, 0) - coalesce(report.revenue, 0)) > 0.001
