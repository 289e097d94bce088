"""A made-up agency for tests of the matcher: the intermediate tables, and the truth beside them.

The law is the matcher's own family with parameters that the matcher never sees, so a test can ask
whether they are recovered and how far the posterior is from the one of an oracle that knows them.
Nothing of the project is imported here.
"""

from dataclasses import dataclass, field

import duckdb
import numpy as np
import pandas as pd
from scipy.special import ndtr

START = pd.Timestamp("2026-10-01")
DAY_SECONDS = 86_400.0
IDLE_SECONDS = 1800.0
DEVICES = np.array(["mobile", "desktop", "tablet"])
LINES = np.array(["mobile", "landline", "voip"])
STATES = np.array(["NY", "NJ", "PA", "OH", "TX", "FL", "CA", "WA"])
REGION_OF_STATE = np.array([0, 0, 0, 1, 2, 2, 3, 3])
CITIES_PER_STATE = 3
CODES_PER_CITY = 2
_CODES = (
    "212 347 516 585 607 716 201 551 609 732 856 908 215 267 412 484 610 717 216 234 330 419 440 "
    "513 210 214 254 281 325 361 239 305 321 352 386 407 209 213 310 323 408 415 206 253 360 425 "
    "509 564"
)
AREA_CODES = np.array(_CODES.split())
"""Two of each city, really of that state: the matcher knows which codes a state has."""

HOUR_WEIGHTS = np.where((np.arange(24) >= 8) & (np.arange(24) < 20), 1.6, 0.4)


@dataclass(frozen=True)
class Law:
    """Parameters of a world. Times in seconds, shares in [0, 1]."""

    days: int = 14
    touches: int = 16_000
    sites: int = 2
    campaigns_per_site: int = 4
    pool_numbers: int = 60
    call_rate: float = 0.12
    campaign_spread: float = 0.5
    slow_share: tuple[float, ...] = (0.25, 0.4, 0.3)
    quick_median_seconds: float = 240.0
    slow_median_seconds: float = 100_000.0
    blocked_share: float = 0.12
    overflow_share: float = 0.08
    leak_share: float = 0.03
    saved_number_share: float = 0.4
    tap_share: tuple[float, ...] = (0.6, 0.05, 0.3)
    geography: tuple[float, ...] = (0.6, 0.2, 0.08, 0.12)
    null_calls_per_site_day: float = 8.0
    null_calls_per_pool_day: float = 3.0
    line_shares: tuple[tuple[float, ...], ...] = ((0.9, 0.06, 0.04), (0.5, 0.38, 0.12), (0.7,
        0.2, 0.1))  # fmt: skip
    null_line_shares: tuple[float, ...] = (0.35, 0.15, 0.5)
    timezone: str = "America/New_York"


@dataclass
class World:
    """Touches and calls with their hidden truth, and the tables a warehouse would hold."""

    law: Law
    touches: pd.DataFrame
    calls: pd.DataFrame
    propensity: np.ndarray
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def local_hour(seconds: np.ndarray, law: Law) -> np.ndarray:
    """Hour of the day in the world's time zone of seconds after START (UTC)."""
    times = pd.DatetimeIndex(START + pd.to_timedelta(seconds, unit="s"))
    return times.tz_localize("UTC").tz_convert(law.timezone).hour.to_numpy()


def area_code_shares(law: Law) -> np.ndarray:
    """Return p(area code | city): shape (cities, codes)."""
    cities = len(STATES) * CITIES_PER_STATE
    code_city = np.repeat(np.arange(cities), CODES_PER_CITY)
    city_state = np.repeat(np.arange(len(STATES)), CITIES_PER_STATE)
    of_city, of_state, of_region, of_nation = law.geography
    same_city = (code_city[None, :] == np.arange(cities)[:, None]).astype(float)
    same_state = (city_state[code_city][None, :] == city_state[:, None]).astype(float)
    regions = REGION_OF_STATE[city_state]
    same_region = (regions[code_city][None, :] == regions[:, None]).astype(float)
    everywhere = np.ones_like(same_city)
    return sum(
        weight * level / level.sum(axis=1, keepdims=True)
        for weight, level in zip(
            (of_city, of_state, of_region, of_nation),
            (same_city, same_state, same_region, everywhere),
            strict=True,
        )
    )


