{#
    As int_channel_traffic_daily, by keyword: each side is brought to this grain by itself and then
    stacked, so that spend cannot fan out.
#}

with

spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

clicks as (

    select * from {{ ref('stg_landing__ad_clicks') }}

),

-- Elsewhere the platform's spend has the clicks already.
days_without_spend as (

    select * from {{ ref('int_clicks_without_spend_daily') }}

),

sessions as (

    select
        *,
        {{ business_date('session_start_at') }} as session_date

    from {{ ref('int_sessions_sourced') }}

    where not is_bot

),

final as (

    select
        spend_date as traffic_date,
        cast(null as varchar) as channel,
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        coalesce(currency, '{{ var("reporting_currency") }}') as currency,
        cast(sum(cost) as decimal(18, 6)) as spend,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        0 as sessions

    from spend

    group by spend_date, platform, campaign_id, ad_group_id, keyword_id, currency

    union all

    select
        clicks.click_date as traffic_date,
        null as channel,
        clicks.platform,
        clicks.campaign_id,
        clicks.ad_group_id,
        clicks.keyword_id,
        null as currency,
        0 as spend,
        0 as impressions,
        count(*) as clicks,
        0 as sessions

    from clicks

    inner join days_without_spend
        on
            clicks.click_date = days_without_spend.click_date
            and clicks.platform = days_without_spend.platform
            and clicks.campaign_id is not distinct from days_without_spend.campaign_id

    group by
        clicks.click_date,
        clicks.platform,
        clicks.campaign_id,
        clicks.ad_group_id,
        clicks.keyword_id

    union all

    select
        session_date as traffic_date,
        channel,
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        null as currency,
        0 as spend,
        0 as impressions,
        0 as clicks,
        count(*) as sessions

    from sessions

    group by session_date, channel, platform, campaign_id, ad_group_id, keyword_id

)

select * from final
