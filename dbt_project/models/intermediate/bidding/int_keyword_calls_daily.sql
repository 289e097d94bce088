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
        {{ bernoulli_variance('shares.credit') }} as variance,
        {{ bernoulli_third_moment('shares.credit') }} as third_moment,
        {{ certain_calls('shares.credit') }} as certain,
        case when shares.credit > 0 then 1 else 0 end as possible,
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
        sum(third_moment) as calls_third_moment,
        cast(sum(certain) as bigint) as calls_certain,
        cast(sum(possible) as bigint) as calls_possible,
        sum(qualified_credit) as qualified_calls,
        coalesce(sum(revenue), 0) as revenue,
        coalesce(sum(revenue_square), 0) as revenue_squares

    from measured

    group by
        call_date, channel, platform, campaign_id, ad_group_id, keyword_id, revenue_currency

)

select * from final
