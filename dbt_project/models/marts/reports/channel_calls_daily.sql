with

shares as (

    select * from {{ ref('int_call_shares') }}

),

measured as (

    select
        call_date,
        channel,
        platform,
        campaign_id,
        currency,
        credit,
        {{ bernoulli_variance('credit') }} as variance,
        {{ bernoulli_third_moment('credit') }} as third_moment,
        {{ certain_calls('credit') }} as certain,
        case when credit > 0 then 1 else 0 end as possible,
        case when is_qualified then credit else 0 end as qualified_credit,
        0 as revenue

    from shares

    union all

    select
        call_date,
        channel,
        platform,
        campaign_id,
        revenue_currency as currency,
        0 as credit,
        0 as variance,
        0 as third_moment,
        0 as certain,
        0 as possible,
        0 as qualified_credit,
        credit * revenue_amount as revenue

    from shares

    where revenue_amount is not null

),

summed as (

    select
        call_date,
        channel,
        platform,
        campaign_id,
        currency,
        cast(sum(credit) as double) as calls,
        cast(sum(variance) as double) as calls_variance,
        cast(sum(third_moment) as double) as calls_third_moment,
        cast(sum(certain) as bigint) as calls_certain,
        cast(sum(possible) as bigint) as calls_possible,
        cast(sum(qualified_credit) as double) as qualified_calls,
        cast(sum(revenue) as double) as revenue

    from measured

    group by call_date, channel, platform, campaign_id, currency

),

final as (

    select
        call_date,
        channel,
        platform,
        campaign_id,
        currency,
        calls,
        {% for end in ['low', 'high'] %}
        {{ poisson_binomial_interval(
            end, 'calls', 'calls_variance', 'calls_third_moment', 'calls_certain', 'calls_possible'
        ) }} as calls_{{ end }},
        {% endfor %}
        calls_variance,
        calls_third_moment,
        calls_certain,
        calls_possible,
        qualified_calls,
        revenue

    from summed

)

select * from final
