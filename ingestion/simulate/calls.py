"""Calls: a marked point process over touches, and the calls that no touch explains.

A touch j (a seen session, or a click whose script was blocked) makes calls at the rate

    rate_j(t) = propensity_j * call_hours(t) * (first(t - t_j) + again_rate * again(t - t_j))

A touch *means* to call with its propensity, each meant call waits a delay from the device's
mixture of lognormals, and the hour of the day accepts or refuses it. A further call waits from
the touch too, not from the first call: its rate is then the one above, without a convolution,
and the oracle can evaluate it. The dialled number follows from the lease at the time of the call.
"""

import numpy as np
from numpy.typing import NDArray

from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import DAY_MS, Frame, local_hour, midnight_ms, size, stack, take
from ingestion.simulate.leases import NOT_SHOWN, OVERFLOW
from ingestion.simulate.numbers import NOTHING, Numbers
from ingestion.simulate.places import Floats, Ints
from ingestion.simulate.traffic import NO_CLICK

CALL_KINDS = ("web", "static", "call_asset", "null", "robocall")
WEB, STATIC_CALL, CALL_ASSET_CALL, NULL, ROBOCALL = range(5)
TOUCH_STATES = ("leased", "overflow", "unseen")
LEASED, OVERFLOWED, UNSEEN = range(3)


def build_touches(catalog: Catalog, clicks: Frame, sessions: Frame) -> Frame:
    """Everything that could make a web call: sessions that saw a number, and unseen clicks."""
    seen = np.flatnonzero(sessions["slot"] != NOT_SHOWN)
    blocked = np.flatnonzero(clicks["blocked"])
    names = ("site", "device", "city", "home")
    touches = {
        name: np.concatenate([sessions[name][seen], clicks[name][blocked]]) for name in names
    }
    unseen = np.full(len(blocked), NOTHING)
    touches |= {
        "t": np.concatenate([sessions["shown"][seen], clicks["t"][blocked]]),
        "click": np.concatenate([sessions["click"][seen], blocked]),
        "session": np.concatenate([seen, unseen]),
        "pages": np.concatenate([sessions["pages"][seen], np.zeros_like(blocked)]),
        "slot": np.concatenate([sessions["slot"][seen], np.full(len(blocked), OVERFLOW)]),
        "lease_end": np.concatenate([sessions["lease_end"][seen], np.zeros_like(blocked)]),
        "source": np.concatenate([sessions["source"][seen], np.zeros_like(blocked)]),
    }
    is_leased = touches["slot"] >= 0
    touches["state"] = np.where(
        is_leased, LEASED, np.where(touches["session"] >= 0, OVERFLOWED, UNSEEN)
    )
    touches["propensity"] = _propensities(catalog, clicks, touches)
    return touches


def draw_calls(
    catalog: Catalog, numbers: Numbers, clicks: Frame, sessions: Frame, touches: Frame
) -> Frame:
    """All inbound calls of the window, ordered by time.

    `caller` counts visitors first, then everyone whom no session identifies.
    """
    web = _web_calls(catalog, numbers, clicks, sessions, touches)
    others = [
        _null_calls(catalog),
        _wrong_numbers(catalog, numbers),
        _billboard_calls(catalog, numbers),
        _call_asset_calls(catalog, numbers, clicks),
        _robocalls(catalog, numbers),
    ]
    unnamed = int(max(sessions["visitor"].max(), web["caller"].max(initial=0))) + 1
    for frame in others:
        frame["caller"] = frame["caller"] + unnamed
        unnamed = int(frame["caller"].max(initial=unnamed - 1)) + 1
    calls = stack([web, *others])
    start, end = window_ms(catalog)
    calls = take(calls, (calls["t"] >= start) & (calls["t"] < end))
    return take(calls, np.argsort(calls["t"], kind="stable"))


def window_ms(catalog: Catalog) -> tuple[int, int]:
    """First and last instant at which calls are recorded, on the agency's own (Eastern) days."""
    end = midnight_ms(catalog.world.last_day, "America/New_York") + DAY_MS
    return end - catalog.days * DAY_MS, end


def call_hour_factor(catalog: Catalog, at: Ints, site: Ints) -> Floats:
    """Share of meant calls that are made at these instants."""
    hours = np.array(catalog.world.propensity.call_hours)
    return hours[local_hour(at, catalog.zones, catalog.site_zone[site])]


