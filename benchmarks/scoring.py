"""What fitting and scoring cost: processor seconds, pairs a second and memory, on one warehouse.

    warehouse.duckdb ─► the matcher's inputs, copied ─► train ─► score

The inputs are copied into a warehouse of their own, so that the one given is not changed. Pairs are
the lost calls times the touches of their sites within the lookback; scoring weighs each of them
twice, less those that `ml.matching.hot_sites` leaves out.

    python benchmarks/scoring.py --warehouse FILE [--memory-limit 4GB]
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd

from ml.artifacts import ensure_tables, write_model
from ml.matching.matcher import score_calls, train_matcher
from ml.matching.pairs import DAYS_A_SITE
from ml.matching.settings import MatcherSettings
from orchestration.resources.matcher_sql import matcher_sql

_INPUTS = (
    "int_touches",
    "int_calls_to_match",
    "int_known_calls",
    "int_numbers_shown",
    "int_number_leases",
    "int_evidence_reliability",
)
HEADER = f"{'step':24} {'wall s':>8} {'cpu s':>8} {'peak GB':>8}"

_PAIRS = f"""
with calls as (
    select sites.site_index, calls.day_index, count(*) as calls
    from matcher_calls as calls inner join matcher_sites as sites on calls.site = sites.site
    where calls.match_kind = 'fallback'
    group by all
),
touches as (
    select site_day // ({DAYS_A_SITE} * 4) as site_index, day_index, count(*) as touches
    from matcher_pair_sites
    where stride = 1
    group by all
)
select cast(coalesce(sum(calls.calls * touches.touches), 0) as bigint) as pairs
from calls inner join touches
    on calls.site_index = touches.site_index
    and touches.day_index between calls.day_index - {{days}} and calls.day_index
"""


def main() -> None:
    """Print one line a step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--memory-limit", default="4GB")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/copy.db") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        connection.execute("set memory_limit = ?", [arguments.memory_limit])
        copy_inputs(connection, arguments.warehouse)
        measure(connection)


def copy_inputs(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """Copy the tables that the matcher reads."""
    # Under its file's name, which its views hold.
    name = warehouse.stem
    connection.execute(f"attach '{warehouse}' as {name} (read_only)")
    connection.execute("create schema intermediate")
    for table in _INPUTS:
        connection.execute(f"create table intermediate.{table} as from {name}.intermediate.{table}")
    connection.execute(f"detach {name}")


def measure(connection: duckdb.DuckDBPyConnection) -> None:
    """Fit and score, and print what each took."""
    settings = MatcherSettings()
    print(HEADER)
    with matcher_sql(connection) as sql:
        ensure_tables(sql)
        with timed("fit"):
            model = train_matcher(sql, settings)
        write_model(sql, model, pd.Timestamp("2026-01-01"))
        started = time.perf_counter()
        with timed("score"):
            score_calls(sql, model, settings)
        seconds = time.perf_counter() - started
        pairs = sql.frame(_PAIRS.format(days=settings.lookback_days + 1))["pairs"][0]
        named = sql.frame("select count(*) as named from ml.call_candidates")["named"][0]
    print(f"{pairs:,} pairs within the lookback, {pairs / seconds:,.0f} a second of all scoring")
    print(f"{named:,} candidates")


@contextmanager
def timed(step: str) -> Iterator[None]:
    """Print what the block took."""
    wall, cpu = time.perf_counter(), _cpu_seconds()
    yield
    wall, cpu = time.perf_counter() - wall, _cpu_seconds() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{step:24} {wall:8.1f} {cpu:8.1f} {peak:8.2f}", flush=True)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
