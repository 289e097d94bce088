{{ config(materialized='view') }}

{#
    A view, as only upload_candidates reads it: a row per call and action need not be written twice.
    Value is net revenue, or the action's fixed value; to secondary actions times the probability of
    the click, in hundredths: a matcher fitted anew must not restate every value by fractions of a cent.
    A phone number stands for the click only where an ad of the action's platform is certain to have
    brought the call: for anyone else the platform would be told of a person it has no part in.
#}
{% set consents = ['consent_ad_user_data', 'consent_ad_personalization'] %}
{% set only = only_account('actions', 'calls.occurred_at') %}
{% set account = 'coalesce(calls.campaign_account_id, ' ~ only ~ ')' %}
with

calls as (

    select * from {{ ref('int_conversion_calls') }}

),

conversion_actions as (

    select * from {{ ref('int_conversion_actions') }}

),

clicks as (

    select * from {{ ref('int_conversion_clicks') }}

),

paired as (

    select
        calls.call_id,
        calls.occurred_at,
        calls.caller_key,
        calls.is_caller_erased,
        calls.is_spam,
        calls.is_first_time_caller,
        calls.talk_seconds,
        calls.verdict,
        calls.is_qualified,
        calls.is_sale,
        calls.is_refunded,
        calls.is_call_asset,
        calls.attribution_layer,
        calls.attribution_confidence,
        {% for consent in consents %}
        coalesce(calls.{{ consent }}, actions.consent_without_session) as call_{{ consent }},
        {% endfor %}
        actions.destination,
        actions.account_id,
        actions.conversion_action,
        actions.platform,
        actions.calls_from,
        actions.counts,
        actions.min_talk_seconds,
        actions.first_time_callers_only,
        actions.value_rule,
        actions.min_value,
        actions.sends_unknown_consent,
        actions.limits_data_use,
        actions.is_secondary,
        actions.min_probability,
        coalesce(calls.revenue_amount, 0) <= 0 as is_without_revenue,
        coalesce(calls.platform = actions.platform, false) as is_of_platform,
        {{ account_reason(account, 'actions.click_accounts') }} as account_reason,
        actions.accepts_phone or actions.calls_from = 'call_asset' as accepts_phone,
        cast(
            case actions.value_rule
                when 'revenue' then calls.revenue_amount
                when 'fixed' then actions.fixed_value
            end
            * case when actions.is_secondary then round(calls.attribution_confidence, 2) else 1 end
            as decimal(18, 2)
        ) as value_amount,
        case actions.value_rule
            when 'revenue' then calls.revenue_currency
            when 'fixed' then actions.currency
        end as value_currency

    from calls

    cross join conversion_actions as actions

),

final as (

    select
        paired.*,
        clicks.click_id,
        clicks.click_id_type,
        clicks.clicked_at,
        clicks.identifier as click_identifier,
        clicks.click_reason,
        {% for consent in consents %}
        coalesce(clicks.{{ consent }}, paired.call_{{ consent }}) as {{ consent }},
        {% endfor %}
        paired.accepts_phone
        and paired.is_of_platform
        and paired.account_reason is null
        and paired.attribution_layer in ('click', 'campaign')
        and not paired.is_secondary
        and paired.caller_key is not null as is_known_by_phone

    from paired

    left join clicks
        on
            paired.call_id = clicks.call_id
            and paired.destination = clicks.destination
            and paired.account_id = clicks.account_id
            and paired.conversion_action = clicks.conversion_action

)

select * from final
