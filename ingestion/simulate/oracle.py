"""The best posterior that anyone could give: the world's own parameters on observable data.

For a call at time t with marks m on a fallback or pool number the candidates are the touches
before it (same site; for a pool number, the sessions that were shown it), and none of them:

    weight_j = propensity_j * call_hours(t) * density(t - t_j) * p(area | reported city)
               * p(line | device) * P(dials this number | lease of j at t)
               * (what taps on the dialled number say, `tap_evidence`)
    weight_0 = null rate of the number at this hour * p0(area | site) * p0(line)
    p_j = weight_j / (weight_0 + sum of weights)

`density` is the rate of first and further calls after the touch, so a repeat caller needs no
case of its own. Only what a warehouse could know goes in: the reported city (the true one is
summed out over `geo_error`), the site of an unseen click by its campaign's reach unless the report
gives the landing page, the day of a click whose gclid holds no instant (the density is then
averaged over the hours of that day).

Simplifications, each of which makes the oracle a little less sharp but not less calibrated: it
takes a click and the session that lost its id as known to be one; it reads neither forms, IVR
choices nor earlier calls of the same number. Robocalls are known by their pattern: all null.

Delays come from a table by device and log-delay (1 % wide), so that SQL joins instead of
computing four exponentials for each of the millions of pairs; no pair is stored but its weight.
"""

from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pyarrow as pa

from ingestion.simulate.callers import LANDLINE
from ingestion.simulate.calls import LEASED, ROBOCALL, UNSEEN, call_hour_factor, hourly_rate_share
from ingestion.simulate.catalog import Catalog
from ingestion.simulate.densities import (
    BINS_PER_E,
    HIDDEN,
    UNLEASED,
    area_marks,
    area_probabilities,
    day_densities,
    delay_densities,
    line_probabilities,
    null_area_probabilities,
)
from ingestion.simulate.frames import (
    DAY_MS,
    Frame,
    local_hour,
    midnight_ms,
    size,
    stack,
    take,
    window_days,
)
from ingestion.simulate.numbers import FALLBACK, POOL, Numbers
from ingestion.simulate.places import Floats
from ingestion.simulate.tap_evidence import open_pages, tap_factors_sql
from ingestion.simulate.traffic import GCLID

SMALLEST_PROBABILITY = 1e-4
"""Candidates below it are summed into the remainder."""
_PARTS = 2
"""Calls are split between two threads of one DuckDB thread each: its sums stay reproducible."""


def posterior(
    catalog: Catalog,
    numbers: Numbers,
    *,
    clicks: Frame,
    touches: Frame,
    taps: Frame,
    calls: Frame,
    described: Frame,
) -> tuple[pa.Table, pa.Table]:
    """Score every call on a fallback or pool number; `taps` are events, by session and time.

    Returns:
        Candidates (call, touch, probability), each at least `SMALLEST_PROBABILITY`, and sums
        (call, oracle_null, oracle_remainder); both ordered. Calls on other numbers have no row.
    """
    tables = {
        "touches": pa.table(observable_touches(catalog, numbers, clicks, touches)),
        "calls": pa.table(_scored_calls(catalog, numbers, calls, described)),
        "delays": pa.table(delay_densities(catalog)),
        "day_delays": pa.table(day_densities(catalog)),
        "areas": pa.table(area_probabilities(catalog)),
        "null_areas": pa.table(null_area_probabilities(catalog)),
        "lines": pa.table(line_probabilities(catalog)),
        "pages": pa.table(open_pages(catalog, numbers, touches)),
        "taps": pa.table({"session": taps["session"], "t": taps["t"]}),
    }
    with ThreadPoolExecutor(_PARTS) as pool:
        parts = list(pool.map(lambda part: _score(catalog, tables, part), range(_PARTS)))
    candidates, sums = (pa.concat_tables(tables) for tables in zip(*parts, strict=True))
    best_first = [("call", "ascending"), ("probability", "descending"), ("touch", "ascending")]
    return candidates.sort_by(best_first), sums.sort_by("call")


