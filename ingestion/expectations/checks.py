"""Run a feed's suite on its newest rows and say plainly what came of it.

Only the newest rows are looked at, as a pandas frame: Great Expectations has no DuckDB of its own,
a suite over millions of rows costs a minute, and what is old has been looked at before. Callers'
numbers never enter the frame, and no value of a failing row leaves it: shares do.

Great Expectations would tell its makers that it ran; `quiet_context` forbids it and keeps nothing
on disk.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from ingestion.contracts import LANDING_FEEDS
from ingestion.expectations.suites import feed_suite
from ingestion.feeds import Feed
from ingestion.warehouse import RAW

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.data_context import AbstractDataContext

NEWEST_ROWS = 20_000


@dataclass(frozen=True)
class FailedExpectation:
    """An expectation that most rows, or the frame itself, did not meet."""

    expectation: str
    columns: str
    unexpected_share: float | None
    message: str


@dataclass(frozen=True)
class SuiteResult:
    """What came of a suite."""

    suite: str
    is_met: bool
    rows: int
    expectations: int
    failed: tuple[FailedExpectation, ...]


def check_feed(
    connection: duckdb.DuckDBPyConnection, feed: str, *, newest_rows: int = NEWEST_ROWS
) -> SuiteResult:
    """Run the suite of a feed on the newest rows of its raw table.

    Args:
        connection: an open warehouse.
        feed: name of the feed.
        newest_rows: how many rows to look at, latest file first.

    Returns:
        What came of it; an empty table meets every expectation.
    """
    return check_frame(LANDING_FEEDS[feed], _newest(connection, LANDING_FEEDS[feed], newest_rows))


def check_frame(feed: Feed, frame: "pd.DataFrame") -> SuiteResult:
    """Run the suite of a feed on a frame with the columns of its raw table."""
    suite = feed_suite(feed)
    if frame.empty:
        return SuiteResult(suite.name, True, 0, len(suite.expectations), ())
    asset = quiet_context().data_sources.add_pandas("raw").add_dataframe_asset(feed.name)
    batch = asset.add_batch_definition_whole_dataframe("newest").get_batch({"dataframe": frame})
    results = batch.validate(suite, result_format="BASIC").results
    failed = tuple(_failed(result.to_json_dict()) for result in results if not result.success)
    return SuiteResult(suite.name, not failed, len(frame), len(results), failed)


def quiet_context() -> "AbstractDataContext":
    """A context in memory that reports to nobody and draws no progress bars."""
    import great_expectations as gx  # noqa: PLC0415 - takes seconds to import
    from great_expectations.data_context.types.base import (  # noqa: PLC0415
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(project_config=config, mode="ephemeral", cloud_mode=False)


def _newest(connection: duckdb.DuckDBPyConnection, feed: Feed, rows: int) -> "pd.DataFrame":
    hidden = f"exclude ({', '.join(feed.callers)})" if feed.callers else ""
    return connection.execute(
        f"select * {hidden} from {RAW}.{feed.name}"
        " order by _file_id desc, _source_line desc limit ?",
        [rows],
    ).df()


def _failed(result: dict) -> FailedExpectation:
    config = result["expectation_config"]
    columns = [str(value) for key, value in config["kwargs"].items() if key.startswith("column")]
    percent = result["result"].get("unexpected_percent")
    message = (result.get("exception_info") or {}).get("exception_message") or ""
    if percent is not None:
        message = f"{percent:.2f} % of {result['result']['element_count']:,} rows"
    share = None if percent is None else percent / 100
    return FailedExpectation(config["type"], ", ".join(columns), share, message)
