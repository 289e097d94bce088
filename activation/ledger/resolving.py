"""Held uploads: a person looked at the platform and says what became of one of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, or_, select, true

from activation.ledger.claims import NEXT
from activation.ledger.database import Ledger
from activation.ledger.tables import uploads
from activation.ledger.verdicts import settle_targets
from activation.uploads import State, Verdict


class SeveralHeld(Exception):
    """More than one upload is held, and each may have fared differently; the message lists them."""


def resolve_held(
    ledger: Ledger,
    call_id: str,
    destination: str,
    *,
    is_counted: bool,
    resolved_by: str,
    now: datetime,
    which: str | None = None,
) -> bool:
    """Write down what a person found out about a call's held upload; False if there is none.

    Args:
        ledger: of the upload.
        call_id: the call.
        destination: where the person looked.
        is_counted: whether the platform counts it: then it is confirmed, else planned again.
        resolved_by: who looked.
        now: when.
        which: conversion action or key of the upload; needed where several are held.

    Raises:
        SeveralHeld: if it is not said which.
    """
    held = and_(
        uploads.c.call_id == call_id,
        uploads.c.destination == destination,
        uploads.c.state == State.HELD,
        or_(uploads.c.conversion_action == which, uploads.c.key == which) if which else true(),
    )
    values = _counted(now) if is_counted else _not_counted()
    found = "counted" if is_counted else "not counted"
    moved = {"reason": f"found {found} by {resolved_by}", "step": "resolved", "changed_at": now}
    with ledger.write() as connection:
        _check_single(connection, held)
        done = connection.execute(
            uploads.update()
            .where(held)
            .values(**moved, **values, **NEXT)
            .returning(uploads.c.upload_id)
        )
        ids: Sequence[int] = done.scalars().all()
        if is_counted:
            settle_targets(connection, ids, Verdict.COUNTED)
    return bool(ids)


def _check_single(connection: Connection, held: ColumnElement[bool]) -> None:
    named = select(uploads.c.account_id, uploads.c.conversion_action, uploads.c.operation,
                   uploads.c.key).where(held).order_by(uploads.c.upload_id)  # fmt: skip
    rows = connection.execute(named).all()
    if len(rows) > 1:
        raise SeveralHeld("; ".join(f"{key}: {action} of account {account}, {operation}"
                                    for account, action, operation, key in rows))  # fmt: skip


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
