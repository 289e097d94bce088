"""The matcher measured on known calls whose lease is hidden, on every run and without truth.

    known call    ->  every session of its site with a live lease at that moment, numbers ignored
    folds 0 to 4  ->  the temperature          folds 5 to 9  ->  the figures

Each of the ten folds is judged with the geography counted on the other nine: a call that counts
itself would make every probability look too timid.

What it tests: the delay curve within leases, propensities, geography, line types, and that
'none of them' is said as often as it is so. What it cannot test: the tail beyond leases, and the
shares of calls lost, which no labelled call shows; `benchmarks/matching.py` does, on truth.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.matching.calibration import (
    HiddenCalls,
    calibration_metrics,
    posteriors,
    truth_probability,
)
from ml.matching.geography import area_code_shares, fit_geography
from ml.matching.known import LiveCurve
from ml.matching.marks import MarkLevels, mark_index
from ml.sql import Sql

STRUCK_PERCENT = 25
"""Of the sessions, those struck from the candidates."""

LARGEST_JUDGED_CALLS = 30_000
"""Known calls that are judged, at most; each is offered dozens of sessions."""

FOLDS = 10
_LARGEST_GROUPS = 50
_SITE_PRIOR_CALLS = 30.0

_PAIRS = """
with offered as (

    select
        sessions.site,
        leases.touch_index,
        leases.start_second,
        leases.end_second,
        -- By site and hour, since a site's leases times its calls grow with the square of both.
        unnest(range(
            cast(floor(leases.start_second / 3600) as bigint),
            cast(floor(leases.end_second / 3600) as bigint) + 1
        )) as hour_index

    from matcher_leases as leases

    inner join matcher_touches as sessions
        on leases.touch_index = sessions.touch_index

    where hash(sessions.touch_id) % 100 >= {struck}

),

known as (

    select
        *,
        cast(floor(call_second / 3600) as bigint) as hour_index

    from matcher_known

    where {is_judged}

)

select
    known.call_index,
    touches.touch_index = known.live_touch_index as is_true,
    touches.device_id,
    touches.place_index,
    touches.campaign_index,
    touches.propensity,
    known.call_second - touches.touch_second as since

from known

inner join offered
    on
        known.site = offered.site
        and known.hour_index = offered.hour_index
        and offered.start_second <= known.call_second
        and offered.end_second > known.call_second

inner join matcher_pair_touches as touches
    on offered.touch_index = touches.touch_index

-- A session may hold two numbers at once; it is one candidate.
group by all

order by all
"""

_CALLS = """
select
    known.*,
    hash(sessions.touch_id) % 100 < {struck} as is_struck

from matcher_known as known

inner join matcher_touches as sessions
    on known.live_touch_index = sessions.touch_index

where known.site <> '' and {is_judged}

