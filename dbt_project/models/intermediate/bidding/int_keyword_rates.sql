{#
    Every keyword is pulled towards the rest of its ad group, that towards the rest of the campaign,
    and that towards the rest of the channel: a keyword with few clicks shows its ad group's rate, one
    with many its own. Each step takes the rest and not the whole, so that no click counts twice. A
    prior weighs no more than what it was learned from: with strength s (how alike the children are)
    and n clicks seen, s * n / (s + n).

    A call may be shared and a click may bring two, so the counts are no integers and the binomial is
    a model, not a fact.
#}

{% set keys = ['channel', 'platform', 'campaign_id', 'ad_group_id', 'keyword_id'] %}

with

nodes as (

    select * from {{ ref('int_keyword_nodes') }}

),

strengths as (

    select * from {{ ref('int_keyword_strengths') }}

),

-- Above the channel there is one click that says nothing.
{% for level, parent, parent_depth in [
    ('campaign', none, 0), ('ad_group', 'campaign', 3), ('keyword', 'ad_group', 4)
] %}
{% set prior = {
    'rate': parent ~ 's.prior_rate' if parent else '0.5',
    'weight': parent ~ 's.prior_weight' if parent else '1.0',
    'value': parent ~ 's.prior_value' if parent else '0.0',
    'value_weight': parent ~ 's.prior_value_weight' if parent else '0.0',
} %}
{{ level }}s as (

    select
        nodes.*,
        strengths.value_chance,
        nodes.parent_clicks - nodes.clicks + {{ prior.weight }} as {{ level }}_seen,
        nodes.parent_qualified_calls - nodes.qualified_calls + {{ prior.value_weight }}
            as {{ level }}_calls_seen,
        (
            nodes.parent_qualified_calls - nodes.qualified_calls
            + {{ prior.weight }} * {{ prior.rate }}
        ) / {{ level }}_seen as prior_rate,
        coalesce(
            (nodes.parent_revenue - nodes.revenue + {{ prior.value_weight }} * {{ prior.value }})
            / nullif({{ level }}_calls_seen, 0),
            0
        ) as prior_value,
        strengths.rate_strength * {{ level }}_seen
        / (strengths.rate_strength + {{ level }}_seen) as prior_weight,
        strengths.value_strength * {{ level }}_calls_seen
        / (strengths.value_strength + {{ level }}_calls_seen) as prior_value_weight

    from nodes

    inner join strengths
        on
            nodes.window_name = strengths.window_name
            and nodes.currency = strengths.currency
            and nodes.node_level = strengths.node_level
    {% if parent %}

    inner join {{ parent }}s
        on
            nodes.window_name = {{ parent }}s.window_name
            and nodes.currency = {{ parent }}s.currency
            {% for key in keys[:parent_depth] %}
            and nodes.{{ key }} is not distinct from {{ parent }}s.{{ key }}
            {% endfor %}
    {% endif %}

    where nodes.node_level = '{{ level }}'

),

{% endfor %}
final as (

    select
        window_name,
        currency,
        {% for key in keys %}
        {{ key }},
        {% endfor %}
        spend,
        clicks,
        qualified_calls,
        -- A click may bring two calls; a rate above one it has not.
        qualified_calls + prior_weight * least(prior_rate, 0.999) as rate_alpha,
        greatest(clicks - qualified_calls, 0) + prior_weight * (1 - least(prior_rate, 0.999))
            as rate_beta,
        coalesce(
            (revenue + prior_value_weight * prior_value)
            / nullif(qualified_calls + prior_value_weight, 0),
            0
        ) as call_value,
        value_chance * power(prior_value, 2) / nullif(qualified_calls + prior_value_weight, 0)
            as call_value_variance

    from keywords

)

select * from final
