{#
    The interval is that of a sum of independent yes-or-no answers (Poisson-binomial), by its normal
    approximation: certain calls add no width. A call is one such answer per source, so that its
    candidates within one campaign are added up before the variance is taken.

    Decimals make the sums exact, so that they come out the same in every run.
#}

with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

credits as (

    select * from {{ ref('fct_call_credits') }}

),

campaign_channels as (

    select * from {{ ref('int_campaign_channels') }}

),

shares as (

    select
        call_id,
        channel,
        platform,
        campaign_id,
        sum(cast(credit as decimal(18, 15))) as credit

    from credits

    group by call_id, channel, platform, campaign_id

),

measured as (

    select
        calls.call_date,
        shares.channel,
        shares.platform,
        shares.campaign_id,
        coalesce(campaign_channels.account_currency, '{{ var("reporting_currency") }}') as currency,
        shares.credit,
        cast(
            greatest(cast(shares.credit as double) * (1 - cast(shares.credit as double)), 0)
            as decimal(18, 15)
        ) as variance,
        case when calls.is_qualified then shares.credit else 0 end as qualified_credit,
        0 as revenue

    from calls

    inner join shares
        on calls.call_id = shares.call_id

    left join campaign_channels
        on
            shares.platform = campaign_channels.platform
            and shares.campaign_id is not distinct from campaign_channels.campaign_id

    union all

    select
        calls.call_date,
        shares.channel,
        shares.platform,
        shares.campaign_id,
        calls.revenue_currency as currency,
        0 as credit,
        0 as variance,
        0 as qualified_credit,
        cast(shares.credit as decimal(18, 15)) * calls.revenue_amount as revenue

    from calls

    inner join shares
        on calls.call_id = shares.call_id

    where calls.revenue_amount is not null

),

final as (

    select
        call_date,
        channel,
        platform,
        campaign_id,
        currency,
        cast(sum(credit) as double) as calls,
        greatest(
            cast(sum(credit) as double)
            - {{ var('interval_z_score') }} * sqrt(cast(sum(variance) as double)),
            0
        ) as calls_low,
        cast(sum(credit) as double)
        + {{ var('interval_z_score') }} * sqrt(cast(sum(variance) as double)) as calls_high,
        cast(sum(qualified_credit) as double) as qualified_calls,
        cast(sum(revenue) as double) as revenue

    from measured

    group by call_date, channel, platform, campaign_id, currency

)

select * from final