def delay_density(seconds: np.ndarray, device: np.ndarray, law: Law) -> np.ndarray:
    """Return the density of the delay from touch to call, per second."""
    safe = np.maximum(seconds, 1e-9)
    slow = np.asarray(law.slow_share)[device]
    total = np.zeros_like(safe)
    for share, median, sigma in (
        (1 - slow, law.quick_median_seconds, 1.0),
        (slow, law.slow_median_seconds, 1.5),
    ):
        standard = (np.log(safe) - np.log(median)) / sigma
        total += share * np.exp(-0.5 * standard**2) / (safe * sigma * np.sqrt(2 * np.pi))
    return np.where(seconds > 0, total, 0.0)


def delay_share(seconds: np.ndarray, device: np.ndarray, law: Law) -> np.ndarray:
    """Return the share of calls that come within `seconds` of their touch."""
    logs = np.log(np.maximum(seconds, 1e-9))
    slow = np.asarray(law.slow_share)[device]
    quick_share = ndtr(logs - np.log(law.quick_median_seconds))
    slow_share = ndtr((logs - np.log(law.slow_median_seconds)) / 1.5)
    return (1 - slow) * quick_share + slow * slow_share


def _draw_delays(rng: np.random.Generator, device: np.ndarray, law: Law) -> np.ndarray:
    is_slow = rng.random(len(device)) < np.asarray(law.slow_share)[device]
    quick = law.quick_median_seconds * np.exp(rng.normal(size=len(device)))
    slow = law.slow_median_seconds * np.exp(1.5 * rng.normal(size=len(device)))
    return np.where(is_slow, slow, quick)


def _draw_touches(rng: np.random.Generator, law: Law) -> pd.DataFrame:
    count = law.touches
    hours = rng.choice(24, size=count * 2, p=np.roll(HOUR_WEIGHTS, 4) / HOUR_WEIGHTS.sum())
    days = rng.integers(0, law.days, size=count * 2)
    seconds = np.sort((days * 24 + hours) * 3600.0 + rng.random(count * 2) * 3600.0)[::2]
    site = rng.integers(0, law.sites, size=count)
    campaign = rng.integers(-1, law.campaigns_per_site, size=count)
    is_blocked = (rng.random(count) < law.blocked_share) & (campaign >= 0)
    is_overflow = ~is_blocked & (rng.random(count) < law.overflow_share)
    return pd.DataFrame(
        {
            "second": seconds,
            "site": site,
            "campaign": campaign,
            "device": rng.choice(3, size=count, p=[0.6, 0.33, 0.07]),
            "city": rng.choice(len(STATES) * CITIES_PER_STATE, size=count),
            "state": np.select([is_blocked, is_overflow], ["unseen", "fallback"], "leased"),
            "page_views": rng.integers(1, 6, size=count),
            "last_event": seconds + rng.exponential(200.0, size=count),
        }
    )


def _lease_numbers(touches: pd.DataFrame, law: Law) -> pd.DataFrame:
    """Give pool numbers in turn; a number's next session ends the lease before it."""
    leased = touches["state"] == "leased"
    turn = leased.groupby(touches["site"]).cumsum() - 1
    number = np.where(leased, turn % law.pool_numbers, -1)
    frame = touches.assign(number=number, lease_end=touches["last_event"] + IDLE_SECONDS)
    following = frame[leased].groupby(["site", "number"])["second"].shift(-1)
    frame["lease_end"] = np.fmin(frame["lease_end"], following.reindex(frame.index))
    return frame.assign(lease_end=frame["lease_end"].where(leased))


def _draw_touch_calls(
    rng: np.random.Generator, touches: pd.DataFrame, propensity: np.ndarray, law: Law
) -> pd.DataFrame:
    peak = HOUR_WEIGHTS.max()
    source = np.repeat(np.arange(len(touches)), rng.poisson(propensity * peak))
    chosen = touches.iloc[source].reset_index(drop=True)
    device = chosen["device"].to_numpy()
    second = chosen["second"].to_numpy() + _draw_delays(rng, device, law)
    kept = rng.random(len(source)) < HOUR_WEIGHTS[local_hour(second, law)] / peak
    kept &= second < law.days * DAY_SECONDS
    is_live = second < chosen["lease_end"].fillna(-1.0)
    dials_pool = rng.random(len(source)) < np.where(
        is_live, 1 - law.leak_share, law.saved_number_share
    )
    dials_pool &= (chosen["state"] == "leased").to_numpy()
    codes = area_code_shares(law).cumsum(axis=1)
    lines = np.asarray(law.line_shares).cumsum(axis=1)
    on_page = second < chosen["last_event"] + 120.0
    sees_number = (is_live & dials_pool) | (chosen["state"] == "fallback")
    calls = pd.DataFrame(
        {
            "source": source,
            "second": second,
            "site": chosen["site"],
            "number": np.where(dials_pool, chosen["number"], -1),
            "area": (codes[chosen["city"]] < rng.random(len(source))[:, None]).sum(axis=1),
            "line": (lines[device] < rng.random(len(source))[:, None]).sum(axis=1),
            "is_tapped": on_page & sees_number & (rng.random(len(source))
                < np.asarray(law.tap_share)[device]),
        }
    )  # fmt: skip
    return calls[kept]


