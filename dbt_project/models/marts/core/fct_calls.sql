with

calls as (

    select * from {{ ref('int_calls') }}

),

winners as (

    select * from {{ ref('int_call_winners') }}

),

outcomes as (

    select * from {{ ref('int_call_outcomes') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

campaigns as (

    select * from {{ ref('dim_campaigns') }}

),

keywords as (

    select * from {{ ref('int_keywords') }}

),

final as (

    select
        ---------- the call
        calls.call_id,
        calls.provider,
        calls.call_started_at,
        calls.call_date,
        calls.to_number,
        calls.number_kind,
        calls.caller_key,
        calls.caller_area_code,
        calls.caller_state,
        calls.line_type,
        calls.status,
        calls.duration_seconds,
        calls.talk_seconds,
        calls.is_answered,
        calls.is_first_time_caller,
        calls.is_repeat_caller,
        calls.is_spam,
        calls.spam_reason,
        calls.ivr_selection,
        calls.vertical,
        coalesce(calls.buyer_id, outcomes.buyer_id) as buyer_id,

        ---------- what became of it
        coalesce(outcomes.is_qualified, false) as is_qualified,
        coalesce(outcomes.is_sale, false) as is_sale,
        outcomes.revenue_amount,
        outcomes.revenue_currency,
        cast(calls.carrier_cost_amount as decimal(18, 6)) as carrier_cost_amount,
        calls.carrier_cost_currency,
        calls.mos,

        ---------- where it came from
        winners.attribution_layer,
        winners.attribution_method,
        winners.channel,
        winners.platform,
        winners.campaign_id,
        coalesce(
            campaigns.campaign_name,
            case
                when winners.campaign_id = calls.number_campaign_id then calls.number_campaign_name
            end
        ) as campaign_name,
        winners.ad_group_id,
        winners.keyword_id,
        keywords.keyword_text,
        winners.click_id,
        winners.session_id,
        sessions.visitor_id,
        winners.credit as attribution_confidence

    from calls

    left join winners
        on calls.call_id = winners.call_id

    left join outcomes
        on calls.call_id = outcomes.call_id

    left join sessions
        on winners.session_id = sessions.session_id

    left join campaigns
        on
            winners.campaign_id = campaigns.campaign_id
            -- Campaigns off the web have no platform.
            and winners.platform is not distinct from campaigns.platform

    left join keywords
        on
            winners.platform = keywords.platform
            and winners.keyword_id = keywords.keyword_id

)

select * from final
