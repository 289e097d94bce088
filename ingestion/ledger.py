"""The ledger: which files are in, and what became of their rows.

A load is one pipeline run and then one transaction, the commit:

    quarantine rows ─┐
    callers         ─┼─► ledger rows, feed_counts ─► committed
    raw rows (dlt)  ─┘

Until that transaction ends, none of the load's files is in the ledger and `warehouse` sweeps their
rows at the next start; after it, all are. So a load killed anywhere is a load that did not happen.
Counts are taken from the tables, never from what the reader believes it sent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from ingestion.caller_keys import CallerKeys, caller_key_sql
from ingestion.contracts import LANDING_FEEDS
from ingestion.counting import new_counts_sql
from ingestion.feeds import COUNT_COLUMNS, Feed
from ingestion.landing import LandedFile
from ingestion.quarantine import QuarantineSpool
from ingestion.warehouse import CALLERS, FEED_COUNTS, LEDGER, QUARANTINE, RAW


@dataclass(frozen=True)
class Counts:
    """What became of a feed's rows; the first is the sum of the others."""

    rows_read: int = 0
    rows_current: int = 0
    rows_superseded: int = 0
    rows_repeated: int = 0
    rows_quarantined: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Counts(*(mine + others for mine, others in pairs))

    def minus(self, other: "Counts") -> "Counts":
        """What has been added since ``other``."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Counts(*(mine - others for mine, others in pairs))


def known_files(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Path and fingerprint of every file that has been loaded."""
    return set(connection.execute(f"select path, fingerprint from {LEDGER}").fetchall())


def read_counts(connection: duckdb.DuckDBPyConnection) -> Mapping[str, Counts]:
    """The cumulative counts as the last load left them."""
    rows = connection.execute(f"from {FEED_COUNTS}").fetchall()
    return {name: Counts(*counts) for name, *counts in rows}


def commit_load(
    connection: duckdb.DuckDBPyConnection,
    files: Mapping[int, LandedFile],
    spools: Sequence[QuarantineSpool],
    loaded_at: datetime,
    sent: Mapping[str, int],
) -> None:
    """Write quarantine, callers, ledger and counts in one transaction: the load has happened.

    Raises:
        RuntimeError: if the rows in a raw table are not as many as the load sent there.
    """
    connection.register("new_files", _files_table(files, loaded_at))
    connection.execute("begin transaction")
    try:
        for spool in spools:
            spool.commit(connection)
        after = min(files, default=1) - 1
        for name in dict.fromkeys(file.feed for file in files.values()):
            _commit_feed(connection, LANDING_FEEDS[name], after, sent[name])
        write_counts(connection, {file.feed for file in files.values()}, after_file_id=after)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    finally:
        connection.unregister("new_files")


def check_caller_secret(connection: duckdb.DuckDBPyConnection, keys: CallerKeys) -> None:
    """Refuse another secret than the warehouse was loaded with: one caller would get two keys.

    Raises:
        ValueError: if a known caller has another key under this secret.
    """
    (changed,) = connection.execute(
        f"""
        select count(*)
        from (from {CALLERS} limit 1)
        where caller_key != {caller_key_sql("caller_number")}
        """,
        keys.parameters,
    ).fetchall()[0]
    if changed:
        raise ValueError(
            "caller_secret differs from the one this warehouse was loaded with: put the old"
            " RINGTRAIL_CALLER_SECRET back, or load into a new warehouse"
        )


def _files_table(files: Mapping[int, LandedFile], loaded_at: datetime) -> pa.Table:
    rows = [(i, f.feed, f.path, f.size_bytes, f.fingerprint) for i, f in files.items()]
    names = ["file_id", "feed", "path", "size_bytes", "fingerprint"]
    types = [pa.int64(), pa.string(), pa.string(), pa.int64(), pa.string()]
    columns = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(types)]
    moment = pa.array([loaded_at] * len(rows), pa.timestamp("us"))
    return pa.table([*columns, moment], names=[*names, "loaded_at"])


def _commit_feed(
    connection: duckdb.DuckDBPyConnection, feed: Feed, after_file_id: int, sent: int
) -> None:
    for column in feed.derived:
        if column.name.endswith("caller_key"):
            connection.execute(
                f"""
                insert or ignore into {CALLERS}
                select distinct {column.name}, {column.source}
                from {RAW}.{feed.name}
                where _file_id > ? and {column.name} is not null
                """,
                [after_file_id],
            )
    parameters = {"after": after_file_id, "feed": feed.name}
    connection.execute(_ledger_sql(feed), parameters)
    (arrived,) = connection.execute(
        f"select coalesce(sum(rows_accepted), 0) from {LEDGER}"
        " where feed = $feed and file_id > $after",
        parameters,
    ).fetchall()[0]
    if arrived != sent:
        raise RuntimeError(f"{feed.name}: {sent} rows were sent to dlt and {arrived} arrived")


def _ledger_sql(feed: Feed) -> str:
    return f"""
    insert into {LEDGER} by name
    with

    accepted as (
        select _file_id as file_id, count(*) as rows_accepted
        from {RAW}.{feed.name} where _file_id > $after group by all
    ),

    refused as (
        select _file_id as file_id, count(*) as rows_quarantined
        from {QUARANTINE}.{feed.name} where _file_id > $after group by all
    )

    select
        new_files.*,
        coalesce(accepted.rows_accepted, 0) as rows_accepted,
        coalesce(refused.rows_quarantined, 0) as rows_quarantined,
        coalesce(accepted.rows_accepted, 0) + coalesce(refused.rows_quarantined, 0) as rows_read
    from new_files
    left join accepted using (file_id)
    left join refused using (file_id)
    where new_files.feed = $feed
    """


def write_counts(
    connection: duckdb.DuckDBPyConnection, changed: Iterable[str], *, after_file_id: int = 0
) -> None:
    """Add the files after ``after_file_id`` to the feeds' counts; from 0 on, count them anew."""
    counts = dict(read_counts(connection))
    for name in changed:
        before = counts[name] if after_file_id > 0 else Counts()
        counts[name] = _count_rows(connection, LANDING_FEEDS[name], before, after_file_id)
    columns = ", ".join(f"{column.name} {column.sql_type}" for column in COUNT_COLUMNS)
    connection.execute(f"create or replace table {FEED_COUNTS} ({columns})")
    rows = [[name, *astuple(count)] for name, count in counts.items()]
    connection.executemany(f"insert into {FEED_COUNTS} values (?, ?, ?, ?, ?, ?)", rows)


def _count_rows(
    connection: duckdb.DuckDBPyConnection, feed: Feed, before: Counts, after_file_id: int
) -> Counts:
    """Add the rows of new files to a feed's counts by what became of them.

    Raises:
        RuntimeError: if the rows read are not the sum of what became of them.
    """
    parameters = {"after": after_file_id, "feed": feed.name}
    row = connection.execute(
        new_counts_sql(feed, has_older_rows=after_file_id > 0), parameters
    ).fetchall()[0]
    counts = before.plus(Counts(*(int(value) for value in row)))
    read, *parts = astuple(counts)
    if read != sum(parts):
        raise RuntimeError(f"{feed.name}: rows do not add up, {counts}")
    return counts
