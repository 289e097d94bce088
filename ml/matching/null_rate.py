"""Calls from nobody: their rate by site or pool and hour, their area codes and line types.

No labelled call shows them. They are counted as posteriors in `ml.matching.em`, divided by the
length of the data, and shrunk: an hour of a place to the hours at which its site's known callers
call (a site in another time zone has its null calls there too), a line type to its share among all
calls, the area codes of a site to a mixture of places. People who find a business without an ad
mostly live near it, so the mixture finds where each site is at home, with far fewer free numbers
than a share for every area code.

While fitting, a caller's own mass is taken out of the counts that judge the call: one that may
count itself explains itself, round after round, and the null swallows what long delays should
explain. The whole caller's, since people call again from the same area code.
The coefficients handed on are deflated in the same way, by what an average call of a cell adds to
it, since most calls that are scored were counted too.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

OTHER_TAPPED_SHARE = 1e-3
"""How likely another touch, or nobody, is behind a call right after a tap on its number."""

_PLACE_HOUR_PRIOR_CALLS = 10.0
_HOUR_PRIOR_CALLS = 5.0
_SITE_PRIOR_CALLS = 500.0
_LEVEL_PRIOR_CALLS = 4.0
_LINE_PRIOR_CALLS = 5.0


@dataclass(frozen=True)
class UnlabelledCalls:
    """The calls of one fit.

    Attributes
    ----------
    frame : DataFrame of shape (n_calls, >= 9)
        match_kind, place_key, place_numbers, site, caller_index, call_hour, area_index,
        line_index, is_tapped.
    weights : csr_matrix of shape (n_calls, n_cells)
        Sum of the pairs' weights by cell, without the rate.
    """

    frame: pd.DataFrame
    weights: sparse.csr_matrix
    transposed: sparse.csr_matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "transposed", self.weights.T.tocsr())


@dataclass
class NullRates:
    """Rate and marks of the calls that no touch brought.

    Attributes
    ----------
    rates : DataFrame of shape (n_places, 24)
        Calls per second of a place, all numbers of a pool together, by local hour.
    area_ratios : DataFrame of shape (n_sites + 1, n_codes + 1)
        Share among a site's null calls over share among all calls, by index of the area code; 1
        for the missing mark. The site '' stands for all, and for one never seen.
    line_ratios : ndarray of shape (n_types + 1,)
        The same of line types, for all sites.
    """

    rates: pd.DataFrame
    area_ratios: pd.DataFrame
    line_ratios: np.ndarray

    def of_calls(self, calls: pd.DataFrame) -> np.ndarray:
        """Return the null's rate times its marks for each call: shape (n_calls,)."""
        rates, area, line = self._parts(calls)
        rate = rates[np.arange(len(calls)), calls["call_hour"].to_numpy(dtype=int)]
        return rate * (area * line) * _call_share(calls)

    def factors_of_calls(self, calls: pd.DataFrame) -> pd.DataFrame:
        """Return the factors of `of_calls`, one column each.

        Columns number_rate (calls per second of the dialled number, mean of the hours), hour,
        area, line, tap.
        """
        rates, area, line = self._parts(calls)
        mean = rates.mean(axis=1)
        rate = rates[np.arange(len(calls)), calls["call_hour"].to_numpy(dtype=int)]
        tap = _tap_share(calls)
        return pd.DataFrame(
            {
                "number_rate": mean * _call_share(calls) / tap,
                "hour": rate / mean,
                "area": area,
                "line": line,
                "tap": tap,
            },
            index=calls.index,
        )

    def _parts(self, calls: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rates by hour of each call's place, and the factors of its marks."""
        rows = self.rates.index.get_indexer(pd.Index(calls["place_key"]))
        table = np.vstack([self.rates.to_numpy(dtype=float), self._unknown_place()])
        sites = np.maximum(self.area_ratios.index.get_indexer(pd.Index(calls["site"])), 0)
        areas = self.area_ratios.to_numpy(dtype=float)[sites, calls["area_index"]]
        return table[rows], areas, self.line_ratios[calls["line_index"]]

    def _unknown_place(self) -> np.ndarray:
        if self.rates.empty:
            return np.full((1, 24), 1.0 / 86_400)
        return self.rates.to_numpy(dtype=float).mean(axis=0, keepdims=True)


def _call_share(calls: pd.DataFrame) -> np.ndarray:
    """Return one number's share of its place, and what a tap leaves for nobody."""
    return _tap_share(calls) / calls["place_numbers"].to_numpy(dtype=float)


def _tap_share(calls: pd.DataFrame) -> np.ndarray:
    return np.where(calls["is_tapped"].to_numpy(dtype=bool), OTHER_TAPPED_SHARE, 1.0)


class NullCounter:
    """Turns posterior null calls into rates and marks.

    Parameters
    ----------
    calls : DataFrame of shape (n_calls, >= 9)
        As in `UnlabelledCalls`.
    days : ndarray of shape (n_calls,)
        Length of the data in days, times the share of the calls of its kind that are here.
    home_shares : ndarray of shape (4, n_homes, n_codes)
        p(area code | level) of the places where a site may be at home, from
        `ml.matching.marks.level_shares`.
    type_count : int
        Number of line types.
    hours : ndarray of shape (n_calls, 24)
        How much likelier a known call of the call's site is at each hour than on the average.

    Attributes
    ----------
    weights_ : ndarray of shape (n_sites + 1, 4)
        How near to home each site's null callers live, by level, refined in every round; the last
        row is that of all sites together.
    """

    def __init__(
        self,
        calls: pd.DataFrame,
        days: np.ndarray,
        home_shares: np.ndarray,
        type_count: int,
        hours: np.ndarray,
    ) -> None:
        self.calls = calls
        self.place, self.places = pd.factorize(calls["place_key"], sort=True)
        self.site, self.sites = pd.factorize(calls["site"], sort=True)
        self.hour = calls["call_hour"].to_numpy(dtype=int)
        self.area = calls["area_index"].to_numpy(dtype=int)
        self.line = calls["line_index"].to_numpy(dtype=int)
        callers = calls["caller_index"].astype(str) + " " + calls["site"]
        self.caller, _ = pd.factorize(callers)
        self.sizes = (home_shares.shape[2] + 1, type_count + 1)
        self.home_shares = home_shares
        kinds = calls.groupby("place_key")["match_kind"].first().reindex(self.places)
        self.kind, _ = pd.factorize(kinds, sort=True)
        self.days = np.zeros(len(self.places))
        self.days[self.place] = days
        self.hours = np.ones((len(self.places), 24))
        self.hours[self.place] = hours
        self.weights_ = np.full((len(self.sites) + 1, len(home_shares)), 1.0 / len(home_shares))

    def rates(self, posterior: np.ndarray) -> NullRates:
        """Return rates and marks from the probability that each call came from nobody."""
        places, hours = np.indices((len(self.places), 24)).reshape(2, -1)
        own = _typical_mass(posterior, self.place * 24 + self.hour, len(places))
        rates = self._rate(posterior, places, hours, own)
        site_count, codes = len(self.sites), self.sizes[0]
        sites, areas = np.indices((site_count + 1, codes)).reshape(2, -1)
        own = _typical_mass(posterior, self.site * codes + self.area, site_count * codes)
        own = np.concatenate([own, np.zeros(codes)])
        area_ratios = self._area_ratio(posterior, sites, areas, own)
        lines = np.arange(self.sizes[1])
        # The row of all sites stands first, under the empty name.
        table = np.roll(area_ratios.reshape(site_count + 1, codes), 1, axis=0)
        return NullRates(
            pd.DataFrame(rates.reshape(-1, 24), index=self.places),
            pd.DataFrame(table, index=["", *self.sites]).groupby(level=0).first(),
            self._line_ratio(posterior, lines, np.zeros(len(lines))),
        )

    def weights(self, posterior: np.ndarray) -> np.ndarray:
        """Return each call's null rate times marks, counted on all other callers."""
        marked = np.where(self.area > 0, posterior, 0.0)
        mine = np.bincount(self.caller, weights=marked)[self.caller]
        return (
            self._rate(posterior, self.place, self.hour, posterior)
            * self._area_ratio(posterior, self.site, self.area, mine)
            * self._line_ratio(posterior, self.line, posterior)
            * _call_share(self.calls)
        )

    def _rate(
        self, posterior: np.ndarray, place: np.ndarray, hour: np.ndarray, own: np.ndarray
    ) -> np.ndarray:
        """Return calls per second by place and hour, shrunk to the place and to its hours."""
        sums = np.zeros((len(self.places), 24))
        np.add.at(sums, (self.place, self.hour), posterior)
        kinds = np.bincount(self.kind, weights=sums.sum(axis=1))
        pooled = (kinds + 0.5) / (np.bincount(self.kind, weights=self.days) + 1.0)
        of_place = self.kind[place]
        a_day = (sums.sum(axis=1)[place] - own + 1.0) / (self.days[place] + 1.0 / pooled[of_place])
        shape = self._profile(sums)[place, hour]
        expected = a_day * shape * self.days[place] / 24
        here = sums[place, hour] - own + _PLACE_HOUR_PRIOR_CALLS
        return a_day * shape * here / (expected + _PLACE_HOUR_PRIOR_CALLS) / 86_400

    def _profile(self, sums: np.ndarray) -> np.ndarray:
        """Return the hours of each place, of mean 1: its site's, as null calls of its kind differ.

        Shape (n_places, 24). Null callers of one kind may keep other hours than visitors do, which
        all places show together.
        """
        expected = self.hours * sums.mean(axis=1, keepdims=True)
        shape = (self.kind.max(initial=0) + 1, 24)
        counted, thought = np.zeros(shape), np.zeros(shape)
        np.add.at(counted, self.kind, sums)
        np.add.at(thought, self.kind, expected)
        tilt = (counted + _HOUR_PRIOR_CALLS) / (thought + _HOUR_PRIOR_CALLS)
        profile = self.hours * tilt[self.kind]
        return profile / profile.mean(axis=1, keepdims=True)

    def _area_ratio(
        self, posterior: np.ndarray, site: np.ndarray, area: np.ndarray, own: np.ndarray
    ) -> np.ndarray:
        """Return ratios of area codes by site, shrunk to its mixture; the last site is all."""
        known = self.area > 0
        counts = np.zeros((len(self.sites), self.sizes[0]))
        np.add.at(counts, (self.site[known], self.area[known]), posterior[known])
        counts = np.vstack([counts, counts.sum(axis=0)])
        share = _shares(self.area, self.sizes[0])
        mixture = self._home_mixture(counts[:, 1:], share[1:])
        mixture = np.hstack([np.ones((len(mixture), 1)), mixture])
        total = counts.sum(axis=1)
        mine = _shrunk(
            counts[site, area] - own, total[site] - own, mixture[site, area], _SITE_PRIOR_CALLS
        )
        return np.where(area > 0, mine / share[area], 1.0)

    def _home_mixture(self, counts: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """Return p(area code) of each site's null callers: shape (n_sites + 1, n_codes).

        The home of a site is whatever place explains its null calls best, or several places by
        how well they do; the weights of the levels there take one step of EM.
        """
        if self.home_shares.size == 0:
            return np.broadcast_to(shares, counts.shape)
        mixture = np.empty(counts.shape)
        for row, found in enumerate(counts):
            weights = self.weights_[row]
            by_home = np.einsum("l,lhc->hc", weights, self.home_shares) + 1e-3 * shares
            fit = np.log(by_home) @ found
            home = np.exp(fit - fit.max())
            home = home / home.sum()
            shared = (home[:, None] / by_home) * found
            step = weights * np.einsum("lhc,hc->l", self.home_shares, shared)
            step = step + _LEVEL_PRIOR_CALLS / len(weights)
            self.weights_[row] = step / step.sum()
            mixture[row] = home @ by_home
        return mixture / mixture.sum(axis=1, keepdims=True)

    def _line_ratio(self, posterior: np.ndarray, line: np.ndarray, own: np.ndarray) -> np.ndarray:
        known = self.line > 0
        counts = np.bincount(self.line[known], weights=posterior[known], minlength=self.sizes[1])
        share = _shares(self.line, self.sizes[1])[line]
        ratio = _shrunk(counts[line] - own, counts.sum() - own, share, _LINE_PRIOR_CALLS) / share
        return np.where(line > 0, ratio, 1.0)


def _shares(index: np.ndarray, size: int) -> np.ndarray:
    """Return the share of each known value; that of the missing one, 1, is never used."""
    counts = np.bincount(index[index > 0], minlength=size) + 0.5
    counts[0] = 0.0
    shares = counts / max(counts.sum(), 1e-12)
    shares[0] = 1.0
    return shares


def _shrunk(
    count: np.ndarray, total: np.ndarray, prior: np.ndarray, prior_calls: float
) -> np.ndarray:
    return (np.maximum(count, 0.0) + prior_calls * prior) / (total + prior_calls)


def _typical_mass(posterior: np.ndarray, cell: np.ndarray, size: int) -> np.ndarray:
    """Return the mean mass of the calls of each cell, weighted by that mass; 0 for none."""
    total = np.bincount(cell, weights=posterior, minlength=size)
    squares = np.bincount(cell, weights=posterior**2, minlength=size)
    return squares / np.maximum(total, 1e-12)
