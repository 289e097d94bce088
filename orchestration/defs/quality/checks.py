"""Great Expectations suites and the counts of rows, as asset checks on the raw tables."""

from collections.abc import Iterator

import dagster as dg

from ingestion.contracts import LANDING_FEEDS
from orchestration.resources.warehouse import WRITER_POOL, Warehouse

SUITE_CHECK = "newest_rows_meet_the_suite"


@dg.multi_asset_check(
    name="landing_suites",
    specs=[
        dg.AssetCheckSpec(
            SUITE_CHECK,
            asset=["raw_landing", feed],
            description=f"Great Expectations suite of {feed}, on its newest rows.",
        )
        for feed in LANDING_FEEDS
    ],
    pool=WRITER_POOL,
)
def landing_suites(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """Warn when the newest rows of a feed look unlike what the feed should be.

    A warning, not a failure: broken rows are in quarantine already; what is left to find here is
    data that obeys the contract and is odd all the same.
    """
    from ingestion.expectations.checks import check_feed  # noqa: PLC0415

    with warehouse.connect() as connection:
        for feed in LANDING_FEEDS:
            result = check_feed(connection, feed)
            failed = [f"{one.expectation} {one.columns}: {one.message}" for one in result.failed]
            yield dg.AssetCheckResult(
                asset_key=["raw_landing", feed],
                check_name=SUITE_CHECK,
                passed=result.is_met,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={
                    "rows": result.rows,
                    "expectations": result.expectations,
                    "failed": dg.MetadataValue.json(failed),
                },
            )


@dg.asset_check(
    asset=["raw_landing", "feed_counts"], name="rows_read_add_up", pool=WRITER_POOL, blocking=True
)
def rows_read_add_up(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Rows read = current + superseded + repeated + quarantined, by feed: nothing is lost."""
    with warehouse.connect() as connection:
        lost = connection.execute(
            "select feed, rows_read - rows_current - rows_superseded - rows_repeated"
            " - rows_quarantined as rows_lost from raw_landing.feed_counts where rows_lost <> 0"
        ).fetchall()
    return dg.AssetCheckResult(passed=not lost, metadata={"rows_lost": dg.MetadataValue.json(lost)})
