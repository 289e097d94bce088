"""Population shift: what calls and touches looked like in training, and since.

    training   ->  feature_counts    calls or touches by level of each feature, kept with the model
    every run  ->  ml.matcher_drift  the same counts since then, and the index of their difference

The population stability index of a feature is sum((q - p) * ln(q / p)) over its levels, p and q
their shares in training and since. Below 0.1 the population is taken as unchanged, from 0.25 on as
shifted (Siddiqi, Credit Risk Scorecards, 2006). Few cases differ by chance: with n and m of them
and k levels the index of an unchanged population is nearly chi-squared of k - 1 degrees, times
1 / n + 1 / m (Yurdakul, Statistical Properties of Population Stability Index, 2018), so a quantile
of that stands beside each index.

Compared are whole days since the training, counted back from the newest row: part of a day would
differ in its hours. What the features are counted on: calls without spam (line type, site, hour,
dialled number), known calls (delay, area code against the state of their touch), touches (device,
number shown).
"""

import numpy as np
import pandas as pd
from scipy.stats import chi2

from ml.artifacts import MatcherModel, ensure_tables
from ml.matching.regions import STATE_OF_AREA_CODE, census_region
from ml.matching.settings import MatcherSettings
from ml.sql import Sql, put_table, text_literal
from ml.tables import DRIFT_COLUMNS

PSI_WATCHED = 0.1
PSI_SHIFTED = 0.25

_BY_CHANCE = 0.999
_PRIOR_CASES = 0.5
"""Added to each level, so that one which is new or gone gives a finite index."""

_COUNTS = """
with calls as (

    select
        *,
        hour((call_started_at at time zone 'UTC') at time zone {zone}) // 3 * 3 as hour_from

    from intermediate.int_calls_to_match

    where
        not coalesce(is_spam, false)
        and call_started_at >= {start}
        and call_started_at <= {end}

),

touches as (

    select
        device,
        number_state

    from intermediate.int_touches

    where coalesce(touched_at, cast(click_date as timestamp)) between {start} and {end}

),

known as (

    select
        floor(log2(greatest(epoch(calls.call_started_at - touches.touched_at), 0) + 1) / 2)
            as double_octave,
        case
            when homes.state is null then 'missing'
            when homes.state = upper(touches.geo_region) then 'same state'
            when homes.region = regions.region then 'same region'
            else 'elsewhere'
        end as area_class

    from calls

    inner join intermediate.int_known_calls as labels
        on calls.call_id = labels.call_id

    inner join intermediate.int_touches as touches
        on labels.touch_id = touches.touch_id

    left join matcher_area_homes as homes
        on calls.caller_area_code = homes.area_code

    left join (select distinct state, region from matcher_area_homes) as regions
        on upper(touches.geo_region) = regions.state

    where labels.label_source = 'live_lease' and labels.match_kind = 'pool'

),

levels as (

    select 'line_type' as feature, coalesce(line_type, 'unknown') as level from calls
    union all
    select 'site' as feature, coalesce(lower(site), '') as level from calls
    union all
    select 'hour_of_day' as feature, format('{{:02d}}', hour_from) as level from calls
    union all
    select
        'number_dialled' as feature,
        case when live_touch_id is null then match_kind else 'pool, leased' end as level
    from calls
    union all
    select 'delay' as feature, format('2^{{:02d}}', cast(2 * double_octave as integer)) as level
    from known
    union all
    select 'area_code' as feature, area_class as level from known
    union all
    select 'device' as feature, coalesce(lower(device), 'unknown') as level from touches
    union all
    select 'number_shown' as feature, number_state as level from touches

)

select
    feature,
    level,
    count(*) as cases

from levels

group by feature, level

order by feature, level
"""


def count_features(
    sql: Sql, settings: MatcherSettings, start: pd.Timestamp, end: pd.Timestamp
) -> pd.DataFrame:
    """Return how many calls or touches of the time had each level of each feature.

    Parameters
    ----------
    sql : Sql
    settings : MatcherSettings
        For the time zone of the hours.
    start, end : Timestamp
        Naive UTC, both included.

    Returns
    -------
    DataFrame
        Columns feature, level, cases.
    """
    codes = pd.Series(STATE_OF_AREA_CODE).rename_axis("area_code").rename("state").reset_index()
    put_table(sql, "matcher_area_homes", codes.assign(region=census_region(codes["state"])))
    moments = [f"timestamp {text_literal(str(moment))}" for moment in (start, end)]
    zone = text_literal(settings.business_timezone)
    return sql.frame(_COUNTS.format(zone=zone, start=moments[0], end=moments[1]))


