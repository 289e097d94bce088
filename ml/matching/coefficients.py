"""From what was fitted to the tables of `ml.artifacts`, and back: nobody else knows both."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.artifacts import MatcherModel
from ml.matching.delays import SCORE_BINS_PER_OCTAVE, bin_edges
from ml.matching.em import EmFit
from ml.matching.geography import Geography
from ml.matching.marks import MarkLevels
from ml.matching.null_rate import NullRates
from ml.matching.settings import DEVICES, PAIR_CLASSES, MatcherSettings


@dataclass(frozen=True)
class FittedMarks:
    """Everything learned about marks.

    Attributes
    ----------
    geography : Geography
    levels : MarkLevels
    lines : ndarray of shape (n_devices, n_types)
    taps : ndarray of shape (n_devices, n_octaves)
    temperature : float
    """

    geography: Geography
    levels: MarkLevels
    lines: np.ndarray
    taps: np.ndarray
    temperature: float


def mark_tables(marks: FittedMarks) -> dict[str, pd.DataFrame]:
    """Return the tables of geography, line types, taps, mark shares and temperatures."""
    levels = marks.levels
    types, octaves = levels.line_types, np.arange(marks.taps.shape[1])
    return {
        "geography_weights": marks.geography.weights,
        "geography_shares": marks.geography.shares,
        "line_type_shares": pd.DataFrame(
            {
                "device": np.repeat(DEVICES, len(types)),
                "line_type": pd.Series(types * len(DEVICES), dtype="str"),
                "share": marks.lines.ravel(),
            }
        ),
        "tap_shares": pd.DataFrame(
            {
                "device": np.repeat(DEVICES, len(octaves)),
                "delay_from_seconds": np.tile(np.exp2(octaves) - 1.0, len(DEVICES)),
                "delay_to_seconds": np.tile(np.exp2(octaves + 1) - 1.0, len(DEVICES)),
                "share": marks.taps.ravel(),
            }
        ),
        "mark_shares": pd.DataFrame(
            {
                "mark": ["area_code"] * len(levels.area_codes) + ["line_type"] * len(types),
                "value": pd.Series(levels.area_codes + types, dtype="str"),
                "call_share": np.concatenate([levels.area_shares, levels.line_shares]),
            }
        ),
        "temperatures": pd.DataFrame(
            {"match_kind": ["fallback", "pool"], "temperature": marks.temperature}
        ),
    }


def hour_table(hours: np.ndarray, sites: list[str]) -> pd.DataFrame:
    """Return the hour factors, those of all sites under the empty name."""
    return pd.DataFrame(
        {
            "site": np.repeat(np.asarray(["", *sites], dtype=object), 24),
            "hour": np.tile(np.arange(24), len(sites) + 1),
            "factor": hours.ravel(),
        }
    )


def hazard_table(fit: EmFit, settings: MatcherSettings) -> pd.DataFrame:
    """Return the rates in the bins of scoring."""
    edges = bin_edges(settings.lookback_seconds, SCORE_BINS_PER_OCTAVE)
    rates = fit.curves.predict(edges)
    classes, devices, bins = np.indices(rates.shape).reshape(3, -1)
    return pd.DataFrame(
        {
            "match_kind": [PAIR_CLASSES[index][0] for index in classes],
            "number_state": [PAIR_CLASSES[index][1] for index in classes],
            "device": [DEVICES[index] for index in devices],
            "delay_from_seconds": edges[bins],
            "delay_to_seconds": edges[bins + 1],
            "calls_per_second": rates.ravel(),
        }
    )


def null_tables(fit: EmFit, levels: MarkLevels) -> dict[str, pd.DataFrame]:
    """Return the tables of null rates and null marks."""
    rates = fit.null.rates.rename_axis("place_key").reset_index()
    long = rates.melt("place_key", var_name="hour", value_name="calls_per_second")
    parts = long["place_key"].astype("str").str.split("|", n=1, expand=True)
    parts = parts.reindex(columns=[0, 1])
    long = long.assign(match_kind=parts[0], place=parts[1])
    ratios = fit.null.area_ratios.to_numpy(dtype=float)[:, 1:]
    sites = fit.null.area_ratios.index.tolist()
    areas = pd.DataFrame(
        {
            "mark": "area_code",
            "site": np.repeat(np.asarray(sites, dtype=object), len(levels.area_codes)),
            "value": pd.Series(levels.area_codes * len(sites), dtype="str"),
            "null_share": (ratios * levels.area_shares).ravel(),
        }
    )
    lines = pd.DataFrame(
        {
            "mark": "line_type",
            "site": "",
            "value": pd.Series(levels.line_types, dtype="str"),
            "null_share": fit.null.line_ratios[1:] * levels.line_shares,
        }
    )
    return {
        "null_rates": long.sort_values(["match_kind", "place", "hour"]),
        "null_marks": pd.concat([areas, lines], ignore_index=True),
    }


def lost_table(fit: EmFit, seconds: np.ndarray, shares: np.ndarray) -> pd.DataFrame:
    """Return the posterior calls and the days at risk of each class, of which a fit saw a share."""
    return pd.DataFrame(
        {
            "match_kind": [kind for kind, _ in PAIR_CLASSES],
            "number_state": [state for _, state in PAIR_CLASSES],
            "posterior_calls": fit.posterior_calls.sum(axis=(1, 2)) / shares,
            "touch_days": seconds.sum(axis=(1, 2)) / 86_400.0 / shares,
        }
    )


def hazard_rates_of(model: MatcherModel) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of the scoring bins and the rates in them.

    Returns
    -------
    edges : ndarray of shape (n_bins + 1,)
        Seconds.
    rates : ndarray of shape (n_classes, n_devices, n_bins)
        Calls per second and touch of propensity 1.
    """
    table = model.tables["hazard_rates"]
    lower = np.sort(table["delay_from_seconds"].unique())
    edges = np.append(lower, table["delay_to_seconds"].max())
    rates = np.zeros((len(PAIR_CLASSES), len(DEVICES), len(lower)))
    classes = {name: index for index, name in enumerate(PAIR_CLASSES)}
    pairs = zip(table["match_kind"], table["number_state"], strict=True)
    place = (
        np.array([classes[pair] for pair in pairs], dtype=int),
        table["device"].map({name: index for index, name in enumerate(DEVICES)}).to_numpy(int),
        np.searchsorted(lower, table["delay_from_seconds"]),
    )
    rates[place] = table["calls_per_second"]
    return edges, rates


