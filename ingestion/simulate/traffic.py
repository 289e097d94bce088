"""Ad clicks and visits: who comes, when, from where, and what of it can be seen.

    clicks (inhomogeneous Poisson by hour) ─┐
    organic, direct, newsletters, bots     ─┼─> visits ─> sessions.py
    returns of earlier visitors            ─┘

The city in a report is drawn first, as ads are targeted by it; with `geo_error` the visitor lives
anywhere else in the nation. A click whose script is blocked is a visit that nobody sees.
Visitors that no ad brought and whose script is blocked are not simulated one by one: nothing
of them could ever be observed, and their calls are part of the null calls.
"""

import numpy as np
from numpy.typing import NDArray

from ingestion.simulate.catalog import PLATFORMS, Catalog
from ingestion.simulate.frames import (
    DAY_MS,
    HOUR_MS,
    Frame,
    choose,
    midnight_ms,
    size,
    stack,
    take,
    window_days,
)
from ingestion.simulate.places import Floats, Ints
from ingestion.simulate.world import DEVICES, SOURCES, SYSTEMS

GCLID, GBRAID, WBRAID, MSCLKID, FBCLID = range(5)
NO_CLICK = -1


def draw_clicks(catalog: Catalog) -> Frame:
    """Every ad click of the window, ordered by time; call-asset taps included."""
    rng = catalog.rng("clicks")
    world = catalog.world
    shares = np.array([campaign.share for campaign in world.campaigns])
    rates = catalog.clicks_per_day * shares / shares.sum()
    day, campaign, at = _arrivals(catalog, rng, rates, catalog.campaign_zone)
    platform = catalog.campaign_platform[campaign]
    search = np.array([c.network == "search" for c in world.campaigns])[campaign]
    device, system = _devices(catalog, rng, platform)
    city, home = _cities(catalog, rng, _campaign_cities(catalog), campaign)
    target = _draw_targets(catalog, rng, campaign)
    site = choose(rng, catalog.reach, campaign)
    clicks = {
        "t": at,
        "day": day,
        "campaign": campaign,
        "target": target,
        "site": site,
        "device": device,
        "system": system,
        "city": city,
        "home": home,
        **_fates(
            catalog,
            rng,
            site=site,
            platform=platform,
            search=search,
            device=device,
            system=system,
        ),
    }
    return take(clicks, np.argsort(at, kind="stable"))


def _fates(
    catalog: Catalog,
    rng: np.random.Generator,
    *,
    site: Ints,
    platform: Ints,
    search: NDArray,
    device: Ints,
    system: Ints,
) -> Frame:
    """What becomes of each click: dialled from the ad, blocked, stripped, with which id."""
    tracking, count = catalog.world.tracking, len(platform)
    google, meta = (
        platform == PLATFORMS.index("google_ads"),
        platform == PLATFORMS.index("meta_ads"),
    )
    call_asset = google & search & (device == DEVICES.index("mobile"))
    call_asset &= rng.random(count) < tracking.call_asset_share
    by_site = np.zeros(len(catalog.world.sites))
    for index, share in tracking.blocked_at:
        by_site[index] = share
    blocked = rng.random(count) < np.maximum(np.array(tracking.blocked)[device], by_site[site])
    blocked &= ~meta & ~call_asset
    ios = system == SYSTEMS.index("ios")
    stripped = rng.random(count) < np.where(ios, tracking.stripped_ios, tracking.stripped_other)
    stripped &= ~blocked & ~call_asset
    braid = google & ios & ~blocked & ~stripped & ~call_asset
    braid &= rng.random(count) < tracking.braid_ios
    google_kind = np.where(braid, np.where(rng.integers(0, 2, count) == 0, GBRAID, WBRAID), GCLID)
    return {
        "call_asset": call_asset,
        "blocked": blocked,
        "stripped": stripped,
        "has_utm": ~stripped | (rng.random(count) < tracking.utm_survives),
        "id_kind": np.where(google, google_kind, np.where(meta, FBCLID, MSCLKID)),
        "holds_time": rng.random(count) < tracking.gclid_holds_time,
        "has_landing_url": rng.random(count) < tracking.landing_url_reported,
    }


