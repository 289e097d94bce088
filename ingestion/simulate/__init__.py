"""A made-up agency: every feed of the landing contract, and the truth behind each call.

    clicks ─> visits ─> sessions, events ─> leases ─> touches ─> calls ─> callers, outcomes
                                                                    │
                       feeds as SQL, with dirt ─> landing folder    └─> oracle ─> truth.parquet

Arrays do the drawing (`traffic.py` to `telephony.py`), SQL makes the text and the files
(`text.py`, `feeds.py`, `feeds_calls.py`, `dirt.py`, `writer.py`), and both read one frozen
`World` (`world.py`), as does the oracle (`oracle.py`), which therefore knows exactly how likely
each touch was to make each call. The same seed gives the same bytes: every part has a random
stream of its own, every file is sorted, and DuckDB works with one thread.

It is not a model of any platform's auction or of attribution: campaigns do not compete, money
does not change behaviour, and a visitor's sessions call independently of each other.

    from ingestion.simulate import simulate
    simulate(Path("data/landing"), days=28, clicks_per_day=2000, seed=7)
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ingestion.simulate.catalog import build_catalog
from ingestion.simulate.frames import size
from ingestion.simulate.simulation import FEEDS, run_world, write_world
from ingestion.simulate.world import World

__all__ = ["SimulationSummary", "World", "simulate"]


@dataclass(frozen=True)
class SimulationSummary:
    """What was written."""

    rows: dict[str, int]
    """Rows by feed, with repeats, earlier versions and bad rows."""
    calls: int
    events: int
    truth: Path | None
    seconds: float


def simulate(
    out: Path,
    *,
    days: int = 28,
    clicks_per_day: int = 2000,
    seed: int = 7,
    progress: Callable[[str], None] | None = None,
    world: World | None = None,
    has_truth: bool = True,
) -> SimulationSummary:
    """Write a landing folder of the made-up agency, with `truth.parquet` beside its feeds.

    Args:
        out: Landing root; made if missing. Nothing in it is ever replaced.
        days: Days of traffic, the last of which is `world.last_day`.
        clicks_per_day: Ad clicks a day; all other traffic grows with them.
        seed: The same seed, days, clicks and world give the same bytes.
        progress: Called with a line for each step.
        world: Parameters of the agency; the default one if missing.
        has_truth: False leaves `truth.parquet` out. The oracle weighs each call against every
            earlier touch of its site: ten times the traffic costs it a hundred times the work.

    Raises:
        ValueError: If `days` or `clicks_per_day` is below 1, or `out` holds a feed already.
    """
    for name, value in (("days", days), ("clicks_per_day", clicks_per_day)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    _refuse_used_folder(out)
    tell = progress or _say_nothing
    started = time.perf_counter()
    tell(f"drawing {days} days of {clicks_per_day} clicks (seed {seed})")
    catalog = build_catalog(world or World(), seed=seed, days=days, clicks_per_day=clicks_per_day)
    drawn = run_world(catalog)
    tell(f"writing {size(drawn.events)} web events and {size(drawn.calls)} calls")
    partial = _fresh_folder_beside(out)
    rows = write_world(drawn, partial, has_truth=has_truth)
    _move(partial, out)
    seconds = time.perf_counter() - started
    truth = out / "truth.parquet" if has_truth else None
    return SimulationSummary(rows, size(drawn.calls), size(drawn.events), truth, seconds)


def _refuse_used_folder(out: Path) -> None:
    names = [feed.name for feed in FEEDS] + ["truth.parquet"]
    held = [name for name in names if (out / name).exists()]
    if held:
        raise ValueError(
            f"{out} already holds {', '.join(held)}; choose an empty folder or remove them"
        )


def _fresh_folder_beside(out: Path) -> Path:
    partial = out.parent / f".{out.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def _move(partial: Path, out: Path) -> None:
    """Put the finished folder in place: a killed simulation leaves `out` as it was.

    An empty `out` is replaced in one step; one with other files in it takes the feeds one by one.
    """
    if not out.exists() or not any(out.iterdir()):
        partial.replace(out)
        return
    for child in sorted(partial.iterdir()):
        child.replace(out / child.name)
    partial.rmdir()


def _say_nothing(_: str) -> None:
    """Stand in for a missing `progress`."""