def tap_shares_of(model: MatcherModel) -> np.ndarray:
    """Return the share of calls with a tap: shape (n_devices, n_octaves)."""
    table = model.tables["tap_shares"].sort_values("delay_from_seconds")
    return np.vstack(
        [table.loc[table["device"] == device, "share"].to_numpy(float) for device in DEVICES]
    )


def geography_of(model: MatcherModel) -> Geography:
    """Return the coefficients of p(area code | place)."""
    return Geography(model.tables["geography_shares"], model.tables["geography_weights"])


def mark_levels_of(model: MatcherModel) -> MarkLevels:
    """Return the values that marks took in training, and their shares."""
    marks = model.tables["mark_shares"].sort_values("value")
    areas, lines = (marks[marks["mark"] == name] for name in ("area_code", "line_type"))
    return MarkLevels(
        areas["value"].tolist(),
        lines["value"].tolist(),
        areas["call_share"].to_numpy(dtype=float),
        lines["call_share"].to_numpy(dtype=float),
    )


def line_shares_of(model: MatcherModel, line_types: list[str]) -> np.ndarray:
    """Return p(line type | device): shape (n_devices, n_types)."""
    table = model.tables["line_type_shares"]
    wide = table.pivot_table(index="device", columns="line_type", values="share")
    return wide.reindex(index=list(DEVICES), columns=line_types).to_numpy(dtype=float)


def temperature_of(model: MatcherModel) -> float:
    """Return the exponent of the marks."""
    return float(model.tables["temperatures"]["temperature"].iloc[0])


def hour_factors_of(model: MatcherModel) -> tuple[np.ndarray, list[str]]:
    """Return the factors, the row of all sites first, and the sites of the other rows."""
    table = model.tables["hour_factors"].pivot_table(index="site", columns="hour", values="factor")
    table = table.sort_index()
    return table.to_numpy(dtype=float), table.index[1:].tolist()


def null_rates_of(model: MatcherModel) -> NullRates:
    """Return rate and marks of the calls that no touch brought."""
    table = model.tables["null_rates"]
    keys = table["match_kind"] + "|" + table["place"]
    rates = table.assign(place_key=keys).pivot_table(
        index="place_key", columns="hour", values="calls_per_second"
    )
    rates = rates.reindex(columns=range(24))  # also where there is no place at all
    levels = mark_levels_of(model)
    marks = model.tables["null_marks"]
    areas = (
        marks[marks["mark"] == "area_code"]
        .pivot_table(index="site", columns="value", values="null_share")
        .reindex(columns=levels.area_codes)
        .div(levels.area_shares, axis=1)
    )
    if areas.empty:
        areas = pd.DataFrame(np.ones((1, len(levels.area_codes))), index=[""])
    areas.insert(0, "", 1.0)
    lines = marks[marks["mark"] == "line_type"].set_index("value")["null_share"]
    line_ratios = lines.reindex(levels.line_types).to_numpy(dtype=float) / levels.line_shares
    return NullRates(rates, areas.sort_index(), np.concatenate([[1.0], line_ratios]))