def observable_touches(catalog: Catalog, numbers: Numbers, clicks: Frame, touches: Frame) -> Frame:
    """Touches as a warehouse sees them; an unseen click without landing page once per site."""
    click = np.where(touches["click"] >= 0, touches["click"], 0)
    unseen = touches["state"] == UNSEEN
    only_day = unseen & (clicks["id_kind"][click] == GCLID) & ~clicks["holds_time"][click]
    days = window_days(catalog.world.last_day, catalog.days)
    midnights = np.array([[midnight_ms(day, zone) for zone in catalog.zones] for day in days])
    zone = catalog.campaign_zone[clicks["campaign"][click]]
    begins = midnights[clicks["day"][click], zone]
    seen = {
        "touch": np.arange(size(touches)),
        "t": np.where(only_day, begins, touches["t"]),
        "only_day": only_day,
        "number": numbers.dialled_or_fallback(touches["site"], touches["slot"]),
        "site_share": np.ones(size(touches)),
        "curve": touches["device"] + UNLEASED * (touches["state"] != LEASED),
    }
    for name in ("site", "device", "city", "propensity", "state", "lease_end"):
        seen[name] = touches[name]
    unknown = unseen & ~clicks["has_landing_url"][click]
    spread = [take(seen, ~unknown)]
    for site in range(len(catalog.world.sites)):
        here = take(seen, unknown)
        campaign = clicks["campaign"][click[unknown]]
        here["site"] = np.full(size(here), site)
        here["site_share"] = catalog.reach[campaign, site]
        here["propensity"] = here["propensity"] * _base_ratio(catalog, site, touches, unknown)
        spread.append(take(here, here["site_share"] > 0))
    return stack(spread)


def _base_ratio(catalog: Catalog, site: int, touches: Frame, rows: Floats) -> Floats:
    """Propensity at this site over that at the true one: the vertical's base may differ."""
    by_vertical = catalog.world.propensity.by_vertical
    base = np.array([by_vertical[place.vertical] for place in catalog.world.sites])
    return base[site] / base[touches["site"][rows]]


def _scored_calls(catalog: Catalog, numbers: Numbers, calls: Frame, described: Frame) -> Frame:
    """Calls on pool and fallback numbers, with the rate of the null at their number and hour."""
    kind = numbers.frame["kind"][calls["number"]]
    scored = np.isin(kind, (POOL, FALLBACK)) & (calls["kind"] != ROBOCALL)
    rows = np.flatnonzero(scored)
    site, other = calls["site"][rows], catalog.world.other_calls
    daily = np.where(
        kind[rows] == FALLBACK,
        other.null_per_site,
        other.wrong_numbers_per_site / catalog.pool_sizes[site],
    )
    hour = local_hour(calls["t"][rows], catalog.zones, catalog.site_zone[site])
    return {
        "call": rows,
        "t": calls["t"][rows],
        "site": site,
        "number": calls["number"][rows],
        "is_pool": kind[rows] == POOL,
        "area": described["area"][rows],
        "line": described["line"][rows],
        "marks": area_marks(
            described["area"][rows],
            np.select([described["line"][rows] == LANDLINE, described["line"][rows] < 0], [1, 2]),
        ),
        "hour_factor": call_hour_factor(catalog, calls["t"][rows], site),
        "null_rate": daily * catalog.scale * hourly_rate_share(catalog)[hour] / 3600,
    }


