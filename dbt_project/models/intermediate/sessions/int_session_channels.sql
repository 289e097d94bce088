{{ config(materialized='view', tags=['delta']) }}

{# What a click id implies goes before GA4's view of the tags. Only int_sessions reads it, and the
   sources and the starts with it: to join those once more costs what looking them up did. #}
{% set passed_on = [
    'session_id', 'session_source_session_id', 'visitor_id', 'session_number', 'session_start_at',
    'landing_page_url', 'user_agent', 'device_type', 'geo_country', 'geo_region', 'geo_city', 'click_id', 'click_id_type', 'utm_source', 'utm_medium',
    'utm_campaign', 'utm_term', 'utm_content', 'referrer_host', 'traffic_source', 'traffic_medium',
    'is_reported_click', 'ad_group_id', 'keyword_id', 'account_timezone'] %}

with

session_sources as (

    select * from {{ ref('int_session_sources') }}

),

traffic_sources as (

    select * from {{ ref('int_traffic_sources') }}

),

utm_mediums as (

    select * from {{ ref('utm_mediums') }}

),

reported_clicks as (

    select * from {{ ref('int_click_ids_reported') }}

),

categorised as (

    select
        session_sources.*,
        lower(trim(session_sources.utm_campaign)) as campaign,
        traffic_sources.category as source_category,
        traffic_sources.platform as source_platform,
        case
            when session_sources.has_utm
                then lower(trim(coalesce(session_sources.utm_source, '(not set)')))
            when session_sources.click_id is not null
                then {{ platform_of_click_id('session_sources.click_id_type') }}
            else coalesce(session_sources.referrer_host, '(direct)')
        end as traffic_source,
        case
            when session_sources.has_utm
                then lower(trim(coalesce(session_sources.utm_medium, '(not set)')))
            when session_sources.click_id is not null then '(not set)'
            when session_sources.referrer_host is null then '(none)'
            when traffic_sources.category = 'search' then 'organic'
            when traffic_sources.category in ('social', 'email') then traffic_sources.category
            else 'referral'
        end as traffic_medium,
        reported_clicks.click_id is not null as is_reported_click,
        reported_clicks.platform,
        reported_clicks.network,
        reported_clicks.campaign_id,
        reported_clicks.ad_group_id,
        reported_clicks.keyword_id,
        reported_clicks.account_timezone

    from session_sources

    left join traffic_sources
        on session_sources.source_key = traffic_sources.source

    left join reported_clicks
        on
            session_sources.click_id = reported_clicks.click_id
            and session_sources.click_id_type = reported_clicks.click_id_type

),

grouped as (

    select
        categorised.*,
        {{ is_paid_medium('categorised.traffic_medium', 'utm_mediums.meaning') }}
            as has_paid_medium,
        {{ default_channel_group(
            'categorised.traffic_source', 'categorised.traffic_medium', 'categorised.campaign',
            'categorised.source_category', 'utm_mediums.meaning'
        ) }} as tagged_channel

    from categorised

    left join utm_mediums
        on categorised.traffic_medium = utm_mediums.medium

),

final as (

    select
        {% for column in passed_on %}
        {{ column }},
        {% endfor %}
        case
            when click_id_type in ('gclid', 'gbraid', 'wbraid', 'msclkid') or is_reported_click
                then {{ paid_click_channel('network', 'click_id_type') }}
            when click_id_type is null then tagged_channel
            when has_paid_medium then 'Paid Social'
            when tagged_channel = 'Display' then tagged_channel
            else 'Organic Social'
        end as channel,
        coalesce(platform, {{ platform_of_click_id('click_id_type') }}, source_platform)
            as platform_hint,
        campaign_id as reported_campaign_id

    from grouped

)

select * from final
