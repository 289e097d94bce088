"""What fitting and scoring cost on one warehouse, beside a floor, and the same for a hot site.

    warehouse.duckdb ─► the matcher's inputs, copied ─► fit ─► score ─► of it weighing the pairs
                                                     ─► floor  the same pairs, one exp each

The inputs are copied into a warehouse of their own, so that the one given is not changed, as often
as `--copies` says: an agency with so many times the sites. Since calls are the same in each copy,
area codes say more there than they would; the figures are of speed only. Pairs are the lost calls
on fallback numbers times the touches of their sites within the lookback, less those that
`ml.matching.hot_sites` leaves out. Weighing goes over them once: sums by campaign, and beside them
the candidates that may be kept. The ratio of weighing to the floor is the figure to compare between
machines; the goal is 15 million pairs a second on two cores and less than 600 MB.

With `--hot-touches` the touches of the busiest site are copied in place, all to that one site, and
its calls are scored with the bound on hot sites and without it.

    python benchmarks/scoring.py --warehouse FILE [--copies 1] [--memory-limit 4GB]
    python benchmarks/scoring.py --warehouse FILE --hot-touches 1000000
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from ml.artifacts import MatcherModel, ensure_tables, read_model, write_model
from ml.matching import hot_sites
from ml.matching.matcher import score_calls, train_matcher
from ml.matching.pairs import ALL_TOUCHES, DAY_ONLY_TOUCHES, DAYS_A_SITE
from ml.matching.settings import MatcherSettings
from ml.sql import Sql, number_literal
from orchestration.resources.matcher_sql import DuckDbSql, matcher_sql

SETTINGS = MatcherSettings()
HEADER = f"{'step':24} {'wall s':>8} {'cpu s':>8} {'peak GB':>8}"

_INPUTS = (
    "int_touches",
    "int_calls_to_match",
    "int_known_calls",
    "int_numbers_shown",
    "int_number_leases",
    "int_evidence_reliability",
)
_OF_ONE_AGENCY = (
    "touch_id",
    "session_id",
    "visitor_id",
    "click_id",
    "campaign_id",
    "site",
    "call_id",
    "caller_key",
    "live_touch_id",
    "tap_touch_id",
    "tracking_number",
    "pool_id",
)
"""Columns that differ between copies."""

_SUMS, _LISTED = (
    f"\ncreate or replace temp table {table}" for table in ("matcher_call_sums", "matcher_listed")
)
"""How the two statements begin that go over the pairs."""

_FLOOR = """
select count(*) as pairs, sum(weight) as weight from (
    select
        calls.call_index,
        touches.campaign_index,
        touches.propensity * exp((touches.{start} - calls.call_second) / 86400) as weight

    from matcher_call_days as calls

    inner join matcher_pair_sites as touches
        on
            calls.site_day + {site_days} = touches.site_day
            and touches.{start} <= calls.call_second
            and touches.{start} > calls.call_second - {lookback}
)
"""

_BUSIEST_SITE = """
select site from intermediate.int_touches where site is not null
group by site order by count(*) desc limit 1
"""

_HOT_TOUCHES = """
insert into intermediate.int_touches
select
    touches.* replace (
        'hot ' || copies.copy || touches.touch_id as touch_id,
        null as session_id,
        null as visitor_id,
        null as click_id,
        -- Not at the very same moments, and within the day.
        touches.touched_at + to_seconds(copies.copy % 60) as touched_at
    )

from intermediate.int_touches as touches

cross join range({copies}) as copies (copy)

where touches.site = {site}
"""


def main() -> None:
    """Print one line a step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=1, help="agencies like it, side by side")
    parser.add_argument("--hot-touches", type=int, help="touches of the busiest site")
    parser.add_argument("--memory-limit", default="4GB")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/copy.db") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        # As the warehouse's own connections have it.
        connection.execute("set disabled_compression_methods = 'fsst'")
        connection.execute("set memory_limit = ?", [arguments.memory_limit])
        copy_inputs(connection, arguments.warehouse, arguments.copies)
        print(HEADER)
        if arguments.hot_touches:
            with duckdb.connect(str(arguments.warehouse), read_only=True) as warehouse:
                model = read_model(DuckDbSql(warehouse))
            heat(connection, arguments.hot_touches)
            measure_hot_site(connection, model)
        else:
            measure(connection)


def copy_inputs(connection: duckdb.DuckDBPyConnection, warehouse: Path, copies: int = 1) -> None:
    """Copy the tables that the matcher reads, each of them `copies` times under other names."""
    # Under its file's name, which its views hold.
    name = warehouse.stem
    connection.execute(f"attach '{warehouse}' as {name} (read_only)")
    connection.execute("create schema intermediate")
    for table in _INPUTS:
        source = f"{name}.intermediate.{table}"
        columns = connection.execute(f"describe {source}").df()["column_name"]
        renamed = ", ".join(
            f"{column} || if(copy = 0, '', ' ' || copy) as {column}"
            for column in columns
            if column in _OF_ONE_AGENCY
        )
        several = copies if renamed else 1
        connection.execute(
            f"create table intermediate.{table} as "
            f"select * exclude (copy) {f'replace ({renamed})' if renamed else ''} "
            f"from {source} cross join range({several}) as copies (copy)"
        )
    connection.execute(f"detach {name}")


