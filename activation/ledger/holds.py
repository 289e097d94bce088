"""What a person or a breaker stopped: whole destinations, and calls that are to be taken back."""

from datetime import datetime

from sqlalchemy import Connection, select

from activation.ledger.database import Ledger
from activation.ledger.tables import destination_holds, manual_retractions


def standing_hold(connection: Connection, destination: str) -> str | None:
    """Why nothing goes to `destination` now; None where it may."""
    return connection.scalar(
        select(destination_holds.c.reason).where(
            destination_holds.c.destination == destination,
            destination_holds.c.released_at.is_(None),
        )
    )


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
    """Let a destination go again; return why it was held, None if it was not."""
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
    return reason


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
