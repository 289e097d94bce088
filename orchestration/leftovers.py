"""One command-line run of a warehouse at a time, and nothing left behind by one that was killed.

A killed run stays `STARTED` in Dagster's history and keeps its slot of the writer's pool: the next
run would wait for it for ever. Each command-line run therefore holds a lock on a file for as long
as its process lives; whoever gets the lock knows that all earlier ones are dead. Runs that the UI
launched are its daemon's to watch (`run_monitoring` in `instance/dagster.yaml`).
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

COMMAND_LINE_TAG = "ringtrail/command_line"

_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@contextmanager
def only_command_line_run(lock: Path) -> Iterator[None]:
    """Hold `lock` while the block runs; the operating system lets go of it with the process.

    Raises:
        BlockingIOError: If another process holds it.
    """
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def bury_dead_runs(instance: dg.DagsterInstance) -> int:
    """Mark the command-line runs that were killed as failed, and free what they held.

    To be called with the lock of `only_command_line_run` held. Returns how many there were.
    """
    unfinished = dg.RunsFilter(tags={COMMAND_LINE_TAG: "true"}, statuses=_UNFINISHED)
    dead = instance.get_runs(unfinished)
    for run in dead:
        instance.report_run_failed(run, "its process was killed; found by the next run")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(dead)
