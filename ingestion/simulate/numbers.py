"""The agency's tracking numbers: fallback, billboard, call-asset and pool numbers."""

from dataclasses import dataclass

import numpy as np

from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import Frame
from ingestion.simulate.places import Ints

NUMBER_KINDS = ("pool", "static", "call_asset", "fallback")
POOL, STATIC, CALL_ASSET, FALLBACK = range(4)
NOTHING = -1
FIRST_LINE = 5000
"""Tracking numbers are +1 NPA 555 5000 and up; callers stay below (`callers.py`)."""


@dataclass(frozen=True)
class Numbers:
    """All numbers by index: the fallback number of site s is number s."""

    frame: Frame
    """kind, site, campaign (of the call asset, else -1), slot (of the pool, else -1)."""
    e164: tuple[str, ...]
    pool_base: Ints
    """Index of the first pool number of each site."""
    billboards: Ints
    call_asset_of_campaign: Ints
    """Number of each campaign's call asset, -1 without one."""

    def dialled_or_fallback(self, site: Ints, slot: Ints) -> Ints:
        """Number that a page of the site shows: the slot of its pool, or the fallback number."""
        return np.where(slot >= 0, self.pool_base[site] + slot, site)


def assign_numbers(catalog: Catalog) -> Numbers:
    """Give each site its fallback, its billboards, its pool, and each search campaign a number."""
    sites = range(len(catalog.world.sites))
    rows = [(FALLBACK, site, NOTHING, NOTHING) for site in sites]
    rows += [(STATIC, site, NOTHING, board) for board in (0, 1) for site in sites[:: 1 + 2 * board]]
    call_assets = np.full(len(catalog.world.campaigns), NOTHING)
    for index, campaign in enumerate(catalog.world.campaigns):
        if campaign.platform == "google_ads" and campaign.network == "search":
            call_assets[index] = len(rows)
            rows.append((CALL_ASSET, campaign.sites[0][0], index, NOTHING))
    pool_base = []
    for site, pool_size in enumerate(catalog.pool_sizes.tolist()):
        pool_base.append(len(rows))
        rows += [(POOL, site, NOTHING, slot) for slot in range(pool_size)]
    columns = np.array(rows).T
    frame = dict(zip(("kind", "site", "campaign", "slot"), columns, strict=True))
    return Numbers(
        frame=frame,
        e164=_e164(catalog, frame["site"]),
        pool_base=np.array(pool_base),
        billboards=np.flatnonzero(frame["kind"] == STATIC),
        call_asset_of_campaign=call_assets,
    )


def _e164(catalog: Catalog, site: Ints) -> tuple[str, ...]:
    """Numbers in the area code of their site, counted up within it."""
    used: dict[str, int] = {}
    numbers = []
    for row in site.tolist():
        area = catalog.world.sites[row].area_code
        line = used[area] = used.get(area, -1) + 1
        exchange, last = divmod(FIRST_LINE + line % 5000, 10_000)
        numbers.append(f"+1{area}{555 + exchange + line // 5000}{last:04d}")
    return tuple(numbers)
