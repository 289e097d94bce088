{#
    The key has the ad group in it: an ad platform gives the same text the same id in every ad group
    (Google's criterion ids), and bids belong to the keyword within its ad group.
#}
with

spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

clicks as (

    select * from {{ ref('stg_landing__ad_clicks') }}

),

named as (

    {% for feed, seen_date in [('spend', 'spend_date'), ('clicks', 'click_date')] %}
    select
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        campaign_name,
        ad_group_name,
        keyword_text,
        match_type,
        {{ seen_date }} as seen_date

    from {{ feed }}

    where keyword_id is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        {% for column in ['campaign_name', 'ad_group_name', 'keyword_text', 'match_type'] %}
        max_by({{ column }}, (seen_date, {{ column }})) filter (
            where {{ column }} is not null
        ) as {{ column }},
        {% endfor %}
        min(seen_date) as first_seen_date,
        max(seen_date) as last_seen_date

    from named

    group by platform, campaign_id, ad_group_id, keyword_id

)

select * from final
