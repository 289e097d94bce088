{{
    config(
        materialized='incremental',
        touched={
            'int_visitors_touched': 'visitor_id',
            'int_sessions_touched': 'session_id',
            'int_clicks_touched': 'this.session_id is null and this.click_id = touched.click_id',
        }
    )
}}

{#
    What a call may have come from: every session of a person, and every click that no session
    brought. A tap on a call asset has its own number and needs no matching, and a robot does not
    ring.
#}
with

sessions as (

    select * from {{ ref('int_sessions') }}

    where
        not is_bot
        and {{ only_touched('session_id', 'int_sessions_touched') }}

),

session_numbers as (

    select * from {{ ref('int_session_numbers') }}

),

ad_clicks as (

    select * from {{ ref('int_ad_clicks') }}

    where
        session_id is null
        and coalesce(click_type, 'url') <> 'call'
        and {{ only_touched('click_id', 'int_clicks_touched') }}

),

session_touches as (

    select
        's:' || sessions.session_id as touch_id,
        sessions.session_id,
        sessions.visitor_id,
        sessions.platform,
        sessions.click_id,
        sessions.channel,
        sessions.campaign_id,
        sessions.ad_group_id,
        sessions.keyword_id,
        sessions.device_type as device,
        sessions.geo_region,
        sessions.geo_city,
        coalesce(session_numbers.first_shown_at, sessions.session_start_at) as touched_at,
        'second' as touched_at_precision,
        null as click_date,
        sessions.account_timezone,
        sessions.site,
        coalesce(session_numbers.number_state, 'none') as number_state,
        sessions.page_views,
        sessions.session_number,
        sessions.click_id is not null as is_click,
        session_numbers.lease_end_at

    from sessions

    left join session_numbers
        on sessions.session_id = session_numbers.session_id

),

click_touches as (

    select
        'c:' || platform || ':' || click_id as touch_id,
        null as session_id,
        null as visitor_id,
        platform,
        click_id,
        {{ paid_click_channel('network', 'click_id_type') }} as channel,
        campaign_id,
        ad_group_id,
        keyword_id,
        device,
        geo_region,
        geo_city,
        clicked_at as touched_at,
        clicked_at_precision as touched_at_precision,
        click_date,
        account_timezone,
        site,
        'unseen' as number_state,
        null as page_views,
        null as session_number,
        true as is_click,
        null as lease_end_at

    from ad_clicks

),

final as (

    select * from session_touches
    union all
    select * from click_touches

)

select * from final
