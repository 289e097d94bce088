"""The SQL of matcher_touches: one row per touch, its clocks turned; `features` fills in braces."""

STATE = "nullif(upper(trim(geo_region)), '')"
CITY = "nullif(lower(trim(geo_city)), '')"
"""Of int_touches: where the visitor was, spelled in one way."""

TOUCHES = """
create or replace temp table matcher_touches as
-- Clocks are turned once for each day and each quarter of an hour: for each touch it costs more
-- than all the rest, and no zone is off by less than a quarter.
with click_days as (

    select
        days.click_date,
        days.account_timezone,
        -- A zone that the engine does not know must not stop the run.
        epoch_us(
            cast(days.click_date as timestamp) at time zone coalesce(zones.name, 'UTC')
        ) / 1e6 as click_day_second

    from (
        select
            click_date,
            account_timezone

        from intermediate.int_touches

        where click_date is not null

        group by click_date, account_timezone
    ) as days

    left join pg_timezone_names() as zones
        on days.account_timezone = zones.name

),

placed as not materialized (

    select
        touches.*,
        epoch_us(touches.touched_at) / 1e6 as exact_second,
        click_days.click_day_second

    from intermediate.int_touches as touches

    left join click_days
        on
            touches.click_date = click_days.click_date
            and touches.account_timezone is not distinct from click_days.account_timezone

    where (touches.touched_at is not null or touches.click_date is not null){touches_condition}

),

quarters as (

    select
        quarter,
        cast(
            hour((make_timestamp(quarter * 900000000) at time zone 'UTC') at time zone {zone})
            as integer
        ) as touch_hour

    from (
        select distinct epoch_us(touched_at) // 900000000 as quarter

        from intermediate.int_touches

        union

        select distinct cast(click_day_second + {day_seconds} as bigint) // 900 as quarter

        from click_days
    ) as distinct_quarters

),

-- By themselves: sorting and joining whole rows would carry all their text along.
timed as (

    select
        touch_id,
        coalesce(exact_second, click_day_second + {day_seconds}) as touch_second,
        coalesce(
            epoch_us(touched_at) // 900000000,
            cast(click_day_second + {day_seconds} as bigint) // 900
        ) as quarter

    from placed

),

numbered as (

    select
        timed.touch_id,
        timed.touch_second,
        quarters.touch_hour,
        cast(
            row_number() over (order by timed.touch_second, timed.touch_id) - 1 as integer
        ) as touch_index

    from timed

    inner join quarters
        on timed.quarter = quarters.quarter

),

final as (

    select
        placed.*,
        numbered.touch_index,
        numbered.touch_second,
        numbered.touch_hour

    from placed

    inner join numbered
        on placed.touch_id = numbered.touch_id

)

select
    touch_index,
    touch_id,
    session_id,
    {device_case} as device_id,
    number_state,
    is_click,
    exact_second is null as is_day_only,
    click_day_second as day_start_second,
    touch_second,
    cast(floor(coalesce(exact_second, click_day_second) / 86400) as integer) as day_index,
    epoch_us(lease_end_at) / 1e6 as lease_end_second,
    nullif(lower(site), '') as site,
    coalesce(platform || ':' || campaign_id, 'channel:' || coalesce(channel, 'none')) as campaign,
    coalesce(channel, 'none') as channel,
    -- Unpaid traffic has no keyword; how it calls differs by site.
    case
        when campaign_id is null then coalesce(lower(site), '')
        else coalesce(keyword_id, ad_group_id, '')
    end as keyword,
    case
        when page_views is null then 'unseen'
        when page_views <= 1 then '1'
        when page_views = 2 then '2'
        when page_views <= 4 then '3-4'
        else '5+'
    end as engagement,
    case
        when session_number is null then 'unseen'
        when session_number = 1 then 'first'
        else 'later'
    end as visit,
    {state} as state,
    {city} as city,
    touch_hour

from final
"""

ONLY_TOUCHES = """
    and (
        coalesce(touches.touched_at, cast(touches.click_date as timestamp)) >= (
            select min(call_started_at) - interval '{days} days'
            from intermediate.int_calls_to_match
            where call_id in (select call_id from {only})
        )
        or touches.touch_id in (
            select unnest([live_touch_id, tap_touch_id])
            from intermediate.int_calls_to_match
            where call_id in (select call_id from {only})
        )
    )
"""
