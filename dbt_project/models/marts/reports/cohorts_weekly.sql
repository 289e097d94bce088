with

cohorts as (

    select * from {{ ref('int_visitor_cohorts') }}

),

sessions as (

    select * from {{ ref('fct_sessions') }}
    where not is_bot

),

cohort_calls as (

    select * from {{ ref('int_cohort_calls_weekly') }}

),

active_visitors as (

    select
        visitor_id,
        {{ week_of(business_date('session_start_at')) }} as activity_week

    from sessions

    group by visitor_id, activity_week

),

cohort_sizes as (

    select
        cohort_week,
        count(*) as cohort_visitors

    from cohorts

    group by cohort_week

),

stacked as (

    select
        cohorts.cohort_week,
        active_visitors.activity_week,
        '{{ var("reporting_currency") }}' as currency,
        1 as visitors,
        0 as calls,
        0 as qualified_calls,
        0 as revenue

    from active_visitors

    inner join cohorts
        on active_visitors.visitor_id = cohorts.visitor_id

    union all

    select
        cohort_week,
        call_week as activity_week,
        '{{ var("reporting_currency") }}' as currency,
        0 as visitors,
        calls,
        qualified_calls,
        0 as revenue

    from cohort_calls

    union all

    select
        cohort_week,
        call_week as activity_week,
        revenue_currency as currency,
        0 as visitors,
        0 as calls,
        0 as qualified_calls,
        revenue

    from cohort_calls

    where revenue_currency is not null

),

final as (

    select
        stacked.cohort_week,
        stacked.activity_week,
        cast(
            {{ days_between('stacked.cohort_week', 'stacked.activity_week') }} / 7 as integer
        ) as weeks_since,
        stacked.currency,
        cohort_sizes.cohort_visitors,
        cast(sum(stacked.visitors) as bigint) as visitors,
        cast(sum(stacked.calls) as double) as calls,
        cast(sum(stacked.qualified_calls) as double) as qualified_calls,
        cast(sum(stacked.revenue) as double) as revenue

    from stacked

    left join cohort_sizes
        on stacked.cohort_week = cohort_sizes.cohort_week

    group by
        stacked.cohort_week, stacked.activity_week, stacked.currency, cohort_sizes.cohort_visitors

)

select * from final
