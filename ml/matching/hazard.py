"""The rate at which touches bring calls: by delay, device and hour.

Labels exist only while a lease is live, so nothing here is learned by comparing pairs: calls are
divided by the seconds in which they could have been seen (`ml.matching.exposure`).

    live calls / live seconds  ->  first curve, hours of the day   (counting)
    posterior calls / seconds  ->  the whole curve of every class  (Poisson regression with splines
                                   of log-delay, the last step of each EM round)

By how much a campaign or a page multiplies it is learned in `ml.matching.propensity`.
"""

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.preprocessing import SplineTransformer

from ml.matching.delays import prior_rate
from ml.matching.settings import (
    DEVICES,
    LAPSED,
    LEAKED,
    NONE,
    OVERFLOW,
    PAIR_CLASSES,
    POOL_LAPSED,
    POOL_LEASED,
    UNSEEN,
)

_PRIOR_SHARES = (0.97, 0.5, 0.03, 0.5, 1.0, 0.8, 0.8)
"""Of the calls that touches of a class bring: the share that dials that class's number."""

_SPLITS = ((POOL_LEASED, LEAKED), (POOL_LAPSED, LAPSED))
"""A visitor who was shown a pool number dials it or the fallback number, as long as the lease is
live and after it: two classes, whose shares sum to one."""

_SPLIT_PRIOR_CALLS = 50.0
"""Of the prior's shares. More than for shares that are seen: calls to a fallback number long after
the lease are posteriors, hard to tell from nobody's, and count for less than their number."""
_SPLIT_TILT_SPREAD = 0.5
_APART = (OVERFLOW, NONE, UNSEEN)
"""Classes of those who were shown no pool number."""

_RATE_PRIOR_CALLS = 2.0
_HOUR_PRIOR_CALLS = 5.0