def _draw_null_calls(rng: np.random.Generator, law: Law, *, pool: bool) -> pd.DataFrame:
    per_day = law.null_calls_per_pool_day if pool else law.null_calls_per_site_day
    frames = []
    for site in range(law.sites):
        count = rng.poisson(per_day * law.days)
        codes = len(STATES) * CITIES_PER_STATE * CODES_PER_CITY
        frames.append(
            pd.DataFrame(
                {
                    "source": -1,
                    "second": rng.random(count) * law.days * DAY_SECONDS,
                    "site": site,
                    "number": rng.integers(0, law.pool_numbers, count) if pool else -1,
                    "area": rng.integers(0, codes, count),
                    "line": rng.choice(3, size=count, p=law.null_line_shares),
                    "is_tapped": False,
                }
            )
        )
    return pd.concat(frames)


def make_world(law: Law | None = None, *, seed: int = 1) -> World:
    """Draw a world and the tables that the warehouse would build from it."""
    law = law or Law()
    rng = np.random.default_rng(seed)
    touches = _lease_numbers(_draw_touches(rng, law), law)
    effects = rng.normal(0.0, law.campaign_spread, size=(law.sites, law.campaigns_per_site + 1))
    propensity = law.call_rate * np.exp(effects[touches["site"], touches["campaign"]])
    calls = pd.concat(
        [
            _draw_touch_calls(rng, touches, propensity, law),
            _draw_null_calls(rng, law, pool=False),
            _draw_null_calls(rng, law, pool=True),
        ]
    )
    calls = calls.sort_values("second", kind="stable").reset_index(drop=True)
    world = World(law, touches, calls, propensity)
    world.tables = _tables(world)
    return world


def _at(seconds: pd.Series) -> pd.Series:
    return START + pd.to_timedelta(seconds.round(3), unit="s")


def _touch_table(world: World) -> pd.DataFrame:
    touches = world.touches
    key = [f"{index:07d}" for index in range(len(touches))]
    unseen = touches["state"] == "unseen"
    site = np.char.add(np.char.add("site", touches["site"].to_numpy().astype(str)), ".test")
    city_state = np.repeat(STATES, CITIES_PER_STATE)[touches["city"]]
    campaign = [
        None if c < 0 else f"{s}-{c}"
        for s, c in zip(touches["site"], touches["campaign"], strict=True)
    ]
    is_ad = pd.Series(touches["campaign"] >= 0)
    local = pd.DatetimeIndex(_at(touches["second"])).tz_localize("UTC")
    text = pd.Series(key)
    return pd.DataFrame(
        {
            "touch_id": np.where(unseen, "c:google_ads:g" + text, "s:" + text),
            "session_id": text.where(~unseen, None),
            "visitor_id": ("v" + text).where(~unseen, None),
            "platform": pd.Series("google_ads", index=touches.index).where(is_ad, None),
            "click_id": ("g" + text).where(is_ad, None),
            "channel": np.where(is_ad, "Paid Search", "Organic Search"),
            "campaign_id": campaign,
            "ad_group_id": None,
            "keyword_id": None,
            "device": DEVICES[touches["device"]],
            "geo_region": city_state,
            "geo_city": [f"city{city}" for city in touches["city"]],
            "touched_at": _at(touches["second"]).where(~unseen),
            "touched_at_precision": np.where(unseen, "day", "second"),
            "click_date": local.tz_convert(world.law.timezone).date,
            "account_timezone": world.law.timezone,
            "site": pd.Series(site).where(~unseen | (touches.index % 2 == 0), None),
            "number_state": touches["state"],
            "page_views": touches["page_views"].astype(float).where(~unseen),
            "session_number": pd.Series(1.0, touches.index).where(~unseen),
            "is_click": is_ad,
            "lease_end_at": _at(touches["lease_end"]),
        }
    )


