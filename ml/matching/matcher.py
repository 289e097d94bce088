"""The matcher: which touch made the phone ring, with a probability. The way in.

    train_matcher(sql, settings)           reads intermediate.*, returns a MatcherModel
    score_calls(sql, model, settings)      reads intermediate.*, writes ml.call_candidates

`ml.matching.self_check` measures it without truth.

A marked point process: a touch j brings calls with marks m at time t at the rate

    propensity_j * curve(t - t_j; class, device) * hour(t) * p(area code | place_j)
        * p(line type | device_j) * p(tap or none | class, device)

and 'none of them' at the rate null(site or pool, hour) * p0(marks); the probability of j is its
share of the sum. The class says which number was dialled and what the touch had seen of numbers
(`ml.matching.settings.PAIR_CLASSES`). Not a classifier on pairs: labels exist only while a lease
is live, so it would learn that 'leased' means 'match', which is the wrong way round for the calls
that need matching.

A click whose session lost its id counts as that session (`ml.matching.lost_ids`).

Left out on purpose in this version: weekday, repeat callers, rates learned per site; a session that
lost its campaign with its id keeps its own channel, whatever click it may have been.
"""

import pandas as pd

from ml.artifacts import MatcherModel, ensure_tables
from ml.matching.coefficients import (
    geography_of,
    hour_factors_of,
    line_shares_of,
    mark_levels_of,
    null_rates_of,
    temperature_of,
)
from ml.matching.explanations import put_explanations
from ml.matching.factors import keep_factors
from ml.matching.features import build_features
from ml.matching.geography import area_code_shares
from ml.matching.hot_sites import meet_hot_days, put_hot_days
from ml.matching.known import hours_of_calls
from ml.matching.marks import (
    MarkLevels,
    line_factors,
    mark_index,
    put_area_factors,
)
from ml.matching.model_touches import put_model_touches
from ml.matching.pair_calls import put_pair_calls
from ml.matching.pairs import pair_queries, put_touch_places
from ml.matching.scoring import (
    add_candidates,
    begin_candidates,
    finish_candidates,
    put_rates,
    weighed_pairs,
)
from ml.matching.settings import MatcherSettings
from ml.matching.training import train_matcher
from ml.sql import Sql

CALLS_AT_ONCE = 50_000
"""Calls scored by one statement: it holds their sums by campaign and the pairs kept by name."""

__all__ = ["score_calls", "train_matcher"]


def score_calls(
    sql: Sql, model: MatcherModel, settings: MatcherSettings, only: str | None = None
) -> None:
    """Write ml.call_candidates: every call of intermediate.int_calls_to_match, sum 1 each.

    And what the view ml.call_explanations puts the factors of their weights together from.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
        From `train_matcher` or `ml.artifacts.read_model`.
    settings : MatcherSettings
    only : str, optional
        Table with a column call_id: only these calls are scored, and lose their candidates when
        they are no longer asked. The whole table is replaced when not given, as after a promotion.
    """
    ensure_tables(sql)
    build_features(sql, settings, only)
    places = put_model_touches(sql, model)
    put_touch_places(sql)
    levels = mark_levels_of(model)
    areas = area_code_shares(geography_of(model), places, levels.area_codes)
    temperature = temperature_of(model)
    put_area_factors(sql, areas, levels, temperature)
    lines = line_factors(line_shares_of(model, levels.line_types), levels, temperature)
    calls = sql.frame("select * from matcher_calls order by call_index")
    scaled = _scaled_calls(model, calls, levels)
    bins = put_rates(sql, model, settings, lines)
    weighed = weighed_pairs(pair_queries(len(places), settings), settings, bins)
    is_hot = put_hot_days(sql)
    begin_candidates(sql)
    for start in range(0, len(scaled), CALLS_AT_ONCE):
        part = scaled.iloc[start : start + CALLS_AT_ONCE]
        put_pair_calls(sql, part, settings)
        if is_hot:
            meet_hot_days(sql)
        add_candidates(sql, settings, weighed)
    keep_factors(sql, model, scaled, places, only)
    put_explanations(sql, settings, bins)
    finish_candidates(sql, model, only)


def _scaled_calls(model: MatcherModel, calls: pd.DataFrame, levels: MarkLevels) -> pd.DataFrame:
    """Return the calls with the indexes of their marks, hour factor, null rate and their ratio."""
    described = calls.assign(
        place_key=calls["match_kind"] + "|" + calls["place"],
        area_index=mark_index(calls["area_code"], levels.area_codes),
        line_index=mark_index(calls["line_type"], levels.line_types),
        is_tapped=calls["tap_touch_index"].notna(),
    )
    hours, sites = hour_factors_of(model)
    hour_factor = hours_of_calls(described, hours, sites)
    null = null_rates_of(model)
    factors = null.factors_of_calls(described).add_prefix("null_")
    scale = hour_factor / null.of_calls(described)
    return described.assign(hour_factor=hour_factor, scale=scale).join(factors)
