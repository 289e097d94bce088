"""The landing folder's feeds as assets: one load fills all of their tables.

The eight feeds share a load because they share its commit mark: a file is in the warehouse when
the ledger `raw_landing.landing_files` says so, and not before.
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from ingestion.contracts import LANDING_FEEDS
from ingestion.pipelines import load_landing
from ingestion.summary import FeedLoad
from orchestration.resources.warehouse import (
    WRITER_POOL,
    RingtrailPaths,
    Warehouse,
    retry_when_busy,
)
from orchestration.settings import Settings
from orchestration.translators import OWNERS

_LEDGER_TABLES = {
    "landing_files": "The ledger: one row per landed file that is in the warehouse, with its rows.",
    "feed_counts": "One row per feed: rows read = current + superseded + repeated + quarantined.",
}


def _spec(schema: str, table: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        [schema, table],
        group_name=schema,
        description=description,
        kinds={"dlt", "duckdb"},
        owners=OWNERS,
    )


def _landing_specs() -> list[dg.AssetSpec]:
    # A function, not a constant: Dagster would take specs at module level for assets of their own.
    return [
        *(_spec("raw_landing", feed.name, feed.description) for feed in LANDING_FEEDS.values()),
        *(
            _spec(
                "quarantine", name, f"Refused rows of {name}: reason, raw text, where they stood."
            )
            for name in LANDING_FEEDS
        ),
        *(_spec("raw_landing", name, text) for name, text in _LEDGER_TABLES.items()),
        _spec("restricted", "callers", "Callers' clear numbers by key; read by uploaders only."),
    ]


@dg.multi_asset(name="landing_feeds", specs=_landing_specs(), pool=WRITER_POOL)
def landing_feeds(
    context: dg.AssetExecutionContext, warehouse: Warehouse, paths: RingtrailPaths
) -> Iterator[dg.MaterializeResult]:
    """Load every landed file that is not in the ledger yet; bad rows go to quarantine."""
    with retry_when_busy():
        summary = load_landing(
            landing=paths.landing_dir,
            warehouse=Path(warehouse.path),
            state_dir=Path(paths.state_dir),
            caller_secret=Settings().read_caller_secret(),
            progress=context.log.info,
        )
    for load in summary.feeds.values():
        yield dg.MaterializeResult(asset_key=["raw_landing", load.feed], metadata=_metadata(load))
        yield dg.MaterializeResult(asset_key=["quarantine", load.feed], metadata=_refused(load))
    for table in _LEDGER_TABLES:
        yield dg.MaterializeResult(asset_key=["raw_landing", table])
    yield dg.MaterializeResult(asset_key=["restricted", "callers"])


def _metadata(load: FeedLoad) -> dict[str, float]:
    total = load.total
    return {
        "dagster/row_count": total.rows_read - total.rows_quarantined,
        "files_new": load.files_new,
        "files_skipped": load.files_skipped,
        "rows_read": load.loaded.rows_read,
        "rows_quarantined": load.loaded.rows_quarantined,
        "total_read": total.rows_read,
        "total_current": total.rows_current,
        "total_superseded": total.rows_superseded,
        "total_repeated": total.rows_repeated,
        "unreadable_callers": load.unreadable_callers,
        "erased_rows": load.erased_rows,
        "load_seconds": load.seconds,
    }


def _refused(load: FeedLoad) -> dict[str, int]:
    """Counts by reason only: an example row may hold a clear number, and run logs are not raw."""
    return {
        "dagster/row_count": load.total.rows_quarantined,
        **{f"reason/{reason.reason}": reason.rows for reason in load.reasons},
    }
