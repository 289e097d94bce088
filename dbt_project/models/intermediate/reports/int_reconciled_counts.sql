{# Long, so that each side is counted by itself and none can fan out over another. #}
with

spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

clicks_without_spend as (

    select * from {{ ref('int_clicks_without_spend_daily') }}

),

clicks as (

    select * from {{ ref('int_clicks_explained') }}

),

platform_calls as (

    select * from {{ ref('int_platform_calls_explained') }}

),

asset_calls as (

    select * from {{ ref('int_calls') }}

    where number_kind = 'call_asset' and number_platform is not null and not is_spam

),

stacked as (

    select
        spend_date as report_date,
        platform,
        campaign_id,
        'platform_clicks' as measure,
        clicks as amount
    from spend

    union all

    select
        click_date as report_date,
        platform,
        campaign_id,
        'platform_clicks' as measure,
        clicks as amount
    from clicks_without_spend

    union all

    select
        click_date as report_date,
        platform,
        campaign_id,
        'listed_' || cause as measure,
        1 as amount
    from clicks
    where is_reported

    union all

    select
        session_date as report_date,
        platform,
        campaign_id,
        'sessions_' || cause as measure,
        1 as amount
    from clicks
    where cause in ('seen', 'other_day', 'unreported')

    union all

    select
        report_date,
        platform,
        campaign_id,
        'calls_' || cause as measure,
        1 as amount
    from platform_calls

    union all

    select
        asset_calls.call_date as report_date,
        asset_calls.number_platform as platform,
        asset_calls.number_campaign_id as campaign_id,
        'calls_unreported' as measure,
        1 as amount
    from asset_calls
    left join platform_calls
        on asset_calls.call_id = platform_calls.call_id
    where platform_calls.call_id is null

),

final as (

    select
        report_date,
        platform,
        campaign_id,
        measure,
        cast(sum(amount) as bigint) as amount

    from stacked

    group by report_date, platform, campaign_id, measure

)

select * from final
