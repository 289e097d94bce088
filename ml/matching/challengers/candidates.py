"""The pairs that challengers are offered, read from the temporary tables of the matcher.

    score_calls(sql, model, settings, only)   leaves the tables of pairs of the calls asked for
    offer_lost_calls                          the same candidates that it has weighed
    offer_known_calls                         known calls, their leases hidden, and the sessions of
                                              their sites with a live lease

A fixed share of the sessions is struck from what known calls are offered, so that their calls come
from nobody, at a rate found by counting. Frames of pairs: for benchmarks and tests only.
"""

import numpy as np
import pandas as pd

from ml.artifacts import MatcherModel
from ml.matching.challengers.nearness import put_nearness
from ml.matching.challengers.offers import ENGAGEMENT, Offers
from ml.matching.coefficients import (
    hazard_rates_of,
    mark_levels_of,
    null_rates_of,
    tap_shares_of,
)
from ml.matching.known import build_known, data_window
from ml.matching.loss import STRUCK_PERCENT
from ml.matching.marks import mark_index
from ml.matching.null_rate import OTHER_TAPPED_SHARE
from ml.matching.pair_calls import put_pair_calls
from ml.matching.pairs import pair_queries
from ml.matching.scoring import rate_joins
from ml.matching.settings import POOL_LEASED, SEES_NUMBER, MatcherSettings
from ml.sql import Sql

_OFFERS = """
select
    pairs.call_index,
    pairs.touch_index,
    pairs.campaign_index,
    pairs.pair_class,
    pairs.device_id,
    pairs.since as delay,
    {is_day_only} as is_day_only,
    nearness.nearness,
    list_position({engagements}, features.engagement) - 1 as engagement,
    case
        when calls.tap_touch_index = pairs.touch_index then 'here'
        when calls.tap_touch_index is not null then 'elsewhere'
        when pairs.pair_class in ({sees_number}) then 'missed'
        else 'none'
    end as tap,
    ln(greatest(pairs.base * rates.rate, 1e-300)) as log_rate

from ({pairs}) as pairs

inner join {rates} as rates
    on {key} = rates.rate_key

inner join matcher_pair_calls as calls
    on pairs.call_index = calls.call_index

inner join matcher_pair_touches as touches
    on pairs.touch_index = touches.touch_index

inner join matcher_touches as features
    on pairs.touch_index = features.touch_index

inner join matcher_nearness as nearness
    on calls.area_index * {places} + touches.place_index = nearness.area_key

where pairs.call_index between {first_call} and {last_call}
"""

_LEASED = """
select
    calls.call_index,
    calls.is_tapped,
    calls.line_index,
    touches.touch_index,
    touches.campaign_index,
    touches.device_id,
    {pool_leased} as pair_class,
    calls.call_second - touches.touch_second as since,
    touches.propensity * areas.factor as base

from matcher_pair_calls as calls

inner join matcher_offered as offered
    on
        calls.site = offered.site
        and cast(floor(calls.call_second / 3600) as bigint) = offered.hour_index
        and offered.start_second <= calls.call_second
        and offered.end_second > calls.call_second

inner join matcher_pair_touches as touches
    on offered.touch_index = touches.touch_index and touches.touch_second <= calls.call_second

inner join matcher_area_factors as areas
    on calls.area_index * {places} + touches.place_index = areas.area_key

-- A session may hold two numbers at once; it is one candidate.
group by all
"""

_OFFERED = """
create or replace temp table matcher_offered as
select
    sessions.site,
    leases.touch_index,
    leases.start_second,
    leases.end_second,
    unnest(range(
        cast(floor(leases.start_second / 3600) as bigint),
        cast(floor(leases.end_second / 3600) as bigint) + 1
    )) as hour_index

from matcher_leases as leases

inner join matcher_touches as sessions
    on leases.touch_index = sessions.touch_index

where hash(sessions.touch_id) % 100 >= {struck}
"""

_KNOWN_CALLS = """
select
    known.call_index,
    known.live_touch_index,
    known.site,
    known.area_code,
    known.line_type,
    hash(sessions.touch_id) % 100 < {struck} as is_nobody

from matcher_known as known

inner join matcher_touches as sessions
    on known.live_touch_index = sessions.touch_index

where
    known.site <> ''
    -- A tap says whose call it is: there is nothing to learn from choosing.
    and not known.is_tapped

order by known.call_index
"""


def class_offsets(model: MatcherModel) -> np.ndarray:
    """Return the log of the calls that a touch brings to each class, over those to its lease.

    Within the lookback and over all devices, from the matcher's fit: shape (n_classes,).
    """
    edges, rates = hazard_rates_of(model)
    calls = (rates * np.diff(edges)).sum(axis=(1, 2))
    return np.log(calls / calls[POOL_LEASED])