def live_rates(calls: np.ndarray, seconds: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return calls per second of live lease, by counting, shrunk to all devices and the prior.

    Parameters
    ----------
    calls : ndarray of shape (n_devices, n_bins)
        Known calls.
    seconds : ndarray of shape (n_devices, n_bins)
        Seconds in which they could have come.
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins in seconds.

    Returns
    -------
    ndarray of shape (n_devices, n_bins)
    """
    prior = prior_rate(edges)
    level = (calls.sum() + 1.0) / ((seconds * prior).sum() + 1.0)
    pooled = level * prior
    pooled = (calls.sum(axis=0) + _RATE_PRIOR_CALLS) / (
        seconds.sum(axis=0) + _RATE_PRIOR_CALLS / pooled
    )
    return (calls + _RATE_PRIOR_CALLS) / (seconds + _RATE_PRIOR_CALLS / pooled)


def hour_factors(calls: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return how much likelier a call is at each hour than on the day's average.

    Parameters
    ----------
    calls, expected : ndarray of shape (24,)
        Known calls by local hour, and those expected if the hour did not matter.

    Returns
    -------
    ndarray of shape (24,)
        Factors of mean 1.

    Examples
    --------
    >>> hour_factors(np.zeros(24), np.zeros(24)).tolist() == [1.0] * 24
    True
    """
    scale = (calls.sum() + 1.0) / (expected.sum() + 1.0)
    factors = (calls + _HOUR_PRIOR_CALLS) / (expected * scale + _HOUR_PRIOR_CALLS)
    return factors / factors.mean()


class DelayCurves:
    """Rate of calls by class, device and delay: a Poisson regression on splines of log-delay.

    Whoever was shown a pool number has one curve, before and after the lease ends; which number is
    dialled divides it, with odds that may tilt with log-delay. That ties the tail, which no lease
    reaches, to the part that leases show: left free, tail and shares stand in for one another. The
    curve of the others is the same up to a factor and a tilt, that of every device up to a smooth
    bend; both are shrunk to none. What the data do not reach keeps the prior's shape.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins of fitting, in seconds.

    Attributes
    ----------
    rates_ : ndarray of shape (n_classes, n_devices, n_bins)
        Calls per second and touch.
    odds_ : ndarray of shape (n_splits, 2)
        Of each of `_SPLITS` the log-odds of its first class: level, and tilt by log-delay.
    """

    def __init__(self, edges: np.ndarray) -> None:
        self.edges = edges

    def start(self) -> "DelayCurves":
        """Set the rates to the prior's, and prepare the regression."""
        top = np.log2(self.edges[-1] + 1.0)
        knots = np.linspace(3.0, top, 12)[:, None]
        self.splines_ = SplineTransformer(degree=3, knots=knots, extrapolation="linear").fit(knots)
        self.model_: PoissonRegressor | None = None
        self.bends_ = self._bends(self.edges)
        self.design_ = _design(self.bends_)
        self.odds_ = np.array([[_log_odds(first, second), 0.0] for first, second in _SPLITS])
        self.rates_ = self.predict(self.edges)
        return self

    def fit(self, calls: np.ndarray, seconds: np.ndarray) -> "DelayCurves":
        """Fit the rates to posterior calls and seconds at risk.

        Parameters
        ----------
        calls, seconds : ndarray of shape (n_classes, n_devices, n_bins)
        """
        slope = self.bends_[:, 1]
        self.odds_ = np.array([_split_odds(calls, seconds, slope, *pair) for pair in _SPLITS])
        expected = (seconds * self._prior(self.edges, self.bends_)).ravel()
        used = expected > 0
        if calls.sum() <= 0 or not used.any():
            return self
        if self.model_ is None:
            self.model_ = PoissonRegressor(
                solver="newton-cholesky", max_iter=100, tol=1e-7, warm_start=True
            )
        self.model_.set_params(alpha=1.0 / expected[used].sum())
        ratios = calls.ravel()[used] / expected[used]
        self.model_.fit(self.design_[used], ratios, sample_weight=expected[used])
        self.rates_ = self.predict(self.edges)
        return self

    def coefficients(self) -> np.ndarray:
        """Return the log-odds of the splits, the intercept and the coefficients (0 unfitted)."""
        if self.model_ is None:
            return np.append(self.odds_, np.zeros(self.design_.shape[1] + 1))
        return np.concatenate([self.odds_.ravel(), [self.model_.intercept_], self.model_.coef_])

    def set_coefficients(self, coefficients: np.ndarray) -> None:
        """Set what `coefficients` returns, and the rates that follow from it."""
        if self.model_ is not None:
            odds, (intercept, *slopes) = np.split(coefficients, [self.odds_.size])
            self.odds_ = odds.reshape(self.odds_.shape)
            self.model_.intercept_ = float(intercept)
            self.model_.coef_ = np.array(slopes)
            self.rates_ = self.predict(self.edges)

    def predict(self, edges: np.ndarray) -> np.ndarray:
        """Return the rates in the bins of `edges`: shape (n_classes, n_devices, n_bins)."""
        is_fitting = edges is self.edges
        bends = self.bends_ if is_fitting else self._bends(edges)
        prior = self._prior(edges, bends)
        if self.model_ is None:
            return prior
        design = self.design_ if is_fitting else _design(bends)
        return prior * self.model_.predict(design).reshape(prior.shape)

    def _prior(self, edges: np.ndarray, bends: np.ndarray) -> np.ndarray:
        shares = np.repeat(np.asarray(_PRIOR_SHARES)[:, None], len(bends), axis=1)
        for (first, second), odds in zip(_SPLITS, self.odds_, strict=True):
            shares[first] = expit(bends[:, :2] @ odds)
            shares[second] = 1.0 - shares[first]
        return np.repeat((shares * prior_rate(edges))[:, None], len(DEVICES), axis=1)

    def _bends(self, edges: np.ndarray) -> np.ndarray:
        middle = np.log2((edges[:-1] + edges[1:]) / 2 + 1.0)
        return _bending_basis(self.splines_.transform(middle[:, None]))


def _design(bends: np.ndarray) -> np.ndarray:
    classes, devices, bins = len(PAIR_CLASSES), len(DEVICES), len(bends)
    shape = (classes, devices, bins)
    parts = [np.broadcast_to(bends * _spreads(bends, 1.0, 1.0, 1.25), (*shape, bends.shape[1]))]
    for device in range(devices):
        own = np.zeros((*shape, bends.shape[1]))
        own[:, device] = bends * _spreads(bends, 0.5, 0.3, 0.15)
        parts.append(own)
    for pair_class in _APART:
        own = np.zeros((*shape, 2))
        own[pair_class] = bends[:, :2] * np.array([2.0, 0.5])
        parts.append(own)
    return np.concatenate(parts, axis=-1).reshape(classes * devices * bins, -1)


def _log_odds(first: int, second: int) -> float:
    return float(np.log(_PRIOR_SHARES[first] / _PRIOR_SHARES[second]))


def _split_odds(
    calls: np.ndarray, seconds: np.ndarray, slope: np.ndarray, first: int, second: int
) -> np.ndarray:
    """Return level and tilt of the log-odds of the first class, by logistic regression.

    The prior's calls lie where the others do, so that they turn the level and not the tilt. Calls
    of a class of which a fit took a share count for as many more: its seconds are as much fewer.
    """
    pair = [first, second]
    exposure = seconds[pair].sum(axis=(1, 2))
    taken = exposure / exposure[0] if exposure.all() else np.ones(2)
    counted = calls[pair].sum(axis=1) / taken[:, None]
    where = counted.sum(axis=0) + 1e-9
    prior = np.asarray(_PRIOR_SHARES)[pair] * _SPLIT_PRIOR_CALLS
    weights = counted + prior[:, None] * where / where.sum()
    model = LogisticRegression(C=_SPLIT_TILT_SPREAD**2, solver="newton-cholesky", tol=1e-7)
    is_first = np.repeat([1, 0], len(slope))
    model.fit(np.tile(slope, 2)[:, None], is_first, sample_weight=weights.ravel())
    return np.array([model.intercept_[0], model.coef_[0, 0]])


def _bending_basis(basis: np.ndarray) -> np.ndarray:
    """Return the splines as level, slope, and one bend per knot, so that a ridge smooths.

    A ridge on plain spline coefficients pulls each towards zero by itself and lets neighbours
    disagree; on bends it is the prior of a smooth curve (an integrated random walk).
    """
    count = basis.shape[1]
    steps = np.arange(count)
    slope = (steps - (count - 1) / 2) / (count - 1) * 2
    bends = [np.maximum(steps - knot, 0.0) for knot in range(1, count - 1)]
    return basis @ np.column_stack([np.ones(count), slope, *bends])


def _spreads(bends: np.ndarray, level: float, slope: float, bend: float) -> np.ndarray:
    return np.array([level, slope] + [bend] * (bends.shape[1] - 2))
