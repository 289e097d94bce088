{{ config(materialized='incremental', touched={'int_visitors_touched': 'visitor_id'}) }}

{# The campaign is the reported click's, else the one that utm_campaign names, if the session is
    paid for: a newsletter may well carry a campaign's name without being an ad. #}
with

session_counts as (

    select * from {{ ref('int_session_counts') }}

),

session_channels as (

    select
        *,
        {{ is_paid_channel('channel') }} as is_paid

    from {{ ref('int_session_channels') }}

),

campaign_aliases as (

    select * from {{ ref('int_campaign_aliases') }}

),

user_agents as (

    select * from {{ ref('int_user_agents') }}

),

final as (

    select
        session_channels.session_id,
        session_channels.visitor_id,
        session_channels.session_number,
        session_channels.session_source_session_id,
        session_channels.session_start_at,
        session_counts.session_end_at,
        session_channels.landing_page_url,
        {{ url_path('session_channels.landing_page_url') }} as landing_page_path,
        {{ url_host('session_channels.landing_page_url') }} as site,
        session_channels.referrer_host,
        session_channels.channel,
        session_channels.traffic_source,
        session_channels.traffic_medium,
        session_channels.utm_source,
        session_channels.utm_medium,
        session_channels.utm_campaign,
        session_channels.utm_term,
        session_channels.utm_content,
        session_channels.click_id,
        session_channels.click_id_type,
        case
            when session_channels.is_paid or session_channels.click_id is not null
                then coalesce(session_channels.platform_hint, campaign_aliases.platform)
        end as platform,
        coalesce(session_channels.reported_campaign_id, campaign_aliases.campaign_id)
            as campaign_id,
        session_channels.ad_group_id,
        session_channels.keyword_id,
        session_channels.account_timezone,
        session_channels.is_reported_click,
        coalesce(session_channels.reported_campaign_id, campaign_aliases.campaign_id) is not null
            as campaign_is_certain,
        coalesce(session_channels.device_type, user_agents.device_type) as device_type,
        session_channels.geo_country,
        session_channels.geo_region,
        session_channels.geo_city,
        session_counts.page_views,
        session_counts.events,
        session_counts.numbers_shown,
        session_counts.tel_taps,
        session_counts.consent_ad_user_data,
        session_counts.consent_ad_personalization,
        coalesce(user_agents.is_bot, false) as is_bot,
        session_channels.user_agent,
        session_channels.is_paid

    from session_channels

    inner join session_counts
        on session_channels.session_id = session_counts.session_id

    left join campaign_aliases
        on
            -- Within the key: as a condition of its own it costs a comparison of every session
            -- with every alias.
            case when session_channels.is_paid then lower(trim(session_channels.utm_campaign)) end
            = campaign_aliases.alias
            and coalesce(session_channels.platform_hint, 'any') = campaign_aliases.platform_hint

    left join user_agents
        on session_channels.user_agent = user_agents.user_agent

)

select * from final
