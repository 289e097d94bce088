{{ config(materialized='view') }}

{#
    Channel and campaign are those that calls are credited by: a landing path may name them. A view: it
    has four rows for five sessions, and the published copy holds it as a table.
#}

with

sourced as (

    select * from {{ ref('int_sessions_sourced') }}
    where not is_bot

),

sessions as (

    select * from {{ ref('fct_sessions') }}

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

counted as (

    select
        {{ business_date('sourced.session_start_at') }} as session_date,
        {{ business_hour('sourced.session_start_at') }} as session_hour,
        sourced.channel,
        sourced.platform,
        sourced.campaign_id,
        sourced.ad_group_id,
        sourced.keyword_id,
        sessions.device_type as device,
        sessions.geo_region,
        sessions.landing_page_path,
        count(*) as sessions

    from sourced

    inner join sessions
        on sourced.session_id = sessions.session_id

    group by
        {{ business_date('sourced.session_start_at') }},
        {{ business_hour('sourced.session_start_at') }},
        sourced.channel,
        sourced.platform,
        sourced.campaign_id,
        sourced.ad_group_id,
        sourced.keyword_id,
        sessions.device_type,
        sessions.geo_region,
        sessions.landing_page_path

),

final as (

    select
        counted.session_date,
        counted.session_hour,
        {{ weekday_name('counted.session_date') }} as weekday,
        counted.channel,
        counted.platform,
        counted.campaign_id,
        campaigns.campaign_name,
        counted.ad_group_id,
        counted.keyword_id,
        keywords.keyword_text,
        counted.device,
        counted.geo_region,
        counted.landing_page_path,
        coalesce(campaign_channels.account_currency, '{{ var("reporting_currency") }}') as currency,
        counted.sessions

    from counted

    left join campaigns
        on
            counted.campaign_id = campaigns.campaign_id
            and counted.platform is not distinct from campaigns.platform

    left join keywords
        on
            counted.platform = keywords.platform
            and counted.keyword_id = keywords.keyword_id

    left join campaign_channels
        on
            counted.platform = campaign_channels.platform
            and counted.campaign_id is not distinct from campaign_channels.campaign_id

)

select * from final
