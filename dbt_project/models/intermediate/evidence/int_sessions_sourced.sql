{{ config(materialized='incremental', touched={'int_visitors_touched': 'visitor_id'}) }}

{#
    What a session's own evidence says about its source, and how far that reaches. The strongest
    wins: a click id, a paid UTM, a landing path that the seed landing_sources names, nothing.
#}

with

sessions as (

    select * from {{ ref('int_sessions') }}

    where {{ only_touched('visitor_id', 'int_visitors_touched') }}

),

landing_sources as (

    select * from {{ ref('landing_sources') }}

),

landings as (

    select
        sessions.session_id,
        landing_sources.channel,
        landing_sources.platform,
        landing_sources.campaign_id,
        row_number() over (
            partition by sessions.session_id
            order by
                length(landing_sources.landing_path_prefix) desc,
                landing_sources.site nulls last
        ) as prefix_rank

    from sessions

    inner join landing_sources
        on
            (
                sessions.landing_page_path = landing_sources.landing_path_prefix
                -- Below the path, so that /radio does not catch /radiology.
                or starts_with(
                    sessions.landing_page_path,
                    rtrim(landing_sources.landing_path_prefix, '/') || '/'
                )
            )
            and coalesce(sessions.site = landing_sources.site, landing_sources.site is null)

    -- An ad that brought the visitor outranks the page that it led to.
    where not sessions.is_paid

),

longest_landings as (

    select * from landings
    where prefix_rank = 1

),

final as (

    select
        sessions.session_id,
        sessions.visitor_id,
        sessions.session_start_at,
        sessions.is_bot,
        case
            when sessions.is_paid and sessions.click_id is not null then 'click'
            when
                sessions.is_paid
                and coalesce(sessions.utm_source, sessions.utm_medium, sessions.utm_campaign)
                is not null then 'utm'
            when sessions.is_paid then 'ad'
            when longest_landings.session_id is not null then 'landing'
            else 'none'
        end as source_evidence,
        coalesce(longest_landings.channel, sessions.channel) as channel,
        case
            when longest_landings.session_id is null then sessions.platform
            else longest_landings.platform
        end as platform,
        case
            when longest_landings.session_id is null then sessions.campaign_id
            else longest_landings.campaign_id
        end as campaign_id,
        sessions.ad_group_id,
        sessions.keyword_id,
        sessions.click_id

    from sessions

    left join longest_landings
        on sessions.session_id = longest_landings.session_id

)

select * from final
