"""One person's traces in a DuckDB file: found, written over, and gone from its free blocks too.

Nothing here knows the models. Whatever has a caller's key is found by its columns, whatever has
text is searched for the number, so that a table added tomorrow is erased without a line of code:

    a row whose caller_key or form_caller_key is the caller's   the key becomes null, and with it
                                                                the columns that say who it was;
                                                                where the key is required, the row
                                                                is about callers and goes
    such a row with a column `ERASED_MARK`                      true: forgotten, not withheld
    a row with the number in any text, however written          `ERASED_NUMBER` in its place

Rows of calls, events and credits stay, so every count and sum stays. A raw row that was touched
counts as learned now (`_loaded_at`), like any correction, and its content hash is taken anew.

DuckDB only marks the blocks of an old row as free: the bytes stay in the file until something else
is written over them. So the live rows are copied to a fresh file, which takes the old one's place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.contracts import LANDING_FEEDS
from ingestion.feeds import ERASED_MARK
from ingestion.ledger import write_counts
from ingestion.phone_numbers import ERASED_DIGITS, Caller
from ingestion.validation import row_hash_sql
from ingestion.warehouse import CALLERS, ERASURES, RAW, open_warehouse

GONE_WITH_KEY: Mapping[str, frozenset[str]] = {
    "caller_key": frozenset(
        {"from_number", "caller_area_code", "caller_city", "caller_zip", "recording_url"}
    ),
    "form_caller_key": frozenset({"form_phone"}),
}
"""What says who the caller was, by the column of the key. The state stays: millions share it."""


@dataclass(frozen=True)
class _Table:
    """A table as an erasure sees it."""

    label: str
    texts: tuple[str, ...]
    keys: tuple[str, ...]
    has_required_key: bool
    has_mark: bool

    @property
    def feed(self) -> str | None:
        """The feed whose raw table it is."""
        schema, name = self.label.split(".", 1)
        return name if schema == RAW and name in LANDING_FEEDS else None

    @property
    def is_about_callers(self) -> bool:
        """Whether a row is a caller, and not something that a caller did."""
        return self.has_required_key or self.label == CALLERS


def erase_caller(
    file: Path, caller: Caller, *, erased_at: datetime, dry_run: bool = False
) -> dict[str, int]:
    """Erase a caller from every table of a DuckDB file, in one transaction.

    Args:
        file: the file; nobody else may have it open.
        caller: whom to forget.
        erased_at: when touched raw rows count as learned, UTC.
        dry_run: change nothing, only count.

    Returns:
        Rows touched by table, without the tables that had none.
    """
    with open_warehouse(file) as connection:
        connection.execute("begin transaction")
        touched = {}
        for table in _tables(connection):
            if rows := _touch(connection, table, caller, erased_at, dry_run):
                touched[table.label] = rows
        feeds = [feed for feed in LANDING_FEEDS if f"{RAW}.{feed}" in touched]
        if feeds and not dry_run:
            write_counts(connection, feeds)
        connection.execute("commit")
    return touched


def is_tracking_number(file: Path, number: str) -> bool:
    """Whether calls came in on ``number``: one of the installation's own, and no caller's."""
    with open_warehouse(file) as connection:
        (rows,) = connection.execute(
            f"select (select count(*) from {RAW}.cdr where to_number = $number)"
            f" + (select count(*) from {RAW}.tracking_numbers where tracking_number = $number)",
            {"number": number},
        ).fetchall()[0]
    return bool(rows)


def rewrite(file: Path) -> None:
    """Copy the live rows of a DuckDB file to a fresh one, which takes the old one's place.

    Needs the file's size in free disk once more; a kill leaves the old file whole. The old file
    stays open, and so locked, until the new one stands in its place.
    """
    fresh = file.with_name(file.name + ".fresh")
    for leftover in (fresh, fresh.with_name(fresh.name + ".wal")):
        leftover.unlink(missing_ok=True)
    with open_warehouse(file) as connection:
        connection.execute("force checkpoint")
        (name,) = connection.execute("select current_database()").fetchall()[0]
        path = str(fresh).replace("'", "''")
        connection.execute(f"attach '{path}' as rewritten")
        connection.execute(f'copy from database "{name}" to rewritten')
        connection.execute("detach rewritten")
        fresh.replace(file)


def _tables(connection: duckdb.DuckDBPyConnection) -> list[_Table]:
    """Every table with text but the record of erasures, which holds the keys on purpose."""
    rows = connection.execute(
        """
        select
            schema_name || '.' || table_name as label,
            coalesce(list(column_name) filter (where column_name not in $not_texts), []),
            coalesce(list(column_name) filter (where column_name in $keys), []),
            bool_or(column_name in $keys and not is_nullable),
            bool_or(column_name = $mark)
        from duckdb_columns()
        semi join duckdb_tables() using (database_name, schema_name, table_name)
        where not internal and database_name = current_database()
            and (data_type = 'VARCHAR' or column_name = $mark)
        group by label
        order by label
        """,
        {
            "keys": list(GONE_WITH_KEY),
            "mark": ERASED_MARK,
            "not_texts": [*GONE_WITH_KEY, ERASED_MARK],
        },
    ).fetchall()
    tables = (_Table(row[0], tuple(row[1]), tuple(row[2]), *row[3:]) for row in rows)
    return [table for table in tables if table.label != ERASURES]


def _touch(
    connection: duckdb.DuckDBPyConnection,
    table: _Table,
    caller: Caller,
    erased_at: datetime,
    dry_run: bool,
) -> int:
    """Erase the caller from one table and return how many rows that touched."""
    is_caller = " or ".join(f'"{key}" = {_text(caller.caller_key)}' for key in table.keys)
    is_caller = f"coalesce({is_caller or 'false'}, false)"
    has_number = f"regexp_matches(concat_ws('|', {_names(table.texts)}), $forms)"
    source, found = _quoted(table.label), f"{is_caller} or {has_number}"
    numbers = {"forms": caller.forms}
    if dry_run:
        statements = [(f"select count(*) from {source} where {found}", numbers)]
    else:
        changes = f"update {source} set {_changes(table, caller, erased_at)} where {found}"
        statements = [(changes, numbers)]
        if table.is_about_callers:
            statements.insert(0, (f"delete from {source} where {is_caller}", {}))
    return sum(connection.execute(*statement).fetchall()[0][0] for statement in statements)


def _changes(table: _Table, caller: Caller, erased_at: datetime) -> str:
    """The assignments of an update: every text without the number, and what goes with a key."""
    new = {
        name: f"regexp_replace(\"{name}\", $forms, '{ERASED_DIGITS}', 'g')" for name in table.texts
    }
    for key in table.keys:
        for name in ({*GONE_WITH_KEY[key]} & {*table.texts}) | {key}:
            kept = new.get(name, f'"{name}"')
            is_caller = f'"{key}" = {_text(caller.caller_key)}'
            new[name] = f"case when {is_caller} then null else {kept} end"
    if table.has_mark and "caller_key" in table.keys:
        is_caller = f"caller_key = {_text(caller.caller_key)}"
        new[ERASED_MARK] = f"coalesce({is_caller}, false) or {ERASED_MARK}"
    if table.feed:
        # The hash is of the new values: loading the row again would give the same one.
        content = [new.get(name, name) for name in LANDING_FEEDS[table.feed].content]
        new["_row_hash"] = row_hash_sql(content)
        new["_loaded_at"] = f"timestamp '{erased_at.isoformat(sep=' ')}'"
    return ", ".join(f'"{name}" = {value}' for name, value in new.items())


def _quoted(label: str) -> str:
    schema, name = label.split(".", 1)
    return f'"{schema}"."{name}"'


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in columns) or "''"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