def _propensities(catalog: Catalog, clicks: Frame, touches: Frame) -> Floats:
    world = catalog.world.propensity
    base = np.array([world.by_vertical[site.vertical] for site in catalog.world.sites])
    by_pages = np.array([mean_page_factor(catalog), *world.by_pages])
    from_ad = touches["click"] != NO_CLICK
    target = clicks["target"][np.where(from_ad, touches["click"], 0)]
    keyword = np.where(from_ad, catalog.targets["factor"][target], 1.0)
    return (
        base[touches["site"]]
        * np.array(world.by_device)[touches["device"]]
        * by_pages[np.minimum(touches["pages"], len(world.by_pages))]
        * np.array(world.by_source)[touches["source"]]
        * keyword
        * np.array(world.drift)[touches["device"]] ** _age(catalog, touches["t"])
    )


def _age(catalog: Catalog, at: Ints) -> Floats:
    """Where in the window an instant lies: 0 at its beginning, 1 at its end."""
    start, end = window_ms(catalog)
    return np.clip((at - start) / (end - start), 0.0, 1.0)


def mean_page_factor(catalog: Catalog) -> float:
    """Factor of an unseen visitor, whose page views nobody counted."""
    factors = catalog.world.propensity.by_pages
    more = catalog.world.browsing.next_page
    shares = [(1 - more) * more**page for page in range(len(factors) - 1)]
    return float(np.dot([*shares, 1 - sum(shares)], factors))


def _web_calls(
    catalog: Catalog, numbers: Numbers, clicks: Frame, sessions: Frame, touches: Frame
) -> Frame:
    rng = catalog.rng("web calls")
    meant = np.flatnonzero(rng.random(size(touches)) < touches["propensity"])
    counts = rng.poisson(catalog.world.delay.again_rate, len(meant))
    touch = np.concatenate([meant, np.repeat(meant, counts)])
    is_again = np.arange(len(touch)) >= len(meant)
    waits = _delays(catalog, rng, touches["device"][touch], is_again)
    waits = np.where(
        touches["state"][touch] == LEASED, waits, waits * catalog.world.delay.unleased_stretch
    ).astype(np.int64)
    at = touches["t"][touch] + waits
    site = touches["site"][touch]
    made = rng.random(len(touch)) < call_hour_factor(catalog, at, site)
    made &= at - touches["t"][touch] < catalog.world.delay.window_days * DAY_MS
    touch, at, is_again, site = touch[made], at[made], is_again[made], site[made]
    is_live = (touches["state"][touch] == LEASED) & (at < touches["lease_end"][touch])
    dials_pool = _dials_pool(catalog, rng, is_live, is_again)
    slot = np.where(dials_pool, touches["slot"][touch], OVERFLOW)
    session = touches["session"][touch]
    beyond = int(sessions["visitor"].max()) + 1
    caller = np.where(session >= 0, sessions["visitor"][session], beyond + touches["click"][touch])
    return {
        "t": at,
        "kind": np.full(len(at), WEB),
        "number": numbers.dialled_or_fallback(site, slot),
        "site": site,
        "touch": touch,
        "click": touches["click"][touch],
        "caller": caller,
        "is_live": is_live & (slot >= 0),
    }


def _delays(catalog: Catalog, rng: np.random.Generator, device: Ints, is_again: NDArray) -> Ints:
    delay = catalog.world.delay
    waits = np.zeros(len(device))
    for index in range(3):
        rows = np.flatnonzero((device == index) & ~is_again)
        waits[rows] = _lognormals(rng, delay.of_device(index), len(rows))
    rows = np.flatnonzero(is_again)
    waits[rows] = _lognormals(rng, delay.again, len(rows))
    return (1000 * waits).astype(np.int64)


def _lognormals(
    rng: np.random.Generator, mixture: tuple[tuple[float, float, float], ...], count: int
) -> Floats:
    shares, medians, sigmas = (np.array(column) for column in zip(*mixture, strict=True))
    part = rng.choice(len(shares), count, p=shares / shares.sum())
    return np.exp(np.log(medians[part]) + sigmas[part] * rng.standard_normal(count))


def _dials_pool(
    catalog: Catalog, rng: np.random.Generator, is_live: NDArray, is_again: NDArray
) -> NDArray:
    dialling = catalog.world.dialling
    saved = np.where(is_again, dialling.saved_again, dialling.saved)
    return rng.random(len(is_live)) < np.where(is_live, 1 - dialling.leak, saved)


