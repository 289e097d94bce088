{#
    A full table, like all that follows it up to the mart: 200 thousand calls cost a second or two,
    and a rule in the seed changes any of them.
#}
with

calls as (

    select * from {{ ref('fct_calls') }}

),

outcomes as (

    select * from {{ ref('int_call_outcomes') }}

),

callers as (

    select
        call_id,
        is_caller_erased

    from {{ ref('int_calls') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

campaigns as (

    select * from {{ ref('int_campaigns') }}

),

final as (

    select
        calls.call_id,
        calls.call_started_at as occurred_at,
        calls.caller_key,
        callers.is_caller_erased,
        calls.is_spam,
        calls.is_first_time_caller,
        coalesce(calls.talk_seconds, 0) as talk_seconds,
        outcomes.verdict,
        calls.is_qualified,
        calls.is_sale,
        coalesce(outcomes.is_refunded, false) as is_refunded,
        calls.revenue_amount,
        calls.revenue_currency,
        calls.number_kind = 'call_asset' as is_call_asset,
        calls.attribution_layer,
        calls.attribution_confidence,
        calls.platform,
        calls.click_id,
        calls.session_id,
        calls.visitor_id,
        {{ ad_account('campaigns.account_id', 'campaigns.platform') }} as campaign_account_id,
        -- Null without a session, of which each conversion action says what it means.
        case
            when sessions.session_id is not null
                then coalesce(sessions.consent_ad_user_data, 'unknown')
        end as consent_ad_user_data,
        case
            when sessions.session_id is not null
                then coalesce(sessions.consent_ad_personalization, 'unknown')
        end as consent_ad_personalization

    from calls

    left join outcomes
        on calls.call_id = outcomes.call_id

    inner join callers
        on calls.call_id = callers.call_id

    left join sessions
        on calls.session_id = sessions.session_id

    left join campaigns
        on
            calls.platform = campaigns.platform
            and calls.campaign_id = campaigns.campaign_id

)

select * from final
