{# Fails for each currency whose spend or impressions differ between report and platform. #}
with

spend as (

    select
        coalesce(currency, '{{ var("reporting_currency") }}') as currency,
        sum(cost) as spend,
        sum(impressions) as impressions

    from {{ ref('stg_landing__ad_spend') }}

    group by coalesce(currency, '{{ var("reporting_currency") }}')

),

report as (

    select
        currency,
        sum(spend) as spend,
        sum(impressions) as impressions

    from {{ ref('channel_performance_daily') }}

    group by currency

)

select
    coalesce(spend.currency, report.currency) as currency,
    spend.spend,
    report.spend as report_spend,
    spend.impressions,
    report.impressions as report_impressions

from spend

full outer join report
    on spend.currency = report.currency

where
    coalesce(spend.spend, 0) <> coalesce(report.spend, 0)
    or coalesce(spend.impressions, 0) <> coalesce(report.impressions, 0)
