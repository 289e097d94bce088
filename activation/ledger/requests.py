"""Requests whose fate a platform decides later: leased, asked after, settled.

sent ──read back──► confirmed | refused | held | planned (later)
└──unsettled────► sending, in halves: the platform says that some failed and not which
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, or_, select

from activation.ledger.claims import FREE, NEXT, RESEND_MARGIN, Claim, is_due, is_free, upload_of
from activation.ledger.database import Ledger
from activation.ledger.tables import uploads
from activation.uploads import Limits, SentRequest, State


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request to ask after, and the rows of it that this token holds."""

    request: SentRequest
    claim: Claim


def claim_request(
    connection: Connection,
    destination: str,
    *,
    token: str,
    now: datetime,
    lease: timedelta,
    without: Collection[str] = (),
) -> OpenRequest | None:
    """Lease the oldest request that is due, of no account in `without`; None when there is none."""
    due = and_(
        uploads.c.destination == destination,
        uploads.c.account_id.not_in(without),
        uploads.c.state == State.SENT,
        is_due(now),
        is_free(now),
        uploads.c.request_id.is_not(None),
    )
    request_id = connection.scalar(
        select(uploads.c.request_id).where(due).order_by(uploads.c.sent_at).limit(1)
    )
    if request_id is None:
        return None
    ids: Sequence[int] = connection.scalars(
        select(uploads.c.upload_id)
        .where(due, uploads.c.request_id == request_id)
        .with_for_update(skip_locked=True)
    ).all()
    rows = connection.execute(
        uploads.update()
        .where(uploads.c.upload_id.in_(ids))
        .values(lease_token=token, lease_until=now + lease)
        .returning(*uploads.c)
    ).all()
    return _opened(request_id, token, rows) if rows else None


def _opened(request_id: str, token: str, rows: Sequence[Row[Any]]) -> OpenRequest:
    messages = tuple(upload_of(row) for row in rows)
    firsts = frozenset(row.key for row in rows if row.attempts == 1)
    claimed = Claim(token, messages, {row.key: row.upload_id for row in rows}, firsts)
    request = SentRequest(
        request_id=request_id,
        keys=tuple(claimed.ids),
        sent_at=min(row.sent_at for row in rows),
        size=max(row.request_size or len(rows) for row in rows),
        is_resent=len(firsts) < len(rows),
    )
    return OpenRequest(request, claimed)


def ask_later(ledger: Ledger, token: str, *, not_before: datetime) -> None:
    """Give the request up until then; nothing is known, so nothing moves."""
    with ledger.write() as connection:
        connection.execute(
            uploads.update()
            .where(uploads.c.lease_token == token, uploads.c.state == State.SENT)
            .values(not_before=not_before, **FREE)
        )


def send_in_halves(
    ledger: Ledger, opened: OpenRequest, limits: Limits, reason: str, *, now: datetime
) -> None:
    """Have the rows sent again under the same keys, in requests of at most half the size.

    Rows whose earlier request the platform would no longer recognise are held for a person, and so
    are those of an erased one: nothing is left to send, and some of them count.
    """
    half = max(1, (len(opened.request.keys) + 1) // 2)
    window = limits.deduplicates_for
    since = now - window + RESEND_MARGIN if window is not None else datetime.min
    is_held = or_(uploads.c.first_sent_at <= since, uploads.c.erased_at.is_not(None))
    with ledger.write() as connection:
        connection.execute(
            uploads.update()
            .where(uploads.c.lease_token == opened.claim.token, uploads.c.state == State.SENT)
            .values(
                state=case((is_held, State.HELD), else_=State.SENDING),
                step=case((is_held, "held"), else_="halved"),
                reason=reason,
                changed_at=now,
                request_id=None,
                max_request_size=half,
                not_before=None,
                **NEXT,
                **FREE,
            )
        )
