"""Tests of the one pass over the pairs: how calls are parted, and who is kept by name."""

from dataclasses import replace

import pandas as pd
import pytest

from ml.artifacts import MatcherModel
from ml.matching import matcher
from ml.matching.matcher import score_calls, train_matcher
from ml.matching.settings import MatcherSettings
from tests.ml.worlds import DuckSql, Law, load_tables, make_world

SETTINGS = MatcherSettings()
KEYS = ["call_id", "touch_id", "campaign_id", "channel", "is_null", "is_remainder"]


@pytest.fixture(scope="module")
def sql() -> DuckSql:
    return load_tables(make_world(Law(days=5, touches=3000, call_rate=0.1), seed=6).tables)


@pytest.fixture(scope="module")
def model(sql: DuckSql) -> MatcherModel:
    return train_matcher(sql, SETTINGS)


def score(sql: DuckSql, model: MatcherModel, settings: MatcherSettings = SETTINGS) -> pd.DataFrame:
    score_calls(sql, model, settings)
    scored = sql.frame("select * from ml.call_candidates")
    return scored.sort_values(KEYS).set_index(KEYS)["probability"].reset_index()


def test_calls_scored_a_few_at_a_time_get_what_they_get_together(
    sql: DuckSql, model: MatcherModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = score(sql, model)
    monkeypatch.setattr(matcher, "CALLS_AT_ONCE", 400)

    apart = score(sql, model)

    left = sql.frame("select count(*) as calls from matcher_pair_calls")["calls"][0]
    assert 0 < left < together["call_id"].nunique() / 2
    pd.testing.assert_frame_equal(apart, together, check_exact=True)


@pytest.mark.parametrize("least", [1e-3, 0.05])
def test_who_is_likely_enough_is_kept_however_unlikely_the_rest_may_be(
    sql: DuckSql, model: MatcherModel, least: float
) -> None:
    by_name = {}
    for minimum in (least, 1e-7):
        settings = replace(SETTINGS, minimum_probability=minimum, maximum_candidates=100_000)
        found = score(sql, model, settings)
        is_named = ~found["is_remainder"] & ~found["is_null"] & (found["probability"] >= least)
        by_name[minimum] = found[is_named].reset_index(drop=True)

    assert len(by_name[least]) > 100
    pd.testing.assert_frame_equal(by_name[least], by_name[1e-7], check_exact=True)
