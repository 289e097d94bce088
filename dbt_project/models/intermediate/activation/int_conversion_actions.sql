{#
    What the seed leaves empty has one default for all actions, a var. Accounts have one form here,
    however the seed writes them: with another one a conversion would be another, and be sent again.
#}
with

conversion_actions as (

    select * from {{ ref('conversion_actions') }}

),

campaigns as (

    select * from {{ ref('int_campaigns') }}

    where account_id is not null

),

accounts as (

    select
        platform,
        {{ ad_account('account_id', 'platform') }} as account_id,
        min(first_seen_date) as first_seen_date

    from campaigns

    group by platform, {{ ad_account('account_id', 'platform') }}

),

numbered_accounts as (

    select
        *,
        row_number() over (
            partition by platform
            order by first_seen_date, account_id
        ) as account_number

    from accounts

),

only_accounts as (

    select
        platform,
        max(case account_number when 1 then account_id end) as only_account_id,
        max(case account_number when 2 then first_seen_date end) as only_account_until

    from numbered_accounts

    group by platform

),

final as (

    select
        actions.destination,
        {{ ad_account('actions.account_id', 'actions.platform') }} as account_id,
        actions.conversion_action,
        actions.platform,
        actions.calls_from,
        actions.counts,
        coalesce(actions.min_talk_seconds, {{ var('upload_min_talk_seconds') }})
            as min_talk_seconds,
        coalesce(actions.first_time_callers_only, false) as first_time_callers_only,
        actions.value_rule,
        actions.fixed_value,
        actions.currency,
        coalesce(actions.min_value, 0) as min_value,
        coalesce(actions.accepts_phone, false) as accepts_phone,
        coalesce(actions.accepts_earlier_clicks, false) as accepts_earlier_clicks,
        coalesce(actions.click_window_days, {{ var('upload_click_window_days') }})
            as click_window_days,
        {{ ad_accounts('actions.click_accounts', 'actions.platform') }} as click_accounts,
        only_accounts.only_account_id,
        only_accounts.only_account_until,
        coalesce(actions.consent_without_session, 'unknown') as consent_without_session,
        coalesce(actions.sends_unknown_consent, false) as sends_unknown_consent,
        coalesce(actions.limits_data_use, false) as limits_data_use,
        coalesce(actions.is_secondary, false) as is_secondary,
        actions.min_probability

    from conversion_actions as actions

    left join only_accounts
        on actions.platform = only_accounts.platform

)

select * from final
