with

sessions as (

    select * from {{ ref('fct_sessions') }}
    where not is_bot

),

first_touches as (

    select
        visitor_id,
        min(session_start_at) as first_touch_at

    from sessions

    group by visitor_id

),

final as (

    select
        visitor_id,
        first_touch_at,
        {{ week_of(business_date('first_touch_at')) }} as cohort_week

    from first_touches

)

select * from final
