"""The world resolved to arrays: keywords with their weights, zones, pools and their sizes."""

from dataclasses import dataclass

import numpy as np

from ingestion.simulate.agency import KEYWORDS
from ingestion.simulate.frames import Frame, generator
from ingestion.simulate.places import Floats, Ints, Places, load_places
from ingestion.simulate.world import World

PLATFORMS = ("google_ads", "microsoft_ads", "meta_ads", "none")
MATCH_TYPES = ("exact", "phrase", "broad")
KEYWORDS_PER_AD_GROUP = 5


@dataclass(frozen=True)
class Catalog:
    """Lookups by index that every part of the simulator shares."""

    world: World
    places: Places
    seed: int
    days: int
    clicks_per_day: int
    zones: tuple[str, ...]
    site_zone: Ints
    site_city: Ints
    campaign_zone: Ints
    campaign_platform: Ints
    reach: Floats
    """Share of a campaign's clicks (rows) by site (columns)."""
    targets: Frame
    """One row per keyword, or per ad group where the network has none."""
    area_given_city: Floats
    pool_sizes: Ints
    click_hours: Floats

    @property
    def scale(self) -> float:
        """Traffic against the default of 2,000 clicks a day, by which every other rate grows."""
        return self.clicks_per_day / 2000

    def rng(self, name: str) -> np.random.Generator:
        """The random stream of a part."""
        return generator(self.seed, name)


def build_catalog(world: World, *, seed: int, days: int, clicks_per_day: int) -> Catalog:
    """Resolve the world for one simulation."""
    places = load_places()
    zones = tuple(sorted({c.timezone for c in world.campaigns} | {s.timezone for s in world.sites}))
    reach = np.zeros((len(world.campaigns), len(world.sites)))
    for row, campaign in enumerate(world.campaigns):
        for site, share in campaign.sites:
            reach[row, site] = share
    hours = np.array(world.traffic.click_hours)
    return Catalog(
        world=world,
        places=places,
        seed=seed,
        days=days,
        clicks_per_day=clicks_per_day,
        zones=zones,
        site_zone=np.array([zones.index(site.timezone) for site in world.sites]),
        site_city=np.array([places.city_index(site.city, site.state) for site in world.sites]),
        campaign_zone=np.array([zones.index(c.timezone) for c in world.campaigns]),
        campaign_platform=np.array([PLATFORMS.index(c.platform) for c in world.campaigns]),
        reach=reach,
        targets=_targets(world, seed),
        area_given_city=places.area_given_city(world.marks.areas),
        pool_sizes=_pool_sizes(world, reach, clicks_per_day),
        click_hours=hours / hours.sum(),
    )


def _targets(world: World, seed: int) -> Frame:
    """Keywords by campaign and ad group, with Zipf weights and a factor on calls."""
    rng = generator(seed, "targets")
    rows = []
    for index, campaign in enumerate(world.campaigns):
        has_keywords = campaign.network == "search"
        rank = 0
        for ad_group in range(campaign.ad_groups):
            for slot in range(KEYWORDS_PER_AD_GROUP if has_keywords else 1):
                rank += 1
                text = (slot + ad_group * 3) % len(KEYWORDS[campaign.vertical])
                rows.append((index, ad_group, text if has_keywords else -1, slot % 3, 1 / rank))
    columns = list(zip(*rows, strict=True))
    sigma = world.propensity.keyword_sigma
    return {
        "campaign": np.array(columns[0]),
        "ad_group": np.array(columns[1]),
        "keyword": np.array(columns[2]),
        "match": np.array(columns[3]),
        "share": np.array(columns[4]),
        "factor": np.exp(rng.normal(0.0, sigma, len(rows)) - sigma**2 / 2),
    }


def _pool_sizes(world: World, reach: Floats, clicks_per_day: int) -> Ints:
    """Numbers of each site's pool, from the mean count of its live leases."""
    shares = np.array([campaign.share for campaign in world.campaigns])
    clicks = clicks_per_day * (shares / shares.sum()) @ reach * 0.85
    others = np.array([site.share for site in world.sites])
    others = others / others.sum() * clicks_per_day * world.traffic.non_ad_per_click
    sessions = (clicks + others) * (1 + world.traffic.return_share)
    live = sessions / 1440 * world.pools.mean_lease_minutes
    sizes = np.ceil(live * world.pools.numbers_per_session).astype(int)
    return np.maximum(sizes, world.pools.smallest)