def draw_visits(catalog: Catalog, clicks: Frame) -> Frame:
    """Every arrival on a page, ordered by time, with the click that brought it if one did."""
    visits = stack([_click_visits(catalog, clicks), _other_visits(catalog)])
    visits["visitor"] = np.arange(size(visits))
    _reuse_visitors(catalog, clicks, visits)
    visits = stack([visits, _returns(catalog, visits)])
    return take(visits, np.argsort(visits["t"], kind="stable"))


def _arrivals(
    catalog: Catalog, rng: np.random.Generator, rates: Floats, zone: Ints
) -> tuple[Ints, Ints, Ints]:
    """Day, stream and instant of a Poisson process per stream with the hours of its own zone."""
    days = window_days(catalog.world.last_day, catalog.days)
    factors = np.array(catalog.world.traffic.weekday_factors)
    by_day = np.array([factors[day.weekday()] for day in days])
    mean = by_day[:, None, None] * rates[None, :, None] * catalog.click_hours[None, None, :]
    counts = rng.poisson(mean)
    day, stream, hour = (np.repeat(i.ravel(), counts.ravel()) for i in np.indices(counts.shape))
    midnights = np.array([[midnight_ms(day, name) for name in catalog.zones] for day in days])
    at = midnights[day, zone[stream]] + hour * HOUR_MS + rng.integers(0, HOUR_MS, len(day))
    return day, stream, at


def _devices(catalog: Catalog, rng: np.random.Generator, platform: Ints) -> tuple[Ints, Ints]:
    shares = np.array([dict(catalog.world.device_shares)[name] for name in PLATFORMS])
    device = choose(rng, shares, platform)
    apple = catalog.world.ios_share
    systems = np.array([[apple, 1 - apple, 0, 0], [0, 0, 0.68, 0.32], [apple, 1 - apple, 0, 0]])
    return device, choose(rng, systems, device)


def _cities(
    catalog: Catalog, rng: np.random.Generator, shares: Floats, rows: Ints
) -> tuple[Ints, Ints]:
    """The reported city, and the city where the visitor lives."""
    reported = choose(rng, shares, rows)
    anywhere = choose(rng, catalog.places.city_shares[None, :], np.zeros(len(rows), dtype=int))
    wrong = rng.random(len(rows)) < catalog.world.traffic.geo_error
    return reported, np.where(wrong, anywhere, reported)


def _campaign_cities(catalog: Catalog) -> Floats:
    return np.array([catalog.places.shares_of(c.states) for c in catalog.world.campaigns])


def _site_cities(catalog: Catalog) -> Floats:
    home = catalog.world.traffic.home_state_share
    states = [catalog.places.states[city] for city in catalog.site_city]
    local = np.array([catalog.places.shares_of((state,)) for state in states])
    return home * local + (1 - home) * catalog.places.city_shares[None, :]


def _draw_targets(catalog: Catalog, rng: np.random.Generator, campaign: Ints) -> Ints:
    targets = catalog.targets
    shares = np.zeros((len(catalog.world.campaigns), size(targets)))
    shares[targets["campaign"], np.arange(size(targets))] = targets["share"]
    return choose(rng, shares, campaign)


def _click_visits(catalog: Catalog, clicks: Frame) -> Frame:
    rng = catalog.rng("landings")
    low, high = catalog.world.traffic.landing_seconds
    rows = np.flatnonzero(~clicks["call_asset"])
    lands = clicks["t"][rows] + (1000 * rng.uniform(low, high, len(rows))).astype(np.int64)
    visits = {name: clicks[name][rows] for name in ("site", "device", "system", "city", "home")}
    source = np.full(len(rows), SOURCES.index("ad"))
    blocked = clicks["blocked"][rows]
    return {"t": lands, "click": rows, "source": source, "blocked": blocked, **visits}


