{#
    What a click earns is the rate of qualified calls times what one is worth. Its interval is that of
    a Beta with the same mean and the relative variance of the product, so that it stays above zero
    and leans to the right as the rate does. Where calls so far brought nothing, or less, it has none.
#}

with

rates as (

    select
        *,
        rate_alpha / (rate_alpha + rate_beta) as conversion_rate

    from {{ ref('int_keyword_rates') }}

),

spread as (

    select
        *,
        -- Relative variances of a product add up, plus their product.
        (1 + (1 - conversion_rate) / (conversion_rate * (rate_alpha + rate_beta + 1)))
        * (1 + call_value_variance / nullif(power(greatest(call_value, 0), 2), 0))
        - 1 as relative_variance

    from rates

),

matched as (

    select
        *,
        case
            when relative_variance is not null
                then greatest((1 - conversion_rate) / relative_variance - conversion_rate, 0.001)
        end as product_alpha

    from spread

),

shaped as (

    select
        *,
        product_alpha * (1 - conversion_rate) / conversion_rate as product_beta

    from matched

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
        spend,
        clicks,
        qualified_calls,
        conversion_rate,
        {{ beta_low('rate_alpha', 'rate_beta') }} as conversion_rate_low,
        {{ beta_high('rate_alpha', 'rate_beta') }} as conversion_rate_high,
        call_value,
        conversion_rate * call_value as revenue_per_click,
        call_value * {{ beta_low('product_alpha', 'product_beta') }} as revenue_per_click_low,
        call_value * {{ beta_high('product_alpha', 'product_beta') }} as revenue_per_click_high

    from shaped

)

select * from final
