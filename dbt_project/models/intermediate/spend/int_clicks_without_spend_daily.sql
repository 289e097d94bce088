{# Where a platform reports clicks one by one and no spend, reports would miss its clicks. #}


with

spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

clicks as (

    select * from {{ ref('stg_landing__ad_clicks') }}

),

reported as (

    select
        click_date,
        platform,
        campaign_id,
        count(*) as clicks

    from clicks

    group by click_date, platform, campaign_id

),

spend_days as (

    select
        spend_date,
        platform,
        campaign_id

    from spend

    group by spend_date, platform, campaign_id

),

final as (

    select
        reported.click_date,
        reported.platform,
        reported.campaign_id,
        reported.clicks

    from reported

    left join spend_days
        on
            reported.click_date = spend_days.spend_date
            and reported.platform = spend_days.platform
            and reported.campaign_id is not distinct from spend_days.campaign_id

    where spend_days.spend_date is null

)

select * from final
