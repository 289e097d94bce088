"""What taps tell the oracle: who had the dialled number on the page, and tapped it or did not.

A visitor with the page open on a phone taps the number that is dialled with probability p, some
seconds before the ring; idle taps come at a rate r while the page is open. Against not having
called, such a visitor is then so many times likelier to be the caller:

    1 - p * (share of the seconds before the ring in which the page was open)
      + taps in these seconds * p / (length of these seconds) / r

Everyone else has the factor 1. Taken as unrelated: two calls to one number within seconds.
"""

import numpy as np

from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import HOUR_MS, Frame, take
from ingestion.simulate.numbers import NOTHING, Numbers
from ingestion.simulate.taps import PHONE, TAP_TO_RING_MS
from ingestion.simulate.world import World

_SHORTEST_PAGE_MS = 2000
"""Pages that were open shorter have no idle taps."""


def open_pages(catalog: Catalog, numbers: Numbers, touches: Frame) -> Frame:
    """Phones' seen sessions: the number on the page, when it was first shown, the last event."""
    rows = np.flatnonzero((touches["session"] != NOTHING) & (touches["device"] == PHONE))
    seen = take(touches, rows)
    return {
        "touch": rows,
        "number": numbers.dialled_or_fallback(seen["site"], seen["slot"]),
        "session": seen["session"],
        "shown": seen["t"],
        "last": seen["lease_end"] - catalog.world.pools.lease_idle_minutes * 60_000,
    }


def tap_factors_sql(world: World) -> str:
    """Query of (call, touch, factor) from the tables calls, pages and taps.

    Pairs whose factor is 1 have no row. A page is looked up by the hours in which it was open.
    """
    share, idle = world.dialling.tap, world.browsing.idle_tap_share
    latest, earliest = TAP_TO_RING_MS
    length = earliest - latest
    return f"""
        with open_hours as (
            select
                *,
                unnest(range(shown // {HOUR_MS}, (last + {earliest}) // {HOUR_MS} + 1)) as hour
            from pages
        ),
        near as (
            select
                call, touch, session, calls.t,
                least(last, calls.t - {latest}) - greatest(shown, calls.t - {earliest}) as open_ms,
                greatest(last - shown, {_SHORTEST_PAGE_MS}) / {idle} as ms_for_an_idle_tap
            from calls join open_hours on open_hours.number = calls.number
                and open_hours.hour = calls.t // {HOUR_MS}
                and shown < calls.t - {latest} and last > calls.t - {earliest}
        )
        select
            call, near.touch,
            1 - {share} * any_value(open_ms) / {length}
            + count(taps.t) * {share} / {length} * any_value(ms_for_an_idle_tap) as factor
        from near left join taps on taps.session = near.session
            and taps.t between near.t - {earliest} and near.t - {latest}
        group by call, near.touch
    """
