"""Rows that a load refuses, kept aside until its commit.

Bad rows wait in one Parquet file per feed of the state folder, so that a file of a million of them
costs no memory, and enter the warehouse in the transaction that writes the ledger: quarantine
never holds rows of a load that did not happen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.feeds import Feed
from ingestion.reading import Refusal
from ingestion.warehouse import QUARANTINE

SPOOL_SCHEMA = pa.schema(
    {
        "reason": pa.string(),
        "raw": pa.string(),
        "source_line": pa.int64(),
        "_file_id": pa.int64(),
    }
)
TOP_REASONS = 5
EXAMPLE_CHARACTERS = 200
HELD_REFUSALS = 10_000


@dataclass(frozen=True)
class QuarantineReason:
    """Why rows were refused, how many, where the first is, and what it looked like."""

    reason: str
    rows: int
    source_file: str
    source_line: int | None
    example: str


class QuarantineSpool:
    """The refused rows of one feed in one load."""

    def __init__(self, folder: Path, feed: Feed) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.feed = feed
        self.rows = 0
        self._path = folder / f"{feed.name}.parquet"
        self._writer: pq.ParquetWriter | None = None
        self._refusals: list[Refusal] = []

    def add(self, rows: pa.Table) -> None:
        """Keep checked rows that have a reason."""
        if rows.num_rows:
            renamed = rows.select(["reason", "raw", "_source_line", "_file_id"])
            self._write(renamed.rename_columns(SPOOL_SCHEMA.names).cast(SPOOL_SCHEMA))

    def add_refusal(self, refusal: Refusal) -> None:
        """Keep a row or file that could not even be checked."""
        self._refusals.append(refusal)
        if len(self._refusals) >= HELD_REFUSALS:
            self._flush()

    def commit(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Insert what was kept; relation ``new_files`` must know the files. No commit of its own.

        Closes the spool: a commit is the last thing that happens to it.
        """
        self._flush()
        if self._writer is None:
            return
        self._writer.close()
        connection.execute(
            f"""
            insert into {QUARANTINE}.{self.feed.name} by name
            select spool.*, new_files.path as source_file, new_files.loaded_at
            from read_parquet(?) as spool
            inner join new_files on spool._file_id = new_files.file_id
            """,
            [str(self._path)],
        )

    def _flush(self) -> None:
        if self._refusals:
            rows = [(r.reason, r.raw, r.source_line, r.file_id) for r in self._refusals]
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._write(pa.table(columns, schema=SPOOL_SCHEMA))
            self._refusals.clear()

    def _write(self, rows: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, SPOOL_SCHEMA)
        self._writer.write_table(rows)
        self.rows += rows.num_rows


def top_reasons(
    connection: duckdb.DuckDBPyConnection, feed: Feed, after_file_id: int
) -> tuple[QuarantineReason, ...]:
    """The commonest reasons among rows of files after ``after_file_id``, each with its first row.

    The example is the value that gave the reason, or else how the row begins. It ends up on
    screens and in logs, where no caller's number may stand in clear: a caller's number is never
    the reason, and of a row that begins with anything, a feed with callers hides the digits.
    """
    beginning = "regexp_replace(raw, '[0-9]', '#', 'g')" if feed.callers else "raw"
    rows: Sequence[tuple[str, int, str, int | None, str]] = connection.execute(
        f"""
        with

        refused as (
            select *, regexp_extract(reason, ':([a-z_]+)', 1) as field
            from {QUARANTINE}.{feed.name}
            where _file_id > ?
        ),

        first_rows as (
            select reason, count(*) as refused_rows,
                first(source_file order by _file_id, source_line) as source_file,
                first(source_line order by _file_id, source_line) as source_line,
                first(raw order by _file_id, source_line) as raw,
                any_value(field) as field
            from refused
            group by reason
            order by refused_rows desc, reason
            limit {TOP_REASONS}
        )

        select reason, refused_rows, source_file, source_line,
            left(case
                when field != '' and json_valid(raw)
                    then field || ' = ' || coalesce(raw ->> ('$.' || field), 'null')
                else {beginning}
            end, {EXAMPLE_CHARACTERS})
        from first_rows
        order by refused_rows desc, reason
        """,
        [after_file_id],
    ).fetchall()
    return tuple(QuarantineReason(*row) for row in rows)
