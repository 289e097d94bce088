"""Look for callers' clear numbers where none may stand: in tables, and in files of any kind."""

import re
from collections.abc import Iterable
from pathlib import Path

import duckdb

RESTRICTED_SCHEMAS = ("raw_landing", "quarantine", "restricted")
NATIONAL_DIGITS = 10
_RUNS = re.compile(rb"[0-9]{10,15}")


def caller_digits(warehouse: Path) -> set[bytes]:
    """The last ten digits of every caller's number, tracking numbers left out."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select right(caller_number, 10) from restricted.callers"
            " where caller_number not in (select tracking_number from raw_landing.tracking_numbers)"
        ).fetchall()
    return {digits.encode() for (digits,) in rows}


def holds_one(text: bytes, callers: set[bytes]) -> bool:
    """Whether a caller's digits stand anywhere inside a run of digits."""
    return any(
        run[start : start + NATIONAL_DIGITS] in callers
        for run in set(_RUNS.findall(text))
        for start in range(len(run) - NATIONAL_DIGITS + 1)
    )


def tables_with_callers(file: Path, callers: set[bytes], all_but: Iterable[str] = ()) -> list[str]:
    """Columns of text in which a caller's number is a part of some value."""
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "select table_schema, table_name, column_name from information_schema.columns"
            " where data_type = 'VARCHAR' and table_schema not in (select unnest(?))",
            [list(all_but)],
        ).fetchall()
        assert columns
        return [
            f"{schema}.{table}.{column}"
            for schema, table, column in columns
            if holds_one(_text(connection, f'"{schema}"."{table}"', column), callers)
        ]


def files_with_callers(folder: Path, callers: set[bytes]) -> list[str]:
    """Files below a folder whose bytes hold a caller's digits; a secret may by chance."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".secret"]
    assert files
    return [path.name for path in files if holds_one(path.read_bytes(), callers)]


def _text(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> bytes:
    found = f"unnest(regexp_extract_all(\"{column}\", '[0-9]{{10,15}}')) as run"
    runs = connection.execute(
        f"select string_agg(distinct run, chr(10)) from (select {found} from {table})"
    ).fetchall()
    return (runs[0][0] or "").encode()
