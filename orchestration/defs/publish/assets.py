"""Publish the marts: a copy that BI tools read while the next run writes."""

from pathlib import Path

import dagster as dg

from orchestration.defs.dbt.assets import dbt_evidence, dbt_marts
from orchestration.publishing import publish_manifests, publish_marts
from orchestration.resources.warehouse import (
    WRITER_POOL,
    RingtrailPaths,
    Warehouse,
    retry_when_busy,
)
from orchestration.settings import Settings
from orchestration.translators import OWNERS

_SETTINGS = Settings()


@dg.asset(
    key=["serving", "marts"],
    # The ledger's states last: one of the marts is a view of them, and is written down here.
    deps=[
        *sorted(key for key in dbt_evidence.keys | dbt_marts.keys if key.path[0] == "marts"),
        dg.AssetKey(["activation", "upload_states"]),
    ],
    group_name="serving",
    kinds={"duckdb"},
    owners=OWNERS,
    pool=WRITER_POOL,
)
def serving_marts(warehouse: Warehouse, paths: RingtrailPaths) -> dg.MaterializeResult:
    """Every table of schema marts, in a file of its own that is replaced whole.

    Runs only when all marts were built and their checks passed, so readers never see half a run.
    """
    with retry_when_busy():
        rows = publish_marts(Path(warehouse.path), Path(paths.serving_path))
    publish_manifests(_SETTINGS.dbt_target, _SETTINGS.published_dir)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(rows.values()),
            "tables": dg.MetadataValue.json(rows),
            "path": dg.MetadataValue.path(paths.serving_path),
        }
    )
