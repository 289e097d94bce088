"""The matcher: train it on what is known, apply it to the calls whose click was lost.

    intermediate.int_* ─► ml.<coefficients>, ml.model_versions ─► ml.call_candidates ─► dbt marts
                                                               └► ml.matcher_metrics, curves, drift

Each asset reads, calls `ml`, writes and reports; what a good match is, is decided in `ml/matching`.
Each writes in one transaction, so that a killed run leaves the old tables whole.
"""

from dataclasses import asdict
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
    without new rows never does. A model that is worse than the one in use is kept with the reason,
    and not used.
    """
    from ml.artifacts import ensure_tables, read_model, write_model  # noqa: PLC0415
    from ml.matching.champion import judge_challenger  # noqa: PLC0415
    from ml.matching.matcher import train_matcher  # noqa: PLC0415
    from ml.matching.promotion import refit_reason  # noqa: PLC0415
    from ml.model_card import model_card  # noqa: PLC0415

    settings = matcher_settings()
    with warehouse.connect() as connection, matcher_sql(connection) as sql:
        ensure_tables(sql)
        model = read_model(sql)
        reason = refit_reason(sql, model, settings, is_built_anew=is_full_build(connection))
        report: dict[str, dg.RawMetadataValue] = {"refit_reason": str(reason)}
        if reason is not None:
            challenger = train_matcher(sql, settings)
            decision = judge_challenger(sql, model, challenger, settings)
            write_model(sql, challenger, _now(), asdict(decision))
            report |= {name: str(value) for name, value in asdict(decision).items()}
            report["challenger_version"] = challenger.model_version
            report["card"] = dg.MetadataValue.md(model_card(sql, challenger.model_version))
            model = read_model(sql)
    if model is None:
        raise dg.Failure("no model came into use")
    report |= {name: str(value) for name, value in model.facts.items()}
    report |= {"model_version": model.model_version, "is_refit": reason is not None}
    return dg.MaterializeResult(metadata=report)


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
    promotion. With them what the view ml.call_explanations needs: the factors of each of them.
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
    """One row per measurement of a model, scope and metric, on calls whose lease was hidden.

    Measured on every run that brought new rows, or a model; the rows of earlier runs stay.
    """
    from ml.artifacts import read_model, training_version  # noqa: PLC0415
    from ml.matching.self_check import evaluate_matcher  # noqa: PLC0415
    from ml.metrics import read_metrics, write_metrics  # noqa: PLC0415

    settings = matcher_settings()
    with warehouse.connect() as connection, matcher_sql(connection) as sql:
        model = read_model(sql)
        if model is None:
            raise dg.Failure("no model is in use: materialize ml/model_versions first")
        version = training_version(sql, settings)
        metrics = read_metrics(sql, model.model_version, version)
        if metrics.empty:
            write_metrics(sql, evaluate_matcher(sql, model, settings), _now())
            metrics = read_metrics(sql, model.model_version, version)
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
    """ECE on hidden known calls stays near what a perfectly calibrated model would show.

    Warns beyond the bound, overall or in the worst group of 500 calls; fails beyond twice of it.
    """
    from ml.artifacts import read_model  # noqa: PLC0415
    from ml.matching.measures import ECE_BOUND, GROUP_ECE_BOUND, judge_calibration  # noqa: PLC0415
    from ml.metrics import read_metrics  # noqa: PLC0415

    with warehouse.connect() as connection, matcher_sql(connection) as sql:
        model = read_model(sql)
        if model is None:
            raise dg.Failure("no model is in use: materialize ml/model_versions first")
        verdict = judge_calibration(read_metrics(sql, model.model_version))
    severity = dg.AssetCheckSeverity.ERROR if verdict.is_far else dg.AssetCheckSeverity.WARN
    bounds = {"bound": ECE_BOUND, "group_bound": GROUP_ECE_BOUND}
    return dg.AssetCheckResult(
        passed=verdict.is_within, severity=severity, metadata={**asdict(verdict), **bounds}
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
