{#
    Each side is brought to this grain by itself and then stacked, so that spend cannot fan out. Spend
    keeps its account's currency; what has no currency stands on the row of the campaign's account
    currency, or of var reporting_currency where there is no account, and nowhere else.
#}

with

spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

clicks as (

    select * from {{ ref('int_clicks_without_spend_daily') }}

),

sessions as (

    select * from {{ ref('int_sessions_sourced') }}
    where not is_bot

),

campaign_channels as (

    select * from {{ ref('int_campaign_channels') }}

),

stacked as (

    select
        spend.spend_date as traffic_date,
        campaign_channels.channel,
        spend.platform,
        spend.campaign_id,
        coalesce(spend.currency, '{{ var("reporting_currency") }}') as currency,
        spend.cost as spend,
        spend.impressions,
        spend.clicks,
        0 as sessions

    from spend

    left join campaign_channels
        on
            spend.platform = campaign_channels.platform
            and spend.campaign_id is not distinct from campaign_channels.campaign_id

    union all

    select
        clicks.click_date as traffic_date,
        coalesce(campaign_channels.channel, 'Unassigned') as channel,
        clicks.platform,
        clicks.campaign_id,
        coalesce(campaign_channels.account_currency, '{{ var("reporting_currency") }}') as currency,
        0 as spend,
        0 as impressions,
        clicks.clicks,
        0 as sessions

    from clicks

    left join campaign_channels
        on
            clicks.platform = campaign_channels.platform
            and clicks.campaign_id is not distinct from campaign_channels.campaign_id

    union all

    select
        {{ business_date('sessions.session_start_at') }} as traffic_date,
        sessions.channel,
        sessions.platform,
        sessions.campaign_id,
        coalesce(campaign_channels.account_currency, '{{ var("reporting_currency") }}') as currency,
        0 as spend,
        0 as impressions,
        0 as clicks,
        1 as sessions

    from sessions

    left join campaign_channels
        on
            sessions.platform = campaign_channels.platform
            and sessions.campaign_id is not distinct from campaign_channels.campaign_id

),

final as (

    select
        traffic_date,
        channel,
        platform,
        campaign_id,
        currency,
        cast(sum(spend) as decimal(18, 6)) as spend,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(sessions) as bigint) as sessions

    from stacked

    group by traffic_date, channel, platform, campaign_id, currency

)

select * from final
