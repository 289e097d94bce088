"""From landed Parquet to all marts, and one more day on top: seconds and memory beside a floor.

    world ─► first 89 days ─► load ─► evidence ─► matcher ─► marts     the full build
             last day      ─► the same phases once more                the increment
    floor, in the same run: DuckDB scans the landed events, sorts them by visitor and time, and
    groups them by session; the ratio to it is the figure to compare between machines

Each phase is a fresh process. Its peak starts at that of the process that starts it, so that this
one stays small: the world is made in another, too. Imports are not timed, as `ringtrail run` pays
them once, and dbt runs in the process of the run, models and seeds without their tests.

    python benchmarks/warehouse.py [--events 10000000] [--clients 20] [--world DIR] [--keep DIR]
"""

import argparse
import json
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
from world import ensure_world

REPO_ROOT = Path(__file__).resolve().parents[1]
SLOWEST_MODELS = 10
_OF_MATCHER = "source:ml+"
_UNTESTED = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

_FLOOR = {
    "scan": "select bit_xor(hash(events)) from events",
    "sort": """
        create temp table sorted as
        select visitor_id, occurred_at, event_id
        from events order by visitor_id, occurred_at
    """,
    "group": """
        create temp table sessions as
        select visitor_id, session, min(occurred_at), max(occurred_at), count(*)
        from (
            select *, sum(is_start) over (
                partition by visitor_id order by occurred_at rows unbounded preceding
            ) as session
            from (
                select *, (occurred_at - interval 30 minutes > coalesce(
                    lag(occurred_at) over (partition by visitor_id order by occurred_at),
                    timestamp '1970-01-01'
                ))::integer as is_start
                from sorted
            )
        )
        group by all
    """,
}


@dataclass(frozen=True)
class Build:
    """Where one warehouse and what belongs to it lies."""

    folder: Path

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def warehouse(self) -> Path:
        return self.folder / "ringtrail.duckdb"

    @property
    def target(self) -> Path:
        return self.folder / "target"

    @property
    def model_seconds(self) -> Path:
        return self.folder / "model_seconds.json"


@dataclass(frozen=True)
class Cost:
    """What a phase took: wall and processor seconds, and the most memory it held."""

    phase: str
    wall: float
    cpu: float
    gigabytes: float


def load(build: Build) -> Callable[[], object]:
    """Prepare the load of whatever is new in the landing folder."""
    import dlt  # noqa: F401, PLC0415 - imported here so that it is not timed

    from ingestion.pipelines import load_landing  # noqa: PLC0415

    return lambda: load_landing(
        landing=str(build.landing),
        warehouse=build.warehouse,
        state_dir=build.folder / "state",
        caller_secret="benchmark-secret-only",  # noqa: S106
    )


def parse(build: Build) -> None:
    """Read the project, so that no phase is the first to."""
    _dbt(build, "parse")()


def evidence(build: Build) -> Callable[[], object]:
    """Prepare dbt from staging to what the matcher learns from."""
    return _dbt(build, "build", *_UNTESTED, "--exclude", _OF_MATCHER)


def marts(build: Build) -> Callable[[], object]:
    """Prepare dbt from the matcher's answers to the reports."""
    return _dbt(build, "build", *_UNTESTED, "--select", _OF_MATCHER)


def train(build: Build) -> Callable[[], object]:
    """Prepare the matcher's fit."""
    return _matcher(build, "matcher_model")


def score(build: Build) -> Callable[[], object]:
    """Prepare the scoring of the calls."""
    return _matcher(build, "call_candidates")


def metrics(build: Build) -> Callable[[], object]:
    """Prepare the matcher's measures of itself."""
    return _matcher(build, "matcher_metrics")


def floor(build: Build, step: str) -> Callable[[], object]:
    """Prepare one step of what DuckDB alone does to the landed events."""
    connection = duckdb.connect(config={"temp_directory": str(build.folder / "spill")})
    connection.execute("set enable_progress_bar = false")
    files = f"{build.landing}/web_events/**/*.parquet"
    connection.execute(f"create view events as from read_parquet('{files}')")
    for earlier, sql in _FLOOR.items():
        if earlier == step:
            break
        connection.execute(sql)
    return lambda: connection.execute(_FLOOR[step]).fetchall()


PHASES = {f.__name__: f for f in (load, evidence, train, score, metrics, marts)}


def _matcher(build: Build, asset: str) -> Callable[[], object]:
    """Prepare an asset of the matcher: called as it is, so that the run is measured, not a copy."""
    import sklearn.linear_model  # noqa: F401, PLC0415 - imported here so that it is not timed

    from orchestration.defs.matching import assets  # noqa: PLC0415
    from orchestration.resources.warehouse import Warehouse  # noqa: PLC0415
    from orchestration.settings import Settings  # noqa: PLC0415

    warehouse = Warehouse(path=str(build.warehouse), memory_limit=Settings().memory_limit)
    return lambda: getattr(assets, asset)(warehouse=warehouse)


