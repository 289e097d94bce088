"""Probabilities of every candidate of every call, in one pass over the pairs, never a table.

Weights are odds against 'none of them' in units of 1e-9, as integers: their sums do not depend on
the order in which threads add them, so the same input gives the same bits. They are summed by call
and campaign, and beside each sum stand the touches that may be kept by name: those whose odds
against nobody alone are large enough, since against all answers they are smaller still. One pair in
seven is such; the sums then say which of them are kept.
"""

import numpy as np
import pandas as pd

from ml.artifacts import MatcherModel
from ml.matching.candidates import (
    CANDIDATES,
    CAP,
    LISTED,
    RANKED,
    REPLACE_ALL,
    REPLACE_ONLY,
    START,
    SUMS,
    TOTALS,
)
from ml.matching.cells import tap_multipliers
from ml.matching.coefficients import hazard_rates_of, tap_shares_of
from ml.matching.delays import DAY_GRID_SECONDS, SCORE_BINS_PER_OCTAVE, bin_sql, day_kernel
from ml.matching.settings import DEVICES, PAIR_CLASSES, UNSEEN, MatcherSettings
from ml.sql import Sql, number_literal, put_table, text_literal

NULL_WEIGHT = 1_000_000_000

LARGEST_ODDS = 1e9
"""Of a candidate against nobody: more would say no more, and the sums must fit their type."""

_WEIGHED = """
select
    pairs.call_index,
    pairs.campaign_index,
    pairs.touch_index,
    {stride} as stride,
    cast(
        least(pairs.base * rates.rate * pairs.scale, {largest}) * {null_weight} as bigint
    ) as weight

from ({pairs}) as pairs

inner join {rates} as rates
    on {key} = rates.rate_key
"""


def put_rates(sql: Sql, model: MatcherModel, settings: MatcherSettings, lines: np.ndarray) -> int:
    """Create matcher_rates and matcher_day_rates; return the number of delay bins.

    The key counts the bins of (line type, tapped, class, device), and the steps of (line type,
    device) for clicks of which only the day is known. What each rate is the product of is in
    matcher_rates_factors and matcher_day_rates_factors, under the same key.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
    settings : MatcherSettings
    lines : ndarray of shape (n_types + 1, n_devices)
        From `ml.matching.marks.line_factors`.
    """
    edges, rates = hazard_rates_of(model)
    taps = tap_shares_of(model)
    tapped, untapped = tap_multipliers(taps, edges)
    taps_by_cell = np.stack([untapped, tapped])
    by_line = lines[:, None, None, :, None]
    put_table(sql, "matcher_rates", _keyed(rates * taps_by_cell * by_line))
    hours = model.tables["click_hours"].sort_values("hour")["share"].to_numpy()
    kernel = day_kernel(edges, hours, settings.lookback_seconds)
    day_rates = rates[UNSEEN] @ kernel.T
    put_table(sql, "matcher_day_rates", _keyed(day_rates * lines[:, :, None]))
    means = (rates * np.diff(edges)).sum(axis=2, keepdims=True) / settings.lookback_seconds
    factors = rate_factors(rates, means, taps_by_cell, by_line)
    put_table(sql, "matcher_rates_factors", factors)
    factors = rate_factors(day_rates, means[UNSEEN], np.ones(1), lines[:, :, None])
    put_table(sql, "matcher_day_rates_factors", factors)
    return len(edges) - 1


def rate_factors(
    rates: np.ndarray, means: np.ndarray, taps: np.ndarray, lines: np.ndarray
) -> pd.DataFrame:
    """Return what the rates of scoring are the product of, one row per key.

    Parameters
    ----------
    rates : ndarray of shape (..., n_devices, n_delays)
        Calls per second and touch of propensity 1.
    means : ndarray of shape (..., n_devices, 1)
        The same over the whole lookback.
    taps, lines : ndarray
        Further factors; all broadcast to one shape, whose order is that of the keys.

    Returns
    -------
    DataFrame
        Columns rate_key, number_rate (the mean of all devices), device_factor, delay_factor,
        tap_factor, line_factor.

    Examples
    --------
    >>> found = rate_factors(np.array([[6.0, 2.0]]), np.array([[4.0]]), np.ones(1), np.full(1, 0.5))
    >>> found["delay_factor"].tolist()
    [1.5, 0.5]
    """
    number = means.mean(axis=-2, keepdims=True)
    parts = {
        "number_rate": number,
        "device_factor": means / number,
        "delay_factor": rates / means,
        "tap_factor": taps,
        "line_factor": lines,
    }
    columns = np.broadcast_arrays(*parts.values())
    frame = pd.DataFrame({name: part.ravel() for name, part in zip(parts, columns, strict=True)})
    return frame.rename_axis("rate_key").reset_index().astype({"rate_key": "int32"})


