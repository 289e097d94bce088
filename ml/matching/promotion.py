"""When a new model takes the place of the one in use.

A refit changes the credits of all calls, which is right when the world has moved and a nuisance
when it has not: a run without new rows never refits, and between two refits only what new rows
touch is scored.
"""

import pandas as pd

from ml.artifacts import MatcherModel
from ml.matching.settings import CODE_VERSION, MatcherSettings
from ml.sql import Sql, text_literal

GROWTH = 1.25
"""Known calls times this since the last fit are worth another one: young warehouses learn fast."""


def refit_reason(sql: Sql, model: MatcherModel | None, settings: MatcherSettings) -> str | None:
    """Say why the model should be fitted anew, or None when the one in use will do.

    Parameters
    ----------
    sql : Sql
        A warehouse with int_touches, int_calls_to_match and int_known_calls.
    model : MatcherModel or None
        The model in use.
    settings : MatcherSettings
        `refit_days` is the age, in days of data, at which a model is too old.
    """
    if model is None:
        return "no model yet"
    if model.facts["code_version"] != CODE_VERSION or model.facts["settings"] != settings.as_text():
        return "other code or settings"
    data_to, calls_known = _data_state(sql)
    if calls_known >= GROWTH * max(float(str(model.facts["calls_known"])), 1.0):
        return f"{calls_known} known calls, {model.facts['calls_known']} at the last fit"
    if data_to is not None:
        age = data_to - pd.Timestamp(str(model.facts["data_to"]))
        if age >= pd.Timedelta(days=settings.refit_days):
            return f"{age.days} days of data since the last fit"
    return None


def scored_by_another(sql: Sql, model: MatcherModel) -> bool:
    """Say whether any candidate in ml.call_candidates is another model's, or there is none."""
    found = sql.frame(
        "select count(*) as candidates, count(*) filter "
        f"(where model_version <> {text_literal(model.model_version)}) as others "
        "from ml.call_candidates"
    )
    return bool(found["candidates"][0] == 0 or found["others"][0] > 0)


def _data_state(sql: Sql) -> tuple[pd.Timestamp | None, int]:
    """Return the last moment of the data and the number of calls known by a live lease."""
    found = sql.frame("""
        select
            greatest(
                (select max(call_started_at) from intermediate.int_calls_to_match),
                (select max(touched_at) from intermediate.int_touches)
            ) as data_to,
            (
                select count(*) from intermediate.int_known_calls
                where label_source = 'live_lease' and match_kind = 'pool'
            ) as calls_known
    """)
    data_to = found["data_to"][0]
    return (None if pd.isna(data_to) else pd.Timestamp(data_to)), int(found["calls_known"][0])
