"""Who calls: a phone number with its area code and line type for every caller.

A visitor has one phone; area code and line type are drawn once per caller, so that a repeat
caller shows the same ones. What a single call hides (a withheld number, a line type that the
carrier does not know) is drawn per call.
"""

import numpy as np
from numpy.typing import NDArray

from ingestion.simulate.calls import CALL_ASSET_CALL, ROBOCALL, WEB
from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import Frame, choose, size
from ingestion.simulate.numbers import FIRST_LINE
from ingestion.simulate.places import AreaMix, Floats, Ints
from ingestion.simulate.world import LINE_TYPES

LANDLINE = LINE_TYPES.index("landline")
VOIP = LINE_TYPES.index("voip")
UNKNOWN_LINE = LINE_TYPES.index("unknown")


def draw_callers(
    catalog: Catalog, calls: Frame, clicks: Frame, touches: Frame, form_sessions: Frame
) -> Frame:
    """One row per caller, ordered by `caller`: area, line, number within the area code.

    `form_sessions` are sessions in which a form was sent: those visitors have a phone too.
    """
    rng = catalog.rng("callers")
    seen_callers, first = np.unique(
        np.concatenate([calls["caller"], form_sessions["visitor"]]), return_index=True
    )
    kind = np.concatenate([calls["kind"], np.full(size(form_sessions), WEB)])[first]
    site = np.concatenate([calls["site"], form_sessions["site"]])[first]
    home, device = _homes(calls, clicks, touches)
    home = np.concatenate([home, form_sessions["home"]])[first]
    device = np.concatenate([device, form_sessions["device"]])[first]
    named = np.isin(kind, (WEB, CALL_ASSET_CALL))
    area = np.where(
        named,
        choose(rng, catalog.area_given_city, home),
        choose(rng, null_areas(catalog), site),
    )
    line = np.where(
        named,
        choose(rng, np.array(catalog.world.marks.lines), device),
        choose(rng, np.array([catalog.world.marks.null_lines]), np.zeros_like(site)),
    )
    stays = named & (line == LANDLINE) & _keeps_to_city(catalog, len(line))
    area[stays] = choose(catalog.rng("landlines"), home_areas(catalog), home[stays])
    robot = kind == ROBOCALL
    anywhere = choose(rng, catalog.area_given_city.mean(axis=0)[None, :], np.zeros_like(site))
    area = np.where(robot, anywhere, area)
    line = np.where(robot, VOIP, line)
    return {"caller": seen_callers, "area": area, "line": line, "rank": _rank_within(area)}


def home_areas(catalog: Catalog) -> Floats:
    """Probability of each area code (columns) for one who keeps to the codes of a city (rows)."""
    return catalog.places.area_given_city(AreaMix(city=1.0, state=0.0, region=0.0, nation=0.0))


def _keeps_to_city(catalog: Catalog, count: int) -> NDArray[np.bool_]:
    return catalog.rng("at home").random(count) < catalog.world.marks.landlines_at_home


def null_areas(catalog: Catalog) -> Floats:
    """Probability of each area code (columns) for a caller nobody saw, by site (rows)."""
    marks = catalog.world.marks
    city, state = marks.null_home_city, marks.null_home_state
    mix = AreaMix(city=city, state=state, region=0.0, nation=1 - city - state)
    return catalog.places.area_given_city(mix)[catalog.site_city]


def caller_numbers(catalog: Catalog, callers: Frame) -> list[str]:
    """E.164 numbers, all different, and different from every tracking number."""
    exchange = 555 + callers["rank"] // FIRST_LINE
    line = callers["rank"] % FIRST_LINE
    areas = [catalog.places.area_codes[area] for area in callers["area"].tolist()]
    parts = zip(areas, exchange.tolist(), line.tolist(), strict=True)
    return [f"+1{area}{number}{last:04d}" for area, number, last in parts]


def _homes(calls: Frame, clicks: Frame, touches: Frame) -> tuple[Ints, Ints]:
    """City and device behind each call; meaningless where nobody is known."""
    from_touch = calls["touch"] >= 0
    touch = np.where(from_touch, calls["touch"], 0)
    click = np.where(calls["click"] >= 0, calls["click"], 0)
    home = np.where(from_touch, touches["home"][touch], clicks["home"][click])
    device = np.where(from_touch, touches["device"][touch], clicks["device"][click])
    return home, device


def _rank_within(area: Ints) -> Ints:
    """Position of each caller among those of the same area code."""
    order = np.argsort(area, kind="stable")
    counts = np.bincount(area)
    starts = np.cumsum(counts) - counts
    rank = np.empty(len(area), dtype=np.int64)
    rank[order] = np.arange(len(area)) - starts[area[order]]
    return rank
