"""What a call shows of its caller, given the touch: area code, line type, a tap before it.

Counted on known calls with priors. A mark that is missing drops out of the product.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.matching.geography import touch_places
from ml.matching.settings import DEVICES
from ml.matching.touches import CITY, STATE
from ml.sql import Sql, put_table

_LINE_PRIOR_CALLS = 10.0
_TAP_PRIOR_CALLS = 4.0


@dataclass(frozen=True)
class MarkLevels:
    """The values that marks take, and their shares among all calls.

    Attributes
    ----------
    area_codes, line_types : list of str
        In ascending order; index 0 of every factor is the missing mark.
    area_shares, line_shares : ndarray
        Positive, of sum 1.
    """

    area_codes: list[str]
    line_types: list[str]
    area_shares: np.ndarray
    line_shares: np.ndarray


def mark_levels(sql: Sql) -> MarkLevels:
    """Return the area codes and line types among the calls of matcher_calls."""
    values: list[list[str]] = []
    shares: list[np.ndarray] = []
    for column in ("area_code", "line_type"):
        counts = sql.frame(
            f"select {column} as value, count(*) as calls from matcher_calls "
            f"where {column} is not null group by {column} order by {column}"
        )
        calls = counts["calls"].to_numpy(dtype=float) + 0.5
        values.append(counts["value"].astype(str).tolist())
        shares.append(calls / max(calls.sum(), 1.0))
    return MarkLevels(values[0], values[1], shares[0], shares[1])


def mark_index(values: pd.Series, levels: list[str]) -> np.ndarray:
    """Return each value's place among the levels, from 1; 0 for missing or never seen.

    Examples
    --------
    >>> mark_index(pd.Series(["b", None, "z"]), ["a", "b"]).tolist()
    [2, 0, 0]
    """
    places = {level: index + 1 for index, level in enumerate(levels)}
    return values.map(places).fillna(0).to_numpy(dtype=int)


def put_places(sql: Sql, cities: list[str]) -> pd.DataFrame:
    """Create matcher_place_keys and return the distinct places that touches have.

    Places that the model cannot tell apart share one place_index. All touches count, also when
    only some calls are scored: what is computed from the places must not depend on the others.
    """
    keys = sql.frame(
        f"select distinct {STATE} as state, {CITY} as city from intermediate.int_touches "
        "order by state, city"
    )
    places = touch_places(keys, cities)
    label = places["city"].fillna(places["state"]).fillna("")
    codes, _ = pd.factorize(label, sort=True)
    put_table(sql, "matcher_place_keys", keys.assign(place_index=codes.astype("int32")))
    return places.assign(place_index=codes).drop_duplicates("place_index").sort_values(
        "place_index"
    )  # fmt: skip


def put_area_factors(sql: Sql, areas: np.ndarray, levels: MarkLevels, temperature: float) -> None:
    """Create matcher_area_factors: p(area code | place) / p(area code), raised to the temperature.

    Index 0 is the missing mark, which has factor 1.

    Parameters
    ----------
    sql : Sql
    areas : ndarray of shape (n_places, n_codes)
        p(area code | place).
    levels : MarkLevels
    temperature : float
        1 leaves the shares as they are.
    """
    values = _tempered(areas.T, levels.area_shares, temperature).ravel()
    keys = np.arange(values.size, dtype="int32")
    put_table(sql, "matcher_area_factors", pd.DataFrame({"area_key": keys, "factor": values}))


def line_factors(lines: np.ndarray, levels: MarkLevels, temperature: float) -> np.ndarray:
    """Return p(line type | device) / p(line type), raised to the temperature.

    Parameters
    ----------
    lines : ndarray of shape (n_devices, n_types)
        p(line type | device).
    levels : MarkLevels
    temperature : float
        1 leaves the shares as they are.

    Returns
    -------
    ndarray of shape (n_types + 1, n_devices)
        The first row is that of the missing mark, which has factor 1.
    """
    return _tempered(lines.T, levels.line_shares, temperature)


def _tempered(shares: np.ndarray, overall: np.ndarray, temperature: float) -> np.ndarray:
    """Return (shares / overall) ** temperature, scaled so that marks still sum to 1, below ones.

    Without the scaling a temperature above 1 would make every touch more likely than nobody.
    """
    ratios = (shares / overall[:, None]) ** temperature
    if len(overall):
        ratios = ratios / (overall @ ratios)
    return np.vstack([np.ones((1, shares.shape[1])), ratios])


def line_type_shares(known: pd.DataFrame, line_types: list[str]) -> np.ndarray:
    """Return p(line type | device) by counting, shrunk to all devices.

    Parameters
    ----------
    known : DataFrame
        One row per known call: device_id, line_type.
    line_types : list of str
        Types to tell apart.

    Returns
    -------
    ndarray of shape (n_devices, n_types)
        Rows sum to 1.
    """
    counts = np.zeros((len(DEVICES), len(line_types)))
    known = known[known["line_type"].isin(line_types)]
    position = known["line_type"].map({name: i for i, name in enumerate(line_types)})
    np.add.at(counts, (known["device_id"].to_numpy(), position.to_numpy(dtype=int)), 1.0)
    overall = (counts.sum(axis=0) + 1.0) / (counts.sum() + max(len(line_types), 1))
    smoothed = counts + _LINE_PRIOR_CALLS * overall
    return smoothed / smoothed.sum(axis=1, keepdims=True)


def tap_shares(known: pd.DataFrame, octaves: int) -> np.ndarray:
    """Return the share of calls from a page with the number on it that come with a tap.

    It falls with the delay, since later calls come from people who left the page.

    Parameters
    ----------
    known : DataFrame
        One row per known call: device_id, delay_octave, is_tapped.
    octaves : int
        How many octaves of delay there are.

    Returns
    -------
    ndarray of shape (n_devices, n_octaves)
        Within (0, 1); small where no tap was ever seen.
    """
    taps = np.zeros((len(DEVICES), octaves))
    calls = np.zeros_like(taps)
    place = (known["device_id"].to_numpy(), known["delay_octave"].to_numpy(dtype=int))
    np.add.at(taps, place, known["is_tapped"].to_numpy(dtype=float))
    np.add.at(calls, place, 1.0)
    shares = np.zeros_like(taps)
    before = (taps.sum(axis=1) + 0.01) / (calls.sum(axis=1) + 1.0)
    for octave in range(octaves):
        before = (taps[:, octave] + _TAP_PRIOR_CALLS * before) / (
            calls[:, octave] + _TAP_PRIOR_CALLS
        )
        shares[:, octave] = before
    return np.clip(shares, 1e-4, 0.99)
