"""Whether uploads get through: what is stuck, what is refused, what platforms have not answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from activation.ledger.database import Ledger
from activation.ledger.tables import uploads
from activation.uploads import State

STUCK_AFTER = timedelta(hours=2)
"""A request takes seconds and the next sender comes within the hour: after two nobody does."""

UNDECIDED_AFTER = timedelta(days=3)
"""Google decides within a day; three leave room for a weekend's incident."""

JUDGED_OVER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Health:
    """How uploads to one destination fare.

    Attributes:
        destination: where to.
        planned: what waits to be sent.
        stuck: in `sending` for longer than `STUCK_AFTER`.
        held: what waits for a person.
        taken: conversions and corrections that the platform ever took.
        confirmed: of those, what it confirmed.
        refused: of those, what it refused.
        undecided: of those, what it has not decided in `UNDECIDED_AFTER`.
        decided_lately: decided within `JUDGED_OVER`.
        refused_lately: of those, how many were refused.
    """

    destination: str
    planned: int
    stuck: int
    held: int
    taken: int
    confirmed: int
    refused: int
    undecided: int
    decided_lately: int
    refused_lately: int

    @property
    def refusal_share(self) -> float:
        """Refused among what was decided lately; 0 where nothing was."""
        return self.refused_lately / self.decided_lately if self.decided_lately else 0.0


def health_of(ledger: Ledger, now: datetime) -> Sequence[Health]:
    """How uploads fare, by destination that anything was ever planned for."""
    state, decided_at = uploads.c.state, uploads.c.decided_at
    lately = decided_at >= now - JUDGED_OVER
    was_decided = decided_at.is_not(None)
    figures = {
        "planned": state == State.PLANNED,
        "stuck": and_(state == State.SENDING, uploads.c.changed_at < now - STUCK_AFTER),
        "held": state == State.HELD,
        "taken": or_(state == State.SENT, was_decided),
        "confirmed": and_(was_decided, state != State.REFUSED),
        "refused": and_(was_decided, state == State.REFUSED),
        "undecided": and_(state == State.SENT, uploads.c.sent_at < now - UNDECIDED_AFTER),
        "decided_lately": lately,
        "refused_lately": and_(lately, state == State.REFUSED),
    }
    counted = select(
        uploads.c.destination, *(_count(is_so).label(name) for name, is_so in figures.items())
    )
    grouped = counted.group_by(uploads.c.destination).order_by(uploads.c.destination)
    with ledger.read() as connection:
        return [Health(**row._mapping) for row in connection.execute(grouped)]


def _count(is_so: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((is_so, 1), else_=0))
