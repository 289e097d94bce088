with

cohorts as (

    select * from {{ ref('int_visitor_cohorts') }}

),

sessions as (

    select * from {{ ref('fct_sessions') }}

),

calls as (

    select
        *,
        {{ week_of('call_date') }} as call_week

    from {{ ref('fct_calls') }}

    where not is_spam

),

credits as (

    select * from {{ ref('fct_call_credits') }}

),

cohort_credits as (

    select
        credits.call_id,
        cohorts.cohort_week,
        sum(cast(credits.credit as decimal(18, 15))) as credit

    from credits

    left join sessions
        on credits.session_id = sessions.session_id

    left join cohorts
        on sessions.visitor_id = cohorts.visitor_id

    group by credits.call_id, cohorts.cohort_week

),

final as (

    select
        cohort_credits.cohort_week,
        calls.call_week,
        calls.revenue_currency,
        sum(cohort_credits.credit) as calls,
        sum(case when calls.is_qualified then cohort_credits.credit else 0 end) as qualified_calls,
        sum(cast(cohort_credits.credit as decimal(18, 15)) * calls.revenue_amount) as revenue

    from calls

    inner join cohort_credits
        on calls.call_id = cohort_credits.call_id

    group by cohort_credits.cohort_week, calls.call_week, calls.revenue_currency

)

select * from final
