"""What is to be done now: the marts' candidates compared with what the ledger knows.

    candidates (iterable of batches) ──► staging table ──► decisions ──► uploads, upload_events
                                         in the ledger's own database    in one transaction

Sets, not rows: a million candidates are a dozen statements. The same candidates planned again
change nothing; `ledger.decisions` says why.

Left out on purpose: the clock. Whether a conversion is too old to be *sent* is the platform's
answer; only whether one can still be corrected is judged here, by what the platform documents.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
)

from activation.ledger.database import Ledger
from activation.ledger.decisions import CLASSIFY, SET_ASIDE, same_account
from activation.ledger.steps import STEPS, SUMMARY
from activation.ledger.tables import CONVERSION, content_columns, upload_events
from activation.ledger.types import Money, UtcTime
from activation.uploads import Limits, Operation

Candidate = Mapping[str, Any]
"""A row of `marts.upload_candidates`, with exactly `COLUMNS`."""

_temporary = MetaData()
_candidates = Table(
    "candidates",
    _temporary,
    Column("candidate_id", Integer, primary_key=True),
    *(Column(name, Text, nullable=False) for name in CONVERSION),
    Column("is_eligible", Boolean, nullable=False),
    Column("reason", Text),
    Column("value_micros", Money, key="value_amount"),
    *(column for column in content_columns() if column.name != "value_micros"),
    prefixes=["temporary"],
)
Index("candidates_key", *(_candidates.c[name] for name in CONVERSION), unique=True)
_platforms = Table(
    "platforms",
    _temporary,
    Column("destination", Text, primary_key=True),
    Column("can_restate", Boolean, nullable=False),
    Column("can_retract", Boolean, nullable=False),
    Column("adjustable_since", UtcTime),
    prefixes=["temporary"],
)

_NAMED_TWICE = f"""
select min(place) as one, max(place) as other, conversion_action
from (
    select distinct
        destination || ' ' || account_id as place,
        {same_account("account_id")} as account,
        conversion_action
    from candidates
) as actions
group by account, conversion_action
having count(*) > 1
"""

COLUMNS = tuple(column.key for column in _candidates.columns if column.name != "candidate_id")
"""What is read of a candidate, by the marts' names."""


@dataclass(frozen=True)
class PlannedStep:
    """How many uploads took a step, and the money in them.

    Attributes:
        destination: where to.
        step: what was done, as in `upload_events`.
        operation: convert, restate or retract.
        state: where they stand now.
        reason: why.
        currency: of the value.
        uploads: how many.
        value: what they are worth together; None where they count without value.
    """

    destination: str
    step: str
    operation: str
    state: str
    reason: str
    currency: str | None
    uploads: int
    value: Decimal | None


def plan(
    ledger: Ledger,
    candidates: Iterable[Sequence[Candidate]],
    limits: Mapping[str, Limits],
    *,
    now: datetime,
    dry_run: bool = False,
) -> list[PlannedStep]:
    """Compare the candidates with the ledger and write down what is to be done.

    Args:
        ledger: where to.
        candidates: batches of all rows of `marts.upload_candidates` of these destinations: what is
            missing counts as gone.
        limits: of each destination.
        now: when this is decided.
        dry_run: say what would be done, and change nothing.

    Raises:
        ValueError: if a candidate names a destination that `limits` does not know.
    """
    with ledger.engine.connect() as connection:
        try:
            # Staging writes to temporary tables only, so that senders go on meanwhile.
            connection.execution_options(is_deferred=True)
            with connection.begin():
                _stage(connection, candidates, limits, now)
            connection.execution_options(is_deferred=False)
            with connection.begin() as transaction:
                steps = _decide(ledger, connection, now)
                if dry_run:
                    transaction.rollback()
            return steps
        finally:
            _drop_staged(connection)


def _stage(
    connection: Connection,
    candidates: Iterable[Sequence[Candidate]],
    limits: Mapping[str, Limits],
    now: datetime,
) -> None:
    _temporary.create_all(connection, checkfirst=False)
    platforms = [
        {
            "destination": destination,
            "can_restate": Operation.RESTATE in known.supports,
            "can_retract": Operation.RETRACT in known.supports,
            "adjustable_since": now - known.adjustable_for if known.adjustable_for else None,
        }
        for destination, known in limits.items()
    ]
    if platforms:
        connection.execute(_platforms.insert(), platforms)
    for batch in candidates:
        if batch:
            connection.execute(_candidates.insert(), batch)
    destination = _candidates.c.destination
    unknown = select(destination).where(destination.not_in(list(limits))).group_by(destination)
    names: Sequence[str] = connection.scalars(unknown).all()
    if names:
        raise ValueError(
            f"candidates name {', '.join(sorted(names))}, which is none of {', '.join(limits)}"
        )
    _check_actions(connection)


def _check_actions(connection: Connection) -> None:
    twice = connection.execute(text(_NAMED_TWICE)).first()
    if twice:
        raise ValueError(
            f"{twice.one} and {twice.other} are one conversion action, {twice.conversion_action}:"
            " its calls would count twice, so leave one of them in the seed conversion_actions"
        )


def _decide(ledger: Ledger, connection: Connection, now: datetime) -> list[PlannedStep]:
    if not ledger.is_sqlite:
        # Nothing moves between the decision and its step. Senders wait; readers do not.
        connection.execute(text("lock table uploads in share row exclusive mode"))
        connection.execute(text("analyze candidates"))
    connection.execute(
        text(
            "update candidates set is_eligible = false, reason = 'retracted_by_hand'"
            " where call_id in (select call_id from manual_retractions)"
        )
    )
    last_event_id = connection.scalar(select(func.max(upload_events.c.event_id))) or 0
    connection.execute(text(SET_ASIDE))
    connection.execute(text(CLASSIFY))
    for step in STEPS:
        statement = text(step)
        if ":now" in step:
            statement = statement.bindparams(bindparam("now", now, UtcTime))
        connection.execute(statement)
    summary = text(SUMMARY).columns(value=Money)
    rows = connection.execute(summary, {"last_event_id": last_event_id})
    return [PlannedStep(**row._mapping) for row in rows]


def _drop_staged(connection: Connection) -> None:
    connection.rollback()
    for table in ("decisions", "candidates", "platforms"):
        connection.execute(text(f"drop table if exists {table}"))
    connection.commit()
