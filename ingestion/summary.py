"""What a load did, in numbers: by feed, for this load and since the beginning."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from ingestion.contracts import LANDING_FEEDS
from ingestion.feeds import Feed
from ingestion.ledger import Counts, read_counts
from ingestion.quarantine import QuarantineReason, top_reasons
from ingestion.warehouse import RAW


@dataclass(frozen=True)
class FeedLoad:
    """What a load did to one feed, and what the feed holds since.

    ``loaded`` is what this load added to each count, ``total`` what there is since the first one;
    in both, the rows read are the sum of the others. ``erased_rows`` held the number of a caller
    who was forgotten.
    """

    feed: str
    files_new: int
    files_skipped: int
    loaded: Counts
    total: Counts
    unreadable_callers: int
    erased_rows: int
    reasons: tuple[QuarantineReason, ...]
    seconds: float


@dataclass(frozen=True)
class LoadSummary:
    """What a load did, by feed."""

    feeds: Mapping[str, FeedLoad]
    rows_swept: int
    seconds: float

    @property
    def files_new(self) -> int:
        """Files that were read for the first time."""
        return sum(feed.files_new for feed in self.feeds.values())

    @property
    def files_skipped(self) -> int:
        """Files that an earlier load had read."""
        return sum(feed.files_skipped for feed in self.feeds.values())

    @property
    def rows_read(self) -> int:
        """Rows in the new files, repeated and quarantined ones included."""
        return sum(feed.loaded.rows_read for feed in self.feeds.values())

    @property
    def rows_quarantined(self) -> int:
        """Rows of the new files that were refused."""
        return sum(feed.loaded.rows_quarantined for feed in self.feeds.values())


def summarise_feeds(
    connection: duckdb.DuckDBPyConnection,
    *,
    before: Mapping[str, Counts],
    after_file_id: int,
    files_new: Mapping[str, int],
    files_listed: Mapping[str, int],
    erased_rows: Mapping[str, int],
    seconds: Mapping[str, float],
) -> dict[str, FeedLoad]:
    """Compare the counts with those before the load, and look at what it refused."""
    total = read_counts(connection)
    return {
        name: FeedLoad(
            feed=name,
            files_new=files_new.get(name, 0),
            files_skipped=files_listed.get(name, 0) - files_new.get(name, 0),
            loaded=total[name].minus(before[name]),
            total=total[name],
            unreadable_callers=_unreadable_callers(connection, feed, after_file_id),
            erased_rows=erased_rows.get(name, 0),
            reasons=top_reasons(connection, feed, after_file_id),
            seconds=round(seconds.get(name, 0.0), 3),
        )
        for name, feed in LANDING_FEEDS.items()
    }


def _unreadable_callers(
    connection: duckdb.DuckDBPyConnection, feed: Feed, after_file_id: int
) -> int:
    if "is_caller_unreadable" not in {column.name for column in feed.derived}:
        return 0
    rows = connection.execute(
        f"select count(*) from {RAW}.{feed.name} where _file_id > ? and is_caller_unreadable",
        [after_file_id],
    ).fetchall()
    return int(rows[0][0])
