"""When a new model takes the place of the one in use.

A refit changes the credits of all calls, which is right when the world has moved and a nuisance
when it has not: a run without new rows never refits, and between two refits only what new rows
touch is scored.
"""

import pandas as pd

from ml.artifacts import MatcherModel, fit_facts, training_version
from ml.matching.settings import CODE_VERSION, MatcherSettings
from ml.sql import Sql, text_literal

GROWTH = 1.25
"""Known calls times this since the last fit are worth another one: young warehouses learn fast."""


def refit_reason(
    sql: Sql, model: MatcherModel | None, settings: MatcherSettings, *, is_built_anew: bool = False
) -> str | None:
    """Say why the model should be fitted anew, or None when the one in use will do.

    Parameters
    ----------
    sql : Sql
        A warehouse with the tables that `train_matcher` reads, and schema ml.
    model : MatcherModel or None
        The model in use.
    settings : MatcherSettings
        `refit_days` is the age, in days of data, at which a model is too old.
    is_built_anew : bool, default=False
        Whether the tables were built in full, so that any row may be another.
    """
    if model is None:
        return "no model yet"
    if not can_score(model, settings):
        return "other code or settings"
    reason = _age_or_growth(sql, model, settings)
    if reason is None and is_built_anew:
        reason = "everything was built anew"
    # The same rows give the same model, in use or turned down.
    is_known = reason is not None and was_fitted(sql, training_version(sql, settings))
    return None if is_known else reason


def _age_or_growth(sql: Sql, model: MatcherModel, settings: MatcherSettings) -> str | None:
    """Compare the data with those of the last fit.

    A challenger that was turned down counts as a fit: there is none each day until one is better.
    """
    facts = last_fit(sql, model)
    data_to, calls_known = _data_state(sql)
    if calls_known >= GROWTH * max(float(str(facts["calls_known"])), 1.0):
        return f"{calls_known} known calls, {facts['calls_known']} at the last fit"
    if data_to is not None:
        age = data_to - pd.Timestamp(str(facts["data_to"]))
        if age >= pd.Timedelta(days=settings.refit_days):
            return f"{age.days} days of data since the last fit"
    return None


def can_score(model: MatcherModel, settings: MatcherSettings) -> bool:
    """Say whether the code and settings that the model was fitted with are still those in use."""
    facts = model.facts
    return facts["code_version"] == CODE_VERSION and facts["settings"] == settings.as_text()


def last_fit(sql: Sql, model: MatcherModel) -> dict[str, object]:
    """Return the facts of the newest fit of the model's code and settings, turned down or not."""
    fits = fit_facts(sql)
    same = fits[
        (fits["code_version"] == model.facts["code_version"])
        & (fits["settings"] == model.facts["settings"])
        & (fits["data_to"] > pd.Timestamp(str(model.facts["data_to"])))
    ]
    if same.empty:
        return model.facts
    return {str(key): value for key, value in same.iloc[-1].to_dict().items()}


def was_fitted(sql: Sql, model_version: str) -> bool:
    """Say whether a model of this version was fitted before, whatever became of it."""
    return bool((fit_facts(sql)["model_version"] == model_version).any())


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
