"""Leases on uploads: which sender has which rows, and what became of them.

    planned ──claim──► sending ──settle──► confirmed | refused | sent | held | planned (later)
                        │   ▲
                        └───┘ lease lapsed (the sender died) or let go (nothing is known):
                              claimed again under the same key, while the platform deduplicates

`sending` is committed before the request. Whatever a sender writes about its rows is written only
where its lease token still stands: one that was paused beyond its lease writes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select

from activation.ledger.database import Ledger
from activation.ledger.tables import uploads
from activation.uploads import Limits, Operation, State, Upload

DEDUPLICATION_WINDOW_PASSED = "deduplication_window_passed"
RESEND_MARGIN = timedelta(hours=1)
"""How long before the end of a platform's deduplication window we stop to rely on it: a claim, its
retries and the clocks' difference must fit in."""

NEXT = {"version": uploads.c.version + 1}
"""Every move counts up; the triggers append the event."""

FREE = {"lease_token": None, "lease_until": None}


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows that this token holds, in one request's size.

    Attributes:
        token: of the lease.
        uploads: what is to be sent: one account, one operation.
        ids: the ledger's id of each, by key.
        firsts: keys that the platform cannot have from an earlier attempt.
    """

    token: str
    uploads: tuple[Upload, ...]
    ids: Mapping[str, int]
    firsts: frozenset[str]


def is_due(now: datetime) -> ColumnElement[bool]:
    """Rows that wait for nothing."""
    return or_(uploads.c.not_before.is_(None), uploads.c.not_before <= now)


def is_free(now: datetime) -> ColumnElement[bool]:
    """Rows that no living sender holds."""
    return or_(uploads.c.lease_until.is_(None), uploads.c.lease_until <= now)


def claim(
    connection: Connection,
    destination: str,
    limits: Limits,
    *,
    token: str,
    now: datetime,
    lease: timedelta,
    allowance: int,
    without: Collection[str] = (),
) -> Claim | None:
    """Lease the rows of one request and write `sending`; None when nothing is due.

    Rows of unknown fate come first, then corrections, then conversions, the oldest plan first.

    Args:
        connection: of a `Ledger.write`, which the caller commits before anything is sent.
        destination: of the rows.
        limits: of the destination.
        token: who claims.
        now: the time.
        lease: for how long.
        allowance: how many rows that were never sent may go.
        without: accounts that have to wait.
    """
    _hold_what_is_not_deduplicated(connection, destination, limits, now)
    for state, most in ((State.SENDING, limits.batch_size), (State.PLANNED, allowance)):
        due = and_(
            uploads.c.destination == destination,
            uploads.c.state == state,
            uploads.c.account_id.not_in(without),
            is_due(now),
        )
        if state is State.SENDING:
            due = and_(due, is_free(now))
        if most > 0 and (ids := _next_ids(connection, due, min(most, limits.batch_size))):
            return _lease(connection, ids, state, token=token, now=now, lease=lease)
    return None


def _next_ids(connection: Connection, due: ColumnElement[bool], most: int) -> Sequence[int]:
    """The oldest rows that can share a request; each row is locked where rows can be."""
    first = connection.execute(
        select(uploads.c.operation, uploads.c.account_id, uploads.c.max_request_size)
        .where(due)
        .order_by(uploads.c.operation.desc(), uploads.c.account_id, uploads.c.upload_id)
        .limit(1)
    ).first()
    if first is None:
        return []
    return connection.scalars(
        select(uploads.c.upload_id)
        .where(
            due,
            uploads.c.operation == first.operation,
            uploads.c.account_id == first.account_id,
            uploads.c.max_request_size.is_not_distinct_from(first.max_request_size),
        )
        .order_by(uploads.c.upload_id)
        .limit(min(most, first.max_request_size or most))
        .with_for_update(skip_locked=True)
    ).all()


def _lease(
    connection: Connection,
    ids: Sequence[int],
    state: State,
    *,
    token: str,
    now: datetime,
    lease: timedelta,
) -> Claim:
    step = "sending" if state is State.PLANNED else "sending_again"
    rows = connection.execute(
        uploads.update()
        .where(uploads.c.upload_id.in_(ids))
        .values(
            state=State.SENDING,
            reason="claimed" if state is State.PLANNED else "fate_unknown",
            step=step,
            changed_at=now,
            attempts=uploads.c.attempts + 1,
            first_sent_at=func.coalesce(uploads.c.first_sent_at, now),
            not_before=None,
            lease_token=token,
            lease_until=now + lease,
            **NEXT,
        )
        .returning(*uploads.c)
    ).all()
    return Claim(
        token=token,
        uploads=tuple(upload_of(row) for row in sorted(rows, key=lambda row: row.upload_id)),
        ids={row.key: row.upload_id for row in rows},
        firsts=frozenset(row.key for row in rows if state is State.PLANNED),
    )


def upload_of(row: Row[Any]) -> Upload:
    """The message that a row of `uploads` stands for."""
    return Upload(
        key=row.key,
        operation=Operation(row.operation),
        target_key=row.target_key,
        account_id=row.account_id,
        conversion_action=row.conversion_action,
        occurred_at=row.occurred_at,
        value=row.value_micros,
        currency=row.value_currency,
        click_id=row.click_id,
        click_id_type=row.click_id_type,
        clicked_at=row.clicked_at,
        consent_ad_user_data=row.consent_ad_user_data or "unknown",
        consent_ad_personalization=row.consent_ad_personalization or "unknown",
        # The key stays in the row, so that the caller can be erased by it; the number is read only
        # where the account accepted the platform's terms for it.
        caller_key=row.caller_key if row.sends_phone else None,
        is_limited_data_use=row.is_limited_data_use,
        adjusted_at=row.adjusted_at,
    )


def _hold_what_is_not_deduplicated(
    connection: Connection, destination: str, limits: Limits, now: datetime
) -> None:
    """Rows that would count twice if the platform has them: a person decides.

    The platforms' documents: a row in `sending` that is older than the deduplication window (Meta:
    48 h) is held, not sent again.
    """
    if limits.deduplicates_for is None:
        return
    since = now - limits.deduplicates_for + RESEND_MARGIN
    connection.execute(
        uploads.update()
        .where(
            uploads.c.destination == destination,
            uploads.c.state == State.SENDING,
            is_free(now),
            uploads.c.first_sent_at <= since,
        )
        .values(
            state=State.HELD,
            reason=DEDUPLICATION_WINDOW_PASSED,
            step="held",
            changed_at=now,
            **NEXT,
            **FREE,
        )
    )


def renew(
    ledger: Ledger,
    claimed: Claim,
    keys: Iterable[str],
    *,
    again: Collection[str],
    now: datetime,
    lease: timedelta,
) -> frozenset[str]:
    """Lengthen the lease on rows that still stand in `sending` under it; return their keys.

    Rows in `again` were in a request of unknown fate since they were claimed: the one that follows
    is another attempt, as whoever reads it back has to know.
    """
    attempts = uploads.c.attempts
    with ledger.write() as connection:
        rows = connection.execute(
            uploads.update()
            .where(is_held_by(claimed.token, [claimed.ids[key] for key in keys], State.SENDING))
            .values(
                lease_until=now + lease,
                attempts=case((uploads.c.key.in_(again), attempts + 1), else_=attempts),
            )
            .returning(uploads.c.key)
        )
        return frozenset(rows.scalars())


def let_go(
    ledger: Ledger,
    token: str,
    reason: str,
    *,
    now: datetime,
    not_before: datetime | None = None,
    never_arrived: Sequence[int] = (),
) -> None:
    """Give up the lease on all rows of `token` that are still in `sending`.

    Args:
        ledger: of the rows.
        token: whose.
        reason: why nothing is known of them.
        now: the time.
        not_before: when they may be sent again.
        never_arrived: ids of rows that the platform cannot have: they are `planned` again.
    """
    mine = and_(uploads.c.lease_token == token, uploads.c.state == State.SENDING)
    common = {"reason": reason, "step": "let_go", "changed_at": now, "not_before": not_before}
    with ledger.write() as connection:
        if never_arrived:
            connection.execute(
                uploads.update()
                .where(mine, uploads.c.upload_id.in_(never_arrived))
                .values(state=State.PLANNED, first_sent_at=None, **common, **NEXT, **FREE)
            )
        connection.execute(uploads.update().where(mine).values(**common, **NEXT, **FREE))


def is_held_by(token: str, ids: Sequence[int], state: State) -> ColumnElement[bool]:
    """Rows that this lease still stands on."""
    return and_(
        uploads.c.upload_id.in_(ids), uploads.c.lease_token == token, uploads.c.state == state
    )