def _keyed(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"rate_key": np.arange(values.size, dtype="int32"), "rate": values.ravel()})


def begin_candidates(sql: Sql) -> None:
    """Create matcher_ranked, empty."""
    sql.execute(START)


def finish_candidates(sql: Sql, model: MatcherModel, only: str | None = None) -> None:
    """Put the rows of matcher_ranked into ml.call_candidates, with their names.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
    only : str, optional
        Table of call ids whose candidates are replaced; the whole table when not given.
    """
    candidates = CANDIDATES.format(model_version=text_literal(model.model_version))
    if only:
        sql.execute(REPLACE_ONLY.format(only=only, candidates=candidates))
    else:
        sql.execute(REPLACE_ALL.format(candidates=candidates))
    sql.execute("drop table matcher_ranked")


def weighed_pairs(
    queries: dict[str, str], settings: MatcherSettings, bins: int, *, is_hot: bool
) -> str:
    """Return the query of call_index, campaign_index, touch_index, stride and weight of every pair.

    Parameters
    ----------
    queries : dict of str
        From `ml.matching.weighed_pairs.lean_pairs`.
    settings : MatcherSettings
    bins : int
        Number of delay bins in matcher_rates.
    is_hot : bool
        Whether touches may stand for others; a stride to divide by costs a third more.
    """
    by_bin = f"least({bin_sql('pairs.since', SCORE_BINS_PER_OCTAVE)}, {bins - 1})"
    steps = int(np.ceil((settings.lookback_seconds + 86_400) / DAY_GRID_SECONDS))
    by_step = f"cast(floor(pairs.since / {DAY_GRID_SECONDS}) as integer)"
    group = "(pairs.mark_group + pairs.group_index)"
    timed = ("matcher_rates", f"{group} * {bins} + {by_bin}")
    day = ("matcher_day_rates", f"{group} * {steps} + {by_step}")
    joins = {"pool": timed, "fallback": timed, "day": day}
    return "union all".join(
        _WEIGHED.format(
            pairs=pairs,
            rates=joins[name][0],
            key=joins[name][1],
            stride="pairs.stride" if is_hot else "1",
            largest=number_literal(LARGEST_ODDS),
            null_weight=NULL_WEIGHT,
        )
        for name, pairs in queries.items()
    )


def rate_joins(settings: MatcherSettings, bins: int) -> dict[str, tuple[str, str]]:
    """Return by query of pairs the table of its rates, and the SQL of a pair's key to it.

    Parameters
    ----------
    settings : MatcherSettings
    bins : int
        Number of delay bins in matcher_rates.
    """
    devices, classes = len(DEVICES), len(PAIR_CLASSES)
    by_bin = f"least({bin_sql('pairs.since', SCORE_BINS_PER_OCTAVE)}, {bins - 1})"
    group = f"(pairs.line_index * 2 + pairs.is_tapped) * {classes} + pairs.pair_class"
    cell = f"((({group}) * {devices} + pairs.device_id) * {bins} + {by_bin})"
    steps = int(np.ceil((settings.lookback_seconds + 86_400) / DAY_GRID_SECONDS))
    step = f"cast(floor(pairs.since / {DAY_GRID_SECONDS}) as integer)"
    day = f"((pairs.line_index * {devices} + pairs.device_id) * {steps} + {step})"
    timed = ("matcher_rates", cell)
    return {"pool": timed, "fallback": timed, "day": ("matcher_day_rates", day)}


def add_candidates(sql: Sql, settings: MatcherSettings, weighed: str) -> None:
    """Add the candidates of the calls of matcher_pair_calls to matcher_ranked.

    Parameters
    ----------
    sql : Sql
        With matcher_pair_calls, matcher_rates and matcher_day_rates.
    settings : MatcherSettings
    weighed : str
        From `weighed_pairs`.
    """
    null_weight = f"cast({NULL_WEIGHT} as hugeint)"
    minimum = number_literal(settings.minimum_probability)
    # Nobody is among the answers: what is kept weighs so much at the least.
    smallest = int(np.ceil(settings.minimum_probability * NULL_WEIGHT))
    sql.execute(SUMS.format(weighed=weighed, smallest=smallest))
    sql.execute(TOTALS.format(null_weight=null_weight, minimum=minimum))
    sql.execute(LISTED)
    sql.execute(CAP.format(maximum=settings.maximum_candidates))
    sql.execute(RANKED.format(null_weight=null_weight))
