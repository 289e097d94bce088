{#
    The first rule that speaks against a conversion is its reason. First what the call is (spam, no
    good, too short), then where it came from and what identifies it, then consent and worth.

    Nothing here looks at today's date: a conversion that counts must not become ineligible by waiting.
    What has become too old for a platform is the sender's to judge.
#}
with

candidates as (

    select
        *,
        case
            when click_identifier is not null and click_reason is null then click_identifier
            when not is_known_by_phone then null
            when calls_from = 'call_asset' then 'caller'
            else 'phone'
        end as identifier

    from {{ ref('int_conversion_candidates') }}

),

judged as (

    select
        *,
        case
            when is_spam then 'spam'
            when verdict = 'disqualified' then 'disqualified'
            when verdict = 'duplicate' then 'duplicate'
            when is_refunded and is_without_revenue then 'refunded'
            when counts in ('qualified', 'sale') and not is_qualified then 'not_qualified'
            when counts = 'sale' and not is_sale then 'not_sold'
            when talk_seconds < min_talk_seconds then 'too_short'
            -- After what the call is, so that a refund of one that counts is still taken back.
            when is_caller_erased then 'erased'
            when first_time_callers_only and caller_key is null then 'withheld_caller'
            when first_time_callers_only and not is_first_time_caller then 'repeat_caller'

            when is_secondary and not {{ var('uploads_probabilistic') }}
                then 'probabilistic_off'
            when is_secondary and attribution_layer <> 'probabilistic' then 'not_probabilistic'
            when calls_from = 'call_asset' and not is_call_asset then 'not_a_call_asset'
            -- Google takes these by a service of their own, and would count them twice.
            when calls_from = 'website' and is_call_asset and platform = 'google_ads'
                then 'call_asset'

            when identifier is null and click_reason is not null then click_reason
            when
                identifier is null
                and not is_of_platform
                and (is_secondary or attribution_layer in ('click', 'campaign'))
                then 'other_platform'
            when
                identifier is null
                and not is_secondary
                and attribution_layer not in ('click', 'campaign')
                then 'layer_not_click'
            when identifier is null then coalesce(account_reason, 'no_identifier')

            -- The platforms' documents: denied or unknown is not sent; a setting may send unknown
            -- where the law allows. Ads that may not be personal: Meta's limited data use.
            when consent_ad_user_data = 'denied' then 'denied_consent'
            when consent_ad_personalization = 'denied' and not limits_data_use
                then 'denied_consent'
            when
                'unknown' in (consent_ad_user_data, consent_ad_personalization)
                and not sends_unknown_consent
                then 'no_consent'

            when is_secondary and attribution_confidence < min_probability then 'below_threshold'
            when value_rule = 'revenue' and coalesce(value_amount, 0) <= 0 then 'not_worth_it'
            when value_amount < min_value then 'not_worth_it'
        end as reason,
        identifier in ('click', 'earlier_click') as is_by_click

    from candidates

),

final as (

    select
        call_id,
        destination,
        account_id,
        conversion_action,
        {{ upload_key(['call_id', 'destination', 'account_id', 'conversion_action']) }}
            as idempotency_key,
        reason is null as is_eligible,
        reason,
        occurred_at,
        value_amount,
        case when value_amount is not null then value_currency end as value_currency,
        is_secondary,
        identifier,
        case when is_by_click then click_id end as click_id,
        case when is_by_click then click_id_type end as click_id_type,
        case when is_by_click then clicked_at end as clicked_at,
        caller_key,
        is_caller_erased,
        -- Beside an earlier click the number goes only if the call's own session agreed to it.
        is_known_by_phone
        and (identifier <> 'earlier_click' or call_consent_ad_user_data = 'granted')
            as sends_phone,
        consent_ad_user_data,
        consent_ad_personalization,
        limits_data_use and consent_ad_personalization <> 'granted' as is_limited_data_use

    from judged

)

select * from final
