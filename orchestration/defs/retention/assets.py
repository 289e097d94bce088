"""Retention: what has become too old to be kept in clear goes, at the end of a run."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from ingestion.retention import drop_caller_numbers, drop_refused_text
from orchestration.resources.warehouse import WRITER_POOL, Warehouse
from orchestration.settings import Settings
from orchestration.translators import OWNERS


@dg.asset(
    key=["retention", "clear_text"],
    deps=[dg.AssetKey(["serving", "marts"])],
    group_name="retention",
    kinds={"duckdb"},
    owners=OWNERS,
    pool=WRITER_POOL,
)
def retention(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    """Rows whose clear number or refused text was dropped for its age; off unless days are set.

    After the marts are out, and of columns that no model reads: a run with it and a run without
    give the same marts.
    """
    settings, now = Settings(), datetime.now(UTC).replace(tzinfo=None)
    rules = (
        (settings.retention_days_caller_numbers, drop_caller_numbers),
        (settings.retention_days_quarantine, drop_refused_text),
    )
    dropped: dict[str, int] = {}
    with warehouse.connect() as connection:
        for days, drop in rules:
            if days is not None:
                dropped |= drop(connection, now - timedelta(days=days))
    return dg.MaterializeResult(metadata={"dagster/row_count": sum(dropped.values()), **dropped})
