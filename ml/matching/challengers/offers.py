"""What every challenger of the matcher is given and gives back, so that they can be compared.

    fit(offers of known calls)  ->  log_weights(offers of any calls)  ->  probabilities, sum 1 each

Challengers are not used in production: they keep the claim honest that a marked point process is
worth its trouble (`benchmarks/challengers.py` prints them side by side). What no labelled call
shows, the rate of calls from nobody and the share of calls that each class of touches loses, every
one of them takes from the matcher's fit; judged is how a pair is weighed.
"""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pandas as pd

NEARNESS = ("unknown", "nation", "region", "state", "city")
ENGAGEMENT = ("unseen", "1", "2", "3-4", "5+")


@dataclass(frozen=True)
class Offers:
    """Calls and the touches that they are offered, one row per pair.

    Attributes
    ----------
    calls : DataFrame of shape (n_calls, >= 3)
        call_index, log_null (of the rate of calls from nobody, per second), is_nobody (whether
        none of the touches is the true one).
    pairs : DataFrame of shape (n_pairs, >= 10)
        row (position of the call, ascending), is_true, pair_class, device_id, delay (seconds),
        is_day_only (then the delay is that from the start of the click's day), nearness,
        engagement (positions in the lists above), log_tap (log-likelihood of the call's tap, or of
        its absence), log_rate (of the matcher, per second).
    """

    calls: pd.DataFrame
    pairs: pd.DataFrame

    @property
    def rows(self) -> np.ndarray:
        """Position of each pair's call: shape (n_pairs,)."""
        return self.pairs["row"].to_numpy(dtype=int)

    @property
    def log_null(self) -> np.ndarray:
        """Log-weight of nobody: shape (n_calls,)."""
        return self.calls["log_null"].to_numpy(dtype=float)


class Challenger(Protocol):
    """A way of weighing pairs that is learned from known calls."""

    def fit(self, offers: Offers) -> Self:
        """Learn from calls whose touch is known."""
        ...

    def log_weights(self, offers: Offers) -> np.ndarray:
        """Return the log-weight of each pair, on the scale of the calls' log_null."""
        ...


def probabilities(offers: Offers, log_weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of each pair and of 'none of them' for each call: softmax by call.

    Parameters
    ----------
    offers : Offers
    log_weights : ndarray of shape (n_pairs,)
        On the scale of the calls' log_null.

    Returns
    -------
    pairs : ndarray of shape (n_pairs,)
    null : ndarray of shape (n_calls,)

    Examples
    --------
    >>> offers = Offers(pd.DataFrame({"log_null": [0.0, 0.0]}), pd.DataFrame({"row": [0, 0]}))
    >>> pairs, null = probabilities(offers, np.log([2.0, 1.0]))
    >>> pairs.round(6).tolist(), null.tolist()
    ([0.5, 0.25], [0.25, 1.0])
    """
    rows, log_null = offers.rows, offers.log_null
    highest = log_null.copy()
    np.maximum.at(highest, rows, log_weights)
    weights = np.exp(log_weights - highest[rows])
    null = np.exp(log_null - highest)
    total = null + np.bincount(rows, weights=weights, minlength=len(null))
    return weights / total[rows], null / total


def log_loss(offers: Offers, log_weights: np.ndarray) -> float:
    """Return the mean of -ln of the probability of the true answer, in nat."""
    pairs, null = probabilities(offers, log_weights)
    is_true = offers.pairs["is_true"].to_numpy(dtype=bool)
    truth = np.where(offers.calls["is_nobody"].to_numpy(dtype=bool), null, 0.0)
    truth = truth + np.bincount(offers.rows[is_true], pairs[is_true], minlength=len(null))
    return float(-np.log(np.maximum(truth, 1e-300)).mean())
