{#
    An earlier click is known to be the caller's only where the session of the call is certain. A link
    that was kept and used again brings the id of an old click: its time is that of the click.
#}
{% set account = 'coalesce(ad_clicks.account_id, campaigns.account_id)' %}
with

calls as (

    select * from {{ ref('int_conversion_calls') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

ad_clicks as (

    select * from {{ ref('int_ad_clicks') }}

),

campaigns as (

    select * from {{ ref('int_campaigns') }}

),

own_clicks as (

    select
        call_id,
        platform,
        click_id,
        session_id,
        'click' as identifier

    from calls

    where click_id is not null

),

earlier_clicks as (

    select
        calls.call_id,
        sessions.platform,
        sessions.click_id,
        min_by(sessions.session_id, (sessions.session_start_at, sessions.session_id)) as session_id,
        'earlier_click' as identifier

    from calls

    inner join sessions
        on
            calls.visitor_id = sessions.visitor_id
            and calls.occurred_at > sessions.session_start_at

    where
        calls.attribution_layer in ('click', 'session')
        and calls.click_id is distinct from sessions.click_id
        and sessions.click_id is not null
        and sessions.is_paid

    group by calls.call_id, sessions.platform, sessions.click_id

),

clicks as (

    select * from own_clicks
    union all
    select * from earlier_clicks

),

final as (

    select
        clicks.call_id,
        clicks.platform,
        clicks.click_id,
        ad_clicks.click_id_type,
        clicks.identifier,
        coalesce(ad_clicks.clicked_at, sessions.session_start_at) as clicked_at,
        {{ ad_account(account, 'ad_clicks.platform') }} as click_account_id,
        coalesce(sessions.consent_ad_user_data, 'unknown') as consent_ad_user_data,
        coalesce(sessions.consent_ad_personalization, 'unknown') as consent_ad_personalization

    from clicks

    inner join ad_clicks
        on
            clicks.platform = ad_clicks.platform
            and clicks.click_id = ad_clicks.click_id

    left join campaigns
        on
            ad_clicks.platform = campaigns.platform
            and ad_clicks.campaign_id = campaigns.campaign_id

    left join sessions
        on clicks.session_id = sessions.session_id

)

select * from final
