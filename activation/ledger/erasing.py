"""A person's traces out of the ledger; what was counted, and its money, stays.

    never sent         not_eligible 'erased'
    unknown fate       held 'erased': without identifiers it cannot be sent again
    everything else    stays where it is, and can still be taken back by its key; a correction that
                       waits goes out, for it takes nothing but that key

Microsoft's corrections name the click, and so end with the erasure: what counts there and should
not is `retraction_unsupported` from the next plan on, for the reason `erased`, with its money.

Events hold no identifiers. What SQLite frees is overwritten (secure_delete), and the file is
vacuumed and its log emptied, so that no page keeps what was erased.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from activation.ledger.claims import FREE, NEXT
from activation.ledger.database import Ledger
from activation.ledger.tables import uploads
from activation.uploads import Operation, State

ERASED = "erased"
_IDENTIFIERS: dict[str, Any] = {
    "caller_key": None,
    "click_id": None,
    "clicked_at": None,
    "consent_ad_user_data": None,
    "consent_ad_personalization": None,
}


def erase_callers(
    ledger: Ledger, caller_keys: Collection[str], *, now: datetime, dry_run: bool = False
) -> int:
    """Erase every upload about these callers' calls; return how many there were.

    All uploads of a call go by any one of them, so that a call that was planned while its caller
    was not yet known is erased too.
    """
    with ledger.write() as connection:
        calls = select(uploads.c.call_id).where(uploads.c.caller_key.in_(caller_keys))
        theirs = uploads.c.call_id.in_(calls)
        count = connection.scalar(select(func.count()).select_from(uploads).where(theirs)) or 0
        if count and not dry_run:
            connection.execute(_without_identifiers(theirs, now))
    if not dry_run:
        _scrub(ledger)
    return count


def _without_identifiers(theirs: ColumnElement[bool], now: datetime) -> Any:
    """One statement, for the calls are found by what it removes."""
    is_conversion = uploads.c.operation == Operation.CONVERT
    is_unsent = and_(is_conversion, uploads.c.state == State.PLANNED)
    is_unknown = and_(is_conversion, uploads.c.state.in_((State.SENDING, State.HELD)))
    is_moved = or_(is_unsent, is_unknown)
    return (
        uploads.update()
        .where(theirs)
        .values(
            state=case(
                (is_unsent, State.NOT_ELIGIBLE), (is_unknown, State.HELD), else_=uploads.c.state
            ),
            reason=case((is_moved, ERASED), else_=uploads.c.reason),
            step=ERASED,
            changed_at=now,
            erased_at=now,
            **_IDENTIFIERS,
            **NEXT,
            **FREE,
        )
    )


def _scrub(ledger: Ledger) -> None:
    if not ledger.is_sqlite:
        return
    connection = ledger.engine.raw_connection()
    try:
        for statement in ("vacuum", "pragma wal_checkpoint(truncate)"):
            connection.cursor().execute(statement)
    finally:
        connection.close()
