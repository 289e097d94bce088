"""Parquet straight into the raw tables: one statement a feed reads, checks and writes the rows.

    plain files ─► read_parquet ─► the contract's SQL ─┬─ good ─► insert into raw_landing.<feed>
                   (DuckDB)        (`validation`)      └─ bad ──► spool, by a second look at the
                                                                  files that hold any

Parquet has types already, so nothing is left for Arrow and dlt to do but copying: a million events
take 3 seconds of processor time this way and 8 the other, of which writing the table is 2.

Only what DuckDB and Arrow surely read alike is taken: local files of simple types and of names that
differ. Whatever else lies in the folder, and every file of a layout at which DuckDB stumbles, goes
the way of other formats, where a broken file costs its own rows at most.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from ingestion.caller_keys import CallerKeys
from ingestion.feeds import LOAD_ID, Feed
from ingestion.landing import LandedFile
from ingestion.quarantine import QuarantineSpool
from ingestion.reading import PARQUET_MAGIC, Layout
from ingestion.validation import check_sql
from ingestion.warehouse import RAW

SUFFIX = ".parquet"
GLOB = frozenset("*?[")
"""In the name of a file DuckDB takes these for a pattern."""

VIRTUAL_COLUMNS = frozenset({"filename", "file_index", "file_row_number"})
"""What DuckDB calls its own columns: one of these names in a file would hide them."""

_OUR_MISTAKES = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.InternalException,
    duckdb.OutOfMemoryException,
)
"""What no file can be blamed for; a broken one is an error of many classes, the bare one too."""


class UnreadableFile(Exception):
    """DuckDB cannot read one of the files.

    The message is the class of its error, for the words may hold a value of the file.
    """


_IS_SIMPLE: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_boolean,
    pa.types.is_signed_integer,
    pa.types.is_floating,
    pa.types.is_date32,
    pa.types.is_decimal128,
    lambda kind: pa.types.is_timestamp(kind) and kind.unit in ("ms", "us"),
)


@dataclass(frozen=True)
class PlainFiles:
    """Files of one feed and layout, by id, with their numbers of rows."""

    layout: Layout
    locations: Mapping[int, str]
    rows: Mapping[int, int]


def local_parquet(fs: AbstractFileSystem, files: Mapping[int, LandedFile]) -> dict[str, list[int]]:
    """The files that may be plain, going by where they are and what they are called, by feed."""
    found: dict[str, list[int]] = defaultdict(list)
    for file_id, file in files.items():
        if isinstance(fs, LocalFileSystem) and file.path.lower().endswith(SUFFIX):
            found[file.feed].append(file_id)
    return dict(found)


def plain_files(feed: Feed, files: Mapping[int, LandedFile]) -> list[PlainFiles]:
    """Group those of a feed's files that can be inserted as they lie by their layouts."""
    found: dict[Layout, dict[int, int]] = defaultdict(dict)
    known = frozenset(field.name for field in feed.fields)
    for file_id, file in files.items():
        layout, rows = _footer(file, known)
        if layout is not None:
            found[layout][file_id] = rows
    return [
        PlainFiles(layout, {file_id: files[file_id].location for file_id in rows}, rows)
        for layout, rows in found.items()
    ]


def insert_plain_files(
    connection: duckdb.DuckDBPyConnection,
    plain: PlainFiles,
    spool: QuarantineSpool,
    *,
    keys: CallerKeys,
    loaded_at: datetime,
    load_id: str,
) -> int:
    """Insert the good rows, keep the bad ones in the spool, and return how many were good.

    Raises:
        UnreadableFile: if DuckDB cannot read a file; then nothing of any was inserted.
        RuntimeError: if the rows inserted and refused are not those that the files hold.
    """
    feed = spool.feed
    parameters: dict[str, object] = {"loaded_at": loaded_at}
    if feed.callers:
        parameters |= keys.parameters
    total = sum(plain.rows.values())
    with _transaction(connection):
        _read_as_batch(connection, plain, plain.locations)
        names = ", ".join(column.name for column in feed.columns if column is not LOAD_ID)
        checked = check_sql(feed, plain.layout)
        ((inserted,),) = connection.execute(
            f"insert into {RAW}.{feed.name} by name"
            f" select {names}, $load_id as {LOAD_ID.name} from ({checked}) where reason is null",
            parameters | {"load_id": load_id},
        ).fetchall()
        if inserted == total:
            return int(inserted)
        _read_as_batch(connection, plain, _with_bad_rows(connection, feed, plain))
        bad = connection.execute(
            f"select reason, raw, _source_line, _file_id from ({checked}) where reason is not null",
            parameters,
        ).to_arrow_table()
        if inserted + bad.num_rows != total:
            raise RuntimeError(
                f"{feed.name}: {total} rows in files, of which {inserted} inserted and"
                f" {bad.num_rows} refused"
            )
    spool.add(bad)
    return int(inserted)


def _footer(file: LandedFile, known: frozenset[str]) -> tuple[Layout | None, int]:
    """The layout and the number of rows of a file that is plain; no layout for any other."""
    if not GLOB.isdisjoint(file.location):
        return None, 0
    try:
        with open(file.location, "rb") as stream:
            if stream.read(len(PARQUET_MAGIC)) != PARQUET_MAGIC:
                return None, 0
            parquet = pq.ParquetFile(stream)
            schema, rows = parquet.schema_arrow, parquet.metadata.num_rows
    except (pa.ArrowException, OSError):
        # Reported by the other way in, with what the file begins with.
        return None, 0
    names = {name.lower() for name in schema.names}
    is_plain = (
        len(names) == len(schema.names)
        and not names & VIRTUAL_COLUMNS
        and not known.isdisjoint(schema.names)
        and all(any(is_simple(kind) for is_simple in _IS_SIMPLE) for kind in schema.types)
    )
    layout = Layout("parquet", tuple(schema.names), tuple(schema.types))
    return (layout if is_plain else None), rows


def _read_as_batch(
    connection: duckdb.DuckDBPyConnection, plain: PlainFiles, file_ids: Iterable[int]
) -> None:
    """Make the relation ``batch`` that the contract's SQL reads: the rows of some of the files."""
    ids = list(file_ids)
    files = ", ".join("'" + plain.locations[i].replace("'", "''") + "'" for i in ids)
    columns = ", ".join(
        '"' + name.replace('"', '""') + f'" as c{i}' for i, name in enumerate(plain.layout.names)
    )
    connection.execute(
        f"""
        create or replace temp view batch as
        select
            {columns},
            cast({ids}[cast(file_index as bigint) + 1] as bigint) as file_id,
            file_row_number + 1 as source_line
        from read_parquet([{files}], hive_partitioning = false)
        """
    )


def _with_bad_rows(
    connection: duckdb.DuckDBPyConnection, feed: Feed, plain: PlainFiles
) -> list[int]:
    """The files of which not every row was inserted."""
    inserted = dict(
        connection.execute(
            f"select _file_id, count(*) from {RAW}.{feed.name} where _file_id >= ? group by all",
            [min(plain.rows)],
        ).fetchall()
    )
    return [file_id for file_id, rows in plain.rows.items() if inserted.get(file_id, 0) != rows]


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin transaction")
    try:
        yield
        connection.execute("commit")
    except BaseException as error:
        connection.execute("rollback")
        if isinstance(error, duckdb.Error) and not isinstance(error, _OUR_MISTAKES):
            raise UnreadableFile(type(error).__name__) from error
        raise
