"""The pairs of a call and a touch that may have brought it, as SQL that is never a table.

    pool call      every session that was ever shown the number before the call
    fallback call  every touch before the call that can reach the site: joined by site and day
    day-only       the same for clicks of which only the day is known

Each query gives call_index, touch_index, campaign_index, device_id, pair_class, since (seconds from
the touch, or from the start of its day), base: all of the pair's weight that depends neither on
the delay nor on the line type, and stride: of how many touches alike it bears the weight
(`ml.matching.hot_sites`). Fitting sums `base` by call and cell, scoring multiplies it by the rate
of the cell. `ml.matching.explanations` knows class, delay and tap by the same rules.

A pair costs 60 to 80 ns of processor time as long as it is joined by integers, with the touches of
a site and day beside each other in memory; by names it is three times that. Which calls are
paired at once is in `ml.matching.pair_calls`.
"""

from ml.matching.null_rate import OTHER_TAPPED_SHARE
from ml.matching.settings import (
    LAPSED,
    LEAKED,
    NONE,
    OVERFLOW,
    POOL_LAPSED,
    POOL_LEASED,
    UNSEEN,
    MatcherSettings,
)
from ml.sql import Sql, number_literal

DAYS_A_SITE = 65_536
"""Of the key of a site's day, which is what calls and touches are joined by: as many days as a
site may have. A site has four such ranges, `ALL_TOUCHES` and the following."""

ALL_TOUCHES, DAY_ONLY_TOUCHES, OLD_TOUCHES, OLD_DAY_ONLY_TOUCHES = range(4)
"""Touches with a time, and those of which only the day is known; the same, thinned for a fit."""

_PAIR_CAMPAIGNS = """
create or replace temp table matcher_pair_campaigns as
select
    campaign,
    channel,
    cast(row_number() over (order by campaign, channel) as integer) as campaign_index

from matcher_touches

group by campaign, channel
"""

_PAIR_TOUCHES = f"""
create or replace temp table matcher_pair_touches as
select
    touches.touch_index,
    touches.touch_id,
    touches.is_day_only,
    touches.touch_second,
    touches.day_start_second,
    touches.day_index,
    touches.device_id,
    coalesce(touches.lease_end_second, -1e18) as lease_end_second,
    case touches.number_state
        when 'leased' then {LAPSED}
        when 'fallback' then {OVERFLOW}
        when 'none' then {NONE}
        else {UNSEEN}
    end as class_unleased,
    places.place_index,
    campaigns.campaign_index,
    propensities.propensity,
    cast(1 as bigint) as stride

from matcher_touches as touches

inner join matcher_place_keys as places
    on
        touches.state is not distinct from places.state
        and touches.city is not distinct from places.city

inner join matcher_pair_campaigns as campaigns
    on touches.campaign = campaigns.campaign and touches.channel = campaigns.channel

inner join matcher_propensities as propensities
    on touches.touch_index = propensities.touch_index
"""

_SITES = """
create or replace temp table matcher_sites as
select
    site,
    cast(row_number() over (order by site) as bigint) as site_index

from matcher_reach

group by site
"""

_PAIR_SITES = f"""
create or replace temp table matcher_pair_sites as
select
    (sites.site_index * 4 + cast(touches.is_day_only as integer)) * {DAYS_A_SITE}
    + touches.day_index as site_day,
    touches.* replace (touches.propensity * reach.reach as propensity)

from matcher_reach as reach

inner join matcher_sites as sites
    on reach.site = sites.site

inner join matcher_pair_touches as touches
    on reach.touch_index = touches.touch_index

order by site_day, touches.touch_index
"""

_PAIR_NUMBERS = """
create or replace temp table matcher_pair_numbers as
select
    shown.tracking_number,
    shown.first_shown_second,
    touches.*

from matcher_shown as shown

inner join matcher_pair_touches as touches
    on shown.touch_index = touches.touch_index
"""

_TAP = f"""case
            when calls.tap_touch_index is null or calls.tap_touch_index = touches.touch_index
                then 1
            else {OTHER_TAPPED_SHARE}
        end"""

_WEIGHT = f"touches.propensity * areas.factor * {_TAP} as base"

_PAIR = """calls.call_index,
    calls.scale,
    calls.is_tapped,
    calls.line_index,
    touches.touch_index,
    touches.campaign_index,
    touches.device_id,
    touches.stride"""

_POOL = f"""
select
    {_PAIR},
    case
        when calls.live_touch_index = touches.touch_index then {POOL_LEASED}
        else {POOL_LAPSED}
    end as pair_class,
    calls.call_second - touches.touch_second as since,
    {_WEIGHT}

from matcher_pair_calls as calls

inner join matcher_pair_numbers as touches
    on
        calls.tracking_number = touches.tracking_number
        and touches.first_shown_second <= calls.call_second
        and touches.touch_second <= calls.call_second
        and touches.touch_second > calls.call_second - {{lookback}}

inner join matcher_area_factors as areas
    on calls.area_index * {{places}} + touches.place_index = areas.area_key

where calls.match_kind = 'pool'
"""

_FALLBACK = f"""
select
    {_PAIR},
    case
        when touches.class_unleased = {LAPSED} and calls.call_second < touches.lease_end_second
            then {LEAKED}
        else touches.class_unleased
    end as pair_class,
    calls.call_second - touches.{{start}} as since,
    {_WEIGHT}

from matcher_call_days as calls

inner join matcher_pair_sites as touches
    on
        calls.site_day + {{days_from}} = touches.site_day
        and touches.{{start}} <= calls.call_second
        and touches.{{start}} > calls.call_second - {{lookback}}

inner join matcher_area_factors as areas
    on calls.area_index * {{places}} + touches.place_index = areas.area_key
"""


def pair_queries(place_count: int, settings: MatcherSettings) -> dict[str, str]:
    """Return the three queries of pairs by name: pool, fallback, day.

    Parameters
    ----------
    place_count : int
        Number of places in matcher_area_factors.
    settings : MatcherSettings
    """
    shared = {"places": str(place_count)}
    exact = {"lookback": number_literal(settings.lookback_seconds), "start": "touch_second"}
    # The click of a day-only touch may lie up to a day after the start of its day.
    longest = number_literal(settings.lookback_seconds + 86_400)
    day = {"lookback": longest, "start": "day_start_second"}
    return {
        "pool": _POOL.format(**shared, **exact),
        "fallback": _FALLBACK.format(**shared, **exact, days_from=ALL_TOUCHES * DAYS_A_SITE),
        "day": _FALLBACK.format(**shared, **day, days_from=DAY_ONLY_TOUCHES * DAYS_A_SITE),
    }


def put_described_touches(sql: Sql) -> None:
    """Create matcher_pair_touches: what a pair needs of its touch, wherever it may have called."""
    sql.execute(_PAIR_CAMPAIGNS)
    sql.execute(_PAIR_TOUCHES)


def put_pair_touches(sql: Sql) -> None:
    """Create matcher_pair_touches, _sites and _numbers, where the touches of a call are found.

    Joined beforehand, so that calls meet them by equality: left to itself the engine has been
    seen to join all calls with all touches on the time alone.
    """
    put_described_touches(sql)
    put_touch_places(sql)


def put_touch_places(sql: Sql) -> None:
    """Create matcher_pair_sites and _numbers from matcher_pair_touches."""
    sql.execute(_SITES)
    sql.execute(_PAIR_SITES)
    sql.execute(_PAIR_NUMBERS)
