"""Temporary tables that every later step reads: touches, calls, numbers shown, leases, reach.

    intermediate.int_touches         ->  matcher_touches   one row per touch, seconds and small ids
    intermediate.int_calls_to_match  ->  matcher_calls     one row per call
    intermediate.int_numbers_shown   ->  matcher_shown     touch and pool number
    intermediate.int_number_leases   ->  matcher_leases    touch, pool number, live interval

Times are seconds since 1970 as DOUBLE. Indexes follow time and id, calls by site, so the same rows
get the same indexes whatever order they lie in.
"""

from ml.matching.settings import DEVICES, MatcherSettings
from ml.sql import Sql, text_literal

DAY_TOUCH_SECONDS = 14 * 3600
"""Where in its day a click without a time is put when only its exposure is counted."""

_TOUCHES = """
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
    nullif(upper(trim(geo_region)), '') as state,
    nullif(lower(trim(geo_city)), '') as city,
    touch_hour

from final
"""

_CALLS = """
create or replace temp table matcher_calls as
with pools as (

    select
        tracking_number,
        min(pool_id) as pool_id

    from intermediate.int_number_leases

    group by tracking_number

),

sizes as (

    select
        pool_id,
        count(*) as numbers

    from pools

    group by pool_id

)

select
    -- Calls of one site lie together: so do the touches that they meet, and their candidates.
    cast(
        row_number() over (
            order by calls.match_kind, lower(calls.site), calls.call_started_at, calls.call_id
        ) - 1 as integer
    ) as call_index,
    calls.call_id,
    calls.match_kind,
    epoch_us(calls.call_started_at) / 1e6 as call_second,
    cast(floor(epoch_us(calls.call_started_at) / 86400e6) as integer) as day_index,
    cast(
        hour((calls.call_started_at at time zone 'UTC') at time zone {zone}) as integer
    ) as call_hour,
    calls.tracking_number,
    coalesce(lower(calls.site), '') as site,
    case
        when calls.match_kind = 'pool' then coalesce(pools.pool_id, calls.tracking_number)
        else coalesce(lower(calls.site), '')
    end as place,
    coalesce(sizes.numbers, 1) as place_numbers,
    nullif(calls.caller_area_code, '') as area_code,
    nullif(nullif(calls.line_type, 'unknown'), '') as line_type,
    -- Calls of one caller, for whom to leave out; a withheld number is a caller of its own.
    cast(
        dense_rank() over (order by coalesce(calls.caller_key, 'withheld ' || calls.call_id))
        - 1 as integer
    ) as caller_index,
    live.touch_index as live_touch_index,
    taps.touch_index as tap_touch_index,
    coalesce(calls.is_spam, false) as is_spam

from intermediate.int_calls_to_match as calls

left join pools
    on calls.tracking_number = pools.tracking_number

left join sizes
    on pools.pool_id = sizes.pool_id

left join matcher_touches as live
    on calls.live_touch_id = live.touch_id

left join matcher_touches as taps
    on calls.tap_touch_id = taps.touch_id
{calls_condition}
"""

_ONLY_CALLS = "where calls.call_id in (select call_id from {only})"

_ONLY_TOUCHES = """
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

_SHOWN = """
create or replace temp table matcher_shown as
select
    touches.touch_index,
    shown.tracking_number,
    min(epoch_us(shown.first_shown_at)) / 1e6 as first_shown_second

from intermediate.int_numbers_shown as shown

inner join matcher_touches as touches
    on shown.session_id = touches.session_id and not touches.is_day_only

where shown.number_kind = 'pool'

group by touches.touch_index, shown.tracking_number
"""

_LEASES = """
create or replace temp table matcher_leases as
select
    touches.touch_index,
    leases.tracking_number,
    epoch_us(leases.lease_start_at) / 1e6 as start_second,
    epoch_us(leases.lease_end_at) / 1e6 as end_second

from intermediate.int_number_leases as leases

inner join matcher_touches as touches
    on leases.session_id = touches.session_id and not touches.is_day_only

where leases.lease_end_at > leases.lease_start_at
"""


def build_features(sql: Sql, settings: MatcherSettings, only: str | None = None) -> None:
    """Create matcher_touches, matcher_calls, matcher_shown and matcher_leases.

    Parameters
    ----------
    sql : Sql
    settings : MatcherSettings
    only : str, optional
        Table of call ids: then only these calls are there, and the touches that may have brought
        them (two days more than the lookback, for clicks of which only the day is known).
    """
    whens = " ".join(f"when '{name}' then {index}" for index, name in enumerate(DEVICES[:-1]))
    zone = text_literal(settings.business_timezone)
    device_case = f"case lower(device) {whens} else {len(DEVICES) - 1} end"
    days = settings.lookback_days + 2
    touches_condition = _ONLY_TOUCHES.format(only=only, days=days) if only else ""
    calls_condition = _ONLY_CALLS.format(only=only) if only else ""
    sql.execute(
        _TOUCHES.format(
            device_case=device_case,
            day_seconds=DAY_TOUCH_SECONDS,
            zone=zone,
            touches_condition=touches_condition,
        )
    )
    sql.execute(_CALLS.format(zone=zone, calls_condition=calls_condition))
    sql.execute(_SHOWN)
    sql.execute(_LEASES)
