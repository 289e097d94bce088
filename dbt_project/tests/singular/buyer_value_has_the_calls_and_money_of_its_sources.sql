{# Fails for each currency whose calls, revenue or refunds differ between report and sources. #}
with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

refunds as (

    select
        outcomes.call_id,
        coalesce(outcomes.currency, '{{ var("reporting_currency") }}') as currency,
        outcomes.revenue

    from {{ ref('stg_landing__call_outcomes') }} as outcomes

    where outcomes.outcome = 'refund'

),

report as (

    select * from {{ ref('buyer_value') }}

),

facts as (

    select
        'all' as currency,
        count(*) as calls,
        sum(case when is_qualified then 1 else 0 end) as qualified_calls,
        0 as revenue,
        0 as refunds

    from calls

    union all

    select
        revenue_currency as currency,
        0 as calls,
        0 as qualified_calls,
        sum(revenue_amount) as revenue,
        0 as refunds

    from calls

    where revenue_amount is not null

    group by revenue_currency

    union all

    select
        refunds.currency,
        0 as calls,
        0 as qualified_calls,
        0 as revenue,
        -sum(refunds.revenue) as refunds

    from refunds

    inner join calls
        on
            refunds.call_id = calls.call_id
            and refunds.currency = calls.revenue_currency

    group by refunds.currency

    union all

    select
        'all' as currency,
        -sum(calls) as calls,
        -sum(qualified_calls) as qualified_calls,
        0 as revenue,
        0 as refunds

    from report

    union all

    select
        currency,
        0 as calls,
        0 as qualified_calls,
        -sum(revenue) as revenue,
        -sum(refunds) as refunds

    from report

    group by currency

)

select
    currency,
    sum(calls) as calls,
    sum(qualified_calls) as qualified_calls,
    sum(revenue) as revenue,
    sum(refunds) as refunds

from facts

group by currency

having
    sum(calls) <> 0
    or sum(qualified_calls) <> 0
    or sum(revenue) <> 0
    or sum(refunds) <> 0