order by known.call_index
"""


@dataclass(frozen=True)
class MarkModel:
    """The marks' part of the model, for judging hidden calls.

    Attributes
    ----------
    area_factors : ndarray of shape (10, n_codes + 1, n_places)
        p(area code | place) / p(area code), counted without the fold; 1 for the missing mark.
    line_factors : ndarray of shape (n_types + 1, n_devices)
        The same of line types.
    levels : MarkLevels
        In the order of the factors, from index 1.
    """

    area_factors: np.ndarray
    line_factors: np.ndarray
    levels: MarkLevels


def fold_marks(
    known: pd.DataFrame, places: pd.DataFrame, levels: MarkLevels, lines: np.ndarray
) -> MarkModel:
    """Return the factors of the marks, the area codes' counted without each fold.

    Parameters
    ----------
    known : DataFrame
        From `ml.matching.known.build_known`.
    places : DataFrame of shape (n_places, 4)
        Places of touches.
    levels : MarkLevels
    lines : ndarray of shape (n_devices, n_types)
        p(line type | device).
    """
    areas = np.ones((FOLDS, len(levels.area_codes) + 1, len(places)))
    for fold in range(FOLDS):
        geography = fit_geography(known[known["fold"] != fold])
        found = area_code_shares(geography, places, levels.area_codes)
        areas[fold, 1:] = found.T / levels.area_shares[:, None]
    missing = np.ones((1, len(lines)))
    return MarkModel(areas, np.vstack([missing, lines.T / levels.line_shares[:, None]]), levels)


def hide_leases(sql: Sql, curve: LiveCurve, marks: MarkModel, days: float) -> HiddenCalls:
    """Return the known calls with the sessions they are offered.

    Parameters
    ----------
    sql : Sql
        With matcher_known, matcher_leases and matcher_pair_touches.
    curve : LiveCurve
    marks : MarkModel
        Untempered.
    days : float
        Length of the data in days.
    """
    known = sql.frame("select count(*) as calls from matcher_known")["calls"][0]
    share = min(1.0, LARGEST_JUDGED_CALLS / max(known, 1))
    is_judged = f"hash(call_id) % 1000000 < {round(share * 1e6)}"
    calls = sql.frame(_CALLS.format(struck=STRUCK_PERCENT, is_judged=is_judged))
    pairs = sql.frame(_PAIRS.format(struck=STRUCK_PERCENT, is_judged=is_judged))
    pairs = pairs[pairs["call_index"].isin(calls["call_index"])]
    row = np.searchsorted(calls["call_index"], pairs["call_index"])
    area = mark_index(calls["area_code"], marks.levels.area_codes)[row]
    line = mark_index(calls["line_type"], marks.levels.line_types)[row]
    fold = calls["fold"].to_numpy(dtype=int)[row]
    place = pairs["place_index"].to_numpy(dtype=int)
    device = pairs["device_id"].to_numpy(dtype=int)
    bins = np.searchsorted(curve.edges, pairs["since"], side="right") - 1
    bins = np.clip(bins, 0, curve.rates.shape[1] - 1)
    factor = marks.area_factors[fold, area, place] * marks.line_factors[line, device]
    hour = curve.hours[calls["call_hour"].to_numpy(dtype=int)[row]]
    rate = curve.rates[device, bins] * pairs["propensity"].to_numpy(dtype=float) * hour
    described = pd.DataFrame(
        {
            "row": row,
            "is_true": pairs["is_true"].to_numpy(dtype=bool),
            "campaign_index": pairs["campaign_index"].to_numpy(dtype=int),
            "log_rate": np.log(rate),
            "log_marks": np.log(factor),
        }
    )
    return HiddenCalls(calls.assign(null_weight=_struck_rates(calls, days * share)), described)


def _struck_rates(calls: pd.DataFrame, days: float) -> np.ndarray:
    """Return the rate of calls from struck sessions at each call's site and hour.

    Counted on the half that finds the temperature, so twice what is seen there.
    """
    struck = calls["is_struck"].to_numpy(dtype=bool) & (calls["fold"] < FOLDS // 2).to_numpy()
    by_site = pd.Series(struck, index=calls.index).groupby(calls["site"]).transform("sum")
    hours = calls["call_hour"].to_numpy(dtype=int)
    profile = np.bincount(hours, minlength=24) + 1.0
    a_second = 2.0 * (by_site.to_numpy(dtype=float) + 0.5) / (days * 86_400.0)
    return a_second * (profile / profile.mean())[hours] * _site_mark_ratios(calls)


def _site_mark_ratios(calls: pd.DataFrame) -> np.ndarray:
    """Return how much more common each call's area code is at its site than among all calls.

    Struck sessions come from where the site's other visitors come from. Each call is left out.
    """
    codes = calls["area_code"].astype(object).fillna("")
    everywhere = codes.groupby(codes).transform("size").to_numpy(dtype=float) / max(len(calls), 1)
    here = codes.groupby([calls["site"], codes]).transform("size").to_numpy(dtype=float) - 1.0
    total = codes.groupby(calls["site"]).transform("size").to_numpy(dtype=float) - 1.0
    share = (here + _SITE_PRIOR_CALLS * everywhere) / (total + _SITE_PRIOR_CALLS)
    return np.where(codes == "", 1.0, share / everywhere)


def select_half(hidden: HiddenCalls, *, test: bool) -> HiddenCalls:
    """Return the calls of the half for figures (test) or for the temperature."""
    mask = (hidden.calls["fold"] >= FOLDS // 2).to_numpy() == test
    position = np.cumsum(mask) - 1
    rows = hidden.pairs["row"].to_numpy(dtype=int)
    kept = mask[rows]
    return HiddenCalls(
        hidden.calls[mask].reset_index(drop=True),
        hidden.pairs[kept].assign(row=position[rows[kept]]).reset_index(drop=True),
    )


def judge_answers(hidden: HiddenCalls, temperature: float) -> pd.DataFrame:
    """Return how sure the likeliest answer of each call was, and whether it was right.

    Returns
    -------
    DataFrame of shape (n_calls, 5)
        top_probability, is_right, truth (probability of the true answer), squares (sum of squared
        probabilities), null.
    """
    share, null = posteriors(hidden, temperature)
    rows = hidden.pairs["row"].to_numpy(dtype=int)
    count = len(hidden.calls)
    best = np.zeros(count)
    np.maximum.at(best, rows, share)
    is_true = hidden.pairs["is_true"].to_numpy(dtype=bool)
    is_best = np.zeros(count, dtype=bool)
    is_best[rows[is_true & (share >= best[rows])]] = True
    is_struck = hidden.calls["is_struck"].to_numpy(dtype=bool)
    return pd.DataFrame(
        {
            "top_probability": np.maximum(best, null),
            "is_right": np.where(null >= best, is_struck, is_best),
            "truth": truth_probability(hidden, temperature),
            "squares": np.bincount(rows, weights=share**2, minlength=count) + null**2,
            "null": null,
        }
    )


def measure(hidden: HiddenCalls, temperature: float) -> pd.DataFrame:
    """Return the metrics overall, by site and by line type.

    Returns
    -------
    DataFrame
        Columns scope, metric, value.
    """
    answers = judge_answers(hidden, temperature)
    frames = []
    for scope, mask in _scopes(hidden.calls):
        metrics = calibration_metrics(*(answers[name].to_numpy()[mask] for name in answers))
        if mask.any():
            metrics["null_share_true"] = float(hidden.calls["is_struck"][mask].mean())
        frames.append(pd.DataFrame({"metric": metrics.keys(), "value": metrics.values()}))
        frames[-1].insert(0, "scope", scope)
    return pd.concat(frames, ignore_index=True)


def _scopes(calls: pd.DataFrame) -> list[tuple[str, np.ndarray]]:
    scopes = [("overall", np.ones(len(calls), dtype=bool))]
    for column in ("site", "line_type"):
        sizes = calls[column].value_counts()
        for value in sorted(sizes.index[:_LARGEST_GROUPS]):
            scopes.append((f"{column}={value}", (calls[column] == value).to_numpy(dtype=bool)))
    return scopes
