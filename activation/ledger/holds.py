"""What a person or a breaker stopped: whole destinations, and calls that are to be taken back."""

from datetime import datetime

from sqlalchemy import Connection, select

from activation.ledger.claims import NEXT
from activation.ledger.database import Ledger
from activation.ledger.tables import destination_holds, manual_retractions, uploads
from activation.uploads import Operation, State

LEDGER_BEHIND = "ledger_behind"
"""Why a destination is held whose ledger has forgotten what it sent."""


def standing_hold(connection: Connection, destination: str) -> str | None:
    """Why nothing goes to `destination` now; None where it may."""
    return connection.scalar(
        select(destination_holds.c.reason).where(
            destination_holds.c.destination == destination,
            destination_holds.c.released_at.is_(None),
        )
    )


def is_behind(ledger: Ledger, destination: str) -> bool:
    """Whether the destination is held because the ledger has forgotten what it sent."""
    with ledger.read() as connection:
        return (standing_hold(connection, destination) or "").startswith(LEDGER_BEHIND)


def hold_destination(
    connection: Connection, destination: str, reason: str, *, now: datetime
) -> None:
    """Stop a destination until a person lets it go; the first reason stands."""
    if standing_hold(connection, destination) is None:
        connection.execute(
            destination_holds.insert().values(destination=destination, reason=reason, held_at=now)
        )


def release_destination(
    ledger: Ledger, destination: str, *, released_by: str, now: datetime
) -> str | None:
    """Let a destination go again; return why it was held, None if it was not.

    Of a ledger that was behind, every conversion that is planned is held: it may count already. So
    plan first, from the marts as they are now.
    """
    with ledger.write() as connection:
        reason = standing_hold(connection, destination)
        connection.execute(
            destination_holds.update()
            .where(
                destination_holds.c.destination == destination,
                destination_holds.c.released_at.is_(None),
            )
            .values(released_at=now, released_by=released_by)
        )
        if (reason or "").startswith(LEDGER_BEHIND):
            _hold_planned(connection, destination, now)
    return reason


def _hold_planned(connection: Connection, destination: str, now: datetime) -> None:
    connection.execute(
        uploads.update()
        .where(
            uploads.c.destination == destination,
            uploads.c.operation == Operation.CONVERT,
            uploads.c.state == State.PLANNED,
        )
        .values(
            state=State.HELD,
            reason=LEDGER_BEHIND,
            step="held",
            changed_at=now,
            # The platform may have it, so that no later plan takes it for unsent.
            first_sent_at=now,
            **NEXT,
        )
    )


def last_released_at(connection: Connection, destination: str, reason: str) -> datetime | None:
    """When a person last let a hold of this kind go."""
    released_at = destination_holds.c.released_at
    return connection.scalar(
        select(released_at)
        .where(
            destination_holds.c.destination == destination,
            destination_holds.c.reason.startswith(reason, autoescape=True),
            released_at.is_not(None),
        )
        .order_by(released_at.desc())
        .limit(1)
    )


def retract_call(
    ledger: Ledger, call_id: str, *, asked_by: str, explanation: str, now: datetime
) -> bool:
    """Have a call taken back everywhere from the next plan on; False if it was asked before."""
    asked = manual_retractions.c.call_id == call_id
    with ledger.write() as connection:
        if connection.scalar(select(manual_retractions.c.call_id).where(asked)) is not None:
            return False
        connection.execute(
            manual_retractions.insert().values(
                call_id=call_id, asked_by=asked_by, explanation=explanation, asked_at=now
            )
        )
    return True
