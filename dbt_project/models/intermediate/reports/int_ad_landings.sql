{#
    What ads brought and we saw, once per click: a link that is opened again keeps its id and is no
    new click, and a session that took over the source of the one before is none either.
#}
with

sessions as (

    select * from {{ ref('int_sessions') }}

    where
        not is_bot
        and session_source_session_id = session_id

),

clicks_landed as (

    select * from {{ ref('int_clicks_landed') }}

),

browsers as (

    select * from {{ ref('int_browsers') }}

),

landings as (

    select
        sessions.session_id,
        {{ business_date('sessions.session_start_at') }} as landing_date,
        sessions.platform,
        sessions.campaign_id,
        sessions.site,
        sessions.landing_page_path,
        coalesce(sessions.device_type, 'unknown') as device_type,
        case
            when sessions.user_agent is null then 'Unknown'
            else browsers.browser
        end as browser,
        sessions.click_id is not null as has_click_id

    from sessions

    left join browsers
        on sessions.user_agent = browsers.user_agent

    left join clicks_landed
        on sessions.session_id = clicks_landed.session_id

    where
        (
            clicks_landed.session_id is not null
            and (sessions.is_paid or sessions.is_reported_click)
        )
        or (
            sessions.click_id is null
            and sessions.is_paid
            and coalesce(sessions.utm_source, sessions.utm_medium, sessions.utm_campaign)
            is not null
        )

),

dated as (

    select
        *,
        max(landing_date) over () as newest_date

    from landings

),

final as (

    select
        session_id,
        landing_date,
        platform,
        campaign_id,
        site,
        landing_page_path,
        device_type,
        browser,
        has_click_id

    from dated

    where
        {{ days_between('landing_date', 'newest_date') }} < {{ var('lost_click_ids_days') }}

)

select * from final
