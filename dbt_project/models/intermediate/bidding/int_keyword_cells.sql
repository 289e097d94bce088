{#
    A call to the number in an ad, or one whose candidates were folded, is known to be its ad group's
    or campaign's and not which keyword's. Left out, it would make every keyword there look worse
    than it is; so it is shared among them as their clicks are.
#}

{% set campaign = 'window_name, currency, channel, platform, campaign_id' %}
{% set shared = ['qualified_calls', 'revenue', 'revenue_squares'] %}

with

keyword_windows as (

    select
        *,
        sum(clicks) over (partition by {{ campaign }}) as campaign_clicks,
        sum(clicks) over (partition by {{ campaign }}, ad_group_id) as ad_group_clicks

    from {{ ref('int_keyword_windows') }}

),

pooled as (

    select
        {% for measure in shared %}
        sum(case when clicks = 0 then {{ measure }} else 0 end) over (
            partition by {{ campaign }}, ad_group_id
        ) as ad_group_{{ measure }},
        sum(case when ad_group_clicks = 0 then {{ measure }} else 0 end) over (
            partition by {{ campaign }}
        ) as campaign_{{ measure }},
        {% endfor %}
        *

    from keyword_windows

),

final as (

    select
        window_name,
        currency,
        channel,
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        {% for measure in shared %}
        cast(
            cast({{ measure }} as double)
            + cast(ad_group_{{ measure }} as double) * clicks / ad_group_clicks
            + cast(campaign_{{ measure }} as double) * clicks / campaign_clicks
            as decimal(28, 9)
        ) as {{ measure }},
        {% endfor %}
        clicks,
        spend

    from pooled

    where clicks > 0

)

select * from final
