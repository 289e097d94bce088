{#
    default_channel_group: GA4's default channel group of a source, medium and campaign.

    Google's definitions, in Google's order; the first that fits wins. What counts as a search,
    social, shopping or video site is the seed `traffic_sources`, joined by the caller as
    source_category; which media are display, email, ... is the seed `utm_mediums`, joined as
    medium_meaning (patterns over media stay here, as in Google's text). Everything is expected in
    lower case; a missing source or medium may be null.

    `cpm` is listed as Display, but it also fits the pattern of paid media, which comes first for
    sources of a known category: google / cpm is Paid Search, as in GA4.
#}
{% macro default_channel_group(source, medium, campaign, source_category, medium_meaning) -%}
    {%- set is_paid = is_paid_medium(medium, medium_meaning) -%}
    {%- set is_shopping -%}
        ({{ source_category }} = 'shopping'
        or regexp_matches({{ campaign }}, '^(.*(([^a-df-z]|^)shop|shopping).*)$'))
    {%- endset -%}
    case
        when
            {{ source }} = '(direct)'
            and coalesce({{ medium }}, '(not set)') in ('(not set)', '(none)')
            then 'Direct'
        when {{ campaign }} like '%cross-network%' then 'Cross-network'
        when {{ is_shopping }} and {{ is_paid }} then 'Paid Shopping'
        when {{ source_category }} = 'search' and {{ is_paid }} then 'Paid Search'
        when {{ source_category }} = 'social' and {{ is_paid }} then 'Paid Social'
        when {{ source_category }} = 'video' and {{ is_paid }} then 'Paid Video'
        when {{ medium_meaning }} = 'display' then 'Display'
        when {{ is_paid }} then 'Paid Other'
        when {{ is_shopping }} then 'Organic Shopping'
        when {{ source_category }} = 'social' or {{ medium_meaning }} = 'social'
            then 'Organic Social'
        when {{ source_category }} = 'video' or {{ medium }} like '%video%' then 'Organic Video'
        when {{ source_category }} = 'search' or {{ medium_meaning }} = 'organic'
            then 'Organic Search'
        when {{ medium_meaning }} = 'referral' then 'Referral'
        when
            {{ medium_meaning }} = 'email'
            or {{ source }} in ('email', 'e-mail', 'e_mail', 'e mail')
            then 'Email'
        when {{ medium_meaning }} = 'affiliate' then 'Affiliates'
        when {{ medium_meaning }} = 'audio' then 'Audio'
        when {{ source }} = 'sms' or {{ medium_meaning }} = 'sms' then 'SMS'
        when
            {{ medium }} like '%push'
            or {{ medium }} like '%mobile%'
            or {{ medium }} like '%notification%'
            or {{ source }} = 'firebase'
            then 'Mobile Push Notifications'
        else 'Unassigned'
    end
{%- endmacro %}

{#  Google's pattern of paid media, and whatever the seed `utm_mediums` calls paid. #}
{% macro is_paid_medium(medium, medium_meaning) -%}
    (coalesce({{ medium_meaning }} = 'paid', false)
    or coalesce(regexp_matches({{ medium }}, '^(.*cp.*|ppc|retargeting|paid.*)$'), false))
{%- endmacro %}

{#  The channels that somebody paid an ad platform for. #}
{% macro is_paid_channel(channel) -%}
    ({{ channel }} like 'Paid %' or {{ channel }} in ('Display', 'Cross-network'))
{%- endmacro %}

{#
    paid_click_channel: the channel of a paid click, by the network that the platform reported.

    Without a network a click of a search platform is Paid Search, one of a social platform Paid
    Social.
#}
{% macro paid_click_channel(network, click_id_type) -%}
    case replace(lower({{ network }}), '_', '-')
        when 'search' then 'Paid Search'
        when 'display' then 'Display'
        when 'video' then 'Paid Video'
        when 'social' then 'Paid Social'
        when 'shopping' then 'Paid Shopping'
        when 'cross-network' then 'Cross-network'
        else case
            when {{ click_id_type }} in ('fbclid', 'ttclid') then 'Paid Social'
            else 'Paid Search'
        end
    end
{%- endmacro %}

{#  The ad platform that hands out click ids of this type. #}
{% macro platform_of_click_id(click_id_type) -%}
    case
        when {{ click_id_type }} in ('gclid', 'gbraid', 'wbraid') then 'google_ads'
        when {{ click_id_type }} = 'msclkid' then 'microsoft_ads'
        when {{ click_id_type }} = 'fbclid' then 'meta_ads'
        when {{ click_id_type }} = 'ttclid' then 'tiktok_ads'
    end
{%- endmacro %}
