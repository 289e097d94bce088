"""The pairs of a call and a touch as scoring and fitting sum them, each as lean as it can be.

    calls, their marks as one number  ─┐
                                       ├─ by site and day, or by pool number ─► one row a pair
    touches, class and device as one  ─┘

What depends on the call alone or on the touch alone is worked out before they meet, so that a pair
costs two look-ups, a logarithm and a few products: a third less processor time than by the columns
of `ml.matching.pairs`, one by one.

Each query gives call_index, campaign_index, touch_index, stride, scale, since (seconds from the
touch, or from the start of its day), base (propensity, area code and tap, without the rate),
group_index (class and device; of clicks of which only the day is known, device) and mark_group
(line type and tap of the call, in steps of as many groups as there are).
"""

from ml.matching.null_rate import OTHER_TAPPED_SHARE
from ml.matching.pairs import ALL_TOUCHES, DAY_ONLY_TOUCHES, DAYS_A_SITE
from ml.matching.settings import (
    DEVICES,
    LAPSED,
    LEAKED,
    PAIR_CLASSES,
    POOL_LAPSED,
    POOL_LEASED,
    MatcherSettings,
)
from ml.sql import number_literal

GROUPS = len(PAIR_CLASSES) * len(DEVICES)

_CALLS = f"""(
    select
        call_index,
        call_second,
        scale,
        area_index * {{places}} as area_from,
        {{mark_group}} as mark_group,
        coalesce(tap_touch_index, -1) as tap_index,
        case when tap_touch_index is null then 1 else {OTHER_TAPPED_SHARE} end as other_tap_factor,
        {{call_columns}}

    from {{calls}}
)"""

_TOUCHES = """(
    select
        touch_index,
        campaign_index,
        place_index,
        propensity,
        stride,
        {start} as start_second,
        {group_index} as group_index,
        {touch_columns}

    from {touches}
)"""

_PAIRS = f"""
select
    calls.call_index,
    calls.scale,
    calls.mark_group,
    touches.campaign_index,
    touches.touch_index,
    touches.stride,
    {{pair_group}} as group_index,
    calls.call_second - touches.start_second as since,
    touches.propensity * areas.factor
    * case when touches.touch_index = calls.tap_index then 1 else calls.other_tap_factor end as base

from {_CALLS} as calls

inner join {_TOUCHES} as touches
    on
        {{meet}}
        and touches.start_second <= calls.call_second
        and touches.start_second > calls.call_second - {{lookback}}

inner join matcher_area_factors as areas
    on calls.area_from + touches.place_index = areas.area_key
"""

_TIMED = {
    "mark_group": f"cast((line_index * 2 + is_tapped) * {GROUPS} as integer)",
    "start": "touch_second",
}

_POOL = _TIMED | {
    "calls": "matcher_pair_calls where match_kind = 'pool'",
    "call_columns": "tracking_number, coalesce(live_touch_index, -1) as live_index",
    "touches": "matcher_pair_numbers",
    "touch_columns": "tracking_number, first_shown_second",
    "group_index": "device_id",
    "pair_group": f"""touches.group_index + case
        when touches.touch_index = calls.live_index then {POOL_LEASED * len(DEVICES)}
        else {POOL_LAPSED * len(DEVICES)}
    end""",
    "meet": """calls.tracking_number = touches.tracking_number
        and touches.first_shown_second <= calls.call_second""",
}

_FALLBACK = _TIMED | {
    "calls": "matcher_call_days",
    "call_columns": f"site_day + {ALL_TOUCHES * DAYS_A_SITE} as site_day",
    "touches": "matcher_pair_sites",
    # Before its lease ended, a touch that was shown a pool number is of another class.
    "touch_columns": f"""site_day,
        case when class_unleased = {LAPSED} then lease_end_second else -1e18 end
            as leaked_until_second""",
    "group_index": f"class_unleased * {len(DEVICES)} + device_id",
    "pair_group": f"""touches.group_index - {(LAPSED - LEAKED) * len(DEVICES)}
    * cast(calls.call_second < touches.leaked_until_second as integer)""",
    "meet": "calls.site_day = touches.site_day",
}

_DAY = _FALLBACK | {
    "mark_group": f"cast(line_index * {len(DEVICES)} as integer)",
    "start": "day_start_second",
    "call_columns": f"site_day + {DAY_ONLY_TOUCHES * DAYS_A_SITE} as site_day",
    "touch_columns": "site_day",
    "group_index": "device_id",
    "pair_group": "touches.group_index",
}


def lean_pairs(place_count: int, settings: MatcherSettings) -> dict[str, str]:
    """Return the three queries of pairs by name: pool, fallback, day.

    Parameters
    ----------
    place_count : int
        Number of places in matcher_area_factors.
    settings : MatcherSettings
    """
    exact = number_literal(settings.lookback_seconds)
    # The click of a day-only touch may lie up to a day after the start of its day.
    longest = number_literal(settings.lookback_seconds + 86_400)
    lookbacks = {"pool": exact, "fallback": exact, "day": longest}
    queries = {"pool": _POOL, "fallback": _FALLBACK, "day": _DAY}
    return {
        name: _PAIRS.format(**{**parts, "places": place_count, "lookback": lookbacks[name]})
        for name, parts in queries.items()
    }
