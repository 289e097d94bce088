{#
    account_reason(account, click_accounts): why clicks and campaigns of an ad account do not count for
    a conversion action, null where they do. An account that is not known is no account of the action's:
    the platform would refuse a click of somebody else's, or count it for them.
#}
{% macro account_reason(account, click_accounts) -%}
    case
        when {{ click_accounts }} is null then null
        when {{ account }} is null then 'unknown_account'
        when not contains({{ click_accounts }}, ' ' || {{ account }} || ' ') then 'other_account'
    end
{%- endmacro %}

{#
    only_account(action, occurred_at): the platform's ad account where it had no other one yet, null
    where it had. Asked of the call's time, so that a second account does not take back what was sent.
#}
{% macro only_account(action, occurred_at) -%}
    case
        when
            {{ action }}.only_account_until is null
            or {{ occurred_at }} < {{ action }}.only_account_until
            then {{ action }}.only_account_id
    end
{%- endmacro %}
