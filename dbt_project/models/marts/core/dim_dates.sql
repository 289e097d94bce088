{# Without gaps, so that a report over it shows a day without calls as a zero. #}

with

calls as (

    select * from {{ ref('int_calls') }}

),

sessions as (

    select * from {{ ref('int_sessions') }}

),

spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

holidays as (

    select * from {{ ref('us_holidays') }}

),

-- The ends first: a time zone costs too much to be worked out for every session.
feeds as (

    select
        min(call_date) as first_date,
        max(call_date) as last_date

    from calls

    union all

    select
        {{ business_date('min(session_start_at)') }} as first_date,
        {{ business_date('max(session_start_at)') }} as last_date

    from sessions

    union all

    select
        min(spend_date) as first_date,
        max(spend_date) as last_date

    from spend

),

bounds as (

    select
        min(first_date) as first_date,
        max(last_date) as last_date

    from feeds

),

days as (

    select {{ date_series('first_date', 'last_date') }} as date_day

    from bounds

),

final as (

    select
        days.date_day,
        cast(date_trunc('week', days.date_day) as date) as week_start_date,
        cast(date_trunc('month', days.date_day) as date) as month_start_date,
        cast(date_trunc('quarter', days.date_day) as date) as quarter_start_date,
        cast(extract(year from days.date_day) as integer) as year_number,
        cast(extract(quarter from days.date_day) as integer) as quarter_number,
        cast(extract(month from days.date_day) as integer) as month_number,
        cast(extract(week from days.date_day) as integer) as week_number,
        {{ iso_weekday('days.date_day') }} as weekday_number,
        {{ iso_weekday('days.date_day') }} >= 6 as is_weekend,
        holidays.holiday_name,
        holidays.holiday_date is not null as is_holiday

    from days

    left join holidays
        on days.date_day = holidays.holiday_date

)

select * from final
