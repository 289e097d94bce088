"""Between the warehouse and the ledger of uploads: what ought to count goes in, states come out.

marts.upload_candidates   ─► read_candidates ─► activation.planning ─► ledger
activation.upload_states  ◄─ write_states ◄─ activation.ledger.states ◄─┘
restricted.callers        ─► number_reader ─► activation.sending, in memory, for one request
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import duckdb
import pyarrow as pa
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from activation.ledger.states import STATE_COLUMNS
from activation.planning import COLUMNS, Candidate
from activation.sending import ReadNumbers
from orchestration.resources.warehouse import FILE_IS_BUSY

WAIT_FOR_A_BUILD_SECONDS = 300.0
"""Half a lease: a build that takes longer costs the batch nothing but a later attempt."""

_ROWS_A_BATCH = 50_000
_CANDIDATES = f"""
select {", ".join(COLUMNS)}
from marts.upload_candidates
where (is_eligible and not is_caller_erased) or call_id in (select call_id from known_calls)
"""

_TOTALS = """
select
    destination, state, reason, value_currency, count(*) as uploads, sum(value_amount) as value
from activation.upload_states
group by all
order by all
"""


@dataclass(frozen=True, slots=True)
class Total:
    """How many conversions of a destination stand in a state for a reason, and their money."""

    destination: str
    state: str
    reason: str
    currency: str | None
    uploads: int
    value: Decimal | None


class OpensWarehouse(Protocol):
    """Whatever opens the warehouse for a moment."""

    def connect(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """Open it; closed on exit."""
        ...


def read_candidates(
    connection: duckdb.DuckDBPyConnection, known_calls: Sequence[str]
) -> Iterator[Sequence[Candidate]]:
    """The rows of the mart that the planner has to see, in batches.

    A caller who was forgotten since the mart was built is left out at once. Most rows are not
    eligible, and of those only calls that the ledger knows need a decision: of 200 thousand calls
    and nine actions a tenth is left.
    """
    connection.register("known_calls", pa.table({"call_id": pa.array(known_calls, pa.string())}))
    reader = connection.execute(_CANDIDATES).to_arrow_reader(_ROWS_A_BATCH)
    for batch in reader:
        yield batch.to_pylist()


def write_states(
    connection: duckdb.DuckDBPyConnection,
    batches: Iterable[Sequence[tuple[Any, ...]]],
    loaded_at: datetime,
) -> int:
    """Replace `activation.upload_states` by what the ledger says; return how many rows that is."""
    columns, rows = ", ".join(STATE_COLUMNS), 0
    connection.execute("begin")
    connection.execute("delete from activation.upload_states")
    for batch in batches:
        values = dict(zip(STATE_COLUMNS, zip(*batch, strict=True), strict=True))
        connection.register("batch", pa.table(values))
        connection.execute(
            f"insert into activation.upload_states ({columns}, loaded_at)"
            f" select {columns}, cast(? as timestamp) from batch",
            [loaded_at.replace(tzinfo=None)],
        )
        rows += len(batch)
    connection.execute("commit")
    return rows


def read_totals(connection: duckdb.DuckDBPyConnection) -> list[Total]:
    """Conversions and money by destination, state and reason, as they were last loaded."""
    return [Total(*row) for row in connection.execute(_TOTALS).fetchall()]


def number_reader(warehouse: OpensWarehouse) -> ReadNumbers:
    """Clear numbers by caller key, from `restricted`, kept nowhere.

    The file is open only while a batch's numbers are read: a slow platform must not stop a build.
    A build stops us, for as long as it writes.
    """

    @retry(
        retry=retry_if_exception(lambda error: FILE_IS_BUSY in str(error.__cause__ or error)),
        wait=wait_random(0.5, 2),
        stop=stop_after_delay(WAIT_FOR_A_BUILD_SECONDS),
        reraise=True,
    )
    def read_numbers(caller_keys: Collection[str]) -> Mapping[str, str]:
        with warehouse.connect() as connection:
            found = connection.execute(
                "select caller_key, caller_number from restricted.callers"
                " where caller_key in (select unnest(?))",
                [list(caller_keys)],
            )
            return dict(found.fetchall())

    return read_numbers
