"""The matcher: train it on what is known, apply it to the calls whose click was lost.

    intermediate.int_* ─► ml.<coefficients>, ml.model_versions ─► ml.call_candidates ─► dbt marts
                                                               └► ml.matcher_metrics, curves, drift

Each asset reads, calls `ml`, writes and reports; what a good match is, is decided in `ml/matching`.
Each writes in one transaction, so that a killed run leaves the old tables whole.
"""

from typing import TYPE_CHECKING

import dagster as dg

from orchestration.project import dbt_vars
from orchestration.resources.matcher_sql import matcher_sql
from orchestration.resources.warehouse import WRITER_POOL, Warehouse, is_full_build
from orchestration.translators import OWNERS

if TYPE_CHECKING:
    import pandas as pd

    from ml.matching.settings import MatcherSettings

INPUTS = [
    dg.AssetKey(["intermediate", table])
    for table in (
        "int_touches",
        "int_calls_to_match",
        "int_known_calls",
        "int_numbers_shown",
        "int_number_leases",
        "int_evidence_reliability",
        "int_calls_to_rescore",
    )
]
CALLS_TO_RESCORE = "intermediate.int_calls_to_rescore"
MODEL = dg.AssetKey(["ml", "model_versions"])
CANDIDATES = dg.AssetKey(["ml", "call_candidates"])
METRICS = dg.AssetKey(["ml", "matcher_metrics"])

MAX_ECE_EXCESS = 0.03
"""Twice what the design's prototype showed. It warns; a later version refuses to promote."""


@dg.asset(
    key=MODEL,
    deps=INPUTS,
    group_name="ml",
    kinds={"python", "scikitlearn", "duckdb"},
    owners=OWNERS,
    pool=WRITER_POOL,
)
def matcher_model(warehouse: Warehouse) -> dg.MaterializeResult:
    """One row per trained model; its coefficients are the other tables of schema ml.

    A model's version is a hash of the rows it learns from, the settings and the code. It is fitted
    anew every `matcher_refit_days` days of data, or sooner while the warehouse is young; a run
    without new rows never does.
    """
    from ml.artifacts import (  # noqa: PLC0415
        ensure_tables,
        read_model,
        training_version,
        write_model,
    )
    from ml.matching.matcher import train_matcher  # noqa: PLC0415
    from ml.matching.promotion import refit_reason  # noqa: PLC0415

    settings = matcher_settings()
    with warehouse.connect() as connection, matcher_sql(connection) as sql:
        ensure_tables(sql)
        model = read_model(sql)
        reason = refit_reason(sql, model, settings)
        if reason is None and is_full_build(connection):
            reason = "everything was built anew"
        is_refit = model is None or (
            reason is not None and model.model_version != training_version(sql, settings)
        )
        if model is None or is_refit:
            model = train_matcher(sql, settings)
            write_model(sql, model, _now())
    facts = {name: str(value) for name, value in model.facts.items()}
    return dg.MaterializeResult(
        metadata={
            "model_version": model.model_version,
            "is_refit": is_refit,
            "refit_reason": str(reason),
            **facts,
        }
    )


@dg.asset(
    key=CANDIDATES,
    deps=[MODEL, *INPUTS],
    group_name="ml",
    kinds={"sql", "duckdb"},
    owners=OWNERS,
    pool=WRITER_POOL,
)
def call_candidates(warehouse: Warehouse) -> dg.MaterializeResult:
    """One row per call to match and candidate source, with its probability; one null row a call.

    Scored in SQL by the model in use: the calls that new rows touch, and all of them after a
    promotion. With them ml.call_explanations: the factors of the likeliest.
    """
    from ml.artifacts import read_model  # noqa: PLC0415
    from ml.matching.matcher import score_calls  # noqa: PLC0415
    from ml.matching.promotion import scored_by_another  # noqa: PLC0415

    with warehouse.connect() as connection, matcher_sql(connection) as sql:
        model = read_model(sql)
        if model is None:
            raise dg.Failure("no model is in use: materialize ml/model_versions first")
        is_full = is_full_build(connection) or scored_by_another(sql, model)
        score_calls(sql, model, matcher_settings(), None if is_full else CALLS_TO_RESCORE)
        scored = sql.frame(
            "select count(*) as row_count, count(distinct call_id) as calls,"
            " coalesce(sum(probability) filter (where is_null), 0) as null_calls"
            " from ml.call_candidates"
        ).iloc[0]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": int(scored["row_count"]),
            "calls": int(scored["calls"]),
            "is_full": is_full,
            "calls_of_no_candidate": float(scored["null_calls"]),
            "model_version": model.model_version,
        }
    )


