"""Why a candidate has its probability: ml.call_explanations, the parts of its weight as logarithms.

    ml.scored_calls, ml.scored_touches              what was kept of each (`ml.matching.factors`)
    ml.rate_factors, .area_factors, .reach_factors
                            ->  ml.call_explanations  a view: every candidate kept, and nobody

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

A view costs nothing until someone asks: of one call it takes milliseconds, since the filter on
call_id goes down to ml.scored_calls. The class of a candidate, its delay and its key are computed
by the same rules as in `ml.matching.pairs`; the probabilities that come out are tested against
those that scoring kept.
"""

from ml.matching.null_rate import OTHER_TAPPED_SHARE
from ml.matching.scoring import LARGEST_ODDS, rate_joins
from ml.matching.settings import (
    LAPSED,
    LEAKED,
    PAIR_CLASSES,
    POOL_LAPSED,
    POOL_LEASED,
    MatcherSettings,
)
from ml.sql import Sql, number_literal, text_literal
from ml.tables import LOG_FACTORS

_VIEW = f"""
create or replace view ml.call_explanations as
with answers as (

    select
        *,
        unnest(touch_keys) as touch_key,
        generate_subscripts(touch_keys, 1) as position

    from ml.scored_calls

),

pairs as (

    select
        answers.*,
        touches.* exclude (touch_key),
        cast(answers.is_tapped as integer) as tapped,
        answers.call_second - touches.start_second as since,
        case
            when answers.match_kind = 'pool' and answers.live_touch_id = touches.touch_id
                then {POOL_LEASED}
            when answers.match_kind = 'pool' then {POOL_LAPSED}
            when
                touches.class_unleased = {LAPSED}
                and answers.call_second < touches.lease_end_second then {LEAKED}
            else touches.class_unleased
        end as pair_class

    from answers

    inner join ml.scored_touches as touches
        on answers.touch_key = touches.touch_key

),

keyed as (

    select
        *,
        case when is_day_only then {{day_key}} else {{timed_key}} end as rate_key

    from (select * exclude (is_tapped, tapped), tapped as is_tapped from pairs) as pairs

),

explained as (

    select
        keyed.call_id,
        cast(keyed.position + cast(keyed.position >= keyed.null_rank as integer) as integer)
            as candidate_rank,
        keyed.touch_id,
        false as is_null,
        keyed.match_kind,
        {{states}}[keyed.pair_class + 1] as number_state,
        case when not keyed.is_day_only then keyed.since end as delay_seconds,
        ln(rates.number_rate) as log_number,
        ln(rates.device_factor) as log_device,
        ln(rates.delay_factor) as log_delay,
        keyed.log_hour,
        keyed.log_engagement,
        keyed.log_campaign,
        keyed.log_unseen
        + case when keyed.match_kind = 'fallback' then coalesce(ln(reaches.factor), 0) else 0 end
            as log_reach,
        ln(areas.factor) as log_geography,
        ln(rates.line_factor) as log_line_type,
        ln(
            rates.tap_factor * case
                when keyed.tap_touch_id is null or keyed.tap_touch_id = keyed.touch_id then 1
                else {OTHER_TAPPED_SHARE}
            end
        ) as log_tap,
        {{log_null}} as log_null,
        keyed.null_probability,
        keyed.model_version

    from keyed

    inner join ml.rate_factors as rates
        on keyed.is_day_only = rates.is_day_only and keyed.rate_key = rates.rate_key

    inner join ml.area_factors as areas
        on keyed.place = areas.place and keyed.area_index = areas.area_index

    left join ml.reach_factors as reaches
        on keyed.reach_campaign = reaches.campaign and keyed.site = reaches.site

    union all

    select
        call_id,
        null_rank as candidate_rank,
        null as touch_id,
        true as is_null,
        match_kind,
        null as number_state,
        null as delay_seconds,
        null_log_number as log_number,
        0 as log_device,
        0 as log_delay,
        null_log_hour as log_hour,
        0 as log_engagement,
        0 as log_campaign,
        0 as log_reach,
        null_log_geography as log_geography,
        null_log_line_type as log_line_type,
        null_log_tap as log_tap,
        {{log_null}} as log_null,
        null_probability,
        model_version

    from ml.scored_calls

),

weighed as (

    select
        *,
        least({{sum}}, log_null + ln({{largest}})) as log_weight

    from explained

)

select
    call_id,
    candidate_rank,
    touch_id,
    is_null,
    null_probability * exp(log_weight - log_null) as probability,
    match_kind,
    number_state,
    delay_seconds,
    {{parts}},
    log_weight,
    model_version

from weighed
"""

_LOG_NULL = (
    "null_log_number + null_log_hour + null_log_geography + null_log_line_type + null_log_tap"
)


def put_explanations(sql: Sql, settings: MatcherSettings, bins: int) -> None:
    """Create the view ml.call_explanations over what `ml.matching.factors` has kept.

    Parameters
    ----------
    sql : Sql
    settings : MatcherSettings
    bins : int
        Number of delay bins in the rates: part of their keys.
    """
    # Older code kept a table of the likeliest answers there.
    tables = sql.frame(
        "select 1 from information_schema.tables where table_schema = 'ml' "
        "and table_name = 'call_explanations' and table_type = 'BASE TABLE'"
    )
    if len(tables):
        sql.execute("drop table ml.call_explanations")
    keys = rate_joins(settings, bins)
    states = "[" + ", ".join(text_literal(state) for _, state in PAIR_CLASSES) + "]"
    sql.execute(
        _VIEW.format(
            timed_key=keys["fallback"][1],
            day_key=keys["day"][1],
            states=states,
            log_null=_LOG_NULL,
            sum=" + ".join(LOG_FACTORS),
            parts=", ".join(LOG_FACTORS),
            largest=number_literal(LARGEST_ODDS),
        )
    )
