"""What an installation remembers of its ledger outside of it, so that an old one is noticed.

    before every request   the newest event is noted, by destination     <marks>/<destination>.json
    before sending         the ledger must hold that very event, or the destination is held

A ledger that was put back from a backup, or begun anew, has forgotten what it sent since, and would
send it again; Meta counts that twice after 48 hours. Such a ledger goes on to the ids that it has
lost, so that the event's time is compared and not its id alone.

A person lets the destination go (`release_destination`), which stands in the ledger and so counts
on every host; what is planned by then is held, as the platform may have it.

Marks are a host's own. With a ledger in PostgreSQL any host that has sent since the backup notices,
and its hold stops all of them; a host that has not would send until then.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from activation.ledger.database import Ledger
from activation.ledger.holds import LEDGER_BEHIND, hold_destination, last_released_at
from activation.ledger.tables import upload_events


@dataclass(frozen=True, slots=True)
class Mark:
    """An event of the ledger, told from any other.

    Attributes:
        event_id: its id.
        upload_id: what moved.
        version: how often it had moved then.
        recorded_at: when, UTC.
    """

    event_id: int
    upload_id: int
    version: int
    recorded_at: datetime


_MARK = [upload_events.c[name] for name in Mark.__slots__]


def remember(ledger: Ledger, destination: str) -> None:
    """Note the ledger's newest event; called after its commit, before the request leaves."""
    if ledger.marks is None:
        return
    newest = select(*_MARK).order_by(upload_events.c.event_id.desc()).limit(1)
    with ledger.read() as connection:
        mark = Mark(**connection.execute(newest).one()._mapping)
    ledger.marks.mkdir(parents=True, exist_ok=True)
    fresh = ledger.marks / f"{destination}.{os.getpid()}"
    with fresh.open("w") as file:
        json.dump(asdict(mark), file, default=datetime.isoformat)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(_file(ledger.marks, destination))


def hold_if_behind(
    ledger: Ledger, connection: Connection, destination: str, *, now: datetime
) -> str | None:
    """Hold the destination if the ledger has lost what was sent to it; return why."""
    mark = _remembered(ledger, destination)
    if mark is None or _knows(connection, mark):
        return None
    released_at = last_released_at(connection, destination, LEDGER_BEHIND)
    if released_at is not None and released_at > mark.recorded_at:
        return None
    reason = f"{LEDGER_BEHIND}: it has lost what was sent until {mark.recorded_at:%Y-%m-%d %H:%M}"
    hold_destination(connection, destination, reason, now=now)
    return reason


def _remembered(ledger: Ledger, destination: str) -> Mark | None:
    if ledger.marks is None or not (file := _file(ledger.marks, destination)).exists():
        return None
    noted = json.loads(file.read_text())
    return Mark(**noted | {"recorded_at": datetime.fromisoformat(noted["recorded_at"])})


def _knows(connection: Connection, mark: Mark) -> bool:
    wanted = [column == getattr(mark, column.name) for column in _MARK]
    return connection.scalar(select(upload_events.c.event_id).where(*wanted)) is not None


def _file(marks: Path, destination: str) -> Path:
    return marks / f"{destination}.json"