def measure(connection: duckdb.DuckDBPyConnection) -> None:
    """Fit and score, and print what each took, and what weighing took beside the floor."""
    with matcher_sql(connection) as sql:
        ensure_tables(sql)
        with timed("fit"):
            model = train_matcher(sql, SETTINGS)
        write_model(sql, model, pd.Timestamp("2026-01-01"))
        score_watched(sql, model, "score")
        counts = sql.frame("""
            select
                (select count(*) from matcher_calls) as calls,
                (select count(*) from intermediate.int_known_calls) as known,
                (select count(*) from matcher_touches) as touches,
                (select count(*) from ml.call_candidates) as candidates
        """)
        print(", ".join(f"{counts[name][0]:,} {name}" for name in counts))


class PairsWatched:
    """An `Sql` that notes what the passes over the pairs take, and runs the floor beside them."""

    def __init__(self, sql: Sql) -> None:
        self.frame, self.register = sql.frame, sql.register
        self._execute = sql.execute
        self.pairs = 0
        self.weighing, self.floor = Taken(), Taken()

    def execute(self, statement: str) -> None:
        """Run a statement; those that go over the pairs are timed."""
        if statement.startswith(_SUMS):
            with self.floor:
                self._run_floor()
        if statement.startswith((_SUMS, _LISTED)):
            with self.weighing:
                self._execute(statement)
        else:
            self._execute(statement)

    def _run_floor(self) -> None:
        starts = (
            (ALL_TOUCHES, "touch_second", 0.0),
            (DAY_ONLY_TOUCHES, "day_start_second", 86_400),
        )
        for touches, start, longer in starts:
            lookback = number_literal(SETTINGS.lookback_seconds + longer)
            days = touches * DAYS_A_SITE
            query = _FLOOR.format(start=start, site_days=days, lookback=lookback)
            self.pairs += int(self.frame(query)["pairs"][0])


def score_watched(sql: Sql, model: MatcherModel, step: str, only: str | None = None) -> None:
    """Score, and print what that and the passes over the pairs took.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
    step : str
        Printed before the seconds of all scoring, those of the floor left out.
    only : str, optional
        As for `score_calls`.
    """
    watched = PairsWatched(sql)
    scoring = Taken()
    with scoring:
        score_calls(watched, model, SETTINGS, only)
    weighing, floor = watched.weighing, watched.floor
    scoring.wall, scoring.cpu = scoring.wall - floor.wall, scoring.cpu - floor.cpu
    scoring.print(step)
    weighing.print("  of it weighing pairs")
    floor.print("floor")
    print(
        f"{watched.pairs:,} pairs: {watched.pairs / weighing.wall / 1e6:.1f} million a second,"
        f" {watched.pairs / weighing.cpu / 1e6:.1f} million a processor second,"
        f" {weighing.cpu / floor.cpu:.1f} times the floor's processor seconds",
        flush=True,
    )


def heat(connection: duckdb.DuckDBPyConnection, touches: int) -> None:
    """Copy the touches of the busiest site until it has so many; ask for its calls alone."""
    [(site,)] = connection.execute(_BUSIEST_SITE).fetchall()
    literal = "'" + site.replace("'", "''") + "'"
    own = f"from intermediate.int_touches where site = {literal}"
    [(before,)] = connection.execute(f"select count(*) {own}").fetchall()
    connection.execute(_HOT_TOUCHES.format(copies=max(touches // before - 1, 0), site=literal))
    [(after,)] = connection.execute(f"select count(*) {own}").fetchall()
    connection.execute(f"""
        create temp table asked as
        select call_id from intermediate.int_calls_to_match
        where site = {literal} and match_kind = 'fallback'
    """)
    [(calls,)] = connection.execute("select count(*) from asked").fetchall()
    print(f"{after:,} touches of one site, {calls:,} calls to its fallback number")


def measure_hot_site(connection: duckdb.DuckDBPyConnection, model: MatcherModel) -> None:
    """Score the calls of the site with the bound on hot sites, and as if there was none."""
    bound = hot_sites.MOST_TOUCHES
    with matcher_sql(connection) as sql:
        ensure_tables(sql)
        for name, most in (("bounded", bound), ("unbounded", 10**9)):
            hot_sites.MOST_TOUCHES = most
            score_watched(sql, model, f"score, {name}", "asked")
    hot_sites.MOST_TOUCHES = bound


@dataclass
class Taken:
    """What blocks took, added up: `with taken: ...`."""

    wall: float = 0.0
    cpu: float = 0.0

    def __enter__(self) -> None:
        self.wall -= time.perf_counter()
        self.cpu -= _cpu_seconds()

    def __exit__(self, *_: object) -> None:
        self.wall += time.perf_counter()
        self.cpu += _cpu_seconds()

    def print(self, step: str) -> None:
        """Print one line, with the most memory that this process has held so far."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{step:24} {self.wall:8.1f} {self.cpu:8.1f} {peak:8.2f}", flush=True)


@contextmanager
def timed(step: str) -> Iterator[None]:
    """Print what the block took."""
    taken = Taken()
    with taken:
        yield
    taken.print(step)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
