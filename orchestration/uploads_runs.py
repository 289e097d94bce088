"""What the command line does with uploads: the same steps as the Dagster assets, without Dagster's.

The warehouse is opened for reading only, and only while rows are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from sqlalchemy import func, select

from activation.ledger.database import Ledger
from activation.ledger.states import known_calls
from activation.ledger.tables import uploads
from activation.outcomes import Outcome
from activation.planning import PlannedStep, plan
from activation.reading_back import Reader
from activation.safety import Safeguards
from activation.sending import Sender
from activation.uploads import Limits, State
from orchestration.activation_setup import MakeUploader
from orchestration.settings import Settings
from orchestration.uploading import number_reader, read_candidates


class NotReadable(Exception):
    """The marts cannot be read now; the message says why and what to do."""


class PlanRefused(Exception):
    """Nothing was planned; the message says why and what to do."""


_JUDGED = """
select
    destination,
    conversion_action,
    coalesce(reason, case when is_caller_erased then 'erased' else 'eligible' end)
from marts.upload_candidates
where call_id = ?
order by all
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the marts say of a call for one conversion action: a reason against it or `eligible`."""

    destination: str
    conversion_action: str
    reason: str


@dataclass(frozen=True)
class ReadOnlyWarehouse:
    """Opens the warehouse for a moment."""

    path: Path

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection that cannot write."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            yield connection


def plan_from_warehouse(
    settings: Settings,
    ledger: Ledger,
    limits: Mapping[str, Limits],
    *,
    now: datetime,
    dry_run: bool,
) -> Sequence[PlannedStep]:
    """Plan from `marts.upload_candidates`.

    Raises:
        PlanRefused: if there is no warehouse, no such mart, or a run is writing.
    """
    try:
        with _marts(settings) as connection:
            candidates = read_candidates(connection, known_calls(ledger))
            return plan(ledger, candidates, limits, now=now, dry_run=dry_run)
    except (NotReadable, ValueError) as error:
        raise PlanRefused(str(error)) from None


def judged_by_marts(settings: Settings, call_id: str) -> Sequence[Judged]:
    """What the marts say of a call, for each conversion action; empty where they know no such call.

    Raises:
        NotReadable: if there is no warehouse, no such mart, or a run is writing.
    """
    with _marts(settings) as connection:
        return [Judged(*row) for row in connection.execute(_JUDGED, [call_id]).fetchall()]


@contextmanager
def _marts(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    if not settings.warehouse.exists():
        raise NotReadable(f"there is no warehouse at {settings.warehouse}: ringtrail run makes it")
    try:
        with ReadOnlyWarehouse(settings.warehouse).connect() as connection:
            yield connection
    except duckdb.CatalogException:
        raise NotReadable("marts.upload_candidates is not built yet: ringtrail run") from None
    except duckdb.IOException:
        raise NotReadable("a run is writing the warehouse: wait until it is done") from None


def serve(
    settings: Settings,
    ledger: Ledger,
    destination: str,
    make: MakeUploader | None,
    guards: Safeguards,
) -> tuple[Outcome, Outcome]:
    """Send to one destination, then read it back; where it is not armed, count what would go."""
    if make is None or not guards.is_armed:
        stopped = "not_set_up" if make is None else "not_armed"
        waiting = Outcome(destination, would_go=_planned(ledger, destination), stopped=stopped)
        if make is None:
            return waiting, Outcome(destination)
        return waiting, Reader(ledger, destination, make(), _now).read_back()
    uploader = make()
    numbers = number_reader(ReadOnlyWarehouse(settings.warehouse))
    sent = Sender(ledger, destination, uploader, guards, numbers, _now).send()
    return sent, Reader(ledger, destination, uploader, _now).read_back()


def _planned(ledger: Ledger, destination: str) -> int:
    with ledger.read() as connection:
        planned = select(func.count()).where(
            uploads.c.destination == destination, uploads.c.state == State.PLANNED
        )
        return connection.scalar(planned) or 0


def _now() -> datetime:
    return datetime.now(UTC)
