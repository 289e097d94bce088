"""What a warehouse may forget with age: clear numbers, and the text of refused rows.

    raw_landing.cdr.from_number, web_events.form_phone    null once the call or event is too old
    restricted.callers                                    a row goes with its last clear number
    quarantine.<feed>.raw                                 null once the load is too old

Rows stay, and so do callers' keys: no model reads what goes here, so a full refresh gives the same
facts as before. Raw events themselves are never dropped, for full refreshes are computed from them.
A file that is loaded anew brings its numbers back until the next time this runs.

Freed bytes stay in the file until DuckDB writes over them; only `ringtrail forget` rewrites it.
"""

from collections.abc import Mapping
from datetime import datetime

import duckdb

from ingestion.contracts import LANDING_FEEDS
from ingestion.warehouse import CALLERS, QUARANTINE, RAW

HAPPENED_AT: Mapping[str, str] = {"cdr": "started_at", "web_events": "occurred_at"}
"""What the age of a number is counted from, by feed with callers."""


def drop_caller_numbers(
    connection: duckdb.DuckDBPyConnection, before: datetime
) -> Mapping[str, int]:
    """Drop the clear numbers of calls and forms before a moment; return rows by column."""
    dropped = {}
    for name, happened_at in HAPPENED_AT.items():
        for column in LANDING_FEEDS[name].callers:
            dropped[f"{RAW}.{name}.{column}"] = _changed(
                connection,
                f"update {RAW}.{name} set {column} = null"
                f" where {column} is not null and {happened_at} < ?",
                before,
            )
    dropped[CALLERS] = _changed(connection, f"delete from {CALLERS} where {_has_no_number()}")
    return dropped


def drop_refused_text(connection: duckdb.DuckDBPyConnection, before: datetime) -> Mapping[str, int]:
    """Drop the text of rows that were refused before a moment; return rows by table."""
    return {
        f"{QUARANTINE}.{feed}": _changed(
            connection,
            f"update {QUARANTINE}.{feed} set raw = null where raw is not null and loaded_at < ?",
            before,
        )
        for feed in LANDING_FEEDS
    }


def _has_no_number() -> str:
    keys = [
        f"select {column.name} from {RAW}.{feed.name} where {column.source} is not null"
        for feed in LANDING_FEEDS.values()
        for column in feed.derived
        if column.name.endswith("caller_key")
    ]
    return f"caller_key not in ({' union all '.join(keys)})"


def _changed(connection: duckdb.DuckDBPyConnection, statement: str, *values: object) -> int:
    return int(connection.execute(statement, list(values)).fetchall()[0][0])
