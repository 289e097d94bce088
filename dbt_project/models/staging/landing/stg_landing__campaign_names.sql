{#
    What campaigns were ever called, in any version of any row: a tag on a page keeps the name that a
    campaign had when the ad was made. The set only grows, so that its new members are known by their
    first file.
#}
{% set feeds = {
    'ad_clicks': 'campaign_name',
    'ad_spend': 'campaign_name',
    'tracking_numbers': 'campaign_name',
    'platform_calls': 'cast(null as varchar)',
} %}

with

{% for feed in feeds %}
{{ feed }} as (

    select * from {{ source('landing', feed) }}

),

{% endfor %}
mentions as (

    {% for feed, campaign_name in feeds.items() %}
    select
        platform,
        campaign_id,
        {{ campaign_name }} as campaign_name,
        _file_id

    from {{ feed }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

renamed as (

    select
        platform,
        campaign_id,
        campaign_name,
        min(_file_id) as _file_id

    from mentions

    where
        platform is not null
        and campaign_id is not null

    group by platform, campaign_id, campaign_name

)

select * from renamed
