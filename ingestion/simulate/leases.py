"""Dynamic number insertion: who was given which pool number, and when the pool ran dry.

The rule is the warehouse's own (`int_number_leases`): at its first number_shown a session is
given the free number of its site's pool that was used least recently; the number is held until
30 minutes after the session's last event; when none is free the page shows the fallback number.
A queue is sequential, so this is the one loop over sessions in the package (half a microsecond
of heap work each); pools are independent of one another.
"""

import heapq
from collections import deque

import numpy as np

from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import Frame, size
from ingestion.simulate.places import Ints

OVERFLOW = -1
"""No number was free."""
NOT_SHOWN = -2
"""The session saw no number at all: bots."""


def lease_numbers(catalog: Catalog, sessions: Frame) -> None:
    """Add `slot` (position in the site's pool, OVERFLOW or NOT_SHOWN) and `lease_end`."""
    idle = catalog.world.pools.lease_idle_minutes * 60_000
    sessions["lease_end"] = sessions["last"] + idle
    sessions["slot"] = np.full(size(sessions), NOT_SHOWN)
    for site, pool_size in enumerate(catalog.pool_sizes):
        rows = np.flatnonzero((sessions["site"] == site) & ~sessions["is_bot"])
        rows = rows[np.argsort(sessions["shown"][rows], kind="stable")]
        sessions["slot"][rows] = _least_recently_used(
            sessions["shown"][rows], sessions["lease_end"][rows], int(pool_size)
        )


def _least_recently_used(starts: Ints, ends: Ints, pool_size: int) -> list[int]:
    free = deque(range(pool_size))
    held: list[tuple[int, int]] = []
    slots = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        while held and held[0][0] <= start:
            free.append(heapq.heappop(held)[1])
        if free:
            slot = free.popleft()
            heapq.heappush(held, (end, slot))
        else:
            slot = OVERFLOW
        slots.append(slot)
    return slots