def measure_drift(sql: Sql, model: MatcherModel, settings: MatcherSettings) -> pd.DataFrame:
    """Compare what came since the model was trained with what it was trained on.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
    settings : MatcherSettings

    Returns
    -------
    DataFrame
        Columns of `ml.tables.DRIFT_COLUMNS`, one row per feature; no rows before a day has passed.
    """
    newest = sql.frame("""
        select greatest(
            (select max(call_started_at) from intermediate.int_calls_to_match),
            (select max(touched_at) from intermediate.int_touches)
        ) as moment
    """)["moment"][0]
    trained_to = pd.Timestamp(str(model.facts["data_to"]))
    days = 0 if pd.isna(newest) else max((newest - trained_to).days, 0)
    if days == 0:
        return pd.DataFrame(columns=list(DRIFT_COLUMNS))
    start = newest - pd.Timedelta(days=days)
    since = count_features(sql, settings, start, newest)
    shifts = population_shifts(model.tables["feature_counts"], since)
    return shifts.assign(
        model_version=model.model_version, data_from=start, data_to=newest
    )[list(DRIFT_COLUMNS)]  # fmt: skip


def population_shifts(trained: pd.DataFrame, since: pd.DataFrame) -> pd.DataFrame:
    """Return the population stability index of each feature that both have cases of.

    Parameters
    ----------
    trained, since : DataFrame
        Columns feature, level, cases.

    Returns
    -------
    DataFrame
        Columns feature, cases_trained, cases, psi, psi_by_chance (what an unchanged population
        stays below 999 times of 1,000), and the level that moved the index most, with its shares
        in training and since: moved_level, share_trained, share.

    Examples
    --------
    >>> trained = pd.DataFrame({"feature": "device", "level": ["a", "b"], "cases": [5000, 5000]})
    >>> found = population_shifts(trained, trained.assign(cases=[8000, 2000]))
    >>> found[["psi", "moved_level"]].round(2).values.tolist()
    [[0.42, 'b']]
    """
    keys = ["feature", "level"]
    both = trained.merge(since, on=keys, how="outer", suffixes=("_trained", ""))
    both = both.fillna({"cases_trained": 0, "cases": 0}).sort_values(keys, ignore_index=True)
    for cases, share in (("cases_trained", "share_trained"), ("cases", "share")):
        smoothed = both[cases] + _PRIOR_CASES
        both[share] = smoothed / smoothed.groupby(both["feature"]).transform("sum")
    shift = (both["share"] - both["share_trained"]) * np.log(both["share"] / both["share_trained"])
    both = both.assign(psi=shift)
    by_feature = both.groupby("feature")
    sums = by_feature[["cases_trained", "cases", "psi"]].sum()
    moved = both.loc[by_feature["psi"].idxmax(), ["feature", "level", "share_trained", "share"]]
    found = sums.join(moved.set_index("feature").rename(columns={"level": "moved_level"}))
    found = found[(found["cases_trained"] > 0) & (found["cases"] > 0)]
    freedom = by_feature.size().reindex(found.index) - 1
    spread = 1.0 / found["cases_trained"] + 1.0 / found["cases"]
    chance = np.where(freedom > 0, chi2.ppf(_BY_CHANCE, np.maximum(freedom, 1)), 0.0) * spread
    return found.assign(psi_by_chance=chance).reset_index()


def write_drift(sql: Sql, model: MatcherModel, drift: pd.DataFrame) -> None:
    """Replace the model's rows in ml.matcher_drift.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
    drift : DataFrame
        From `measure_drift`.
    """
    ensure_tables(sql)
    version = text_literal(model.model_version)
    sql.execute(f"delete from ml.matcher_drift where model_version = {version}")
    if drift.empty:
        return
    sql.register("matcher_written_frame", drift)
    columns = ", ".join(f"cast({name} as {kind})" for name, kind in DRIFT_COLUMNS.items())
    sql.execute(f"insert into ml.matcher_drift select {columns} from matcher_written_frame")
