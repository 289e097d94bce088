"""Known calls whose lease is hidden, to judge the matcher on every run and without truth.

    known call    ->  every session of its site with a live lease at that moment, numbers ignored
    folds 0 to 4  ->  the temperature          folds 5 to 9  ->  the figures

Which calls are hidden, and which sessions are struck from the candidates, follows the pattern of
loss (`ml.matching.loss`). Each fold is judged with the geography counted on the other nine: a call
that counts itself would make every probability look too timid.

What it tests: the delay curve within leases, propensities, geography, line types, and that
'none of them' is said as often as it is so. What it cannot test: the tail beyond leases, and the
shares of calls lost, which no labelled call shows; `benchmarks/matching.py` does, on truth. Nor
does it test to which click a session belongs that lost its id alone: its calls are credited to the
session, which is offered here as it is there.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.matching.calibration import HiddenCalls
from ml.matching.geography import area_code_shares, fit_geography
from ml.matching.known import LiveCurve
from ml.matching.loss import BLOCK_HOURS, put_hidden_shares, strike_sessions
from ml.matching.marks import MarkLevels, mark_index
from ml.sql import Sql

FOLDS = 10
TEMPERATURE_FOLDS = range(FOLDS // 2)
"""Of the half on which temperatures are fitted."""

FIGURE_FOLDS = range(FOLDS // 2, FOLDS)
"""Of the half from which figures are reported."""

_SITE_PRIOR_CALLS = 30.0
_LINE_PRIOR_CALLS = 20.0

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

    where leases.touch_index not in (select touch_index from matcher_struck_sessions)

),

known as (

    select
        *,
        cast(floor(call_second / 3600) as bigint) as hour_index

    from matcher_hidden_calls

    where fold between {first_fold} and {last_fold}

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

_CALLS = f"""
create or replace temp table matcher_hidden_calls as
select
    known.*,
    known.call_hour // {BLOCK_HOURS} as hour_block,
    shares.share as hidden_share,
    struck.touch_index is not null as is_struck

from matcher_known as known

inner join matcher_hidden_shares as shares
    on
        known.site = shares.site
        and known.call_hour // {BLOCK_HOURS} = shares.hour_block
        and coalesce(known.line_type, '') = shares.line_type

left join matcher_struck_sessions as struck
    on known.live_touch_index = struck.touch_index

