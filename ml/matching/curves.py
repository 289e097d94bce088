"""What pictures of a model show, measured on hidden calls and kept as a table.

    reliability   calls in bins of equally many by what the model said: x said, y was right
    coverage      the surest calls: x their share of all, y how many of their answers are right
    campaign      x calls that came from the campaign, y the sum of what the model gave it

Hidden calls are those of `ml.matching.evaluation`, the half that no temperature has seen.
"""

import numpy as np
import pandas as pd

from ml.artifacts import MatcherModel, ensure_tables, round_coefficients
from ml.matching.calibration import ECE_BINS, HiddenCalls, posteriors
from ml.matching.measures import answer_calls
from ml.sql import Sql, text_literal
from ml.tables import CURVE_COLUMNS

COVERAGES = np.arange(1, 21) / 20


def measure_curves(
    hidden: HiddenCalls, temperature: float, campaigns: dict[int, str]
) -> pd.DataFrame:
    """Return the points of all curves.

    Parameters
    ----------
    hidden : HiddenCalls
        Its pairs with a column campaign_index.
    temperature : float
    campaigns : dict
        Name of each campaign_index.

    Returns
    -------
    DataFrame
        Columns curve, label, x, y, calls.
    """
    answers = answer_calls(hidden, temperature)
    confidence = answers["top_probability"].to_numpy(dtype=float)
    is_right = answers["is_right"].to_numpy(dtype=bool)
    frames = [
        reliability_points(confidence, is_right).assign(curve="reliability", label=""),
        coverage_points(confidence, is_right).assign(curve="coverage", label=""),
        _campaign_points(hidden, temperature, campaigns).assign(curve="campaign"),
    ]
    points = pd.concat([frame for frame in frames if len(frame)] or frames, ignore_index=True)
    return points[["curve", "label", "x", "y", "calls"]]


def reliability_points(confidence: np.ndarray, is_right: np.ndarray) -> pd.DataFrame:
    """Return mean confidence x and share of right answers y in bins of equally many calls.

    Parameters
    ----------
    confidence : ndarray of shape (n_calls,)
        Probability of the likeliest answer.
    is_right : ndarray of shape (n_calls,)

    Returns
    -------
    DataFrame
        Columns x, y, calls, in ascending order of x; no rows for no calls.

    Examples
    --------
    >>> said = np.repeat([0.2, 0.8], 500)
    >>> right = np.repeat([False, True], 500)
    >>> points = reliability_points(said, right)
    >>> len(points), points["y"].tolist()[::14], int(points["calls"].sum())
    (15, [0.0, 1.0], 1000)
    """
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, ECE_BINS) if len(part)]
    return pd.DataFrame(
        {
            "x": [confidence[part].mean() for part in parts],
            "y": [is_right[part].mean() for part in parts],
            "calls": [len(part) for part in parts],
        }
    )


def coverage_points(confidence: np.ndarray, is_right: np.ndarray) -> pd.DataFrame:
    """Return, for the surest 5 %, 10 %, ... of the calls, the share of right answers.

    Parameters
    ----------
    confidence : ndarray of shape (n_calls,)
        Probability of the likeliest answer.
    is_right : ndarray of shape (n_calls,)

    Returns
    -------
    DataFrame
        Columns x (coverage), y (precision), calls; no rows for no calls.

    Examples
    --------
    >>> points = coverage_points(np.array([0.9, 0.5]), np.array([True, False]))
    >>> points.iloc[[9, 19]][["x", "y", "calls"]].values.tolist()
    [[0.5, 1.0, 1.0], [1.0, 0.5, 2.0]]
    """
    calls = np.ceil(COVERAGES * len(confidence)).astype(int)
    surest = np.cumsum(is_right[np.argsort(-confidence, kind="stable")])
    if not len(surest):
        return pd.DataFrame({"x": [], "y": [], "calls": []})
    return pd.DataFrame({"x": COVERAGES, "y": surest[calls - 1] / calls, "calls": calls})


def _campaign_points(
    hidden: HiddenCalls, temperature: float, campaigns: dict[int, str]
) -> pd.DataFrame:
    """Return calls that came from each campaign beside the sum of its candidates."""
    share, _ = posteriors(hidden, temperature)
    pairs = hidden.pairs.assign(y=share, x=hidden.pairs["is_true"].astype(float))
    sums = pairs.groupby("campaign_index")[["x", "y"]].sum().reset_index()
    return sums.assign(
        label=sums["campaign_index"].map(campaigns), calls=sums["x"].round().astype(int)
    )


def read_curves(sql: Sql, model: MatcherModel) -> pd.DataFrame:
    """Return the points measured of the model: curve, label, x, y, calls; no rows before."""
    return sql.frame(
        "select curve, label, x, y, calls from ml.matcher_curves "
        f"where model_version = {text_literal(model.model_version)} order by all"
    )


def write_curves(sql: Sql, model: MatcherModel, points: pd.DataFrame) -> None:
    """Replace the model's rows in ml.matcher_curves.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
    points : DataFrame
        From `measure_curves`.
    """
    ensure_tables(sql)
    version = text_literal(model.model_version)
    sql.execute(f"delete from ml.matcher_curves where model_version = {version}")
    # Sums over hidden calls differ in their last bits with the order of the threads.
    rounded = round_coefficients(points).assign(model_version=model.model_version)
    sql.register("matcher_written_frame", rounded)
    columns = ", ".join(f"cast({name} as {kind})" for name, kind in CURVE_COLUMNS.items())
    sql.execute(f"insert into ml.matcher_curves select {columns} from matcher_written_frame")