def _null_calls(catalog: Catalog) -> Frame:
    """Listings, word of mouth, blocked visitors that no ad brought: the fallback number."""
    rng = catalog.rng("null calls")
    sites = np.arange(len(catalog.world.sites))
    rate = catalog.world.other_calls.null_per_site * catalog.scale
    at, site = _by_the_hour(catalog, rng, sites, np.full(len(sites), rate))
    caller = np.arange(len(at))
    again = np.flatnonzero(rng.random(len(at)) < catalog.world.other_calls.null_again)
    earlier = (rng.random(len(again)) * again).astype(np.int64)
    same = site[earlier] == site[again]
    caller[again[same]] = caller[earlier[same]]
    return _unexplained(NULL, at, site, site, caller)


def _wrong_numbers(catalog: Catalog, numbers: Numbers) -> Frame:
    rng = catalog.rng("wrong numbers")
    sites = np.arange(len(catalog.world.sites))
    rate = catalog.world.other_calls.wrong_numbers_per_site * catalog.scale
    at, site = _by_the_hour(catalog, rng, sites, np.full(len(sites), rate))
    slot = (rng.random(len(at)) * catalog.pool_sizes[site]).astype(np.int64)
    return _unexplained(NULL, at, site, numbers.pool_base[site] + slot, np.arange(len(at)))


def _billboard_calls(catalog: Catalog, numbers: Numbers) -> Frame:
    rng = catalog.rng("billboards")
    sites = numbers.frame["site"][numbers.billboards]
    rate = catalog.world.other_calls.billboard_per_number * catalog.scale
    at, board = _by_the_hour(catalog, rng, sites, np.full(len(sites), rate))
    number = numbers.billboards[board]
    return _unexplained(STATIC_CALL, at, sites[board], number, np.arange(len(at)))


def _call_asset_calls(catalog: Catalog, numbers: Numbers, clicks: Frame) -> Frame:
    """A tap in the ad itself rings some seconds later; most are let through."""
    rng = catalog.rng("call assets")
    taps = np.flatnonzero(clicks["call_asset"])
    taps = taps[rng.random(len(taps)) < catalog.world.propensity.call_asset]
    at = clicks["t"][taps] + rng.integers(1500, 9000, len(taps))
    number = numbers.call_asset_of_campaign[clicks["campaign"][taps]]
    calls = _unexplained(
        CALL_ASSET_CALL, at, numbers.frame["site"][number], number, np.arange(len(at))
    )
    return calls | {"click": taps}


def _robocalls(catalog: Catalog, numbers: Numbers) -> Frame:
    """One caller dials many numbers within the hour and hangs up at once."""
    rng = catalog.rng("robocalls")
    start, end = window_ms(catalog)
    other = catalog.world.other_calls
    bursts = rng.poisson(other.robocallers_per_day * catalog.scale * catalog.days)
    sizes = rng.poisson(other.robocalls_each, bursts)
    caller = np.repeat(np.arange(bursts), sizes)
    at = rng.integers(start, end - 3_600_000, bursts)[caller]
    at = at + rng.integers(0, 3_000_000, len(caller))
    # Lists of numbers for robots are scraped: published numbers stand in them most of all.
    published = rng.random(len(caller)) < other.robocalls_published
    number = rng.integers(0, np.where(published, numbers.pool_base[0], len(numbers.e164)))
    return _unexplained(ROBOCALL, at, numbers.frame["site"][number], number, caller)


def _unexplained(kind: int, at: Ints, site: Ints, number: Ints, caller: Ints) -> Frame:
    nothing = np.full(len(at), NOTHING)
    return {
        "t": at,
        "kind": np.full(len(at), kind),
        "number": number,
        "site": site,
        "touch": nothing,
        "click": nothing,
        "caller": caller,
        "is_live": np.zeros(len(at), dtype=bool),
    }


def hourly_rate_share(catalog: Catalog) -> Floats:
    """Share of a day's unexplained calls that each hour of the site's day brings."""
    hours = np.array(catalog.world.propensity.call_hours)
    return hours / hours.sum()


def _by_the_hour(
    catalog: Catalog, rng: np.random.Generator, sites: Ints, daily: Floats
) -> tuple[Ints, Ints]:
    """Instants of one Poisson process per entry of `sites`, ordered, with the entry's index."""
    start, end = window_ms(catalog)
    peak = hourly_rate_share(catalog).max() * 24
    counts = rng.poisson(daily * peak * (end - start) / DAY_MS)
    index = np.repeat(np.arange(len(sites)), counts)
    at = rng.integers(start, end, len(index))
    factor = call_hour_factor(catalog, at, sites[index])
    kept = rng.random(len(at)) < factor / max(catalog.world.propensity.call_hours)
    order = np.argsort(at[kept], kind="stable")
    return at[kept][order], index[kept][order]
