with

traffic as (

    select * from {{ ref('int_channel_traffic_daily') }}

),

channel_calls as (

    select * from {{ ref('channel_calls_daily') }}

),

-- Stacked and not joined, so that spend cannot fan out over calls. Of a key at most one row holds
-- calls: their interval is carried over, not added up.
stacked as (

    select
        traffic_date as call_date,
        channel,
        platform,
        campaign_id,
        currency,
        spend,
        impressions,
        clicks,
        sessions,
        0 as calls,
        0 as calls_low,
        0 as calls_high,
        0 as calls_variance,
        0 as calls_third_moment,
        0 as calls_certain,
        0 as calls_possible,
        0 as qualified_calls,
        0 as revenue

    from traffic

    union all

    select
        call_date,
        channel,
        platform,
        campaign_id,
        currency,
        0 as spend,
        0 as impressions,
        0 as clicks,
        0 as sessions,
        calls,
        calls_low,
        calls_high,
        calls_variance,
        calls_third_moment,
        calls_certain,
        calls_possible,
        qualified_calls,
        revenue

    from channel_calls

),

summed as (

    select
        call_date,
        channel,
        platform,
        campaign_id,
        currency,
        cast(sum(spend) as decimal(18, 6)) as spend,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(sessions) as bigint) as sessions,
        sum(calls) as calls,
        sum(calls_low) as calls_low,
        sum(calls_high) as calls_high,
        sum(calls_variance) as calls_variance,
        sum(calls_third_moment) as calls_third_moment,
        cast(sum(calls_certain) as bigint) as calls_certain,
        cast(sum(calls_possible) as bigint) as calls_possible,
        sum(qualified_calls) as qualified_calls,
        sum(revenue) as revenue

    from stacked

    group by call_date, channel, platform, campaign_id, currency

),

final as (

    select
        *,
        cast(spend as double) / nullif(calls, 0) as cost_per_call,
        cast(spend as double) / nullif(qualified_calls, 0) as cost_per_qualified_call,
        revenue / nullif(cast(spend as double), 0) as roas

    from summed

)

select * from final
