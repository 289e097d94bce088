"""What the factors of a candidate are made of, kept when it is scored: five narrow tables of ml.

    matcher_ranked          ->  ml.scored_calls    one row per call: its marks, the factors of
                                                   nobody, its candidates as a list of touch keys
    matcher_pair_touches    ->  ml.scored_touches  one row per touch that a call names
    matcher_rates_factors   ->  ml.rate_factors    by key of the rate
    matcher_area_factors    ->  ml.area_factors    by place and area code
    matcher_campaign_sites  ->  ml.reach_factors   by campaign and site

The factors themselves are put together when someone asks (`ml.matching.explanations`): multiplied
out for every candidate while scoring, they would double what it costs, and of a candidate of one in
a thousand hardly anybody asks why.

A touch has a key of its own that stays while its row does: `touch_index` counts anew whenever calls
are scored. A call that was scored keeps naming the touches by which it was scored, since whatever
changes a touch has the calls that it may have brought scored again.
"""

import pandas as pd

from ml.artifacts import MatcherModel
from ml.sql import Sql, put_table, text_literal

NULL_FACTORS = ("number_rate", "hour", "area", "line", "tap")

_KEYS = """
create or replace temp table matcher_touch_keys as
with named as (

    select distinct name_index as touch_index

    from matcher_ranked

    where not is_remainder and not is_null

),

kept as (

    select
        named.touch_index,
        touches.touch_id,
        scored.touch_key

    from named

    inner join matcher_pair_touches as touches
        on named.touch_index = touches.touch_index

    left join {kept} as scored
        on touches.touch_id = scored.touch_id

)

select
    touch_index,
    touch_id,
    cast(
        coalesce(
            touch_key,
            (select coalesce(max(touch_key), 0) from {kept})
            + row_number() over (partition by touch_key is null order by touch_index)
        ) as integer
    ) as touch_key

from kept
"""

_NO_TOUCHES = "(select '' as touch_id, 0 as touch_key where false)"

_TOUCHES = """
insert into ml.scored_touches
select
    keys.touch_key,
    keys.touch_id,
    touches.device_id,
    touches.class_unleased,
    touches.is_day_only,
    case when touches.is_day_only then touches.day_start_second else touches.touch_second end
        as start_second,
    touches.lease_end_second,
    places.place,
    coalesce(engagements.log_factor, 0) as log_engagement,
    ln(touches.propensity / coalesce(unseen_shares.unseen_share, 1))
    - coalesce(engagements.log_factor, 0) as log_campaign,
    ln(coalesce(unseen_shares.unseen_share, 1)) as log_unseen,
    case when described.site is null then coalesce(campaigns.campaign, '') end as reach_campaign

from matcher_touch_keys as keys

inner join matcher_pair_touches as touches
    on keys.touch_index = touches.touch_index

inner join matcher_touches as described
    on keys.touch_index = described.touch_index

inner join matcher_places as places
    on touches.place_index = places.place_index

left join matcher_unseen_shares as unseen_shares
    on keys.touch_index = unseen_shares.touch_index

left join matcher_touch_factors as engagements
    on described.engagement = engagements.level and engagements.feature = 'engagement'

left join (select distinct campaign from matcher_campaign_sites) as campaigns
    on described.campaign = campaigns.campaign
"""

_CALLS = """
insert into ml.scored_calls
with answers as (

    select
        ranked.call_index,
        list(keys.touch_key order by ranked.candidate_rank) filter (where not ranked.is_null)
            as touch_keys,
        max(ranked.candidate_rank) filter (where ranked.is_null) as null_rank,
        max(ranked.probability) filter (where ranked.is_null) as null_probability

    from matcher_ranked as ranked

    left join matcher_touch_keys as keys
        on ranked.name_index = keys.touch_index

    where not ranked.is_remainder

    group by ranked.call_index

)

select
    calls.call_id,
    calls.match_kind,
    calls.call_second,
    calls.site,
    cast(marks.area_index as integer) as area_index,
    cast(marks.line_index as integer) as line_index,
    calls.tap_touch_index is not null as is_tapped,
    taps.touch_id as tap_touch_id,
    live.touch_id as live_touch_id,
    ln(marks.hour_factor) as log_hour,
    ln(marks.null_number_rate) as null_log_number,
    ln(marks.null_hour) as null_log_hour,
    ln(marks.null_area) as null_log_geography,
    ln(marks.null_line) as null_log_line_type,
    ln(marks.null_tap) as null_log_tap,
    coalesce(answers.touch_keys, []) as touch_keys,
    answers.null_rank,
    answers.null_probability,
    {model_version} as model_version

from answers

inner join matcher_calls as calls
    on answers.call_index = calls.call_index

inner join matcher_scored_marks as marks
    on answers.call_index = marks.call_index

left join matcher_touches as taps
    on calls.tap_touch_index = taps.touch_index

left join matcher_touches as live
    on calls.live_touch_index = live.touch_index

-- Calls of one site lie together, and their touches compress best that way.
order by answers.call_index
"""

_RATES = """
delete from ml.rate_factors;
insert into ml.rate_factors
select
    false as is_day_only,
    *
from matcher_rates_factors
union all
select
    true as is_day_only,
    *
from matcher_day_rates_factors
"""

_AREAS = """
insert into ml.area_factors
select
    places.place,
    cast(factors.area_key // {places} as integer) as area_index,
    factors.factor

from matcher_area_factors as factors

inner join matcher_places as places
    on factors.area_key % {places} = places.place_index
"""

_REACHES = """
delete from ml.reach_factors;
insert into ml.reach_factors
select
    campaign,
    site,
    share
from matcher_campaign_sites
"""


def keep_factors(
    sql: Sql, model: MatcherModel, calls: pd.DataFrame, places: pd.DataFrame, only: str | None
) -> None:
    """Keep what the factors of the candidates of matcher_ranked are made of.

    Parameters
    ----------
    sql : Sql
        With matcher_ranked, the touches of the model and the tables of its rates.
    model : MatcherModel
    calls : DataFrame
        call_index, area_index, line_index, hour_factor, and `NULL_FACTORS` with null_ before their
        names.
    places : DataFrame
        From `ml.matching.model_touches.put_model_touches`.
    only : str or None
        Table of call ids whose rows are replaced, with those of the touches that they name now;
        the whole tables when not given.
    """
    marks = ["area_index", "line_index", "hour_factor", *(f"null_{name}" for name in NULL_FACTORS)]
    put_table(sql, "matcher_scored_marks", calls[["call_index", *marks]])
    labels = places["city"].fillna(places["state"]).fillna("")
    put_table(sql, "matcher_places", places[["place_index"]].assign(place=labels))
    sql.execute(_KEYS.format(kept="ml.scored_touches" if only else _NO_TOUCHES))
    if only:
        _forget(sql, only)
    else:
        for table in ("scored_calls", "scored_touches", "area_factors"):
            sql.execute(f"delete from ml.{table}")
    sql.execute(_TOUCHES)
    sql.execute(_CALLS.format(model_version=text_literal(model.model_version)))
    sql.execute(_RATES)
    sql.execute(_AREAS.format(places=len(places)))
    sql.execute(_REACHES)


def _forget(sql: Sql, only: str) -> None:
    """Delete what is scored again. A place that no touch has any more may still be named."""
    sql.execute(f"delete from ml.scored_calls where call_id in (select call_id from {only})")
    sql.execute(
        "delete from ml.scored_touches where touch_id in (select touch_id from matcher_touch_keys)"
    )
    sql.execute("delete from ml.area_factors where place in (select place from matcher_places)")
