{#
    What the seed leaves empty has one default for all actions, a var. An ad account is written with
    dashes in reports and without in requests: `click_accounts` is compared without.
#}
with

conversion_actions as (

    select * from {{ ref('conversion_actions') }}

),

final as (

    select
        destination,
        account_id,
        conversion_action,
        platform,
        calls_from,
        counts,
        coalesce(min_talk_seconds, {{ var('upload_min_talk_seconds') }}) as min_talk_seconds,
        coalesce(first_time_callers_only, false) as first_time_callers_only,
        value_rule,
        fixed_value,
        currency,
        coalesce(min_value, 0) as min_value,
        coalesce(accepts_phone, false) as accepts_phone,
        coalesce(accepts_earlier_clicks, false) as accepts_earlier_clicks,
        coalesce(click_window_days, {{ var('upload_click_window_days') }}) as click_window_days,
        ' ' || replace(click_accounts, '-', '') || ' ' as click_accounts,
        coalesce(sends_unknown_consent, false) as sends_unknown_consent,
        coalesce(limits_data_use, false) as limits_data_use,
        coalesce(is_secondary, false) as is_secondary,
        min_probability

    from conversion_actions

)

select * from final
