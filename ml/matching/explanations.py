"""Why a candidate has its probability: ml.call_explanations, the parts of its weight as logarithms.

    matcher_ranked  ->  matcher_named               the likeliest candidates of each call
                        matcher_named_pair_calls    the same beside their calls
    pairs of them   ->  matcher_explained           with the factors that scoring multiplied
                    ->  ml.call_explanations        with the names

The probability of a candidate is exp(log_weight) over the sum of it over all answers of the call,
and log_weight is the sum of the parts, those of 'none of these' included. (Scoring caps the odds
against nobody at `LARGEST_ODDS`; log_weight is capped with them.)

    log_number       calls a second that touches of this kind bring, whatever the device and delay
                     (what they saw of the dialled number), or that come from nobody
    log_device       how much more often this device calls
    log_delay        how much likelier this long after the touch than at any moment of the lookback
    log_hour         the hour of the day
    log_engagement   pages seen
    log_campaign     site, channel, campaign and keyword
    log_reach        the share of such clicks that this site, and no other candidate, may be of
    log_geography    area code given the place of the touch, over that of any call
    log_line_type    line type given the device, over that of any call
    log_tap          a tap on the number before the call, or that there was none

The parts are those of scoring: the same queries, joined with the factors of the same rates, for a
few pairs a call. All sixteen million candidates of a large warehouse would double what scoring
costs, and of a candidate of one in a thousand nobody asks why.
"""

import pandas as pd

from ml.artifacts import MatcherModel
from ml.matching.pairs import pair_queries
from ml.matching.scoring import LARGEST_ODDS, rate_joins
from ml.matching.settings import PAIR_CLASSES, MatcherSettings
from ml.sql import Sql, number_literal, put_table, text_literal
from ml.tables import LOG_FACTORS

EXPLAINED_ANSWERS = 4
"""Answers of a call that are explained, by rank; 'none of these' always is."""

NULL_FACTORS = ("number_rate", "hour", "area", "line", "tap")

_START = """
create or replace temp table matcher_explained (
    call_index integer,
    candidate_rank integer,
    touch_index integer,
    probability double,
    number_state varchar,
    delay_seconds double,
    {parts}
)
"""

_NAMED = f"""
create or replace temp table matcher_named as
select
    ranked.call_index,
    ranked.candidate_rank,
    ranked.name_index as named_index,
    ranked.probability,
    ranked.is_null

from matcher_ranked as ranked

inner join matcher_pair_calls as calls
    on ranked.call_index = calls.call_index

where not ranked.is_remainder and (ranked.is_null or ranked.candidate_rank <= {EXPLAINED_ANSWERS})
"""

_NAMED_CALLS = """
create or replace temp table matcher_named_pair_calls as
select
    calls.*,
    named.named_index,
    touches.day_index as named_day_index

from matcher_named as named

inner join matcher_pair_calls as calls
    on named.call_index = calls.call_index

inner join matcher_pair_touches as touches
    on named.named_index = touches.touch_index

where not named.is_null
"""

_NAMED_DAYS = """
create or replace temp table matcher_named_call_days as
select
    days.*,
    named.named_index

from matcher_call_days as days

-- Two tables and no more: with a third the engine joined touches and days by the day alone.
inner join matcher_named_pair_calls as named
    on days.call_index = named.call_index and days.touch_day_index = named.named_day_index
"""

_PAIRS = """
select
    pairs.*,
    rates.* exclude (rate_key)

from ({pairs}) as pairs

inner join {rates}_factors as rates
    on {key} = rates.rate_key
"""

