"""Writing the feeds: one file per `_file`, in the format that its suffix names.

DuckDB writes all of it, single-threaded and from sorted rows: the same rows give the same bytes.
JSON Lines are written as a one-column CSV without quotes, since a bad line is no JSON.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from ingestion.simulate.dirt import NO_TIME, TRUNCATED, extra_rows_sql
from ingestion.simulate.feeds import RFC3339, Feed
from ingestion.simulate.world import Dirt

_FILES_AT_ONCE = 2
"""Each file is one query on one thread, so its bytes do not depend on its neighbours."""
_FIELDS_SQL = "* exclude (_file, _order, _bad)"


def write_feed(
    connection: duckdb.DuckDBPyConnection,
    root: Path,
    feed: Feed,
    dirt: Dirt,
    parameters: dict[str, object],
) -> int:
    """Write every file of a feed below `root` and return the rows written."""
    table = f"feed_{feed.name}"
    used = {name: value for name, value in parameters.items() if f"${name}" in feed.sql}
    connection.execute(f"create table {table} as select *, 0 as _bad from ({feed.sql})", used)
    extra = extra_rows_sql(feed, table, repeats=dirt.repeats, bad_rows=dirt.bad_rows)
    if extra:
        connection.execute(f"insert into {table} {' union all '.join(extra)}")
    files = connection.execute(f"select _file, count(*) from {table} group by all order by all")
    counts = dict(files.fetchall())
    fields = _fields(connection, table)
    with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
        list(pool.map(lambda path: _write_file(connection, root, table, path, fields), counts))
    connection.execute(f"drop table {table}")
    return sum(counts.values())


def _write_file(
    connection: duckdb.DuckDBPyConnection, root: Path, table: str, path: str, fields: str
) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with connection.cursor() as cursor:
        cursor.execute(_copy_sql(table, path, target, fields))


def _copy_sql(table: str, path: str, target: Path, fields: str) -> str:
    selected = f"from {table} where _file = '{path}' order by _order, _bad"
    packed = ", compression gzip" if path.endswith(".gz") else ""
    if ".jsonl" in path:
        # Made once per row: the cases below would each make it again.
        line = f"select to_json(struct_pack({fields}))::varchar as line, _bad {selected}"
        query = f"select {_BROKEN_LINE_SQL} from ({line})"
        options = f"format csv, header false, quote '', escape '', delimiter '\x1f'{packed}"
    elif ".csv" in path:
        query, options = f"select {_FIELDS_SQL} {selected}", f"format csv, header true{packed}"
    else:
        query, options = f"select {_FIELDS_SQL} {selected}", "format parquet"
    escaped = str(target).replace("'", "''")
    return f"copy ({query}) to '{escaped}' ({options})"


def _fields(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """The table's fields as arguments of `struct_pack`, instants as RFC 3339 text."""
    described = connection.execute(f"describe {table}").fetchall()
    return ", ".join(
        f"{name} := strftime({name}, {RFC3339})" if kind == "TIMESTAMP" else f"{name} := {name}"
        for name, kind, *_ in described
        if not name.startswith("_")
    )


_BROKEN_LINE_SQL = f"""case _bad
    when {TRUNCATED} then left(line, 70)
    when {NO_TIME} then replace(line, '"occurred_at":"2', '"occurred_at":"soon 2')
    else line
end"""
