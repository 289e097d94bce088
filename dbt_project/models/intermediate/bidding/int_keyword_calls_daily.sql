{#
    As channel_calls_daily, by keyword: a call is one yes-or-no answer per source, and its candidates
    within one keyword were added up before the variance is taken here. Decimals make the sums exact,
    so that they come out the same in every run.
#}

with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

shares as (

    select * from {{ ref('int_call_credits_by_keyword') }}

),

measured as (

    select
        calls.call_date,
        calls.revenue_currency,
        shares.channel,
        shares.platform,
        shares.campaign_id,
        shares.ad_group_id,
        shares.keyword_id,
        shares.credit,
        cast(
            greatest(cast(shares.credit as double) * (1 - cast(shares.credit as double)), 0)
            as decimal(18, 15)
        ) as variance,
        case when calls.is_qualified then shares.credit else 0 end as qualified_credit,
        shares.credit * calls.revenue_amount as revenue,
        case
            when calls.is_qualified
                then cast(
                    cast(shares.credit as double) * power(cast(calls.revenue_amount as double), 2)
                    as decimal(28, 9)
                )
        end as revenue_square

    from calls

    inner join shares
        on calls.call_id = shares.call_id

),

final as (

    select
        call_date,
        channel,
        platform,
        campaign_id,
        ad_group_id,
        keyword_id,
        revenue_currency,
        sum(credit) as calls,
        sum(variance) as calls_variance,
        sum(qualified_credit) as qualified_calls,
        coalesce(sum(revenue), 0) as revenue,
        coalesce(sum(revenue_square), 0) as revenue_squares

    from measured

    group by
        call_date, channel, platform, campaign_id, ad_group_id, keyword_id, revenue_currency

)

select * from final
