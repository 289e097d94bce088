{#
    A reported click whose id was seen nowhere may be one of the sessions that came without an id.
    Which one is not known, nor for many the page; but of a campaign and device, no more clicks were
    missed than the sessions without id leave over. That share goes to every unseen click alike.
#}
with

clicks as (

    select * from {{ ref('int_clicks_explained') }}
    where cause = 'no_session'

),

ad_clicks as (

    select * from {{ ref('int_ad_clicks') }}

),

landings as (

    select * from {{ ref('int_ad_landings') }}

),

newest as (

    select max(landing_date) as newest_date
    from landings

),

sessions_without_id as (

    select
        platform,
        campaign_id,
        device_type,
        count(*) as sessions

    from landings

    where not has_click_id

    group by platform, campaign_id, device_type

),

located as (

    select
        clicks.platform,
        clicks.campaign_id,
        coalesce(ad_clicks.device, 'unknown') as device_type,
        ad_clicks.site,
        case when ad_clicks.landing_url is not null then {{ url_path('ad_clicks.landing_url') }} end
            as landing_page_path

    from clicks

    inner join ad_clicks
        on
            clicks.platform = ad_clicks.platform
            and clicks.click_id = ad_clicks.click_id

    cross join newest

    where
        {{ days_between('clicks.click_date', 'newest.newest_date') }}
        < {{ var('lost_click_ids_days') }}

),

counted as (

    select
        platform,
        campaign_id,
        device_type,
        site,
        landing_page_path,
        count(*) as clicks,
        sum(count(*)) over (partition by platform, campaign_id, device_type) as clicks_of_device

    from located

    group by platform, campaign_id, device_type, site, landing_page_path

),

final as (

    select
        counted.platform,
        counted.campaign_id,
        counted.device_type,
        counted.site,
        counted.landing_page_path,
        counted.clicks,
        cast(
            counted.clicks
            * greatest(counted.clicks_of_device - coalesce(sessions_without_id.sessions, 0), 0)
            / cast(counted.clicks_of_device as double)
            as double
        ) as not_seen

    from counted

    left join sessions_without_id
        on
            counted.platform = sessions_without_id.platform
            and counted.campaign_id is not distinct from sessions_without_id.campaign_id
            and counted.device_type = sessions_without_id.device_type

)

select * from final
