"""What was measured of the models: ml.matcher_metrics, written and read back."""

import pandas as pd

from ml.artifacts import MatcherModel, ensure_tables, round_coefficients
from ml.sql import Sql, text_literal


def read_metrics(sql: Sql, model: MatcherModel) -> pd.DataFrame:
    """Return what was measured of the model: scope, metric, value; no rows before it was."""
    return sql.frame(
        "select scope, metric, value from ml.matcher_metrics "
        f"where model_version = {text_literal(model.model_version)} order by scope, metric"
    )


def write_metrics(sql: Sql, metrics: pd.DataFrame, measured_at: pd.Timestamp) -> None:
    """Replace the rows of the metrics' model in ml.matcher_metrics.

    Parameters
    ----------
    sql : Sql
    metrics : DataFrame
        From `ml.matching.evaluation`: model_version, scope, metric, value.
    measured_at : Timestamp
        Naive UTC; the clock is the caller's.
    """
    ensure_tables(sql)
    # Sums over hidden calls differ in their last bits with the order of the threads.
    sql.register("matcher_written_frame", round_coefficients(metrics))
    sql.execute(
        "delete from ml.matcher_metrics where model_version in "
        "(select model_version from matcher_written_frame)"
    )
    moment = text_literal(pd.Timestamp(measured_at).isoformat(sep=" "))
    sql.execute(
        f"insert into ml.matcher_metrics select model_version, cast({moment} as timestamp), scope, "
        "metric, value from matcher_written_frame"
    )
