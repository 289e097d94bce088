"""The matcher judges itself, on every run: known calls of four weeks, their leases hidden.

    put_judged_calls   temporary tables, the same for every model that is judged on them
    hidden_calls       their candidates, as one model weighs them
    judged_answers     what it says to them, on the half that temperatures have not seen
    evaluate_matcher   both, as metrics of the model in use
    curves_of_matcher  both, as points of its pictures

Only the newest four weeks, since a run of every day must not read all touches again; the area codes
of all known calls are counted, as the model counted them, without the fold that is judged.
"""

import pandas as pd

from ml.artifacts import MatcherModel, training_version
from ml.matching.calibration import HiddenCalls
from ml.matching.coefficients import (
    hazard_rates_of,
    hour_factors_of,
    line_shares_of,
    mark_levels_of,
    temperature_of,
)
from ml.matching.curves import measure_curves
from ml.matching.delays import SCORE_BINS_PER_OCTAVE, bin_edges
from ml.matching.evaluation import (
    FIGURE_FOLDS,
    FOLDS,
    fold_marks,
    hide_leases,
    put_hidden_calls,
)
from ml.matching.features import build_features
from ml.matching.known import LiveCurve, build_known, data_window
from ml.matching.measures import answer_calls, measure
from ml.matching.model_touches import put_model_touches
from ml.matching.settings import POOL_LEASED, MatcherSettings
from ml.matching.touches import CITY, STATE
from ml.sql import Sql

JUDGED_DAYS = 28
"""Days of the newest calls that are judged."""

_JUDGED = f"""
create or replace temp table matcher_judged as
select call_id

from intermediate.int_calls_to_match

where
    call_started_at >= (
        select max(call_started_at) - interval '{JUDGED_DAYS} days'

        from intermediate.int_calls_to_match
    )
"""

_LONGEST_LEASE = """
select coalesce(max(epoch(lease_end_at - lease_start_at)), 0) / 86400 as days

from intermediate.int_number_leases
"""

_CALLERS = f"""
select
    nullif(calls.caller_area_code, '') as area_code,
    {STATE} as state,
    {CITY} as city,
    cast(hash(calls.call_id) % {FOLDS} as integer) as fold

from intermediate.int_known_calls as labels

inner join intermediate.int_calls_to_match as calls
    on labels.call_id = calls.call_id

inner join intermediate.int_touches as touches
    on labels.touch_id = touches.touch_id

where labels.label_source = 'live_lease' and labels.match_kind = 'pool'

order by calls.call_id
"""


def evaluate_matcher(sql: Sql, model: MatcherModel, settings: MatcherSettings) -> pd.DataFrame:
    """Measure the model on the half of the hidden calls that its temperature has not seen.

    Parameters
    ----------
    sql : Sql
        A warehouse with the tables that `train_matcher` reads.
    model : MatcherModel
    settings : MatcherSettings

    Returns
    -------
    DataFrame
        Columns model_version, data_version, data_from, data_to, scope, metric, value; for
        `ml.metrics.write_metrics`. Without known calls there is one row, calls = 0.
    """
    put_judged_calls(sql, settings)
    measured = measure(judged_answers(sql, model))
    window = data_window(sql)
    measured.insert(0, "data_to", window.end)
    measured.insert(0, "data_from", pd.Timestamp(window.start_second, unit="s"))
    measured.insert(0, "data_version", training_version(sql, settings))
    measured.insert(0, "model_version", model.model_version)
    return measured


def curves_of_matcher(sql: Sql, model: MatcherModel, settings: MatcherSettings) -> pd.DataFrame:
    """Measure the points of the model's pictures on the same calls as `evaluate_matcher`.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
    settings : MatcherSettings

    Returns
    -------
    DataFrame
        From `ml.matching.curves.measure_curves`.
    """
    put_judged_calls(sql, settings)
    hidden = hidden_calls(sql, model, FIGURE_FOLDS)
    names = sql.frame("select campaign_index, campaign from matcher_pair_campaigns")
    campaigns = dict(zip(names["campaign_index"], names["campaign"], strict=True))
    return measure_curves(hidden, temperature_of(model), campaigns)


def put_judged_calls(sql: Sql, settings: MatcherSettings) -> None:
    """Create the temporary tables of the hidden calls and of the sessions that they are offered.

    Parameters
    ----------
    sql : Sql
    settings : MatcherSettings
    """
    sql.execute(_JUDGED)
    # A session that holds a number began, at most, as long ago as the longest lease.
    touch_days = int(sql.frame(_LONGEST_LEASE)["days"][0]) + 1
    build_features(sql, settings, only="matcher_judged", touch_days=touch_days)
    build_known(sql, bin_edges(settings.lookback_seconds, SCORE_BINS_PER_OCTAVE))
    put_hidden_calls(sql)


def judged_answers(sql: Sql, model: MatcherModel) -> pd.DataFrame:
    """Return what the model says to the hidden calls of the half for figures.

    Parameters
    ----------
    sql : Sql
        After `put_judged_calls`.
    model : MatcherModel

    Returns
    -------
    DataFrame
        From `ml.matching.measures.answer_calls`, by call.
    """
    return answer_calls(hidden_calls(sql, model, FIGURE_FOLDS), temperature_of(model))


def hidden_calls(sql: Sql, model: MatcherModel, folds: range) -> HiddenCalls:
    """Return the hidden calls of some folds with their candidates as the model weighs them.

    Parameters
    ----------
    sql : Sql
        After `put_judged_calls`.
    model : MatcherModel
    folds : range
        `TEMPERATURE_FOLDS` or `FIGURE_FOLDS`.
    """
    places = put_model_touches(sql, model)
    levels = mark_levels_of(model)
    lines = line_shares_of(model, levels.line_types)
    marks = fold_marks(sql.frame(_CALLERS), places, levels, lines, folds)
    edges, rates = hazard_rates_of(model)
    curve = LiveCurve(rates[POOL_LEASED], edges, hour_factors_of(model)[0][0])
    return hide_leases(sql, curve, marks, data_window(sql).days)