def _dbt(build: Build, *arguments: str) -> Callable[[], object]:
    """Prepare dbt, called as `ringtrail run` calls it; it leaves the seconds of each model."""
    import dbt.adapters.duckdb  # noqa: PLC0415 - imported here so that it is not timed
    import dbt.cli.main  # noqa: F401, PLC0415

    from orchestration.dbt_in_process import run_dbt  # noqa: PLC0415

    os.environ["RINGTRAIL_WAREHOUSE"] = str(build.warehouse)
    os.environ["DBT_TARGET_PATH"] = str(build.target)
    seconds: dict[str, float] = {}

    def note(result: dict) -> None:
        data = result["data"]
        seconds[data["node_info"]["unique_id"].split(".")[-1]] = data["execution_time"]

    def work() -> None:
        run_dbt(["--quiet", *arguments], note)
        build.model_seconds.write_text(json.dumps(seconds))

    return work


def measured(phase: str, prepare: Callable[..., Callable[[], object]], *arguments: object) -> Cost:
    """Run a phase in this process, which is its own, and return what it took."""
    work = prepare(*arguments)
    cpu, wall = _cpu_seconds(), time.perf_counter()
    work()
    wall, cpu = time.perf_counter() - wall, _cpu_seconds() - cpu
    peak = max(resource.getrusage(who).ru_maxrss for who in _WHOM)
    return Cost(phase, wall, cpu, peak / 2**20)


_WHOM = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in _WHOM]
    return sum(one.ru_utime + one.ru_stime for one in used)


def in_fresh_process(function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function in a process that nothing ran in before, and that is gone afterwards."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def cost_of(phase: str, prepare: Callable[..., Callable[[], object]], *arguments: object) -> Cost:
    """Measure a phase in a process of its own, and print its cost."""
    cost = in_fresh_process(measured, phase, prepare, *arguments)
    print(f"  {phase:10} {cost.wall:8.1f} {cost.cpu:8.1f} {cost.gigabytes:8.2f}", flush=True)
    return cost


def run_phases(build: Build, title: str) -> tuple[Cost, dict[str, float]]:
    """Run every phase once, print its cost, and return the total and dbt's seconds by model."""
    print(f"\n{title}\n  {'phase':10} {'wall s':>8} {'cpu s':>8} {'peak GB':>8}")
    costs, models = [], {}
    for name, prepare in PHASES.items():
        costs.append(cost_of(name, prepare, build))
        if prepare in (evidence, marts):
            models |= json.loads(build.model_seconds.read_text())
    return _print_total(costs), models


def _print_total(costs: list[Cost]) -> Cost:
    total = Cost(
        "total",
        sum(cost.wall for cost in costs),
        sum(cost.cpu for cost in costs),
        max(cost.gigabytes for cost in costs),
    )
    print(f"  {'total':10} {total.wall:8.1f} {total.cpu:8.1f} {total.gigabytes:8.2f}", flush=True)
    return total


def land_days(world: Path, build: Build, *, last: bool) -> None:
    """Link the world's files of the last day, or of all days before it, into the landing folder."""
    days = sorted({folder.name for folder in world.glob("*/day=*")})
    for folder in world.glob("*/day=*"):
        if (folder.name == days[-1]) == last:
            target = build.landing / folder.relative_to(world)
            shutil.copytree(folder, target, copy_function=os.link)


def print_size(build: Build) -> None:
    """Say how much the landing folder holds."""
    for feed in ("web_events", "ad_clicks", "cdr"):
        files = f"{build.landing}/{feed}/**/*.parquet"
        rows = duckdb.sql(f"select count(*) from read_parquet('{files}')").fetchall()[0][0]
        print(f"{feed}: {rows:,} rows landed as Parquet")


def run(world: Path, build: Build) -> None:
    """Build the history, then add a day, and print both beside the floor."""
    land_days(world, build, last=False)
    print_size(build)
    in_fresh_process(parse, build)
    print("\nfloor, DuckDB on the landed events")
    steps = [cost_of(step, floor, build, step) for step in _FLOOR]
    least = _print_total(steps)
    full, models = run_phases(build, "full build of all days but the last (dbt without tests)")
    print(f"  {full.wall / least.wall:.1f} times the floor's seconds")
    land_days(world, build, last=True)
    day, day_models = run_phases(build, "increment: the last day's files")
    print(f"  {100 * day.wall / full.wall:.0f} % of the full build")
    print(f"\n{'slowest models':40} {'full s':>8} {'day s':>8}")
    for name in sorted(models, key=lambda name: -models[name])[:SLOWEST_MODELS]:
        print(f"{name:40} {models[name]:8.1f} {day_models.get(name, 0):8.1f}")


def main() -> None:
    """Read the arguments, make the world if need be, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--clients", type=int, help="one for half a million events by default")
    parser.add_argument("--world", type=Path, help="folder of the made world; made when missing")
    parser.add_argument("--keep", type=Path, help="new folder for the warehouse, not removed")
    arguments = parser.parse_args()
    clients = arguments.clients or max(1, arguments.events // 500_000)
    default = Path(tempfile.gettempdir()) / f"ringtrail-world-{arguments.events}-{clients}"
    world = in_fresh_process(ensure_world, arguments.world or default, arguments.events, clients)
    if arguments.keep:
        arguments.keep.mkdir(parents=True)
        run(world, Build(arguments.keep.resolve()))
        return
    # Beside the world: files are linked, which only one file system can do.
    with tempfile.TemporaryDirectory(dir=world.parent) as beside:
        run(world, Build(Path(beside).resolve()))


if __name__ == "__main__":
    main()
