"""What was right and how sure the matcher was: figures overall and by group of hidden calls.

hidden calls  ->  answer_calls        one row per call: likeliest answer, and what the truth got
              ->  measure             the metrics by scope, for ml.matcher_metrics
              ->  judge_calibration   whether its probabilities can be trusted with money
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from ml.matching.calibration import HiddenCalls, calibration_metrics, posteriors
from ml.matching.loss import BLOCK_HOURS
from ml.matching.settings import DEVICES

SCOPES = ("site", "line_type", "hour_block", "top_device", "band")
"""Columns of `answer_calls` whose values are groups of calls."""

BAND_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
"""Of the probability of the likeliest answer: confidence and top1 of a band are its reliability."""

FEWEST_CALLS_A_GROUP = 50
_LARGEST_GROUPS = 50

ECE_BOUND = 0.01
"""ECE overall may pass by so much what a perfectly calibrated model would show."""

GROUP_ECE_BOUND = 0.03
"""The same in the worst group."""

FEWEST_CALLS_JUDGED = 500
"""Calls of a group, or of all, below which its ECE says little."""


@dataclass(frozen=True)
class CalibrationVerdict:
    """Whether the ECE stays near that of a perfectly calibrated model.

    Attributes
    ----------
    is_within : bool
        Whether overall and worst group stay within their bounds.
    is_far : bool
        Whether either passes twice its bound, and what 19 of 20 perfectly calibrated models show.
    excess : float
        ECE less the expected ECE, overall; 0 with too few calls.
    worst_scope : str
        The group with most excess; '' when no group has calls enough.
    worst_excess : float
    """

    is_within: bool
    is_far: bool
    excess: float
    worst_scope: str
    worst_excess: float


def answer_calls(hidden: HiddenCalls, temperature: float) -> pd.DataFrame:
    """Return the likeliest answer of each hidden call, and what its true answer got.

    Parameters
    ----------
    hidden : HiddenCalls
    temperature : float
        Exponent of the marks.

    Returns
    -------
    DataFrame of shape (n_calls, 12)
        call_id, the columns of `SCOPES`, top_probability, is_right, truth (probability of the
        true answer), squares (sum of squared probabilities), null, is_struck.
    """
    share, null = posteriors(hidden, temperature)
    rows = hidden.pairs["row"].to_numpy(dtype=int)
    calls, count = hidden.calls, len(hidden.calls)
    is_struck = calls["is_struck"].to_numpy(dtype=bool)
    is_true = hidden.pairs["is_true"].to_numpy(dtype=bool)
    best = np.zeros(count)
    np.maximum.at(best, rows, share)
    is_top = share >= np.maximum(best, null)[rows]
    device = np.full(count, "nobody", dtype=object)
    device[rows[is_top]] = np.array(DEVICES)[hidden.pairs["device_id"].to_numpy(dtype=int)[is_top]]
    is_right = is_struck & (null >= best)
    is_right[rows[is_top & is_true]] = True
    top = np.maximum(best, null)
    truth = np.bincount(rows[is_true], weights=share[is_true], minlength=count)
    start = calls["hour_block"].to_numpy(dtype=int) * BLOCK_HOURS
    return pd.DataFrame(
        {
            "call_id": calls["call_id"],
            "site": calls["site"],
            "line_type": calls["line_type"],
            "hour_block": [f"{hour:02}-{hour + BLOCK_HOURS:02}" for hour in start],
            "top_device": device,
            "band": _band_names()[np.clip(np.searchsorted(BAND_EDGES, top) - 1, 0, None)],
            "top_probability": top,
            "is_right": is_right,
            "truth": np.where(is_struck, null, truth),
            "squares": np.bincount(rows, weights=share**2, minlength=count) + null**2,
            "null": null,
            "is_struck": is_struck,
        }
    )


def log_losses(answers: pd.DataFrame) -> np.ndarray:
    """Return -ln of what each call's true answer got, in nat: shape (n_calls,)."""
    return -np.log(np.maximum(answers["truth"].to_numpy(dtype=float), 1e-12))


def measure(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the metrics overall and by group of `FEWEST_CALLS_A_GROUP` calls or more.

    Parameters
    ----------
    answers : DataFrame
        From `answer_calls`.

    Returns
    -------
    DataFrame
        Columns scope (`overall` or such as `site=...`), metric, value.
    """
    frames = []
    for scope, group in _groups(answers):
        metrics = calibration_metrics(
            *(
                group[name].to_numpy()
                for name in ("top_probability", "is_right", "truth", "squares", "null")
            )
        )
        if len(group):
            metrics["null_share_true"] = float(group["is_struck"].mean())
        frames.append(pd.DataFrame({"metric": metrics.keys(), "value": metrics.values()}))
        frames[-1].insert(0, "scope", scope)
    return pd.concat(frames, ignore_index=True)


def judge_calibration(metrics: pd.DataFrame) -> CalibrationVerdict:
    """Say whether the ECE passes that of a perfectly calibrated model by more than its bound.

    Parameters
    ----------
    metrics : DataFrame
        scope, metric, value, as from `measure`. Only scopes of `FEWEST_CALLS_JUDGED` calls count.

    Examples
    --------
    >>> figures = {"calls": 900.0, "ece": 0.06, "ece_expected": 0.02, "ece_limit": 0.03}
    >>> frame = pd.DataFrame({"metric": figures.keys(), "value": figures.values()})
    >>> verdict = judge_calibration(frame.assign(scope="overall"))
    >>> verdict.is_within, verdict.is_far, round(verdict.excess, 3)
    (False, True, 0.04)
    """
    table = metrics.pivot_table(index="scope", columns="metric", values="value")
    table = table.reindex(columns=["calls", "ece", "ece_expected", "ece_limit"])
    table = table[table["calls"] >= FEWEST_CALLS_JUDGED]
    excess = table["ece"] - table["ece_expected"]
    bound = pd.Series(GROUP_ECE_BOUND, index=table.index)
    bound[table.index == "overall"] = ECE_BOUND
    groups = excess[excess.index != "overall"]
    return CalibrationVerdict(
        is_within=not (excess > bound).any(),
        is_far=bool(((excess > 2 * bound) & (table["ece"] > table["ece_limit"])).any()),
        excess=float(excess.get("overall", 0.0)),
        worst_scope=str(groups.idxmax()) if len(groups) else "",
        worst_excess=float(groups.max()) if len(groups) else 0.0,
    )


def _band_names() -> np.ndarray:
    return np.array([f"{low}-{high}" for low, high in pairwise(BAND_EDGES)], dtype=object)


def _groups(answers: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return all calls and the large groups, at most 50 of one kind."""
    groups = [("overall", answers)]
    for column in SCOPES:
        sizes = answers[column].value_counts()
        large = sizes[sizes >= FEWEST_CALLS_A_GROUP].index[:_LARGEST_GROUPS]
        groups += [(f"{column}={value}", answers[answers[column] == value]) for value in large]
    return sorted(groups, key=lambda group: (group[0] != "overall", group[0]))
