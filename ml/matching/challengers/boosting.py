"""Gradient boosting of pairs, stacked on the log-intensity of the marked point process.

    log-weight of a pair = the matcher's log-intensity + sum over rounds of trees(features)

Each round is one Newton step of the softmax over a call's candidates and nobody (LogitBoost:
Friedman, Hastie and Tibshirani, 2000): trees are fitted to (y - p) / (p (1 - p)) with weights
p (1 - p). It begins with what the matcher says and corrects where known calls disagree. A
classifier of single pairs with the log-intensity among its features was tried before: it knows no
share smaller than a leaf's, and ten thousand hopeless candidates of a lost call took all the mass.

Judged are lost calls, whose delays and classes no known call has: there the trees can only repeat
what they learned on the nearest pairs, which is what the comparison is to show.
"""

from typing import Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from ml.matching.challengers.offers import ENGAGEMENT, Offers, probabilities

_LEAF_PRIOR_CALLS = 10.0
"""Calls that a leaf must expect before it is believed by half. It stands for LogitBoost's cut of
large responses, which with many candidates a call would cut the true ones only."""

_SMALLEST_WEIGHT = 1e-9


class StackedBoosting:
    """Histogram gradient boosting that begins with what the matcher thinks of the pair.

    Parameters
    ----------
    rounds : int, default=10
        Newton steps; each adds `trees` small trees.
    trees : int, default=5
    random_state : int, default=0

    Attributes
    ----------
    steps_ : list of HistGradientBoostingRegressor
    """

    def __init__(self, rounds: int = 10, trees: int = 5, random_state: int = 0) -> None:
        self.rounds = rounds
        self.trees = trees
        self.random_state = random_state

    def fit(self, offers: Offers) -> Self:
        """Take the Newton steps on calls whose touch is known."""
        features = _features(offers)
        is_true = offers.pairs["is_true"].to_numpy(dtype=float)
        weights = _log_rate(offers)
        self.steps_: list[HistGradientBoostingRegressor] = []
        # A few small trees: threads wait for each other longer than they work.
        with threadpool_limits(limits=1):
            for _ in range(self.rounds):
                share, _ = probabilities(offers, weights)
                curvature = np.maximum(share * (1.0 - share), _SMALLEST_WEIGHT)
                response = (is_true - share) / curvature
                step = self._trees().fit(features, response, sample_weight=curvature)
                self.steps_.append(step)
                weights = weights + step.predict(features)
        return self

    def log_weights(self, offers: Offers) -> np.ndarray:
        """Return the corrected log-intensities: shape (n_pairs,)."""
        features = _features(offers)
        return _log_rate(offers) + sum(step.predict(features) for step in self.steps_)

    def _trees(self) -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(
            max_iter=self.trees,
            learning_rate=0.1,
            max_leaf_nodes=8,
            min_samples_leaf=100,
            l2_regularization=_LEAF_PRIOR_CALLS,
            early_stopping=False,
            random_state=self.random_state,
        )


def _log_rate(offers: Offers) -> np.ndarray:
    return offers.pairs["log_rate"].to_numpy(dtype=float)


def _features(offers: Offers) -> np.ndarray:
    """Return log-intensity over nobody's, log-delay and marks: shape (n_pairs, 5).

    What a click without a session lacks is missing, so that the trees do as with most pairs.
    """
    pairs = offers.pairs
    delay = np.log2(pairs["delay"].to_numpy(dtype=float) + 1.0)
    engagement = pairs["engagement"].to_numpy(dtype=float)
    return np.column_stack(
        [
            _log_rate(offers) - offers.log_null[offers.rows],
            np.where(pairs["is_day_only"].to_numpy(dtype=bool), np.nan, delay),
            pairs[["device_id", "nearness"]].to_numpy(dtype=float),
            np.where(engagement == ENGAGEMENT.index("unseen"), np.nan, engagement),
        ]
    )
