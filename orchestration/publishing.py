"""Copy the marts into `serving.duckdb` and swap it in atomically, with the manifests they are of.

A DuckDB file that someone writes cannot be opened by anyone else, so readers get a file that
nobody writes. Connections that are open when it is replaced keep the old copy, whole; a process
sees the new one once it has closed all its connections to the old.

Views become tables: the copy must stand alone. They name their database, which DuckDB calls after
the file, so the warehouse is attached under its own name.
"""

import shutil
from pathlib import Path

import duckdb

_IDENTIFIER_QUOTE = '"'
MANIFESTS = ("manifest.json", "semantic_manifest.json")
"""What dbt knows of the project: what analysts compare an edit with, and what may be asked."""

_MARTS = """
select database_name, table_name
from duckdb_tables()
where database_name <> current_database() and schema_name = 'marts'
union all
select database_name, view_name
from duckdb_views()
where database_name <> current_database() and schema_name = 'marts'
order by 2
"""


def publish_marts(warehouse: Path, serving: Path) -> dict[str, int]:
    """Copy every table and view of schema marts from `warehouse` to `serving`.

    Args:
        warehouse: The warehouse file; nobody may be writing it.
        serving: The file to replace. A crash before the last step leaves the old one as it was.

    Returns:
        Rows per table, by table name.
    """
    partial = serving.with_name(serving.name + ".tmp")
    for leftover in (partial, partial.with_name(partial.name + ".wal")):
        leftover.unlink(missing_ok=True)
    serving.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(partial)) as connection:
        # As in profiles.yml: ids do not compress, and trying costs a quarter of the CPU.
        connection.execute("set disabled_compression_methods = 'fsst'")
        connection.execute(f"attach '{_quoted(warehouse)}' (read_only)")
        connection.execute("create schema marts")
        rows = {
            table: _copy(connection, database, table)
            for database, table in connection.execute(_MARTS).fetchall()
        }
        connection.execute("checkpoint")
    partial.replace(serving)
    return rows


def publish_manifests(dbt_target: Path, published: Path) -> None:
    """Keep the manifests that the published marts were built from, until the next publication."""
    published.mkdir(parents=True, exist_ok=True)
    for name in MANIFESTS:
        partial = published / f"{name}.tmp"
        shutil.copyfile(dbt_target / name, partial)
        partial.replace(published / name)


def _copy(connection: duckdb.DuckDBPyConnection, database: str, table: str) -> int:
    name, source = _name(table), _name(database)
    copied = connection.execute(f"create table marts.{name} as from {source}.marts.{name}")
    (count,) = copied.fetchone() or (0,)
    return int(count)


def _name(text: str) -> str:
    return _IDENTIFIER_QUOTE + text.replace('"', '""') + _IDENTIFIER_QUOTE


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
