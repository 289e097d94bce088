"""Expectation and maximisation over the calls without a label.

What labelled calls cannot show is found here: calls from nobody, calls lost while leased, the
tail beyond leases. The pairs are summed once, in SQL, into one weight per call and cell (class x
device x delay bin); each round works on these sums:

    E   posterior of cell c for call i = weight[i, c] * rate[c] / (sum over cells + null[i])
    M   rates: posterior calls over seconds at risk, smoothed by `DelayCurves`
        null: posterior null calls over time, by `NullCounter`

A call to a live lease takes part like any other: its visitor is only the likeliest candidate.

Nobody and a long tail explain nearly the same calls, so plain rounds creep (hundreds of them);
SQUAREM leaps along the direction of two rounds and takes the leap back when the likelihood falls.
It starts from few null calls: started from many, the tail would have to grow out of nothing.
"""

from dataclasses import dataclass, field

import numpy as np

from ml.matching.hazard import DelayCurves
from ml.matching.null_rate import NullCounter, NullRates, UnlabelledCalls
from ml.matching.settings import POOL_LEASED

_FIRST_NULL_SHARES = (0.01, 0.1)
"""Share of calls from nobody to begin with: to live leases, and to other numbers."""

_TOLERANCE = 0.02
_LONGEST_LEAP = 32.0
_LARGEST_MOVE = 3.0
"""Of one coefficient or log-odds in a leap: a call or two make directions that lead to infinity."""
_ALLOWED_FALL = 0.5


@dataclass
class EmFit:
    """What the rounds ended in.

    Attributes
    ----------
    null_probability : ndarray of shape (n_calls,)
        Posterior of 'none of them' for each call.
    live_probability : ndarray of shape (n_calls,)
        Posterior of the visitor with the live lease; 0 without one.
    posterior_calls : ndarray of shape (n_classes, n_devices, n_bins)
        Expected number of calls in each cell.
    log_likelihoods : list of float
        After each round, up to a constant.
    """

    curves: DelayCurves
    null: NullRates
    null_probability: np.ndarray
    live_probability: np.ndarray
    posterior_calls: np.ndarray
    log_likelihoods: list[float] = field(default_factory=list)


@dataclass
class _Rounds:
    """The state between rounds, and what does not change."""

    calls: UnlabelledCalls
    seconds: np.ndarray
    curves: DelayCurves
    counter: NullCounter
    null_probability: np.ndarray
    posterior_calls: np.ndarray
    log_likelihoods: list[float] = field(default_factory=list)

    def go(self) -> None:
        """Go one E and one M step; note the likelihood before it."""
        rates = self.curves.rates_.ravel()
        nobody = self.counter.weights(self.null_probability)
        total = self.calls.weights @ rates + nobody
        expected = float(rates @ self.seconds.ravel()) + self.null_probability.sum()
        self.log_likelihoods.append(float(np.log(total).sum()) - expected)
        self.null_probability = nobody / total
        posterior = rates * (self.calls.transposed @ (1.0 / total))
        self.posterior_calls = posterior.reshape(self.seconds.shape)
        self.curves.fit(self.posterior_calls, self.seconds)

    def live_probability(self) -> np.ndarray:
        """Return the probability of the visitor with the live lease: shape (n_calls,)."""
        rates = self.curves.rates_
        live = np.zeros_like(rates)
        live[POOL_LEASED] = rates[POOL_LEASED]
        total = self.calls.weights @ rates.ravel() + self.counter.weights(self.null_probability)
        return (self.calls.weights @ live.ravel()) / total

    def vector(self) -> np.ndarray:
        """Return all that changes, on scales where a leap cannot leave its range."""
        share = np.clip(self.null_probability, 1e-9, 1 - 1e-9)
        return np.concatenate([self.curves.coefficients(), np.log(share / (1 - share))])

    def set_vector(self, vector: np.ndarray) -> None:
        """Set all that changes."""
        size = len(self.curves.coefficients())
        self.curves.set_coefficients(vector[:size])
        self.null_probability = 1.0 / (1.0 + np.exp(-np.clip(vector[size:], -30.0, 30.0)))

    def leap(self) -> None:
        """Go two rounds, leap along their direction, and go one round from there."""
        start = self.vector()
        self.go()
        first = self.vector()
        self.go()
        second = self.vector()
        floor = self.log_likelihoods[-1] - _ALLOWED_FALL
        step, bend = first - start, second - 2 * first + start
        bent = max(float(np.linalg.norm(bend)), 1e-12)
        length = float(np.clip(float(np.linalg.norm(step)) / bent, 1.0, _LONGEST_LEAP))
        target = start + 2 * length * step + length**2 * bend
        self.set_vector(second + np.clip(target - second, -_LARGEST_MOVE, _LARGEST_MOVE))
        self.go()
        if not self.log_likelihoods[-1] >= floor:
            self.log_likelihoods.pop()
            self.set_vector(second)
            self.go()


def run_em(
    calls: UnlabelledCalls,
    seconds: np.ndarray,
    curves: DelayCurves,
    counter: NullCounter,
    iterations: int,
) -> EmFit:
    """Find rates and null rates under which the calls are likeliest.

    Parameters
    ----------
    calls : UnlabelledCalls
        With weights by cell.
    seconds : ndarray of shape (n_classes, n_devices, n_bins)
        Seconds at risk, weighted by propensity and hour.
    curves : DelayCurves
        Started; fitted in place.
    counter : NullCounter
        Of the same calls.
    iterations : int
        Most leaps of three rounds; stops when one gains less than 0.02 nat in all.

    Returns
    -------
    EmFit
    """
    is_live = calls.frame["live_touch_index"].notna().to_numpy()
    first = np.where(is_live, *_FIRST_NULL_SHARES)
    rounds = _Rounds(calls, seconds, curves, counter, first, np.zeros(seconds.shape))
    if len(calls.frame):
        rounds.go()
        for _ in range(iterations):
            before = rounds.log_likelihoods[-1]
            rounds.leap()
            if abs(rounds.log_likelihoods[-1] - before) < _TOLERANCE:
                break
    return EmFit(
        curves,
        counter.rates(rounds.null_probability),
        rounds.null_probability,
        rounds.live_probability(),
        rounds.posterior_calls,
        rounds.log_likelihoods,
    )