def _score(catalog: Catalog, tables: dict[str, pa.Table], part: int) -> tuple[pa.Table, pa.Table]:
    """Weights and posterior of the calls of one part, in a single-threaded DuckDB."""
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, table in tables.items():
            connection.register(f"{name}_arrow", table)
            connection.execute(f"create table {name} as from {name}_arrow")
        # The joins stand in the order in which they are cheap; guessed from sizes, another one
        # took ten times as long.
        connection.execute("set disabled_optimizers = 'join_order'")
        connection.execute(f"delete from calls where call % {_PARTS} <> {part}")
        connection.execute(f"create table weights as {_weights_sql(catalog)}")
        connection.execute(f"create table tap_factors as {tap_factors_sql(catalog.world)}")
        connection.execute(_WEIGH_TAPS_SQL)
        connection.execute(_POSTERIOR_SQL)
        candidates = connection.sql(
            "select call, touch, probability from posteriors "
            f"where probability >= {SMALLEST_PROBABILITY} order by all"
        ).to_arrow_table()
        sums = connection.sql(_SUMS_SQL).to_arrow_table()
    return candidates, sums


def _weights_sql(catalog: Catalog) -> str:
    """Weight of each pair: by site and day for fallback calls, by number for pool calls."""
    dialling, window = catalog.world.dialling, catalog.world.delay.window_days
    fallback = f"""case
        when state <> {LEASED} then first + again
        when calls.t < lease_end then {dialling.leak} * (first + again)
        else {1 - dialling.saved} * first + {1 - dialling.saved_again} * again
    end"""
    pool = f"""case
        when calls.t < lease_end then {1 - dialling.leak} * (first + again)
        else {dialling.saved} * first + {dialling.saved_again} * again
    end"""
    by_delay = f"""join delays on delays.curve = touches.curve and delays.bin
        = greatest(0, floor(ln((calls.t - touches.t) / 1000.0) * {BINS_PER_E})::bigint)"""
    by_day = """join day_delays on day_delays.device = touches.device
        and day_delays.minute = (calls.t - touches.t) // 60000"""
    buckets = f"""(
        select calls.*, calls.t // {DAY_MS} - back as day
        from calls cross join range({window + 2}) as backs (back)
        where not is_pool
    ) as calls
    join (select *, t // {DAY_MS} as day from touches) as touches
        on touches.site = calls.site and touches.day = calls.day"""
    numbers = f"""(from calls where is_pool) as calls
    join (from touches where state = {LEASED}) as touches on touches.number = calls.number"""
    branches = (
        (fallback, f"{buckets} and not only_day", by_delay, window),
        (fallback, f"{buckets} and only_day", by_day, window + 1),
        (pool, numbers, by_delay, window),
    )
    return " union all ".join(_branch_sql(*branch) for branch in branches)


def _branch_sql(dials: str, pairs: str, densities: str, days: int) -> str:
    return f"""
        select call, touch,
            propensity * hour_factor * site_share * areas.p * lines.p * ({dials}) as weight
        from {pairs} and touches.t < calls.t and touches.t >= calls.t - {days * DAY_MS}
        {densities}
        join areas on areas.city = touches.city and areas.marks = calls.marks
        join lines on lines.device = touches.device and lines.line = calls.line
    """


_WEIGH_TAPS_SQL = """
    update weights set weight = weight * factor from tap_factors
    where tap_factors.call = weights.call and tap_factors.touch = weights.touch
"""

_POSTERIOR_SQL = f"""
    create table totals as
    with candidates as (
        select call, sum(weight) as weight from weights group by call
    )
    select
        calls.call,
        null_rate * null_areas.p * lines.p as null_weight,
        null_weight + coalesce(candidates.weight, 0) as total
    from calls
    left join candidates using (call)
    join null_areas on null_areas.site = calls.site and null_areas.area = calls.area
    join lines on lines.device = {HIDDEN} and lines.line = calls.line;

    create table posteriors as
    select call, touch, weight / total as probability
    from weights join totals using (call)
    where weight >= {SMALLEST_PROBABILITY} * total
"""

_SUMS_SQL = """
    with kept as (
        select call, sum(probability) as probability from posteriors group by call
    )
    select
        totals.call,
        null_weight / total as oracle_null,
        greatest(0.0, 1 - null_weight / total - coalesce(kept.probability, 0))
            as oracle_remainder
    from totals left join kept using (call)
    order by totals.call
"""
