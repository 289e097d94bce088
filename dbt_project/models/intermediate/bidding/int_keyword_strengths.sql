{#
    How many clicks (or qualified calls) of its own a keyword needs to count as much as its ad group
    does, and so on upwards: empirical Bayes by the method of moments. Of the spread of children
    around their parent, what chance alone would make is taken off; what is left is how much they
    really differ, and the less that is, the stronger the parent.

    Of a rate: rho of the beta-binomial, 1 / (strength + 1). Of a value: the credibility of Bühlmann
    and Straub, all relative to the parent's value, so that calls of 40 and of 300 speak alike.
    Decimals make the sums exact, so that they come out the same in every run.
#}

{% set exact = 'decimal(38, 12)' %}

with

cells as (

    select * from {{ ref('int_keyword_cells') }}

),

nodes as (

    select * from {{ ref('int_keyword_nodes') }}

),

-- How much qualified calls of one keyword differ in value, relative to its mean.
chance as (

    select
        window_name,
        currency,
        cast(
            sum(cast(
                greatest(
                    revenue_squares
                    * power(cast(qualified_calls as double) / nullif(cast(revenue as double), 0), 2)
                    - qualified_calls,
                    0
                ) as {{ exact }}
            )) as double
        ) / sum(qualified_calls - 1) as value_chance

    from cells

    where qualified_calls > 1

    group by window_name, currency

),

compared as (

    select
        nodes.*,
        greatest(coalesce(chance.value_chance, 1), 0.000001) as value_chance,
        least(nodes.parent_qualified_calls / nodes.parent_clicks, 1) as parent_rate,
        1 - nodes.clicks / nodes.parent_clicks as clicks_elsewhere,
        1 - nodes.qualified_calls / nullif(nodes.parent_qualified_calls, 0) as calls_elsewhere,
        (nodes.revenue / nullif(nodes.qualified_calls, 0))
        / nullif(nodes.parent_revenue / nullif(nodes.parent_qualified_calls, 0), 0)
            as relative_value

    from nodes

    left join chance
        on
            nodes.window_name = chance.window_name
            and nodes.currency = chance.currency

),

moments as (

    select
        window_name,
        currency,
        node_level,
        max(value_chance) as value_chance,
        cast(sum(cast(
            clicks * power(qualified_calls / clicks - parent_rate, 2)
            - parent_rate * (1 - parent_rate) * clicks_elsewhere as {{ exact }}
        )) as double) as rate_spread,
        cast(sum(cast(
            parent_rate * (1 - parent_rate) * (clicks - 1) * clicks_elsewhere as {{ exact }}
        )) as double) as rate_room,
        cast(sum(cast(
            qualified_calls * power(relative_value - 1, 2)
            - value_chance * calls_elsewhere as {{ exact }}
        )) as double) as value_spread,
        cast(sum(cast(qualified_calls * calls_elsewhere as {{ exact }})) as double) as value_room

    from compared

    group by window_name, currency, node_level

),

final as (

    select
        window_name,
        currency,
        node_level,
        value_chance,
        -- Within bounds, for little data may show no spread at all, or nothing else.
        1 / least(greatest(coalesce(rate_spread / nullif(rate_room, 0), 0), 0.0001), 0.5) - 1
            as rate_strength,
        1 / least(
            greatest(coalesce(value_spread / nullif(value_room, 0), 0) / value_chance, 0.0001), 10
        ) as value_strength

    from moments

)

select * from final
