"""Held uploads: a person looked at the platform and says what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case

from activation.ledger.claims import NEXT
from activation.ledger.database import Ledger
from activation.ledger.tables import uploads
from activation.ledger.verdicts import settle_targets
from activation.uploads import State, Verdict


def resolve_held(
    ledger: Ledger,
    call_id: str,
    destination: str,
    *,
    is_counted: bool,
    resolved_by: str,
    now: datetime,
) -> int:
    """Write down what a person found out about a call's held uploads; return how many there were.

    Args:
        ledger: of the uploads.
        call_id: the call.
        destination: where the person looked.
        is_counted: whether the platform counts it: then it is confirmed, else planned again.
        resolved_by: who looked.
        now: when.
    """
    held = and_(
        uploads.c.call_id == call_id,
        uploads.c.destination == destination,
        uploads.c.state == State.HELD,
    )
    values = _counted(now) if is_counted else _not_counted()
    found = "counted" if is_counted else "not counted"
    moved = {"reason": f"found {found} by {resolved_by}", "step": "resolved", "changed_at": now}
    with ledger.write() as connection:
        done = connection.execute(
            uploads.update()
            .where(held)
            .values(**moved, **values, **NEXT)
            .returning(uploads.c.upload_id)
        )
        ids: Sequence[int] = done.scalars().all()
        if is_counted:
            settle_targets(connection, ids, Verdict.COUNTED)
    return len(ids)


def _counted(now: datetime) -> dict[str, Any]:
    return {"state": State.CONFIRMED, "decided_at": now}


def _not_counted() -> dict[str, Any]:
    """Of an erased person nothing is sent any more."""
    is_erased = uploads.c.erased_at.is_not(None)
    return {
        "state": case((is_erased, State.NOT_ELIGIBLE), else_=State.PLANNED),
        "first_sent_at": None,
        "not_before": None,
        "max_request_size": None,
    }
