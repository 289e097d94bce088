with

metrics as (

    select * from {{ ref('int_keyword_metrics_daily') }}

),

report_windows as (

    select * from {{ ref('int_report_windows') }}

),

final as (

    select
        report_windows.window_name,
        report_windows.window_days,
        report_windows.window_start_date,
        report_windows.window_end_date,
        metrics.channel,
        metrics.platform,
        metrics.campaign_id,
        metrics.ad_group_id,
        metrics.keyword_id,
        metrics.currency,
        cast(sum(metrics.spend) as decimal(18, 6)) as spend,
        cast(sum(metrics.impressions) as bigint) as impressions,
        cast(sum(metrics.clicks) as bigint) as clicks,
        cast(sum(metrics.sessions) as bigint) as sessions,
        cast(sum(metrics.calls) as decimal(38, 15)) as calls,
        cast(sum(metrics.calls_variance) as decimal(38, 15)) as calls_variance,
        cast(sum(metrics.calls_third_moment) as decimal(38, 15)) as calls_third_moment,
        cast(sum(metrics.calls_certain) as bigint) as calls_certain,
        cast(sum(metrics.calls_possible) as bigint) as calls_possible,
        cast(sum(metrics.qualified_calls) as decimal(38, 15)) as qualified_calls,
        cast(sum(metrics.revenue) as decimal(38, 21)) as revenue,
        cast(sum(metrics.revenue_squares) as decimal(38, 9)) as revenue_squares

    from metrics

    inner join report_windows
        on
            metrics.metric_date >= report_windows.window_start_date
            and metrics.metric_date <= report_windows.window_end_date

    group by
        report_windows.window_name,
        report_windows.window_days,
        report_windows.window_start_date,
        report_windows.window_end_date,
        metrics.channel,
        metrics.platform,
        metrics.campaign_id,
        metrics.ad_group_id,
        metrics.keyword_id,
        metrics.currency

)

select * from final