where hash(known.call_id) // {FOLDS} % 1000000 < 1e6 * shares.share
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
    folds : range
        Folds whose area factors were counted.
    """

    area_factors: np.ndarray
    line_factors: np.ndarray
    levels: MarkLevels
    folds: range


def fold_marks(
    known: pd.DataFrame,
    places: pd.DataFrame,
    levels: MarkLevels,
    lines: np.ndarray,
    folds: range,
) -> MarkModel:
    """Return the factors of the marks, the area codes' counted without each fold.

    Parameters
    ----------
    known : DataFrame
        area_code, state, city and fold of the known calls.
    places : DataFrame of shape (n_places, 4)
        Places of touches.
    levels : MarkLevels
    lines : ndarray of shape (n_devices, n_types)
        p(line type | device).
    folds : range
        Folds that will be judged; each costs a fit, so the others' factors stay 1.
    """
    areas = np.ones((FOLDS, len(levels.area_codes) + 1, len(places)))
    for fold in folds:
        geography = fit_geography(known[known["fold"] != fold])
        found = area_code_shares(geography, places, levels.area_codes)
        areas[fold, 1:] = found.T / levels.area_shares[:, None]
    missing = np.ones((1, len(lines)))
    factors = np.vstack([missing, lines.T / levels.line_shares[:, None]])
    return MarkModel(areas, factors, levels, folds)


def put_hidden_calls(sql: Sql) -> None:
    """Create matcher_hidden_calls and matcher_struck_sessions, the same for every model.

    Parameters
    ----------
    sql : Sql
        With matcher_known, matcher_calls, matcher_touches and matcher_unseen_shares.
    """
    put_hidden_shares(sql)
    strike_sessions(sql)
    sql.execute(_CALLS)


def hide_leases(sql: Sql, curve: LiveCurve, marks: MarkModel, days: float) -> HiddenCalls:
    """Return the hidden calls of the marks' folds with the sessions they are offered.

    Parameters
    ----------
    sql : Sql
        With matcher_hidden_calls, matcher_struck_sessions, matcher_leases and
        matcher_pair_touches.
    curve : LiveCurve
    marks : MarkModel
        Untempered.
    days : float
        Length of the data in days.
    """
    folds = marks.folds
    every = sql.frame("select * from matcher_hidden_calls order by call_index")
    area_index = mark_index(every["area_code"], marks.levels.area_codes)
    line_index = mark_index(every["line_type"], marks.levels.line_types)
    every = every.assign(area_index=area_index, line_index=line_index)
    every = every.assign(null_weight=_struck_rates(every, marks.levels, days))
    calls = every[every["fold"].isin(list(folds))].reset_index(drop=True)
    pairs = sql.frame(_PAIRS.format(first_fold=folds[0], last_fold=folds[-1]))
    row = np.searchsorted(calls["call_index"], pairs["call_index"])
    fold, area, line, hour = (
        calls[name].to_numpy(dtype=int)[row]
        for name in ("fold", "area_index", "line_index", "call_hour")
    )
    place = pairs["place_index"].to_numpy(dtype=int)
    device = pairs["device_id"].to_numpy(dtype=int)
    bins = np.searchsorted(curve.edges, pairs["since"], side="right") - 1
    bins = np.clip(bins, 0, curve.rates.shape[1] - 1)
    factor = marks.area_factors[fold, area, place] * marks.line_factors[line, device]
    rate = curve.rates[device, bins] * pairs["propensity"].to_numpy(dtype=float) * curve.hours[hour]
    described = pd.DataFrame(
        {
            "row": row,
            "is_true": pairs["is_true"].to_numpy(dtype=bool),
            "device_id": device,
            "campaign_index": pairs["campaign_index"].to_numpy(dtype=int),
            "log_rate": np.log(rate),
            "log_marks": np.log(factor),
        }
    )
    return HiddenCalls(calls, described)


def _struck_rates(calls: pd.DataFrame, levels: MarkLevels, days: float) -> np.ndarray:
    """Return the rate of calls from struck sessions at each call's site and hour, times its marks.

    Counted on the half that finds the temperature, so twice what is seen there; a call that was
    hidden with a share stands for as many as it was drawn from.
    """
    is_counted = calls["is_struck"] & (calls["fold"] < FOLDS // 2)
    struck = pd.Series(np.where(is_counted, 1.0 / calls["hidden_share"], 0.0), index=calls.index)
    by_site = struck.groupby(calls["site"]).transform("sum")
    hours = calls["call_hour"].to_numpy(dtype=int)
    profile = np.bincount(hours, minlength=24) + 1.0
    a_second = 2.0 * (by_site.to_numpy(dtype=float) + 0.5) / (days * 86_400.0)
    of_hour = (profile / profile.mean())[hours]
    lines = _line_ratios(calls["line_index"].to_numpy(dtype=int), struck.to_numpy(), levels)
    return a_second * of_hour * _site_mark_ratios(calls, levels) * lines


def _line_ratios(line: np.ndarray, struck: np.ndarray, levels: MarkLevels) -> np.ndarray:
    """Return how much more common each call's line type is among the calls of struck sessions.

    Sessions are struck more on some devices than on others, and those call on other lines.
    """
    shares = np.append(1.0, levels.line_shares)
    counts = np.bincount(line, weights=struck * (line > 0), minlength=len(shares))
    found = (counts + _LINE_PRIOR_CALLS * shares) / (counts.sum() + _LINE_PRIOR_CALLS)
    return np.where(line > 0, (found / shares)[line], 1.0)


def _site_mark_ratios(calls: pd.DataFrame, levels: MarkLevels) -> np.ndarray:
    """Return how much more common each call's area code is at its site than among all calls.

    Struck sessions come from where the site's other visitors come from. Each call is left out.
    """
    code = calls["area_index"]
    everywhere = np.append(1.0, levels.area_shares)[code.to_numpy(dtype=int)]
    here = code.groupby([calls["site"], code]).transform("size").to_numpy(dtype=float) - 1.0
    total = code.groupby(calls["site"]).transform("size").to_numpy(dtype=float) - 1.0
    share = (here + _SITE_PRIOR_CALLS * everywhere) / (total + _SITE_PRIOR_CALLS)
    return np.where(code > 0, share / everywhere, 1.0)