@dg.asset(
    key=METRICS,
    deps=[MODEL, *INPUTS],
    group_name="ml",
    kinds={"python", "duckdb"},
    owners=OWNERS,
    pool=WRITER_POOL,
)
def matcher_metrics(warehouse: Warehouse) -> dg.MaterializeResult:
    """One row per model, scope and metric, measured on known calls whose lease was hidden.

    Measured once a model, when it is promoted.
    """
    from ml.artifacts import read_model  # noqa: PLC0415
    from ml.matching.matcher import evaluate_matcher  # noqa: PLC0415
    from ml.metrics import read_metrics, write_metrics  # noqa: PLC0415

    with warehouse.connect() as connection, matcher_sql(connection) as sql:
        model = read_model(sql)
        if model is None:
            raise dg.Failure("no model is in use: materialize ml/model_versions first")
        metrics = read_metrics(sql, model)
        if metrics.empty:
            write_metrics(sql, evaluate_matcher(sql, model, matcher_settings()), _now())
            metrics = read_metrics(sql, model)
    overall = metrics[metrics["scope"] == "overall"].set_index("metric")["value"]
    figures = {f"matcher/{metric}": float(value) for metric, value in overall.items()}
    return dg.MaterializeResult(metadata={"dagster/row_count": len(metrics), **figures})


@dg.asset_check(asset=CANDIDATES, pool=WRITER_POOL, blocking=True)
def probabilities_of_a_call_sum_to_one(warehouse: Warehouse) -> dg.AssetCheckResult:
    """A call that is shared out as more or less than one call would bend every report."""
    with warehouse.connect() as connection:
        row = connection.execute(
            "select count(*), any_value(call_id) from (select call_id from ml.call_candidates"
            " group by call_id having abs(sum(probability) - 1) > 1e-6)"
        ).fetchone()
    broken, example = row or (0, None)
    return dg.AssetCheckResult(
        passed=broken == 0, metadata={"calls": broken, "example": str(example)}
    )


@dg.asset_check(asset=METRICS, pool=WRITER_POOL)
def matcher_is_calibrated(warehouse: Warehouse) -> dg.AssetCheckResult:
    """ECE on hidden known calls stays near what a perfectly calibrated model would show."""
    with warehouse.connect() as connection:
        found = dict(
            connection.execute(
                "select metric, value from ml.matcher_metrics"
                " join ml.model_versions using (model_version)"
                " where is_current and scope = 'overall' and metric in ('ece', 'ece_expected')"
            ).fetchall()
        )
    excess = found.get("ece", 0.0) - found.get("ece_expected", 0.0)
    return dg.AssetCheckResult(
        passed=excess <= MAX_ECE_EXCESS,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"ece_excess": excess, "bound": MAX_ECE_EXCESS, **found},
    )


def matcher_settings() -> "MatcherSettings":
    """Return the matcher's settings as the vars of the dbt project have them."""
    from ml.matching.settings import MatcherSettings  # noqa: PLC0415

    rules = dbt_vars()
    return MatcherSettings(
        lookback_days=int(rules["attribution_lookback_days"]),
        refit_days=int(rules["matcher_refit_days"]),
        evidence_prior=(
            float(rules["evidence_prior_right"]),
            float(rules["evidence_prior_wrong"]),
        ),
        business_timezone=str(rules["business_timezone"]),
    )


def _now() -> "pd.Timestamp":
    import pandas as pd  # noqa: PLC0415

    return pd.Timestamp.now(tz="UTC").tz_localize(None)
