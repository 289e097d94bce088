{#
    Counts stand once, on the row of the buyer's currency; revenue on the row of its own. Stacked and
    not joined, so that neither fans out over the other.
#}
with

calls as (

    select * from {{ ref('int_calls_placed_in_cohorts') }}

),

stacked as (

    select
        buyer_id,
        first_call_date,
        buyer_currency as currency,
        caller_key,
        1 as calls,
        case when is_qualified then 1 else 0 end as qualified_calls,
        0 as revenue,
        0 as known_revenue,
        0 as refunds

    from calls

    union all

    select
        buyer_id,
        first_call_date,
        revenue_currency as currency,
        null as caller_key,
        0 as calls,
        0 as qualified_calls,
        revenue_amount as revenue,
        case when caller_key is not null then revenue_amount else 0 end as known_revenue,
        refund_amount as refunds

    from calls

    where revenue_amount is not null

),

summed as (

    select
        buyer_id,
        cast(date_trunc('month', first_call_date) as date) as first_call_month,
        currency,
        count(distinct caller_key) as callers,
        cast(sum(calls) as bigint) as calls,
        cast(sum(qualified_calls) as bigint) as qualified_calls,
        cast(sum(revenue) as decimal(18, 6)) as revenue,
        cast(sum(refunds) as decimal(18, 6)) as refunds,
        cast(sum(known_revenue) as double) as known_revenue

    from stacked

    group by buyer_id, cast(date_trunc('month', first_call_date) as date), currency

),

final as (

    select
        buyer_id,
        first_call_month,
        currency,
        callers,
        calls,
        qualified_calls,
        revenue,
        refunds,
        cast(revenue as double) / nullif(calls, 0) as revenue_per_call,
        known_revenue / nullif(callers, 0) as lifetime_value

    from summed

)

select * from final