_EXPLAINED = """
insert into matcher_explained
with pairs as (
{pairs}
),

explained as (

    select
        named.call_index,
        named.candidate_rank,
        named.named_index as touch_index,
        named.probability,
        {states}[pairs.pair_class + 1] as number_state,
        case when not touches.is_day_only then pairs.since end as delay_seconds,
        ln(pairs.number_rate) as log_number,
        ln(pairs.device_factor) as log_device,
        ln(pairs.delay_factor) as log_delay,
        ln(calls.hour_factor) as log_hour,
        coalesce(engagements.log_factor, 0) as log_engagement,
        ln(touches.propensity / coalesce(unseen_shares.unseen_share, 1))
        - coalesce(engagements.log_factor, 0) as log_campaign,
        ln(pairs.propensity / pairs.stride / touches.propensity)
        + ln(coalesce(unseen_shares.unseen_share, 1)) as log_reach,
        ln(pairs.area_factor) as log_geography,
        ln(pairs.line_factor) as log_line_type,
        ln(pairs.pair_tap_factor * pairs.tap_factor) as log_tap

    from matcher_named as named

    inner join pairs
        on named.call_index = pairs.call_index and named.named_index = pairs.touch_index

    inner join matcher_call_factors as calls
        on named.call_index = calls.call_index

    inner join matcher_pair_touches as touches
        on named.named_index = touches.touch_index

    inner join matcher_touches as described
        on named.named_index = described.touch_index

    left join matcher_unseen_shares as unseen_shares
        on named.named_index = unseen_shares.touch_index

    left join matcher_touch_factors as engagements
        on described.engagement = engagements.level and engagements.feature = 'engagement'

    union all

    select
        named.call_index,
        named.candidate_rank,
        null as touch_index,
        named.probability,
        null as number_state,
        null as delay_seconds,
        ln(calls.null_number_rate) as log_number,
        0 as log_device,
        0 as log_delay,
        ln(calls.null_hour) as log_hour,
        0 as log_engagement,
        0 as log_campaign,
        0 as log_reach,
        ln(calls.null_area) as log_geography,
        ln(calls.null_line) as log_line_type,
        ln(calls.null_tap) as log_tap

    from matcher_named as named

    inner join matcher_call_factors as calls
        on named.call_index = calls.call_index

    where named.is_null

)

from explained
"""

_EXPLANATIONS = """
with summed as (

    select
        *,
        {sum} as log_sum

    from matcher_explained

),

weighed as (

    select
        *,
        max(log_sum) filter (where touch_index is null) over (partition by call_index) as log_null

    from summed

)

select
    calls.call_id,
    weighed.candidate_rank,
    touches.touch_id,
    weighed.touch_index is null as is_null,
    weighed.probability,
    calls.match_kind,
    weighed.number_state,
    weighed.delay_seconds,
    {parts},
    least(weighed.log_sum, weighed.log_null + ln({largest})) as log_weight,
    {model_version} as model_version

from weighed

inner join matcher_calls as calls
    on weighed.call_index = calls.call_index

left join matcher_touches as touches
    on weighed.touch_index = touches.touch_index
"""


def begin_explanations(sql: Sql) -> None:
    """Create matcher_explained, empty."""
    sql.execute(_START.format(parts=", ".join(f"{part} double" for part in LOG_FACTORS)))


def named_pairs(place_count: int, settings: MatcherSettings, bins: int) -> str:
    """Return the query of the factors of every pair of matcher_named.

    Parameters
    ----------
    place_count : int
        Number of places in matcher_area_factors.
    settings : MatcherSettings
    bins : int
        Number of delay bins in matcher_rates.
    """
    queries = pair_queries(place_count, settings, named=True)
    return "union all".join(
        _PAIRS.format(pairs=queries[name], rates=rates, key=key)
        for name, (rates, key) in rate_joins(settings, bins).items()
    )


def add_explanations(sql: Sql, calls: pd.DataFrame, pairs: str) -> None:
    """Explain the likeliest answers of the calls of matcher_pair_calls, which are ranked.

    Parameters
    ----------
    sql : Sql
        With matcher_ranked, matcher_pair_calls, matcher_call_days and the tables of rates.
    calls : DataFrame
        call_index, hour_factor, and `NULL_FACTORS` with null_ before their names.
    pairs : str
        From `named_pairs`.
    """
    columns = ["call_index", "hour_factor", *(f"null_{name}" for name in NULL_FACTORS)]
    put_table(sql, "matcher_call_factors", calls[columns])
    sql.execute(_NAMED)
    sql.execute(_NAMED_CALLS)
    sql.execute(_NAMED_DAYS)
    states = "[" + ", ".join(text_literal(state) for _, state in PAIR_CLASSES) + "]"
    sql.execute(_EXPLAINED.format(pairs=pairs, states=states))


def finish_explanations(sql: Sql, model: MatcherModel, only: str | None = None) -> None:
    """Put the rows of matcher_explained into ml.call_explanations, with their names.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
    only : str, optional
        Table of call ids whose rows are replaced; the whole table when not given.
    """
    asked = f"where call_id in (select call_id from {only})" if only else ""
    sql.execute(f"delete from ml.call_explanations {asked}")
    explanations = _EXPLANATIONS.format(
        sum=" + ".join(LOG_FACTORS),
        parts=", ".join(f"weighed.{part}" for part in LOG_FACTORS),
        largest=number_literal(LARGEST_ODDS),
        model_version=text_literal(model.model_version),
    )
    sql.execute(f"insert into ml.call_explanations {explanations}")
