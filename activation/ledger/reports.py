"""What the ledger says to people: counts with their money, holds, and the history of a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from activation.ledger.database import Ledger
from activation.ledger.tables import (
    destination_holds,
    manual_retractions,
    upload_events,
    uploads,
)
from activation.ledger.types import Money


@dataclass(frozen=True, slots=True)
class Total:
    """How many messages of a destination stand in a state for a reason, and their money."""

    destination: str
    operation: str
    state: str
    reason: str
    currency: str | None
    uploads: int
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class Hold:
    """A destination that was stopped, and why."""

    destination: str
    reason: str
    held_at: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to one message about a call."""

    recorded_at: datetime
    destination: str
    conversion_action: str
    generation: int
    operation: str
    step: str
    state: str
    reason: str
    value: Decimal | None
    currency: str | None
    request_id: str | None
    key: str


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Who had a call taken back by hand, and why."""

    asked_by: str
    explanation: str
    asked_at: datetime


def totals(ledger: Ledger) -> Sequence[Total]:
    """Every message by where it stands; generations that were replaced are left out."""
    groups = [uploads.c[name] for name in ("destination", "operation", "state", "reason")]
    money = func.sum(uploads.c.value_micros, type_=Money).label("value")
    counted = (
        select(
            *groups,
            uploads.c.value_currency.label("currency"),
            func.count().label("uploads"),
            money,
        )
        .where((uploads.c.operation != "convert") | uploads.c.is_current)
        .group_by(*groups, uploads.c.value_currency)
        .order_by(*groups, uploads.c.value_currency)
    )
    with ledger.read() as connection:
        return [Total(**row._mapping) for row in connection.execute(counted)]


def standing_holds(ledger: Ledger) -> Sequence[Hold]:
    """Destinations that wait for a person."""
    holds = destination_holds.c
    standing = (
        select(holds.destination, holds.reason, holds.held_at)
        .where(holds.released_at.is_(None))
        .order_by(holds.destination)
    )
    with ledger.read() as connection:
        return [Hold(**row._mapping) for row in connection.execute(standing)]


def history_of(ledger: Ledger, call_id: str) -> Sequence[Moment]:
    """Everything that happened to the messages about a call, in order."""
    events = upload_events.c
    history = (
        select(
            events.recorded_at,
            uploads.c.destination,
            uploads.c.conversion_action,
            uploads.c.generation,
            uploads.c.operation,
            events.step,
            events.state,
            events.reason,
            events.value_micros.label("value"),
            uploads.c.value_currency.label("currency"),
            events.request_id,
            uploads.c.key,
        )
        .join(uploads, uploads.c.upload_id == events.upload_id)
        .where(uploads.c.call_id == call_id)
        .order_by(events.event_id)
    )
    with ledger.read() as connection:
        return [Moment(**row._mapping) for row in connection.execute(history)]


def taken_back(ledger: Ledger, call_id: str) -> TakenBack | None:
    """Who had this call taken back, None if nobody had."""
    asked = manual_retractions.c
    query = select(asked.asked_by, asked.explanation, asked.asked_at)
    with ledger.read() as connection:
        row = connection.execute(query.where(asked.call_id == call_id)).first()
    return TakenBack(**row._mapping) if row else None