def _other_visits(catalog: Catalog) -> Frame:
    """Organic, direct, referral, social, e-mail and bot visits, newsletters included."""
    rng = catalog.rng("other visits")
    traffic = catalog.world.traffic
    shares = np.array([site.share for site in catalog.world.sites])
    rates = traffic.non_ad_per_click * catalog.clicks_per_day * shares / shares.sum()
    _, site, at = _arrivals(catalog, rng, rates * (1 + traffic.bot_share), catalog.site_zone)
    kinds = np.array([[*traffic.non_ad_sources, 0.0, traffic.bot_share]])
    source = 1 + choose(rng, kinds, np.zeros(len(at), dtype=int))
    newsletter_site, newsletter_at = _newsletters(catalog, rng)
    site = np.concatenate([site, newsletter_site])
    at = np.concatenate([at, newsletter_at])
    email = np.full(len(newsletter_at), SOURCES.index("email"))
    device, system = _devices(catalog, rng, np.full(len(at), PLATFORMS.index("none")))
    city, home = _cities(catalog, rng, _site_cities(catalog), site)
    return {
        "t": at,
        "click": np.full(len(at), NO_CLICK),
        "source": np.concatenate([source, email]),
        "blocked": np.zeros(len(at), dtype=bool),
        "site": site,
        "device": device,
        "system": system,
        "city": city,
        "home": home,
    }


def _newsletters(catalog: Catalog, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Each site writes to its list now and then; the rush is what empties its pool."""
    traffic = catalog.world.traffic
    sites, instants = [], []
    for day_index, day in enumerate(window_days(catalog.world.last_day, catalog.days)):
        for site, pool in enumerate(catalog.pool_sizes):
            if (day_index + 2 * site) % traffic.newsletter_every_days == 1:
                count = rng.poisson(traffic.newsletter_pool_multiple * pool)
                sent = midnight_ms(day, catalog.world.sites[site].timezone) + 10 * HOUR_MS
                waits = rng.exponential(traffic.newsletter_minutes * 60_000, count)
                sites.append(np.full(count, site))
                instants.append(sent + waits.astype(np.int64))
    if not sites:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(sites), np.concatenate(instants)


def _reuse_visitors(catalog: Catalog, clicks: Frame, visits: Frame) -> None:
    """Some clicks are of visitors that an ad brought before: same site, person and device."""
    rng = catalog.rng("returning clickers")
    seen = (visits["click"] != NO_CLICK) & ~visits["blocked"]
    is_again = seen & (rng.random(len(seen)) < catalog.world.traffic.returning_clicker_share)
    kind = (visits["site"] * len(DEVICES) + visits["device"]) * len(SYSTEMS) + visits["system"]
    for group in np.unique(kind[is_again]):
        again = np.flatnonzero(is_again & (kind == group))
        first = rng.permutation(np.flatnonzero(seen & ~is_again & (kind == group)))[: len(again)]
        again = again[: len(first)]
        earlier = visits["t"][first] + DAY_MS < visits["t"][again]
        first, again = first[earlier], again[earlier]
        visits["visitor"][again] = visits["visitor"][first]
        for name in ("city", "home"):
            visits[name][again] = visits[name][first]
            clicks[name][visits["click"][again]] = visits[name][first]


def _returns(catalog: Catalog, visits: Frame) -> Frame:
    """Later visits of people who came before, typed in or from a search."""
    rng = catalog.rng("returns")
    person = ~visits["blocked"] & (visits["source"] != SOURCES.index("bot"))
    rows = np.flatnonzero(person)
    rows = rows[rng.random(len(rows)) < catalog.world.traffic.return_share]
    returns = take(visits, rows)
    waits = DAY_MS * (0.4 + rng.lognormal(np.log(1.5), 1.0, len(rows)))
    returns["t"] = returns["t"] + waits.astype(np.int64)
    returns["click"] = np.full(len(rows), NO_CLICK)
    returns["source"] = np.full(len(rows), SOURCES.index("return"))
    inside = returns["t"] < visits["t"].max()
    return take(returns, inside)
