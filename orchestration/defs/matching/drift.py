"""Whether the calls and touches since the training look like those that the model learned from."""

import dagster as dg

from orchestration.defs.matching.assets import INPUTS, MODEL, matcher_settings
from orchestration.resources.matcher_sql import matcher_sql
from orchestration.resources.warehouse import WRITER_POOL, Warehouse
from orchestration.translators import OWNERS

DRIFT = dg.AssetKey(["ml", "matcher_drift"])


@dg.asset(
    key=DRIFT,
    deps=[MODEL, *INPUTS],
    group_name="ml",
    kinds={"sql", "duckdb"},
    owners=OWNERS,
    pool=WRITER_POOL,
)
def matcher_drift(warehouse: Warehouse) -> dg.MaterializeResult:
    """One row per model and feature: the population stability index of the days since its training.

    No rows of a model that was trained on the newest day; of earlier models the last comparison.
    """
    from ml.artifacts import ensure_tables, read_model  # noqa: PLC0415
    from ml.matching.drift import measure_drift, write_drift  # noqa: PLC0415

    with warehouse.connect() as connection, matcher_sql(connection) as sql:
        ensure_tables(sql)
        model = read_model(sql)
        if model is None:
            raise dg.Failure("no model is in use: materialize ml/model_versions first")
        drift = measure_drift(sql, model, matcher_settings())
        write_drift(sql, model, drift)
    indexes = {f"psi/{feature}": float(psi) for feature, psi in drift[["feature", "psi"]].values}
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(drift),
            "model_version": model.model_version,
            "trained_to": str(model.facts["data_to"]),
            "moved": dg.MetadataValue.json(dict(drift[["feature", "moved_level"]].values)),
            **indexes,
        }
    )


@dg.asset_check(asset=DRIFT, pool=WRITER_POOL)
def population_is_that_of_the_training(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No feature's index says shifted, beyond what as few cases show by chance; else it warns."""
    from ml.matching.drift import PSI_SHIFTED, PSI_WATCHED  # noqa: PLC0415

    with warehouse.connect() as connection:
        found = connection.execute(
            "select feature, psi, psi_by_chance, moved_level from ml.matcher_drift"
            " join ml.model_versions using (model_version) where is_current order by psi desc"
        ).fetchall()
    beyond = [row for row in found if row[1] > row[2]]
    shifted = [f"{row[0]} ({row[3]})" for row in beyond if row[1] >= PSI_SHIFTED]
    watched = [f"{row[0]} ({row[3]})" for row in beyond if PSI_WATCHED <= row[1] < PSI_SHIFTED]
    return dg.AssetCheckResult(
        passed=not shifted,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "shifted": ", ".join(shifted),
            "to_watch": ", ".join(watched),
            "bound": PSI_SHIFTED,
            "largest": max((row[1] for row in found), default=0.0),
        },
    )