def _number_name(site: pd.Series, number: pd.Series) -> pd.Series:
    pool = "+1555" + site.astype(str) + number.astype(str).str.zfill(3)
    return pool.where(number >= 0, "+1666" + site.astype(str))


def _live_touch(world: World) -> np.ndarray:
    """Return the position of the touch whose lease is live at each call, else -1."""
    leased = world.touches[world.touches["number"] >= 0].reset_index(names="touch")
    joined = pd.merge_asof(
        world.calls.reset_index(names="call")[["call", "second", "site", "number"]],
        leased[["second", "site", "number", "lease_end", "touch"]].assign(start=leased["second"]),
        on="second",
        by=["site", "number"],
    )
    live = joined["second"] < joined["lease_end"]
    return joined["touch"].where(live, -1).astype(int).to_numpy()


def _tables(world: World) -> dict[str, pd.DataFrame]:
    touch_table = _touch_table(world)
    calls, touches = world.calls, world.touches
    live = _live_touch(world)
    world.calls = calls = calls.assign(live=live)
    names = touch_table["touch_id"].to_numpy(dtype=object)
    call_table = pd.DataFrame(
        {
            "call_id": [f"C{index:06d}" for index in range(len(calls))],
            "call_started_at": _at(calls["second"]),
            "match_kind": np.where(calls["number"] >= 0, "pool", "fallback"),
            "tracking_number": _number_name(calls["site"], calls["number"]),
            "site": "site" + calls["site"].astype(str) + ".test",
            "vertical": None,
            "caller_key": [f"k{index}" for index in range(len(calls))],
            "caller_area_code": AREA_CODES[calls["area"]],
            "line_type": LINES[calls["line"]],
            "is_spam": False,
            "live_touch_id": np.where(live >= 0, names[live], None),
            "tap_touch_id": np.where(calls["is_tapped"], names[calls["source"]], None),
        }
    )
    tapped = call_table["tap_touch_id"]
    known = pd.Series(live >= 0) & (tapped.isna() | (tapped == call_table["live_touch_id"]))
    known_table = pd.DataFrame(
        {
            "call_id": call_table["call_id"],
            "touch_id": call_table["live_touch_id"],
            "match_kind": "pool",
            "label_source": "live_lease",
        }
    )[known]
    shown = touches["state"].isin(["leased", "fallback"])
    numbers = touches[shown]
    shown_table = pd.DataFrame(
        {
            "session_id": touch_table.loc[shown, "session_id"],
            "visitor_id": touch_table.loc[shown, "visitor_id"],
            "tracking_number": _number_name(numbers["site"], numbers["number"]),
            "pool_id": "pool" + numbers["site"].astype(str),
            "number_kind": np.where(numbers["number"] >= 0, "pool", "fallback"),
            "first_shown_at": _at(numbers["second"]),
            "last_shown_at": _at(numbers["last_event"]),
        }
    )
    is_leased = (numbers["number"] >= 0).to_numpy()
    lease_table = shown_table[is_leased].assign(
        lease_start_at=_at(numbers["second"])[is_leased],
        lease_end_at=_at(numbers["lease_end"])[is_leased],
    )[["tracking_number", "pool_id", "session_id", "visitor_id", "lease_start_at", "lease_end_at"]]
    return {
        "int_touches": touch_table,
        "int_calls_to_match": call_table,
        "int_known_calls": known_table,
        "int_numbers_shown": shown_table.drop(columns="pool_id"),
        "int_number_leases": lease_table,
    }


COLUMN_TYPES = {
    "int_touches": "touch_id varchar, session_id varchar, visitor_id varchar, platform varchar, "
    "click_id varchar, channel varchar, campaign_id varchar, ad_group_id varchar, "
    "keyword_id varchar, device varchar, geo_region varchar, geo_city varchar, "
    "touched_at timestamp, touched_at_precision varchar, click_date date, "
    "account_timezone varchar, site varchar, number_state varchar, page_views bigint, "
    "session_number bigint, is_click boolean, lease_end_at timestamp",
    "int_calls_to_match": "call_id varchar, call_started_at timestamp, match_kind varchar, "
    "tracking_number varchar, site varchar, vertical varchar, caller_key varchar, "
    "caller_area_code varchar, line_type varchar, is_spam boolean, live_touch_id varchar, "
    "tap_touch_id varchar",
    "int_known_calls": "call_id varchar, touch_id varchar, match_kind varchar, "
    "label_source varchar",
    "int_numbers_shown": "session_id varchar, visitor_id varchar, tracking_number varchar, "
    "number_kind varchar, first_shown_at timestamp, last_shown_at timestamp",
    "int_number_leases": "tracking_number varchar, pool_id varchar, session_id varchar, "
    "visitor_id varchar, lease_start_at timestamp, lease_end_at timestamp",
    "int_evidence_reliability": "attribution_method varchar, evidence_kind varchar, "
    "trials bigint, agreements bigint, reliability double",
}


