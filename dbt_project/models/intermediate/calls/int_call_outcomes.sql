{#
    Buyers change their minds: the latest word on quality counts, and a sale is such a word. Revenue is
    net of refunds and in one currency, the sale's where several occur; amounts in another currency
    cannot be added and stay in staging.
#}

with

outcomes as (

    select
        *,
        coalesce(currency, '{{ var("reporting_currency") }}') as revenue_currency

    from {{ ref('stg_landing__call_outcomes') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by call_id
            order by
                case when outcome = 'refund' then 1 else 0 end asc,
                occurred_at desc,
                -- At one instant a sale says more than the rest, and a refusal more than a yes.
                case outcome
                    when 'sale' then 0
                    when 'disqualified' then 1
                    when 'duplicate' then 2
                    else 3
                end asc
        ) as verdict_rank,
        row_number() over (
            partition by call_id
            order by
                case when revenue is null then 1 else 0 end asc,
                case outcome when 'sale' then 0 when 'qualified' then 1 else 2 end asc,
                occurred_at desc,
                outcome asc
        ) as currency_rank

    from outcomes

),

currencies as (

    select
        call_id,
        revenue_currency

    from ranked

    where currency_rank = 1 and revenue is not null

),

final as (

    select
        ranked.call_id,
        max(
            case when ranked.verdict_rank = 1 and ranked.outcome <> 'refund' then ranked.outcome end
        ) as verdict,
        coalesce(
            bool_or(ranked.verdict_rank = 1 and ranked.outcome in ('qualified', 'sale')), false
        ) as is_qualified,
        bool_or(ranked.outcome = 'sale') as is_sale,
        bool_or(ranked.outcome = 'refund') as is_refunded,
        cast(
            sum(
                case
                    when ranked.revenue_currency = currencies.revenue_currency then ranked.revenue
                end
            ) as decimal(18, 6)
        ) as revenue_amount,
        max(currencies.revenue_currency) as revenue_currency,
        max(case when ranked.verdict_rank = 1 then ranked.buyer_id end) as buyer_id

    from ranked

    left join currencies
        on ranked.call_id = currencies.call_id

    group by ranked.call_id

)

select * from final
