"""Temporary tables that every later step reads: touches, calls, numbers shown, leases, reach.

    intermediate.int_touches         ->  matcher_touches   one row per touch, seconds and small ids
                                         matcher_unseen_shares  of clicks that a session may be
    intermediate.int_calls_to_match  ->  matcher_calls     one row per call
    intermediate.int_numbers_shown   ->  matcher_shown     touch and pool number
    intermediate.int_number_leases   ->  matcher_leases    touch, pool number, live interval

Times are seconds since 1970 as DOUBLE. Indexes follow time and id, calls by site, so the same rows
get the same indexes whatever order they lie in.
"""

from ml.matching.lost_ids import find_lost_ids
from ml.matching.settings import DEVICES, MatcherSettings
from ml.matching.touches import CITY, ONLY_TOUCHES, STATE, TOUCHES
from ml.sql import Sql, text_literal

DAY_TOUCH_SECONDS = 14 * 3600
"""Where in its day a click without a time is put when only its exposure is counted."""

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


def build_features(
    sql: Sql, settings: MatcherSettings, only: str | None = None, touch_days: int | None = None
) -> None:
    """Create matcher_touches, matcher_calls, matcher_shown and matcher_leases.

    Parameters
    ----------
    sql : Sql
    settings : MatcherSettings
    only : str, optional
        Table of call ids: then only these calls are there, and the touches that may have brought
        them (two days more than the lookback, for clicks of which only the day is known).
    touch_days : int, optional
        How many days before the first of these calls touches are taken, when not the lookback.
    """
    whens = " ".join(f"when '{name}' then {index}" for index, name in enumerate(DEVICES[:-1]))
    zone = text_literal(settings.business_timezone)
    device_case = f"case lower(device) {whens} else {len(DEVICES) - 1} end"
    days = touch_days or settings.lookback_days + 2
    touches_condition = ONLY_TOUCHES.format(only=only, days=days) if only else ""
    calls_condition = _ONLY_CALLS.format(only=only) if only else ""
    sql.execute(
        TOUCHES.format(
            device_case=device_case,
            day_seconds=DAY_TOUCH_SECONDS,
            zone=zone,
            state=STATE,
            city=CITY,
            touches_condition=touches_condition,
        )
    )
    find_lost_ids(sql)
    sql.execute(_CALLS.format(zone=zone, calls_condition=calls_condition))
    sql.execute(_SHOWN)
    sql.execute(_LEASES)
