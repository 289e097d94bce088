"""What keeps a mistake small: nothing goes unarmed, a daily cap, and two breakers.

    is_armed          off until a person says so: everything stays `planned`
    daily_cap         what goes beyond it in a day (UTC) waits for the next one
    refusal breaker   too many of the last decided conversions refused: the destination is held
    volume breaker    today would be far above the trailing weeks: the destination is held

A hold stands until a person lets it go; then the refusal breaker looks only at what was decided
since, and the volume breaker lets the rest of that day pass.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from activation.ledger.holds import hold_destination, last_released_at, standing_hold
from activation.ledger.tables import uploads
from activation.uploads import State

TOO_MANY_REFUSALS = "refusal_share"
SUDDEN_VOLUME = "sudden_volume"
DAILY_CAP = "daily_cap"


@dataclass(frozen=True, slots=True)
class Safeguards:
    """Bounds of one destination.

    Attributes:
        is_armed: whether anything is sent at all.
        daily_cap: uploads a day that are sent for the first time.
        refusal_window: how many of the last decided uploads the refusal breaker looks at.
        min_decided: it does not judge fewer.
        max_refusal_share: above it the destination is held.
        volume_weeks: how far the volume breaker looks back.
        min_volume_days: it does not judge before the destination has sent for so long.
        max_volume_ratio: today against a mean day; above it the destination is held.
        min_volume: days of fewer uploads than this are never sudden.
    """

    is_armed: bool = False
    daily_cap: int = 10_000
    refusal_window: int = 200
    min_decided: int = 50
    max_refusal_share: float = 0.5
    volume_weeks: int = 4
    min_volume_days: int = 7
    max_volume_ratio: float = 4.0
    min_volume: int = 100


@dataclass(frozen=True, slots=True)
class Clearance:
    """How many uploads may go now, and what stops more.

    Attributes:
        allowance: how many that were never sent may go.
        held: why the destination is held: not even rows of unknown fate go then.
    """

    allowance: int
    held: str | None = None


def clear_to_send(
    connection: Connection, destination: str, safeguards: Safeguards, *, now: datetime
) -> Clearance:
    """Judge in the transaction that will claim, so that two senders share one cap."""
    if held := standing_hold(connection, destination):
        return Clearance(0, held)
    if tripped := _refusals(connection, destination, safeguards):
        hold_destination(connection, destination, tripped, now=now)
        return Clearance(0, tripped)
    return Clearance(max(0, safeguards.daily_cap - sent_today(connection, destination, now)))


def check_volume(
    connection: Connection, destination: str, safeguards: Safeguards, *, now: datetime
) -> str | None:
    """Hold the destination if today would be far above the trailing weeks; return why."""
    today = _day(now)
    since = today - timedelta(weeks=safeguards.volume_weeks)
    released_at = last_released_at(connection, destination, SUDDEN_VOLUME)
    first_sent_at = uploads.c.first_sent_at
    here = and_(uploads.c.destination == destination, first_sent_at.is_not(None))
    first_ever = connection.scalar(select(func.min(first_sent_at)).where(here))
    began_at = _day(first_ever) if first_ever else today
    is_young = (today - began_at).days < safeguards.min_volume_days
    if is_young or (released_at is not None and released_at >= today):
        return None
    past = _count(connection, and_(here, first_sent_at >= since, first_sent_at < today))
    mean = past / max(1, (today - max(began_at, since)).days)
    due = _count(
        connection, and_(uploads.c.destination == destination, uploads.c.state == State.PLANNED)
    )
    volume = min(due, safeguards.daily_cap) + sent_today(connection, destination, now)
    if volume <= max(mean * safeguards.max_volume_ratio, safeguards.min_volume):
        return None
    reason = f"{SUDDEN_VOLUME}: {volume} today, {mean:.0f} a day before"
    hold_destination(connection, destination, reason, now=now)
    return reason


def sent_today(connection: Connection, destination: str, now: datetime) -> int:
    """Uploads that were sent for the first time since midnight UTC."""
    return _count(
        connection,
        and_(
            uploads.c.destination == destination,
            uploads.c.first_sent_at.is_not(None),
            uploads.c.first_sent_at >= _day(now),
        ),
    )


def _refusals(connection: Connection, destination: str, safeguards: Safeguards) -> str | None:
    decided_at = uploads.c.decided_at
    here = and_(uploads.c.destination == destination, decided_at.is_not(None))
    if released_at := last_released_at(connection, destination, TOO_MANY_REFUSALS):
        here = and_(here, decided_at > released_at)
    latest = (
        select(case((uploads.c.state == State.REFUSED, 1), else_=0).label("is_refused"))
        .where(here)
        .order_by(decided_at.desc())
        .limit(safeguards.refusal_window)
        .subquery()
    )
    counts = select(func.count(), func.coalesce(func.sum(latest.c.is_refused), 0))
    decided, refused = (
        int(count) for count in connection.execute(counts.select_from(latest)).one()
    )
    if decided < safeguards.min_decided or refused / decided <= safeguards.max_refusal_share:
        return None
    return f"{TOO_MANY_REFUSALS}: {refused} of the last {decided} refused"


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(uploads).where(condition)) or 0


def _day(now: datetime) -> datetime:
    return datetime.combine(now.date(), time(), now.tzinfo)
