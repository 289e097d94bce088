"""Tests of ml.matching.promotion: when the model in use is fitted anew."""

from dataclasses import replace

import pandas as pd
import pytest

from ml.artifacts import MatcherModel, ensure_tables
from ml.matching.promotion import refit_reason
from ml.matching.settings import CODE_VERSION, MatcherSettings
from tests.ml.worlds import DuckSql, load_tables

SETTINGS = MatcherSettings(refit_days=7)
LAST_CALL = pd.Timestamp("2026-11-08 12:00:00")


def make_model(**facts: object) -> MatcherModel:
    """A model fitted at noon of 1 November to four known calls."""
    return MatcherModel(
        "matcher-x",
        {
            "code_version": CODE_VERSION,
            "settings": SETTINGS.as_text(),
            "data_to": pd.Timestamp("2026-11-01 12:00:01"),
            "calls_known": 4,
            **facts,
        },
        {},
    )


@pytest.fixture
def sql() -> DuckSql:
    """Four known calls, the last of them 6 days, 23:59:59 after the fit."""
    ids = [f"c{number}" for number in range(4)]
    return load_tables(
        {
            "int_calls_to_match": pd.DataFrame({"call_id": ids, "call_started_at": LAST_CALL}),
            "int_known_calls": pd.DataFrame(
                {"call_id": ids, "match_kind": "pool", "label_source": "live_lease"}
            ),
        }
    )


def test_a_model_of_this_week_with_as_many_calls_stays(sql: DuckSql) -> None:
    assert refit_reason(sql, make_model(), SETTINGS) is None


def test_no_model_is_a_reason(sql: DuckSql) -> None:
    assert refit_reason(sql, None, SETTINGS) == "no model yet"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        pytest.param({"data_to": LAST_CALL - pd.Timedelta(days=7)}, "7 days", id="a week on"),
        pytest.param({"calls_known": 3}, "4 known calls", id="a quarter more known calls"),
        pytest.param({"code_version": "0"}, "other code", id="other code"),
    ],
)
def test_age_growth_and_code_are_reasons(
    sql: DuckSql, facts: dict[str, object], words: str
) -> None:
    assert words in str(refit_reason(sql, make_model(**facts), SETTINGS))


def test_a_model_turned_down_counts_as_a_fit(sql: DuckSql) -> None:
    """Fitted two days ago, seven days after the one in use, which stays."""
    champion = make_model(data_to=LAST_CALL - pd.Timedelta(days=9))
    ensure_tables(sql)
    sql.register(
        "turned_down",
        pd.DataFrame([champion.facts]).assign(
            model_version="matcher-y", data_to=LAST_CALL - pd.Timedelta(days=2), is_promoted=False
        ),
    )
    sql.execute("insert into ml.model_versions by name select * from turned_down")

    assert refit_reason(sql, champion, SETTINGS) is None
    sql.execute("update ml.model_versions set data_to = data_to - interval '5 days'")
    assert refit_reason(sql, champion, SETTINGS) == "7 days of data since the last fit"


def test_other_settings_are_a_reason(sql: DuckSql) -> None:
    other = replace(SETTINGS, lookback_days=14)

    assert refit_reason(sql, make_model(), other) == "other code or settings"


def test_an_empty_warehouse_keeps_its_model() -> None:
    assert refit_reason(load_tables({}), make_model(), SETTINGS) is None
