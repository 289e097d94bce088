"""What was measured of the models: ml.matcher_metrics, written and read back."""

import pandas as pd

from ml.artifacts import ensure_tables, round_coefficients
from ml.sql import Sql, text_literal
from ml.tables import METRIC_COLUMNS


def read_metrics(sql: Sql, model_version: str, data_version: str | None = None) -> pd.DataFrame:
    """Return what was measured of a model: scope, metric, value; no rows before it was.

    Parameters
    ----------
    sql : Sql
    model_version : str
    data_version : str, optional
        From `ml.artifacts.training_version`; the last measurement when not given.
    """
    version = text_literal(model_version)
    which = (
        "measured_at = (select max(measured_at) from ml.matcher_metrics"
        f" where model_version = {version})"
        if data_version is None
        else f"data_version = {text_literal(data_version)}"
    )
    return sql.frame(
        "select scope, metric, value from ml.matcher_metrics "
        f"where model_version = {version} and {which} order by scope, metric"
    )


def write_metrics(sql: Sql, metrics: pd.DataFrame, measured_at: pd.Timestamp) -> None:
    """Add a measurement to ml.matcher_metrics; one of the same model and rows goes first.

    Parameters
    ----------
    sql : Sql
    metrics : DataFrame
        From `ml.matching.self_check.evaluate_matcher`.
    measured_at : Timestamp
        Naive UTC; the clock is the caller's.
    """
    ensure_tables(sql)
    # Sums over hidden calls differ in their last bits with the order of the threads.
    rounded = round_coefficients(metrics).assign(measured_at=measured_at)
    sql.register("matcher_written_frame", rounded[list(METRIC_COLUMNS)])
    sql.execute(
        "delete from ml.matcher_metrics where (model_version, data_version) in "
        "(select (model_version, data_version) from matcher_written_frame)"
    )
    selected = ", ".join(f"cast({column} as {kind})" for column, kind in METRIC_COLUMNS.items())
    sql.execute(f"insert into ml.matcher_metrics select {selected} from matcher_written_frame")
