with

sessions as (

    select * from {{ ref('int_sessions') }}

),

visitors as (

    select * from {{ ref('int_visitors_stitched') }}

),

final as (

    select
        visitors.person_id,
        sessions.session_id,
        sessions.session_start_at as touched_at,
        sessions.click_id,
        sessions.platform,
        sessions.channel,
        sessions.campaign_id

    from sessions

    inner join visitors
        on sessions.visitor_id = visitors.visitor_id

    where not sessions.is_bot

)

select * from final
