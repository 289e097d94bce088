{#
    Ad accounts are written differently in reports, requests and by people: Google's with dashes or
    without, lists parted by blanks or commas. They are compared in one form, made here alone.

    ad_account(account, platform)      one account: of Google's only the digits
    ad_accounts(accounts, platform)    a list of them, each between blanks, to be searched in
    share_accounts(one, other)         whether two such lists have an account in common
#}
{% macro ad_account(account, platform) -%}
    {{ return(adapter.dispatch('ad_account', 'ringtrail')(account, platform)) }}
{%- endmacro %}

{% macro default__ad_account(account, platform) -%}
    {{ exceptions.raise_compiler_error("ad_account: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__ad_account(account, platform) -%}
    case
        when {{ platform }} = 'google_ads' then regexp_replace({{ account }}, '[^0-9]', '', 'g')
        else trim({{ account }})
    end
{%- endmacro %}

{% macro ad_accounts(accounts, platform) -%}
    {{ return(adapter.dispatch('ad_accounts', 'ringtrail')(accounts, platform)) }}
{%- endmacro %}

{% macro default__ad_accounts(accounts, platform) -%}
    {{ exceptions.raise_compiler_error("ad_accounts: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__ad_accounts(accounts, platform) -%}
    {%- set listed = "' ' || regexp_replace(trim(" ~ accounts ~ "), '[\\s,;]+', ' ', 'g') || ' '" -%}
    case
        when {{ platform }} = 'google_ads' then regexp_replace({{ listed }}, '[^0-9 ]', '', 'g')
        else {{ listed }}
    end
{%- endmacro %}

{% macro share_accounts(one, other) -%}
    {{ return(adapter.dispatch('share_accounts', 'ringtrail')(one, other)) }}
{%- endmacro %}

{% macro default__share_accounts(one, other) -%}
    {{ exceptions.raise_compiler_error("share_accounts: no implementation for " ~ target.type) }}
{%- endmacro %}

{% macro duckdb__share_accounts(one, other) -%}
    list_has_any(string_split(trim({{ one }}), ' '), string_split(trim({{ other }}), ' '))
{%- endmacro %}
