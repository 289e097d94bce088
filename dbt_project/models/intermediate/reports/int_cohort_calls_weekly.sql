with

calls as (

    select
        *,
        {{ week_of('call_date') }} as call_week

    from {{ ref('fct_calls') }}

    where not is_spam

),

cohort_credits as (

    select * from {{ ref('int_call_credits_by_cohort') }}

),

final as (

    select
        cohort_credits.cohort_week,
        calls.call_week,
        calls.revenue_currency,
        sum(cohort_credits.credit) as calls,
        sum(case when calls.is_qualified then cohort_credits.credit else 0 end) as qualified_calls,
        sum(cohort_credits.credit * calls.revenue_amount) as revenue

    from calls

    inner join cohort_credits
        on calls.call_id = cohort_credits.call_id

    group by cohort_credits.cohort_week, calls.call_week, calls.revenue_currency

)

select * from final
