{# How far each feed has come, day by day; dimension feeds (numbers, buyers) have no days. #}

with

calls as (

    select * from {{ ref('stg_landing__calls') }}

),

web_events as (

    select * from {{ ref('stg_landing__web_events') }}

),

ad_clicks as (

    select * from {{ ref('stg_landing__ad_clicks') }}

),

ad_spend as (

    select * from {{ ref('stg_landing__ad_spend') }}

),

call_outcomes as (

    select * from {{ ref('stg_landing__call_outcomes') }}

),

platform_calls as (

    select * from {{ ref('stg_landing__platform_calls') }}

),

dated as (

    select
        'cdr' as feed,
        {{ business_date('call_started_at') }} as feed_date
    from calls

    union all

    select
        'web_events' as feed,
        -- The collector's clock: a browser may believe that it is next year.
        {{ business_date('received_at') }} as feed_date
    from web_events

    union all

    select
        'ad_clicks' as feed,
        click_date as feed_date
    from ad_clicks

    union all

    select
        'ad_spend' as feed,
        spend_date as feed_date
    from ad_spend

    union all

    select
        'call_outcomes' as feed,
        {{ business_date('occurred_at') }} as feed_date
    from call_outcomes

    union all

    select
        'platform_calls' as feed,
        {{ business_date('started_at') }} as feed_date
    from platform_calls

),

final as (

    select
        feed,
        feed_date,
        count(*) as feed_rows

    from dated

    group by feed, feed_date

)

select * from final
