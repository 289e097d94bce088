"""The warehouse's landing tables: opened, made, and swept of what a killed run left.

Eight raw tables and eight quarantine tables exist after any load, whatever lay in the folder, so
that no model ever meets a missing one. They are made here and not by dlt, which would make them
on first use only, and could not say DECIMAL(18, 6) or leave a column out of a table it knows.
A column that the contract gains is added to the tables that exist.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingestion.contracts import LANDING_FEEDS
from ingestion.feeds import COUNT_COLUMNS, LEDGER_COLUMNS, QUARANTINE_COLUMNS, Column

RAW = "raw_landing"
QUARANTINE = "quarantine"
LEDGER = f"{RAW}.landing_files"
FEED_COUNTS = f"{RAW}.feed_counts"
CALLERS = "restricted.callers"
ERASURES = "restricted.erasures"


@contextmanager
def open_warehouse(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the file in UTC for the length of a ``with``: one process at a time may write it."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        # As dbt does: trying FSST on ids costs time and saves little (profiles.yml).
        connection.execute("set disabled_compression_methods = 'fsst'")
        yield connection


def make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the schemas and tables that are not there, and add the columns they lack."""
    for schema in (RAW, QUARANTINE, "restricted"):
        connection.execute(f"create schema if not exists {schema}")
    for feed in LANDING_FEEDS.values():
        _make_table(connection, f"{RAW}.{feed.name}", feed.columns)
        _make_table(connection, f"{QUARANTINE}.{feed.name}", QUARANTINE_COLUMNS)
    _make_table(connection, LEDGER, LEDGER_COLUMNS)
    _make_table(connection, FEED_COUNTS, COUNT_COLUMNS)
    connection.execute(
        f"insert into {FEED_COUNTS} select feed, 0, 0, 0, 0, 0 from (select unnest(?) as feed)"
        f" anti join {FEED_COUNTS} using (feed)",
        [list(LANDING_FEEDS)],
    )
    connection.execute(
        f"create table if not exists {CALLERS} (caller_key varchar primary key,"
        " caller_number varchar)"
    )
    connection.execute(
        f"create table if not exists {ERASURES} (erased_at timestamp, asked_by varchar,"
        " caller_key varchar, touched_rows varchar)"
    )


def sweep_leftovers(connection: duckdb.DuckDBPyConnection) -> int:
    """Delete the rows of files that the ledger does not know, and return how many they were.

    A file's id is above every id in the ledger until the ledger has it, so one comparison finds
    them, and DuckDB's zone maps answer it without reading the tables.
    """
    after = last_file_id(connection)
    swept = 0
    for feed in LANDING_FEEDS:
        for schema in (RAW, QUARANTINE):
            deleted = connection.execute(f"delete from {schema}.{feed} where _file_id > ?", [after])
            swept += deleted.fetchall()[0][0]
    return swept


def last_file_id(connection: duckdb.DuckDBPyConnection) -> int:
    """The highest file id that a load has committed, 0 before the first."""
    return int(
        connection.execute(f"select coalesce(max(file_id), 0) from {LEDGER}").fetchall()[0][0]
    )


def _make_table(
    connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[Column, ...]
) -> None:
    definitions = ", ".join(f"{column.name} {column.sql_type}" for column in columns)
    connection.execute(f"create table if not exists {table} ({definitions})")
    for column in columns:
        connection.execute(
            f"alter table {table} add column if not exists {column.name} {column.sql_type}"
        )
