"""How right probabilities are, and the temperature that makes them so.

Measured without any truth from outside, on known calls whose lease is hidden on purpose: a call
made while a lease was live is offered to *all* sessions of its site that held a lease at that
moment. A fixed share of the sessions is struck from the candidates, so that their calls become
calls from nobody, of a rate that is known by counting.

Only the marks are tempered: area code and line type are multiplied as if independent, which makes
products too sure. The rates are counts and need no correction, and a temperature on a whole
weight would lift the mass of ten thousand hopeless candidates.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

ECE_BINS = 15
ECE_DRAWS = 200
_TEMPERATURE_BOUNDS = (0.4, 1.3)
_TEMPERATURE_PRIOR = 200.0
_FEWEST_CALLS = 100


@dataclass(frozen=True)
class HiddenCalls:
    """Known calls and the candidates they are offered, one row per pair.

    Attributes
    ----------
    calls : DataFrame of shape (n_calls, >= 3)
        call_index, site, line_type, null_weight, is_struck (the true session is not offered).
    pairs : DataFrame of shape (n_pairs, 4)
        row (position of the call), is_true, log_rate, log_marks.
    """

    calls: pd.DataFrame
    pairs: pd.DataFrame


def posteriors(hidden: HiddenCalls, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of each pair and of 'none of them' for each call.

    Returns
    -------
    pairs : ndarray of shape (n_pairs,)
    null : ndarray of shape (n_calls,)
    """
    pairs = hidden.pairs
    weight = np.exp(
        pairs["log_rate"].to_numpy(dtype=float)
        + temperature * pairs["log_marks"].to_numpy(dtype=float)
    )
    null = hidden.calls["null_weight"].to_numpy(dtype=float)
    rows = pairs["row"].to_numpy(dtype=int)
    total = np.bincount(rows, weights=weight, minlength=len(null)) + null
    return weight / total[rows], null / total


def truth_probability(hidden: HiddenCalls, temperature: float) -> np.ndarray:
    """Return the probability that each call's true answer got: shape (n_calls,)."""
    share, null = posteriors(hidden, temperature)
    rows = hidden.pairs["row"].to_numpy(dtype=int)
    is_true = hidden.pairs["is_true"].to_numpy(dtype=bool)
    truth = np.bincount(rows[is_true], weights=share[is_true], minlength=len(null))
    return np.where(hidden.calls["is_struck"].to_numpy(dtype=bool), null, truth)


def fit_temperature(hidden: HiddenCalls) -> float:
    """Return the exponent of the marks under which the truth is likeliest; 1 with few calls.

    Drawn towards 1 by a weak prior, and within (0.4, 1.3).
    """
    if len(hidden.calls) < _FEWEST_CALLS:
        return 1.0

    def loss(temperature: float) -> float:
        probability = np.maximum(truth_probability(hidden, temperature), 1e-12)
        return -np.log(probability).sum() + _TEMPERATURE_PRIOR * np.log(temperature) ** 2 / 2

    found = minimize_scalar(loss, bounds=_TEMPERATURE_BOUNDS, method="bounded")
    return round(float(found.x), 4)


def expected_calibration_error(confidence: np.ndarray, is_right: np.ndarray) -> float:
    """Return the mean gap between confidence and truth over bins of equally many calls.

    Parameters
    ----------
    confidence : ndarray of shape (n_calls,)
        Probability of the likeliest answer.
    is_right : ndarray of shape (n_calls,)
        Whether it was the true one.

    Returns
    -------
    float
        0 for no calls.

    Examples
    --------
    >>> expected_calibration_error(np.array([0.9, 0.9]), np.array([True, False]))
    0.4
    """
    if len(confidence) == 0:
        return 0.0
    order = np.argsort(confidence, kind="stable")
    bins = np.array_split(np.arange(len(order)), min(ECE_BINS, max(len(order) // 20, 1)))
    gap = (confidence - is_right)[order]
    return float(sum(abs(gap[part].sum()) for part in bins) / len(order))


def perfect_calibration_error(confidence: np.ndarray, seed: int = 0) -> float:
    """Return the ECE that a perfectly calibrated model would show on the same calls.

    The mean over 200 draws in which each answer is right as often as it says.
    """
    rng = np.random.default_rng(seed)
    draws = rng.random((ECE_DRAWS, len(confidence))) < confidence
    return float(np.mean([expected_calibration_error(confidence, draw) for draw in draws]))


def calibration_metrics(
    top_probability: np.ndarray,
    is_right: np.ndarray,
    truth: np.ndarray,
    squares: np.ndarray,
    null: np.ndarray,
) -> dict[str, float]:
    """Return the metrics of one group of calls.

    Parameters
    ----------
    top_probability, is_right : ndarray of shape (n_calls,)
        Of the likeliest answer.
    truth : ndarray of shape (n_calls,)
        Probability of the true answer.
    squares : ndarray of shape (n_calls,)
        Sum of squared probabilities over all answers, for the Brier score.
    null : ndarray of shape (n_calls,)
        Probability of 'none of them'.
    """
    if len(truth) == 0:
        return {"calls": 0.0}
    return {
        "calls": float(len(truth)),
        "top1": float(is_right.mean()),
        "log_loss": float(-np.log(np.maximum(truth, 1e-12)).mean()),
        "brier": float((1.0 - 2.0 * truth + squares).mean()),
        "ece": expected_calibration_error(top_probability, is_right),
        "ece_expected": perfect_calibration_error(top_probability),
        "null_share": float(null.mean()),
    }