def offer_lost_calls(
    sql: Sql, model: MatcherModel, settings: MatcherSettings, first_call: int, last_call: int
) -> Offers:
    """Return the calls of matcher_pair_calls from `first_call` to `last_call` with all candidates.

    Parameters
    ----------
    sql : Sql
        As `score_calls` leaves it.
    model : MatcherModel
        The one that was scored.
    settings : MatcherSettings
    first_call, last_call : int
        Range of call_index: all pairs of a busy site at once do not fit into memory.

    Returns
    -------
    Offers
        is_true and is_nobody are false throughout: no label says. The pairs have touch_index and
        campaign_index as well.
    """
    places = put_nearness(sql, model)
    calls = sql.frame(
        "select call_index, -ln(scale) as log_null, false as is_nobody from matcher_pair_calls "
        f"where call_index between {first_call} and {last_call} order by call_index"
    )
    joins = rate_joins(settings, len(hazard_rates_of(model)[0]) - 1)
    frames = [
        sql.frame(
            _offers_sql(
                query, joins[name], places, first_call, last_call, is_day_only=name == "day"
            )
        )
        for name, query in pair_queries(places, settings).items()
    ]
    pairs = pd.concat(frames, ignore_index=True).assign(is_true=False)
    return _offers(calls, pairs, tap_shares_of(model))


def offer_known_calls(sql: Sql, model: MatcherModel, settings: MatcherSettings) -> Offers:
    """Return the known calls of matcher_calls and the sessions that could have made them.

    Replaces the tables of pairs of `score_calls`.

    Parameters
    ----------
    sql : Sql
        As `score_calls` leaves it.
    model : MatcherModel
    settings : MatcherSettings
    """
    places = put_nearness(sql, model)
    edges, _ = hazard_rates_of(model)
    build_known(sql, edges)
    calls = _known_calls(sql, model)
    put_pair_calls(sql, calls.assign(scale=1.0), settings)
    sql.execute(_OFFERED.format(struck=STRUCK_PERCENT))
    leased = _LEASED.format(pool_leased=POOL_LEASED, places=places)
    join = rate_joins(settings, len(edges) - 1)["pool"]
    last_call = int(calls["call_index"].max()) if len(calls) else -1
    pairs = sql.frame(_offers_sql(leased, join, places, 0, last_call, is_day_only=False))
    live = calls.set_index("call_index")["live_touch_index"].reindex(pairs["call_index"])
    is_true = pairs["touch_index"].to_numpy() == live.to_numpy()
    return _offers(calls, pairs.assign(is_true=is_true), tap_shares_of(model))


def _known_calls(sql: Sql, model: MatcherModel) -> pd.DataFrame:
    """Return the calls of matcher_known with the indexes of their marks and nobody's log-rate."""
    calls = sql.frame(_KNOWN_CALLS.format(struck=STRUCK_PERCENT))
    levels = mark_levels_of(model)
    calls = calls.assign(
        area_index=mark_index(calls["area_code"], levels.area_codes),
        line_index=mark_index(calls["line_type"], levels.line_types),
    )
    return calls.assign(log_null=_struck_log_rates(calls, model, data_window(sql).days))


def _struck_log_rates(calls: pd.DataFrame, model: MatcherModel, days: float) -> np.ndarray:
    """Return the log of the rate of untapped calls from struck sessions at each call's site.

    With the area codes of the site's other calls from nobody, and no hour: touches have none here.
    """
    struck = calls["is_nobody"].groupby(calls["site"]).transform("sum").to_numpy(dtype=float)
    ratios = null_rates_of(model).area_ratios
    sites = np.maximum(ratios.index.get_indexer(pd.Index(calls["site"])), 0)
    marks = ratios.to_numpy(dtype=float)[sites, calls["area_index"]]
    return np.log((struck + 0.5) / (days * 86_400.0) * marks)


def _offers_sql(
    pairs: str,
    join: tuple[str, str],
    places: int,
    first_call: int,
    last_call: int,
    *,
    is_day_only: bool,
) -> str:
    rates, key = join
    return _OFFERS.format(
        pairs=pairs,
        rates=rates,
        key=key,
        places=places,
        first_call=first_call,
        last_call=last_call,
        is_day_only=str(is_day_only).lower(),
        engagements=list(ENGAGEMENT),
        sees_number=", ".join(map(str, SEES_NUMBER)),
    )


def _offers(calls: pd.DataFrame, pairs: pd.DataFrame, taps: np.ndarray) -> Offers:
    row = np.searchsorted(calls["call_index"], pairs["call_index"])
    pairs = pairs.assign(row=row, log_tap=_log_taps(pairs, taps)).drop(columns="tap")
    return Offers(calls, pairs.sort_values(["row", "touch_index"], ignore_index=True))


def _log_taps(pairs: pd.DataFrame, taps: np.ndarray) -> np.ndarray:
    """Return the log-likelihood of the tap or of its absence, by the shares of known calls."""
    octave = np.log2(pairs["delay"].to_numpy(dtype=float) + 1.0).astype(int)
    device = pairs["device_id"].to_numpy(dtype=int)
    share = taps[device, np.minimum(octave, taps.shape[1] - 1)]
    state = pairs["tap"].to_numpy()
    return np.select(
        [state == "here", state == "missed", state == "elsewhere"],
        [np.log(share), np.log1p(-share), np.log(OTHER_TAPPED_SHARE)],
        default=0.0,
    )
