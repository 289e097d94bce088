with

feed_days as (

    select * from {{ ref('int_feed_days') }}

),

landing_files as (

    select
        *,
        {{ business_date('_loaded_at') }} as loaded_date

    from {{ ref('stg_operations__landing_files') }}

),

days as (

    select feed_date as health_date
    from feed_days
    group by feed_date

),

feeds as (

    select feed
    from feed_days
    group by feed

),

progress as (

    select
        days.health_date,
        feeds.feed,
        coalesce(feed_days.feed_rows, 0) as feed_rows,
        max(feed_days.feed_date) over (
            partition by feeds.feed
            order by days.health_date
            rows between unbounded preceding and current row
        ) as newest_date

    from days

    cross join feeds

    left join feed_days
        on
            days.health_date = feed_days.feed_date
            and feeds.feed = feed_days.feed

),

final as (

    select
        health_date,
        'feed_rows' as metric,
        feed as dimension,
        cast(feed_rows as double) as value

    from progress

    union all

    select
        health_date,
        'feed_age_days' as metric,
        feed as dimension,
        {{ days_between('newest_date', 'health_date') }} as value

    from progress

    where newest_date is not null

    union all

    select
        loaded_date as health_date,
        'loaded_rows' as metric,
        feed as dimension,
        cast(sum(rows_accepted) as double) as value

    from landing_files

    group by loaded_date, feed

    union all

    select
        loaded_date as health_date,
        'quarantined_rows' as metric,
        feed as dimension,
        cast(sum(rows_quarantined) as double) as value

    from landing_files

    group by loaded_date, feed

)

select * from final
