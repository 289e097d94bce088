{#
    Reports by source count calls by these shares. A call is one yes-or-no answer per source, so that
    its candidates within one campaign are added up before a variance is taken.

    Decimals make the sums exact, so that they come out the same in every run.
#}
with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

credits as (

    select * from {{ ref('int_call_credits_by_keyword') }}

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
        sum(credit) as credit

    from credits

    group by call_id, channel, platform, campaign_id

),

final as (

    select
        shares.call_id,
        calls.call_date,
        shares.channel,
        shares.platform,
        shares.campaign_id,
        coalesce(campaign_channels.account_currency, '{{ var("reporting_currency") }}') as currency,
        cast(shares.credit as decimal(18, 15)) as credit,
        calls.is_qualified,
        calls.revenue_amount,
        calls.revenue_currency

    from calls

    inner join shares
        on calls.call_id = shares.call_id

    left join campaign_channels
        on
            shares.platform = campaign_channels.platform
            and shares.campaign_id is not distinct from campaign_channels.campaign_id

)

select * from final
