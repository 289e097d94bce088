{# Only sessions have a browser: clicks that were not seen stand in rows without one. #}
with

landings as (

    select * from {{ ref('int_ad_landings') }}

),

unseen as (

    select * from {{ ref('int_clicks_unseen') }}

),

stacked as (

    select
        platform,
        campaign_id,
        site,
        landing_page_path,
        device_type,
        browser,
        case when has_click_id then 1 else 0 end as seen_with_id,
        case when has_click_id then 0 else 1 end as seen_without_id,
        0 as not_seen

    from landings

    union all

    -- Every page and device has a row for the clicks that were not seen there, and be there none.
    select
        platform,
        campaign_id,
        site,
        landing_page_path,
        device_type,
        null as browser,
        0 as seen_with_id,
        0 as seen_without_id,
        0 as not_seen

    from landings

    union all

    select
        platform,
        campaign_id,
        site,
        landing_page_path,
        device_type,
        null as browser,
        0 as seen_with_id,
        0 as seen_without_id,
        cast(not_seen as decimal(18, 9)) as not_seen

    from unseen

),

final as (

    select
        platform,
        campaign_id,
        site,
        landing_page_path,
        device_type,
        browser,
        cast(sum(seen_with_id) as bigint) as seen_with_id,
        cast(sum(seen_without_id) as bigint) as seen_without_id,
        sum(not_seen) as not_seen

    from stacked

    group by platform, campaign_id, site, landing_page_path, device_type, browser

)

select * from final
