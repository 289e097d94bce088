{{ config(materialized='view') }}

{#
    Where a campaign is known the channel is the campaign's, so that a keyword's spend and calls meet
    in one row. What has no currency stands on the row of the campaign's account currency, or of var
    reporting_currency where there is no account; revenue stands on the row of its own. A view, because
    only int_keyword_windows reads it, once.
#}

{% set keys = ['platform', 'campaign_id', 'ad_group_id', 'keyword_id'] | join(',\n        ') %}
{% set counts = [
    'calls',
    'calls_variance',
    'calls_third_moment',
    'calls_certain',
    'calls_possible',
    'qualified_calls',
] %}

with

traffic as (

    select * from {{ ref('int_keyword_traffic_daily') }}

),

calls as (

    select * from {{ ref('int_keyword_calls_daily') }}

),

campaign_channels as (

    select * from {{ ref('int_campaign_channels') }}

),

stacked as (

    select
        traffic_date as metric_date,
        channel as own_channel,
        {{ keys }},
        currency as own_currency,
        spend,
        impressions,
        clicks,
        sessions,
        {% for counted in counts %}
        0 as {{ counted }},
        {% endfor %}
        0 as revenue,
        0 as revenue_squares

    from traffic

    {% for is_money in [false, true] %}
    union all

    select
        call_date as metric_date,
        channel as own_channel,
        {{ keys }},
        {{ 'revenue_currency' if is_money else 'null' }} as own_currency,
        0 as spend,
        0 as impressions,
        0 as clicks,
        0 as sessions,
        {% for counted in counts %}
        {{ '0' if is_money else counted }} as {{ counted }},
        {% endfor %}
        {{ 'revenue' if is_money else '0' }} as revenue,
        {{ 'revenue_squares' if is_money else '0' }} as revenue_squares

    from calls
    {{ 'where revenue_currency is not null' if is_money }}
    {% endfor %}

),

final as (

    select
        stacked.*,
        coalesce(
            case when stacked.campaign_id is not null then campaign_channels.channel end,
            stacked.own_channel,
            campaign_channels.channel,
            'Unassigned'
        ) as channel,
        coalesce(
            stacked.own_currency,
            campaign_channels.account_currency,
            '{{ var("reporting_currency") }}'
        ) as currency

    from stacked

    left join campaign_channels
        on
            stacked.platform = campaign_channels.platform
            and stacked.campaign_id is not distinct from campaign_channels.campaign_id

)

select * from final
