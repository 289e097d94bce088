{#
    Every click has one cause that says on whose side it is counted. The platform counts a click on
    its own day, and so is the session's day taken in the account's time zone.
#}
with

ad_clicks as (

    select
        *,
        row_number() over (
            partition by session_id
            order by platform, click_id
        ) as session_rank

    from {{ ref('int_ad_clicks') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

final as (

    select
        ad_clicks.platform,
        ad_clicks.click_id,
        ad_clicks.campaign_id,
        ad_clicks.click_date,
        {{ day_in_zone('sessions.session_start_at', 'ad_clicks.account_timezone') }}
            as session_date,
        ad_clicks.is_reported,
        case
            when ad_clicks.session_id is null and ad_clicks.click_type = 'call' then 'call_asset'
            when ad_clicks.session_id is null then 'no_session'
            when sessions.is_bot then 'bot'
            when not ad_clicks.is_reported and not sessions.is_paid then 'unpaid_link'
            when not ad_clicks.is_reported then 'unreported'
            -- A bidding tool and the platform itself may report one click; one session came of it.
            when ad_clicks.session_rank > 1 then 'other_platform'
            when ad_clicks.click_date <> session_date then 'other_day'
            else 'seen'
        end as cause

    from ad_clicks

    left join sessions
        on ad_clicks.session_id = sessions.session_id

)

select * from final
