"""Uploads at full size: planning, throughput to a fake, and exactly once under faults and kills.

    python -m benchmarks.uploads planning   [--calls 1000000]
    python -m benchmarks.uploads throughput [--conversions 20000]
    python -m benchmarks.uploads exactly-once [--conversions 10000] [--kills 25] [--only NAME]

The ledger is SQLite in a folder that is removed; fakes and senders are processes of their own.
"""

import argparse
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from activation.ledger.database import Ledger
from activation.planning import plan
from activation.reading_back import Reader
from activation.sending import Sender
from tests.activation.candidates import LIMITS, make_candidate
from tests.activation.exactly_once import (
    DESTINATIONS,
    FAULTS,
    Destination,
    Trial,
    calls,
    changed,
    fake_of,
)
from tests.activation.sender_process import ENDLESS, count_under_way, make_uploader, read_numbers

BATCH = 50_000


def main() -> None:
    """Run what is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["planning", "throughput", "exactly-once"])
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--conversions", type=int)
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--only", choices=[destination.name for destination in DESTINATIONS])
    options = parser.parse_args()
    chosen = [it for it in DESTINATIONS if options.only in (None, it.name)]
    if options.what == "planning":
        time_planning(options.calls)
    for destination in chosen if options.what != "planning" else ():
        if options.what == "throughput":
            time_sending(destination, options.conversions or 20_000)
        else:
            count_once(destination, options.conversions or 10_000, options.kills)


def time_planning(count: int) -> None:
    """Print what it takes to plan so many eligible calls, and to find that nothing changed."""
    print(f"{count:,} eligible calls planned in SQLite")
    with scratch_folder() as folder:
        ledger = Ledger(f"sqlite:///{folder}/uploads.db")
        for label in ("first plan", "the same again"):
            # Reading them is the warehouse's part, so that it is not timed.
            batches = list(batches_of(count))
            steps, seconds, processor = timed(
                lambda batches=batches: plan(ledger, batches, LIMITS, now=datetime.now(UTC))
            )
            planned = sum(step.uploads for step in steps)
            print(
                f"{label:15} {seconds:6.1f} s {processor:6.1f} processor s, {planned:,} steps,"
                f" {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB at most"
            )
        ledger.close()


def batches_of(count: int) -> Iterator[Sequence[dict[str, Any]]]:
    """Eligible calls, each by a click of its own."""
    for start in range(0, count, BATCH):
        yield [
            make_candidate(call_id=f"call-{number:09d}", click_id=f"Cj0KCQ{number:09d}")
            for number in range(start, min(start + BATCH, count))
        ]


def time_sending(destination: Destination, count: int) -> None:
    """Print how many conversions a second one sender gets to a fake without faults."""
    with scratch_folder() as folder:
        ledger = Ledger(f"sqlite:///{folder}/uploads.db")
        with fake_of(destination, folder / "truth.db", "", 0) as endpoint:
            Trial(replace(destination, bad={}), ledger, endpoint, folder / "truth.db").plan(
                calls(replace(destination, bad={}), count)
            )
            uploader = make_uploader(destination.name, endpoint)
            arguments = (ledger, destination.name, uploader)
            sender = Sender(*arguments, ENDLESS, read_numbers, lambda: datetime.now(UTC))
            outcome, seconds, processor = timed(sender.send)
            reader = Reader(*arguments, lambda: datetime.now(UTC), every=timedelta(seconds=0.1))
            while count_under_way(ledger) and reader.read_back().verdicts:
                pass
        print(
            f"{destination.name:20} {count / seconds:8,.0f} a second,"
            f" {count / processor:8,.0f} a processor second of the sender; {dict(outcome.verdicts)}"
        )
        ledger.close()


def count_once(destination: Destination, count: int, kills: int) -> None:
    """Print what faults and kills came to, or fail where ledger and platform disagree."""
    destination = replace(destination, batch=100)
    with scratch_folder() as folder:
        ledger = Ledger(f"sqlite:///{folder}/uploads.db")
        with fake_of(destination, folder / "truth.db", FAULTS, seed=11) as endpoint:
            trial = Trial(destination, ledger, endpoint, folder / "truth.db")
            candidates, began = calls(destination, count, bad_every=101), time.monotonic()
            trial.plan(candidates)
            trial.send_and_kill(kills, longest_seconds=0.7)
            check(trial)
            first = Counter(trial.states().values())
            trial.plan(changed(candidates))
            trial.send_and_kill(max(2, kills // 5), longest_seconds=0.7)
            check(trial)
        print(
            f"{destination.name:20} {time.monotonic() - began:5.0f} s,"
            f" {trial.kills} senders killed, {trial.attempts():,} rows sent again;"
            f" {dict(first)}, then after refunds and restatements"
            f" {dict(Counter(trial.states().values()))}; ledger and platform agree"
        )
        ledger.close()


def check(trial: Trial) -> None:
    """Compare the platform's truth with the ledger's, row by row."""
    there, here = trial.counted_by_platform(), trial.counted_by_ledger()
    if there != here:
        different = {key for key in there.keys() | here.keys() if there.get(key) != here.get(key)}
        raise SystemExit(f"{trial.destination.name}: {len(different)} rows differ")


def timed(work: Any) -> tuple[Any, float, float]:
    """The result, the seconds and this process's processor seconds."""
    began, used = time.monotonic(), time.process_time()
    result = work()
    return result, time.monotonic() - began, time.process_time() - used


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that is removed."""
    folder = Path(tempfile.mkdtemp(prefix="ringtrail-uploads-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
