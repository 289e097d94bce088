"""Look at a finished warehouse from a test."""

from pathlib import Path

import duckdb


def query(warehouse: Path, sql: str) -> list[tuple]:
    """Return the rows of `sql`, read from `warehouse`."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def marts_fingerprint(warehouse: Path) -> dict[str, tuple[int, str]]:
    """Return rows and a digest of the sorted rows of every mart; equal marts, equal digests."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
        ).fetchall()
        return {
            table: connection.execute(
                f"select count(*), md5(string_agg(line, chr(10) order by line))"
                f" from (select cast(row_of as varchar) as line from marts.{table} as row_of)"
            ).fetchone()
            for (table,) in tables
        }
