"""Area codes given the place of the touch.

Geography is a mixture over how near the number's area code is to the touch: as counted among known
calls from the same city; any code of the same state, of the same census region, or anywhere, each
as popular as the number of cities that it was seen from. So a caller who moved keeps a chance, and
the codes of the clients' home cities, from which most calls come, are not thought to be common
everywhere (by calls instead of cities the codes of a city were a quarter further from the truth,
on made-up agencies). The four weights
are found by EM in which no call explains itself (each is taken out of the counts first), apart for
cities with few and with many known calls. Counts of a city are discounted by a part of a call, as
in language models: that alone was worth 0.1 nat a call. A missing mark drops out of the product.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.matching.regions import (
    REGION_OF_STATE,
    STATE_OF_AREA_CODE,
    census_region,
    home_state,
)

LEVELS = ("city", "state", "region", "nation")
CITY_MINIMUM_CALLS = 2
"""Cities with fewer known calls are placed by their state: too few to say which codes they use."""

_CITY_CALLS_STEPS = (0, CITY_MINIMUM_CALLS, 5, 15, 40, 100)
_CODE_PRIOR_CITIES = 1.0
_DISCOUNTS = (0.5, 0.7, 0.85, 0.95)
"""Taken from each count of a code in a city: a code seen once is mostly someone who moved."""

_WEIGHT_ROUNDS = 50
_SHARE_COLUMNS = ("level", "place", "area_code", "calls", "share")


@dataclass(frozen=True)
class Geography:
    """Coefficients of p(area code | place).

    Attributes
    ----------
    shares : DataFrame
        Columns level, place, area_code, calls, share: known calls by city of the touch, and of
        all; the share of a code among the calls of the city, discounted, and for all, of every
        code that exists, its share of the cities that codes were seen from.
    weights : DataFrame
        Columns city_calls_from, level, weight: the mixture by how many calls the city has.
    """

    shares: pd.DataFrame
    weights: pd.DataFrame

    @property
    def cities(self) -> list[str]:
        """Cities with calls enough to be places of their own, as 'STATE/city'."""
        return sorted(self.shares.loc[self.shares["level"] == "city", "place"].unique())


def touch_places(touches: pd.DataFrame, cities: list[str]) -> pd.DataFrame:
    """Return the place at each level: columns city, state, region, nation; null where unknown.

    Parameters
    ----------
    touches : DataFrame of shape (n, >= 2)
        Columns state and city.
    cities : list of str
        'STATE/city' of the cities that count.
    """
    state = touches["state"].astype(object)
    state = state.where(state.notna(), None)
    city = state.fillna("") + "/" + touches["city"].astype(object).fillna("")
    return pd.DataFrame(
        {
            "city": city.where(touches["city"].notna() & city.isin(cities), None),
            "state": state,
            "region": census_region(state),
            "nation": "all",
        },
        index=touches.index,
    )


def fit_geography(known: pd.DataFrame) -> Geography:
    """Count area codes by place and find the weights of the levels.

    Parameters
    ----------
    known : DataFrame
        One row per known call: area_code, state, city (of its touch).

    Examples
    --------
    >>> known = pd.DataFrame({"area_code": ["212"] * 30 + ["973"] * 30,
    ...     "state": ["NY"] * 30 + ["NJ"] * 30, "city": ["a"] * 30 + ["b"] * 30})
    >>> fitted = fit_geography(known)
    >>> places = touch_places(pd.DataFrame({"state": ["NY"], "city": ["a"]}), fitted.cities)
    >>> shares = area_code_shares(fitted, places, ["212", "973"])
    >>> bool(shares[0, 0] > 0.9), bool(shares[0, 1] > 0)
    (True, True)
    """
    # Calls of one city and code look the same: once is enough, with their number.
    alike = known.groupby(["area_code", "state", "city"], dropna=False, sort=False)
    known = alike.size().rename("calls").reset_index().dropna(subset="area_code")
    codes, calls = known["area_code"], known["calls"]
    keys = known["state"].astype(object).fillna("") + "/" + known["city"].astype(object).fillna("")
    sizes = calls[known["city"].notna()].groupby(keys).sum()
    places = touch_places(known, sorted(sizes[sizes >= CITY_MINIMUM_CALLS].index))
    home = _code_places(codes)
    popular = _popularity(codes)
    rest = [
        _left_out_home_shares(codes, calls, popular, home[name], places[name])
        for name in LEVELS[1:]
    ]
    city_calls = places["city"].map(sizes).fillna(0).to_numpy(dtype=float)
    fits = []
    for discount in _DISCOUNTS:
        city = _left_out_city_shares(codes, calls, places["city"], discount)
        numbers = np.column_stack([city, *rest])
        fits.append((*_fit_weights(numbers, city_calls, calls.to_numpy(dtype=float)), discount))
    _, weights, discount = max(fits, key=lambda fit: fit[0])
    shares = [
        _counts(codes, calls, places["city"], discount),
        _nation(popular, calls.groupby(codes).sum()),
    ]
    return Geography(pd.concat(shares, ignore_index=True), weights)


def _counts(codes: pd.Series, calls: pd.Series, place: pd.Series, discount: float) -> pd.DataFrame:
    counted = pd.DataFrame({"place": place, "area_code": codes, "calls": calls}).dropna()
    counts = counted.groupby(["place", "area_code"])["calls"].sum().reset_index()
    left = (counts["calls"] - discount).clip(lower=0.0)
    share = left / left.groupby(counts["place"]).transform("sum")
    return counts.assign(level="city", share=share)[list(_SHARE_COLUMNS)]


def _nation(popular: pd.Series, calls: pd.Series) -> pd.DataFrame:
    share = (popular / popular.sum()).rename_axis("area_code").rename("share").reset_index()
    known = share["area_code"].map(calls).fillna(0).astype("int64")
    return share.assign(level="nation", place="all", calls=known)[list(_SHARE_COLUMNS)]


def _code_places(codes: pd.Series) -> pd.DataFrame:
    """Return where each area code is at home: columns state, region, nation."""
    state = home_state(codes)
    return pd.DataFrame(
        {"state": state, "region": census_region(state), "nation": "all"}, index=codes.index
    )


def _left_out_city_shares(
    codes: pd.Series, calls: pd.Series, city: pd.Series, discount: float
) -> np.ndarray:
    """Return its code's discounted share among the other calls of a call's city."""
    filled = city.astype(object).where(city.notna(), "")
    same = calls.groupby([filled, codes]).transform("sum").to_numpy(dtype=float)
    left = np.maximum(same - discount, 0.0)
    # Each call of a code carries an equal part of what is left of its count.
    total = (calls * left / same).groupby(filled).transform("sum").to_numpy()
    mine = np.maximum(same - 1.0 - discount, 0.0)
    others = total - left + mine
    share = np.divide(mine, others, out=np.zeros_like(mine), where=others > 0)
    return np.where(city.notna(), share, 0.0)


def _left_out_home_shares(
    codes: pd.Series,
    calls: pd.Series,
    popular: pd.Series,
    home: pd.Series,
    place: pd.Series,
) -> np.ndarray:
    """Return a call's code's share among codes at home where the touch was, the call left out.

    0 where the code is at home elsewhere. With a call that alone shows its code in its city, that
    city is left out.
    """
    where = _code_places(popular.index.to_series())[home.name]
    totals = popular.groupby(where).sum()
    left_out = (calls == 1).to_numpy(dtype=float)
    own = popular.reindex(codes).to_numpy(dtype=float) - left_out
    total = totals.reindex(home).to_numpy(dtype=float) - left_out
    same = (home.notna() & (home == place)).to_numpy()
    return np.where(same, own / np.where(same, total, 1.0), 0.0)


def _popularity(codes: pd.Series) -> pd.Series:
    """Return in how many cities each area code was seen; one that exists begins with one city.

    `codes` has a row per city and code.
    """
    counts = codes.value_counts().astype(float)
    every = sorted(set(STATE_OF_AREA_CODE) | set(counts.index))
    return counts.reindex(every).fillna(0.0) + _CODE_PRIOR_CITIES


def _fit_weights(
    numbers: np.ndarray, city_calls: np.ndarray, calls: np.ndarray
) -> tuple[float, pd.DataFrame]:
    """Return the log-likelihood of the calls, each left out, and the weights it is highest at."""
    step = np.searchsorted(_CITY_CALLS_STEPS, city_calls, side="right") - 1
    prior = np.array([0.5, 0.25, 0.1, 0.15])
    rows = []
    likelihood = 0.0
    for index, minimum in enumerate(_CITY_CALLS_STEPS):
        start = prior * np.array([index > 0, 1, 1, 1])
        start = weights = start / start.sum()
        mine, times = numbers[step == index], calls[step == index]
        for _ in range(_WEIGHT_ROUNDS):
            joint = mine * weights
            posterior = joint / joint.sum(axis=1, keepdims=True)
            weights = times @ posterior + 10.0 * start
            weights = weights / weights.sum()
        likelihood += float(times @ np.log(mine @ weights))
        rows += [(minimum, level, weights[place]) for place, level in enumerate(LEVELS)]
    return likelihood, pd.DataFrame(rows, columns=["city_calls_from", "level", "weight"])


def area_code_shares(
    geography: Geography, places: pd.DataFrame, area_codes: list[str]
) -> np.ndarray:
    """Return p(area code | place).

    Parameters
    ----------
    geography : Geography
        Fitted counts and weights.
    places : DataFrame of shape (n_places, 4)
        From `touch_places`.
    area_codes : list of str
        Codes asked for.

    Returns
    -------
    ndarray of shape (n_places, n_codes)
        Positive everywhere.
    """
    weights = _level_weights(geography, places)
    return np.einsum("pl,lpc->pc", weights, level_shares(geography, places, area_codes))


def level_shares(geography: Geography, places: pd.DataFrame, area_codes: list[str]) -> np.ndarray:
    """Return p(area code | level of the place), which `area_code_shares` mixes.

    Returns
    -------
    ndarray of shape (4, n_places, n_codes)
        In the order of `LEVELS`; zeros where the place has no such level.
    """
    cities = geography.shares[geography.shares["level"] == "city"]
    table = cities.pivot_table(index="place", columns="area_code", values="share", fill_value=0.0)
    shares = table.reindex(columns=area_codes, fill_value=0.0).reindex(places["city"]).fillna(0.0)
    levels = np.zeros((len(LEVELS), len(places), len(area_codes)))
    levels[0] = shares.to_numpy(dtype=float)
    everyone = geography.shares[geography.shares["level"] == "nation"]
    popular = everyone.set_index("area_code")["share"]
    # A code that neither the table nor a known call has is as popular as one never seen.
    asked = popular.reindex(area_codes).fillna(popular.min()).to_numpy(dtype=float)
    every_home = _code_places(popular.index.to_series())
    asked_home = _code_places(pd.Series(area_codes, dtype="str"))
    for index, level in enumerate(LEVELS[1:], start=1):
        sums = popular.groupby(every_home[level]).sum().reindex(places[level])
        home = asked_home[level].to_numpy(dtype=object)
        same = home[None, :] == places[level].to_numpy(dtype=object)[:, None]
        shares_there = asked[None, :] / sums.to_numpy(dtype=float)[:, None]
        levels[index] = np.where(same, shares_there, 0.0)
    return levels


def _level_weights(geography: Geography, places: pd.DataFrame) -> np.ndarray:
    city = geography.shares[geography.shares["level"] == "city"].dropna(subset="share")
    sizes = city.groupby("place")["calls"].sum()
    calls = places["city"].map(sizes).fillna(0).to_numpy(dtype=float)
    step = np.searchsorted(_CITY_CALLS_STEPS, calls, side="right") - 1
    table = geography.weights.pivot_table(index="city_calls_from", columns="level", values="weight")
    weights = table.loc[list(_CITY_CALLS_STEPS), list(LEVELS)].to_numpy(dtype=float)[step]
    known = (set(city["place"]), set(STATE_OF_AREA_CODE.values()), set(REGION_OF_STATE.values()))
    for index, level in enumerate(LEVELS[:-1]):
        weights[:, index] *= places[level].isin(known[index]).to_numpy()
    return weights / weights.sum(axis=1, keepdims=True)
