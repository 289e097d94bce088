"""Conditional logit: which of the touches at risk made a known call, by their features.

    utility of touch j = intercept + features_j . beta
                         + log prior(delay_j) + offset(class of j) + log-likelihood of the tap
    utility of nobody  = log of its rate                 (known by counting, no coefficient)
    P(j | call)        = exp(utility_j) / (sum of exp over the risk set and nobody)

McFadden (1974), which is the partial likelihood of Cox (1972) with one event per risk set. The
risk set of a known call are the sessions with a live lease: a touch without one could not have
brought a *known* call, so its exposure is nil and it is not offered. For a lost call the offset
says how many of the calls of a class dial the number that was dialled, by the matcher's fit. Taps
are offsets too, by counts: a known call with a tap has nothing to choose. Features are those of the
pair alone; campaigns and hours are left out.
"""

from typing import Self

import numpy as np
from scipy.optimize import minimize
from sklearn.preprocessing import SplineTransformer

from ml.matching.challengers.offers import ENGAGEMENT, NEARNESS, Offers, probabilities
from ml.matching.delays import DAY_GRID_SECONDS, day_kernel, prior_rate
from ml.matching.settings import DEVICES

_KNOTS = 6


class ConditionalLogit:
    """Multinomial choice among the touches at risk and nobody.

    Parameters
    ----------
    offsets : ndarray of shape (n_classes,)
        Log of the share of a touch's calls that each class takes; 0 for live leases.
    edges : ndarray of shape (n_bins + 1,)
        Edges of delay bins in seconds, by which clicks of a known day are integrated.
    click_hours : ndarray of shape (24,)
        Share of clicks by local hour.
    penalty : float, default=1.0
        Of half the sum of squared coefficients without the intercept, in nat.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    """

    def __init__(
        self,
        offsets: np.ndarray,
        edges: np.ndarray,
        click_hours: np.ndarray,
        penalty: float = 1.0,
    ) -> None:
        self.offsets = offsets
        self.edges = edges
        self.click_hours = click_hours
        self.penalty = penalty

    def fit(self, offers: Offers) -> Self:
        """Maximise the penalised likelihood of the true answers by L-BFGS."""
        logs = np.log2(offers.pairs["delay"].to_numpy(dtype=float) + 1.0)
        # Constant beyond the known delays, which end with the leases: the prior's shape stays.
        self.splines_ = SplineTransformer(
            n_knots=_KNOTS, degree=3, knots="quantile", extrapolation="constant", include_bias=False
        ).fit(logs[:, None])
        design = np.hstack([self.splines_.transform(logs[:, None]), _mark_design(offers)])
        offset = self._offset(offers) + self._log_prior(logs)
        start = np.zeros(design.shape[1] + 1)
        found = minimize(
            penalised_loss,
            start,
            args=(design, offset, offers, self.penalty),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 500},
        )
        self.intercept_, self.coef_ = float(found.x[0]), found.x[1:]
        return self

    def log_weights(self, offers: Offers) -> np.ndarray:
        """Return the utilities: shape (n_pairs,)."""
        pairs = offers.pairs
        delay = pairs["delay"].to_numpy(dtype=float)
        marks = _mark_design(offers)
        of_delay = self._of_delay(delay)
        day_only = pairs["is_day_only"].to_numpy(dtype=bool)
        of_delay[day_only] = self._of_day(delay[day_only])
        of_marks = marks @ self.coef_[-marks.shape[1] :]
        return self.intercept_ + of_delay + of_marks + self._offset(offers)

    def _offset(self, offers: Offers) -> np.ndarray:
        of_class = self.offsets[offers.pairs["pair_class"].to_numpy(dtype=int)]
        return of_class + offers.pairs["log_tap"].to_numpy(dtype=float)

    def _of_delay(self, delay: np.ndarray) -> np.ndarray:
        logs = np.log2(delay + 1.0)
        design = self.splines_.transform(logs[:, None])
        return design @ self.coef_[: design.shape[1]] + self._log_prior(logs)

    def _log_prior(self, logs: np.ndarray) -> np.ndarray:
        """Return the log of the rate before any data, by log2 of the delay and a second."""
        middle = np.log2((self.edges[:-1] + self.edges[1:]) / 2 + 1.0)
        return np.interp(logs, middle, np.log(prior_rate(self.edges)))

    def _of_day(self, since: np.ndarray) -> np.ndarray:
        """Return the log of the mean rate over the instants of the click's day."""
        kernel = day_kernel(self.edges, self.click_hours, self.edges[-1])
        rates = np.exp(self._of_delay((self.edges[:-1] + self.edges[1:]) / 2))
        by_step = np.log(np.maximum(kernel @ rates, 1e-300))
        step = np.floor(since / DAY_GRID_SECONDS).astype(int)
        return by_step[np.minimum(step, len(by_step) - 1)]


def penalised_loss(
    parameters: np.ndarray,
    design: np.ndarray,
    offset: np.ndarray,
    offers: Offers,
    penalty: float,
) -> tuple[float, np.ndarray]:
    """Return the negative penalised log-likelihood and its gradient.

    Parameters
    ----------
    parameters : ndarray of shape (n_features + 1,)
        The intercept first.
    design : ndarray of shape (n_pairs, n_features)
    offset : ndarray of shape (n_pairs,)
    offers : Offers
    penalty : float

    Returns
    -------
    loss : float
        In nat.
    gradient : ndarray of shape (n_features + 1,)
        Expected less observed features, plus the pull of the penalty.
    """
    slopes = parameters[1:]
    utility = parameters[0] + design @ slopes + offset
    pairs, null = probabilities(offers, utility)
    is_true = offers.pairs["is_true"].to_numpy(dtype=bool)
    is_nobody = offers.calls["is_nobody"].to_numpy(dtype=bool)
    loss = -np.log(np.maximum(pairs[is_true], 1e-300)).sum()
    loss -= np.log(np.maximum(null[is_nobody], 1e-300)).sum()
    surprise = pairs - is_true
    gradient = np.concatenate([[surprise.sum()], design.T @ surprise + penalty * slopes])
    return float(loss + 0.5 * penalty * slopes @ slopes), gradient


def _mark_design(offers: Offers) -> np.ndarray:
    """Return indicators of device, nearness and engagement, the first level of each left out."""
    levels = {"device_id": DEVICES, "nearness": NEARNESS, "engagement": ENGAGEMENT}
    return np.hstack(
        [
            _indicators(offers.pairs[column].to_numpy(dtype=int), len(names))
            for column, names in levels.items()
        ]
    )


def _indicators(values: np.ndarray, count: int) -> np.ndarray:
    return (values[:, None] == np.arange(1, count)).astype(float)
