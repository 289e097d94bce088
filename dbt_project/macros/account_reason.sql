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
