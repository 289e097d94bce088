{{
    config(
        materialized='incremental',
        touched={'int_visitors_touched': 'visitor_id'},
        unique_key='session_id'
    )
}}

{#
    An increment writes the sessions of touched visitors and those whose number of calls is another
    than it was: credits move between sessions of visitors who did nothing.
#}
{{ reads('int_visitors_touched') }}
with

sessions as (

    select * from {{ ref('int_sessions') }}

),

winners as (

    select * from {{ ref('int_call_winners') }}

),

credited_calls as (

    select
        session_id,
        count(*) as call_count

    from winners

    where session_id is not null

    group by session_id

),

final as (

    select
        sessions.session_id,
        sessions.visitor_id,
        sessions.session_start_at,
        sessions.session_end_at,
        sessions.landing_page_url,
        sessions.landing_page_path,
        sessions.referrer_host,
        sessions.channel,
        sessions.utm_source,
        sessions.utm_medium,
        sessions.utm_campaign,
        sessions.utm_term,
        sessions.utm_content,
        sessions.click_id,
        sessions.click_id_type,
        sessions.platform,
        sessions.campaign_id,
        sessions.device_type,
        sessions.geo_country,
        sessions.geo_region,
        sessions.page_views,
        sessions.events,
        sessions.numbers_shown,
        sessions.tel_taps,
        sessions.is_bot,
        coalesce(credited_calls.call_count, 0) as call_count

    from sessions

    left join credited_calls
        on sessions.session_id = credited_calls.session_id

    {% if is_increment() %}
    left join {{ this }} as last_built
        on sessions.session_id = last_built.session_id

    where
        {{ only_touched('sessions.visitor_id', 'int_visitors_touched') }}
        or coalesce(credited_calls.call_count, 0) is distinct from last_built.call_count
    {% endif %}

)

select * from final
