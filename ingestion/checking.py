"""Batches through the contract's SQL: Arrow in, good and bad rows out.

DuckDB hands a result over to Arrow in one thread, so two queries side by side, each on its own
cursor of one in-memory database, use both cores where one query would use one.
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.caller_keys import CallerKeys
from ingestion.feeds import LOAD_ID, Feed
from ingestion.reading import Piece, Refusal
from ingestion.validation import check_sql, unknown_keys_sql

ARROW_TYPES = {
    "varchar": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "decimal(18, 6)": pa.decimal128(18, 6),
}
ROWS_PER_ARROW_BATCH = 65_536
ROWS_PER_CUT = 200
UNREADABLE = (
    duckdb.NotImplementedException,
    duckdb.ConversionException,
    duckdb.InvalidInputException,
)


@dataclass(frozen=True)
class Checked:
    """A batch's rows as the raw table wants them, those it does not, and what was no row."""

    good: pa.Table
    bad: pa.Table | None = None
    refusals: tuple[Refusal, ...] = ()


class Checker:
    """Checks batches of one feed; safe to call from several threads."""

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        feed: Feed,
        keys: CallerKeys,
        loaded_at: datetime,
    ) -> None:
        self._database = database
        self._feed = feed
        self._known = frozenset(field.name for field in feed.fields)
        self._parameters: dict[str, object] = {"loaded_at": loaded_at}
        if feed.callers:
            self._parameters |= keys.parameters
        self._schema = raw_schema(feed)
        self._refused: set[int] = set()

    def __call__(self, item: Piece | Refusal) -> Checked:
        """Check a batch; a refusal is passed on."""
        if isinstance(item, Refusal):
            return Checked(self._schema.empty_table(), refusals=(item,))
        try:
            return self._split(self._query(item))
        except UNREADABLE as error:
            if item.layout.format != "parquet":
                raise
            return self._refuse(item, error)

    def _query(self, piece: Piece) -> pa.Table:
        with self._database.cursor() as cursor:
            cursor.execute("set TimeZone = 'UTC'")
            cursor.execute("set enable_progress_bar = false")
            cursor.register("batch", piece.table)
            has_extra = False
            if piece.layout.format == "jsonl":
                names = cursor.execute(unknown_keys_sql()).fetchall()
                has_extra = any(name not in self._known for (name,) in names)
            query = check_sql(self._feed, piece.layout, has_extra)
            result = cursor.execute(query, self._parameters)
            return result.to_arrow_table(ROWS_PER_ARROW_BATCH)

    def _split(self, rows: pa.Table) -> Checked:
        reasons = rows["reason"]
        good, bad = rows.select(self._schema.names), None
        if reasons.null_count < len(reasons):
            good, bad = without(good, pc.is_valid(reasons)), rows.filter(pc.is_valid(reasons))
        if not good.schema.equals(self._schema):
            raise TypeError(f"{self._feed.name}: expected {self._schema}, got {good.schema}")
        return Checked(good, bad)

    def _refuse(self, piece: Piece, error: Exception) -> Checked:
        """Find the files that hold a type DuckDB cannot take in; the others go on without them."""
        ids = pc.unique(piece.table["file_id"]).to_pylist()
        if len(ids) == 1:
            refusals = [
                Refusal(i, "unreadable_file", str(error)) for i in ids if i not in self._refused
            ]
            self._refused.update(ids)
            return Checked(self._schema.empty_table(), refusals=tuple(refusals))
        parts = [
            self(Piece(piece.layout, piece.table.filter(pc.equal(piece.table["file_id"], i))))
            for i in ids
        ]
        bad = [part.bad for part in parts if part.bad is not None]
        return Checked(
            pa.concat_tables([part.good for part in parts]),
            pa.concat_tables(bad) if bad else None,
            tuple(refusal for part in parts for refusal in part.refusals),
        )


def without(rows: pa.Table, is_bad: pa.ChunkedArray) -> pa.Table:
    """Return the rows that are not bad.

    Few bad rows are cut out, which copies nothing: a filter that copies every other row takes as
    long as the check itself. Cuts cost as well, so many bad rows are filtered out.
    """
    bad = np.flatnonzero(is_bad.to_numpy())
    if len(bad) * ROWS_PER_CUT > rows.num_rows:
        return rows.filter(pc.invert(is_bad))
    starts, ends = [0, *(bad + 1).tolist()], [*bad.tolist(), rows.num_rows]
    return pa.concat_tables(
        rows.slice(start, end - start) for start, end in zip(starts, ends, strict=True)
    )


def raw_schema(feed: Feed) -> pa.Schema:
    """The Arrow schema of a feed's raw table, without the column that dlt adds."""
    columns = [column for column in feed.columns if column is not LOAD_ID]
    return pa.schema({column.name: ARROW_TYPES[column.sql_type] for column in columns})


def reading_database(folder: str) -> duckdb.DuckDBPyConnection:
    """An in-memory database for `Checker`; what does not fit into memory goes to ``folder``."""
    database = duckdb.connect()
    database.execute("set temp_directory = ?", [folder])
    # No temporary table: those are seen by one cursor only.
    make_zones(database, "table")
    return database


def make_zones(connection: duckdb.DuckDBPyConnection, kind: str = "temp table") -> None:
    """Make the relation ``zones`` that the contract's SQL looks time zones up in."""
    connection.execute(f"create or replace {kind} zones as select name from pg_timezone_names()")
