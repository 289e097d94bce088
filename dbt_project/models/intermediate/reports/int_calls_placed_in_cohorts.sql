{#
    A call counts in the month in which its caller first rang that buyer. A caller who withheld the
    number cannot be followed: such a call is of its own month and brings no caller, so it is left
    out of what a caller is worth.
#}
with

calls as (

    select * from {{ ref('fct_calls') }}
    where not is_spam

),

outcomes as (

    select * from {{ ref('stg_landing__call_outcomes') }}

),

buyers as (

    select * from {{ ref('int_buyer_terms') }}
    where is_current

),

refunded as (

    select
        call_id,
        coalesce(currency, '{{ var("reporting_currency") }}') as currency,
        -sum(revenue) as refunds

    from outcomes

    where outcome = 'refund' and revenue is not null

    group by call_id, coalesce(currency, '{{ var("reporting_currency") }}')

),

placed as (

    select
        *,
        case
            when caller_key is null then call_date
            else min(call_date) over (partition by buyer_id, caller_key)
        end as first_call_date

    from calls

),

final as (

    select
        placed.call_id,
        placed.buyer_id,
        placed.caller_key,
        placed.first_call_date,
        placed.is_qualified,
        placed.revenue_amount,
        placed.revenue_currency,
        coalesce(buyers.payout_currency, '{{ var("reporting_currency") }}') as buyer_currency,
        coalesce(refunded.refunds, 0) as refund_amount

    from placed

    left join buyers
        on placed.buyer_id = buyers.buyer_id

    left join refunded
        on
            placed.call_id = refunded.call_id
            and placed.revenue_currency = refunded.currency

)

select * from final
