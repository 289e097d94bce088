{# Where a platform reports clicks one by one and no spend, its clicks come from those. #}

with

spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

clicks as (

    select * from {{ ref('int_clicks_without_spend_daily') }}

),

campaigns as (

    select * from {{ ref('dim_campaigns') }}

),

keywords as (

    select * from {{ ref('int_keywords') }}

),

campaign_channels as (

    select * from {{ ref('int_campaign_channels') }}

),

stacked as (

    select
        spend_date,
        platform,
        account_id,
        campaign_id,
        ad_group_id,
        keyword_id,
        device,
        currency,
        cost as spend,
        impressions,
        clicks

    from spend

    union all

    select
        click_date as spend_date,
        platform,
        null as account_id,
        campaign_id,
        null as ad_group_id,
        null as keyword_id,
        null as device,
        null as currency,
        0 as spend,
        0 as impressions,
        clicks

    from clicks

),

final as (

    select
        stacked.spend_date,
        {{ weekday_name('stacked.spend_date') }} as weekday,
        coalesce(campaign_channels.channel, 'Unassigned') as channel,
        stacked.platform,
        stacked.account_id,
        stacked.campaign_id,
        campaigns.campaign_name,
        stacked.ad_group_id,
        stacked.keyword_id,
        keywords.keyword_text,
        stacked.device,
        coalesce(
            stacked.currency, campaign_channels.account_currency, '{{ var("reporting_currency") }}'
        ) as currency,
        cast(stacked.spend as decimal(18, 6)) as spend,
        cast(stacked.impressions as bigint) as impressions,
        cast(stacked.clicks as bigint) as clicks

    from stacked

    left join campaigns
        on
            stacked.campaign_id = campaigns.campaign_id
            and stacked.platform = campaigns.platform

    left join keywords
        on
            stacked.platform = keywords.platform
            and stacked.keyword_id = keywords.keyword_id

    left join campaign_channels
        on
            stacked.platform = campaign_channels.platform
            and stacked.campaign_id is not distinct from campaign_channels.campaign_id

)

select * from final
