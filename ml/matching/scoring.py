"""Probabilities of every candidate of every call, in one statement without a table of pairs.

Weights are odds against 'none of them' in units of 1e-9, as integers: their sums do not depend on
the order in which threads add them, so the same input gives the same bits. For each call the
statement keeps the heaviest candidates and sums the rest by campaign in the same pass; a
candidate lighter than `minimum_probability` of the null alone cannot be kept and is not carried.
"""

import numpy as np
import pandas as pd

from ml.artifacts import MatcherModel
from ml.matching.candidates import (
    CANDIDATES,
    REPLACE_ALL,
    REPLACE_ONLY,
    START,
    SUMS,
    TOUCH_CAMPAIGNS,
)
from ml.matching.cells import tap_multipliers
from ml.matching.coefficients import hazard_rates_of, tap_shares_of
from ml.matching.delays import DAY_GRID_SECONDS, SCORE_BINS_PER_OCTAVE, bin_sql, day_kernel
from ml.matching.settings import DEVICES, PAIR_CLASSES, UNSEEN, MatcherSettings
from ml.sql import Sql, number_literal, put_table, text_literal

NULL_WEIGHT = 1_000_000_000

_WEIGHED = """
select
    pairs.call_index,
    pairs.touch_index,
    cast(
        round(least(pairs.base * rates.rate * pairs.scale, 1e9) * {null_weight}) as bigint
    ) as weight

from ({pairs}) as pairs

inner join {rates} as rates
    on {key} = rates.rate_key
"""


def put_rates(sql: Sql, model: MatcherModel, settings: MatcherSettings) -> int:
    """Create matcher_rates and matcher_day_rates; return the number of delay bins.

    The key counts the bins of (tapped, class, device), and the steps of (tapped, device) for
    clicks of which only the day is known.
    """
    edges, rates = hazard_rates_of(model)
    taps = tap_shares_of(model)
    tapped, untapped = tap_multipliers(taps, edges)
    values = np.stack([rates * untapped, rates * tapped])
    put_table(sql, "matcher_rates", _keyed(values))
    hours = model.tables["click_hours"].sort_values("hour")["share"].to_numpy()
    kernel = day_kernel(edges, hours, settings.lookback_seconds)
    put_table(sql, "matcher_day_rates", _keyed(rates[UNSEEN] @ kernel.T))
    return len(edges) - 1


def _keyed(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"rate_key": np.arange(values.size, dtype="int32"), "rate": values.ravel()})


def begin_candidates(sql: Sql) -> None:
    """Create matcher_candidates, empty, and what all calls share."""
    sql.execute(START)
    sql.execute(TOUCH_CAMPAIGNS)


def finish_candidates(sql: Sql, only: str | None = None) -> None:
    """Put matcher_candidates into ml.call_candidates.

    Parameters
    ----------
    sql : Sql
    only : str, optional
        Table of call ids whose candidates are replaced; the whole table when not given.
    """
    sql.execute(REPLACE_ONLY.format(only=only) if only else REPLACE_ALL)
    sql.execute("drop table matcher_candidates")


def add_candidates(
    sql: Sql, model: MatcherModel, settings: MatcherSettings, queries: dict[str, str], bins: int
) -> None:
    """Add the candidates of the calls of matcher_pair_calls to matcher_candidates.

    Parameters
    ----------
    sql : Sql
        With matcher_pair_calls, matcher_rates and matcher_day_rates.
    model : MatcherModel
    settings : MatcherSettings
    queries : dict of str
        From `ml.matching.pairs.pair_queries`.
    bins : int
        Number of delay bins in matcher_rates.
    """
    devices, classes = len(DEVICES), len(PAIR_CLASSES)
    by_bin = f"least({bin_sql('pairs.since', SCORE_BINS_PER_OCTAVE)}, {bins - 1})"
    cell = f"((pairs.is_tapped * {classes} + pairs.pair_class) * {devices} + pairs.device_id)"
    steps = int(np.ceil((settings.lookback_seconds + 86_400) / DAY_GRID_SECONDS))
    step = f"cast(floor(pairs.since / {DAY_GRID_SECONDS}) as integer)"
    parts = [
        _WEIGHED.format(pairs=queries[name], rates=rates, key=key, null_weight=NULL_WEIGHT)
        for name, rates, key in (
            ("pool", "matcher_rates", f"{cell} * {bins} + {by_bin}"),
            ("fallback", "matcher_rates", f"{cell} * {bins} + {by_bin}"),
            ("day", "matcher_day_rates", f"pairs.device_id * {steps} + {step}"),
        )
    ]
    sql.execute(
        SUMS.format(
            weighed="union all".join(parts),
            maximum=settings.maximum_candidates,
            floor=int(settings.minimum_probability * NULL_WEIGHT),
        )
    )
    sql.execute(
        CANDIDATES.format(
            null_weight=f"cast({NULL_WEIGHT} as hugeint)",
            minimum=number_literal(settings.minimum_probability),
            maximum=settings.maximum_candidates,
            model_version=text_literal(model.model_version),
        )
    )