class DuckSql:
    """The `Sql` of the matcher on a DuckDB connection, as the asset's wrapper is."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def frame(self, query: str) -> pd.DataFrame:
        return self.connection.sql(query).df()

    def execute(self, statement: str) -> None:
        self.connection.execute(statement)

    def register(self, name: str, frame: pd.DataFrame) -> None:
        self.connection.register(name, frame)


def load_tables(tables: dict[str, pd.DataFrame]) -> DuckSql:
    """Return an in-memory warehouse that holds `tables`; those not given are empty."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'; set threads = 2; create schema intermediate")
    for name, columns in COLUMN_TYPES.items():
        connection.execute(f"create table intermediate.{name} ({columns})")
        if name in tables and len(tables[name]):
            connection.register("given", tables[name])
            connection.execute(f"insert into intermediate.{name} by name select * from given")
            connection.unregister("given")
    return DuckSql(connection)


def oracle_posteriors(world: World) -> pd.DataFrame:
    """Return, per lost call, what one who knows the law believes.

    Columns: call (position), kind, top (touch position, -1 none), top_probability,
    truth_probability, null_probability. Calls with a tap or a fallback number of a site only.
    """
    law, touches, calls = world.law, world.touches, world.calls
    codes = area_code_shares(law)
    lines, taps = np.asarray(law.line_shares), np.asarray(law.tap_share)
    code_count = codes.shape[1]
    day_of_second = pd.DatetimeIndex(_at(touches["second"])).tz_localize("UTC").tz_convert(
        law.timezone
    ).normalize().tz_convert("UTC").tz_localize(None)  # fmt: skip
    day_start = (day_of_second - START).total_seconds().to_numpy()
    click_share = np.bincount(local_hour(touches["second"].to_numpy(), law), minlength=24)
    click_share = click_share / click_share.sum()
    edges = 3600.0 * np.arange(25)
    rows = []
    number, state = touches["number"].to_numpy(), touches["state"].to_numpy()
    second, lease_end = touches["second"].to_numpy(), touches["lease_end"].to_numpy()
    site, device, city = (touches[c].to_numpy() for c in ("site", "device", "city"))
    last_event = touches["last_event"].to_numpy()
    for index, call in enumerate(calls.itertuples()):
        hour_weight = HOUR_WEIGHTS[local_hour(np.array([call.second]), law)[0]]
        delay = call.second - second
        density = delay_density(delay, device, law)
        live = (delay >= 0) & (call.second < np.nan_to_num(lease_end, nan=-1.0))
        untapped = np.where(call.second < last_event + 120.0, 1 - taps[device], 1.0)
        if call.number >= 0:
            dials = np.where(live, (1 - law.leak_share) * untapped, law.saved_number_share)
            mine = (number == call.number) & (site == call.site)
            null = law.null_calls_per_pool_day / DAY_SECONDS / law.pool_numbers
        else:
            dials = np.where(live, law.leak_share, 1 - law.saved_number_share)
            dials = np.where(state == "fallback", untapped, dials)
            dials = np.where(state == "unseen", 1.0, dials)
            mine = site == call.site
            null = law.null_calls_per_site_day / DAY_SECONDS
            unseen = mine & (state == "unseen") & (day_start < call.second)
            since = call.second - day_start[unseen][:, None] - edges[None, :]
            shares = delay_share(since, device[unseen][:, None], law)
            density[unseen] = -np.diff(shares, axis=1) @ click_share / 3600.0
        weight = world.propensity * density * hour_weight * dials * mine
        weight *= codes[city, call.area] * lines[device, call.line]
        null *= law.null_line_shares[call.line] / code_count
        if call.is_tapped:
            continue
        total = weight.sum() + null
        best = int(weight.argmax())
        rows.append(
            {
                "call": index,
                "kind": "fallback" if call.number < 0 else ("live" if call.live >= 0 else "pool"),
                "truth": call.source,
                "top": best if weight[best] > null else -1,
                "top_probability": max(weight[best], null) / total,
                "truth_probability": (weight[call.source] if call.source >= 0 else null) / total,
                "null_probability": null / total,
            }
        )
    return pd.DataFrame(rows)
