{#
    The call's own click goes before an earlier one, one that may be used before one that may not, gclid
    before gbraid and wbraid (the platform's documents), a late one before an old. Its consent is that of
    its own session, unless the session of the call has denied it since.
#}
{% set consents = ['consent_ad_user_data', 'consent_ad_personalization'] %}
{% set account -%}
    coalesce(
        clicks.click_account_id, case when clicks.identifier = 'click' then calls.campaign_account_id end,
        {{ only_account('conversion_actions', 'calls.occurred_at') }}
    )
{%- endset %}
with

calls as (

    select * from {{ ref('int_conversion_calls') }}

),

clicks as (

    select * from {{ ref('int_call_clicks') }}

),

conversion_actions as (

    select * from {{ ref('int_conversion_actions') }}

    where calls_from = 'website'

),

judged as (

    select
        clicks.call_id,
        conversion_actions.destination,
        conversion_actions.account_id,
        conversion_actions.conversion_action,
        clicks.click_id,
        clicks.click_id_type,
        clicks.clicked_at,
        clicks.identifier,
        {% for consent in consents %}
        case when calls.{{ consent }} = 'denied' then 'denied' else clicks.{{ consent }} end
            as {{ consent }},
        {% endfor %}
        coalesce(
            {{ account_reason(account, 'conversion_actions.click_accounts') }},
            case
                when clicks.clicked_at >= calls.occurred_at then 'click_after_call'
                when
                    {{ plus_days('clicks.clicked_at', 'conversion_actions.click_window_days') }}
                    < calls.occurred_at
                    then 'click_too_old'
            end
        ) as click_reason

    from clicks

    inner join calls
        on clicks.call_id = calls.call_id

    inner join conversion_actions
        on
            clicks.platform = conversion_actions.platform
            and case
                when conversion_actions.is_secondary
                    then
                        calls.attribution_layer = 'probabilistic'
                        and clicks.identifier = 'click'
                when clicks.identifier = 'click' then calls.attribution_layer = 'click'
                else conversion_actions.accepts_earlier_clicks
            end

),

ranked as (

    select
        *,
        row_number() over (
            partition by call_id, destination, account_id, conversion_action
            order by
                case when click_reason is null then 0 else 1 end asc,
                identifier asc,
                case click_id_type when 'gclid' then 0 else 1 end asc,
                clicked_at desc nulls last,
                click_id asc
        ) as click_rank

    from judged

),

final as (

    select
        call_id,
        destination,
        account_id,
        conversion_action,
        click_id,
        click_id_type,
        clicked_at,
        identifier,
        {% for consent in consents %}
        case when click_reason is null then {{ consent }} end as {{ consent }},
        {% endfor %}
        click_reason

    from ranked

    where click_rank = 1

)

select * from final
