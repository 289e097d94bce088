"""How every conversion stands: what the warehouse shows beside what ought to count."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import and_, select

from activation.ledger.database import Ledger
from activation.ledger.tables import CONVERSION, OPEN_STATES, uploads
from activation.uploads import Operation

_ROWS_A_BATCH = 50_000

_corrections = uploads.alias("corrections")
_CURRENT = (
    select(
        *(uploads.c[name] for name in CONVERSION),
        uploads.c.generation,
        uploads.c.key.label("upload_key"),
        uploads.c.state,
        uploads.c.reason,
        _corrections.c.operation.label("pending_operation"),
        _corrections.c.state.label("pending_state"),
        uploads.c.value_micros.label("value_amount"),
        uploads.c.value_currency,
        uploads.c.occurred_at,
        uploads.c.first_sent_at.label("sent_at"),
        uploads.c.decided_at,
        uploads.c.changed_at.label("state_changed_at"),
        uploads.c.attempts,
        uploads.c.request_id,
    )
    .select_from(
        uploads.outerjoin(
            _corrections,
            and_(
                _corrections.c.target_key == uploads.c.key,
                _corrections.c.operation != Operation.CONVERT,
                _corrections.c.state.in_(OPEN_STATES),
            ),
        )
    )
    .where(uploads.c.is_current)
)

STATE_COLUMNS = tuple(column.name for column in _CURRENT.selected_columns)
"""What is said of a conversion: its latest generation, and a correction that is under way."""


def current_states(ledger: Ledger) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Every conversion that was ever planned, as `STATE_COLUMNS`, in batches.

    No caller and no click: what is shown needs neither.
    """
    with ledger.read() as connection:
        rows = connection.execution_options(yield_per=_ROWS_A_BATCH).execute(_CURRENT)
        for batch in rows.partitions():
            yield [tuple(row) for row in batch]


def known_calls(ledger: Ledger) -> list[str]:
    """The calls of which anything was ever planned."""
    with ledger.read() as connection:
        planned = select(uploads.c.call_id).where(uploads.c.is_current).distinct()
        return list(connection.scalars(planned))
