"""Tests of ml.matching.explanations: parts that add up to what scoring did, and say why."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.artifacts import MatcherModel
from ml.matching import hot_sites
from ml.matching.matcher import score_calls, train_matcher
from ml.matching.scoring import LARGEST_ODDS
from ml.matching.settings import MatcherSettings
from ml.tables import LOG_FACTORS
from tests.ml.worlds import DuckSql, Law, World, load_tables, make_world

SETTINGS = MatcherSettings()
PARTS = list(LOG_FACTORS)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(Law(days=7, touches=4000, call_rate=0.15), seed=5)


@pytest.fixture(scope="module")
def model(world: World) -> MatcherModel:
    return train_matcher(load_tables(world.tables), SETTINGS)


@pytest.fixture(scope="module")
def sql(world: World, model: MatcherModel) -> DuckSql:
    sql = load_tables(world.tables)
    score_calls(sql, model, SETTINGS)
    return sql


def explained(sql: DuckSql) -> pd.DataFrame:
    return sql.frame("select * from ml.call_explanations order by call_id, candidate_rank")


def reproduced(explanations: pd.DataFrame) -> np.ndarray:
    """The probabilities that the weights say, from that of nobody: all are odds against it."""
    nobody = explanations[explanations["is_null"]].set_index("call_id")
    against = explanations["call_id"].map(nobody["log_weight"])
    odds = np.exp(explanations["log_weight"] - against)
    return (odds * explanations["call_id"].map(nobody["probability"])).to_numpy()


def assert_every_candidate_is_explained(sql: DuckSql) -> None:
    """By names and ranks exactly, by probability up to half a unit of the integer weights."""
    names = ["call_id", "candidate_rank", "touch_id", "is_null"]
    candidates = sql.frame(
        "select * from ml.call_candidates where not is_remainder order by call_id, candidate_rank"
    )
    found = explained(sql)

    assert len(found) > 0
    pd.testing.assert_frame_equal(found[names], candidates[names], check_exact=True)
    # A weight is cut to a whole unit twice where a site is thinned: once more by its stride.
    assert np.abs(found["probability"] - candidates["probability"]).max() < 2e-9
    assert np.abs(reproduced(found) - candidates["probability"]).max() < 2e-9


def test_every_candidate_kept_is_explained_and_always_nobody(sql: DuckSql) -> None:
    assert_every_candidate_is_explained(sql)


def test_the_weights_of_a_call_and_its_remainder_share_out_all_of_it(sql: DuckSql) -> None:
    remainders = sql.frame("""
        select call_id, sum(probability) as probability from ml.call_candidates
        where is_remainder group by call_id
    """).set_index("call_id")["probability"]
    found = explained(sql)
    named = found.groupby("call_id")["probability"].sum()

    assert len(remainders) > 0
    assert (named.add(remainders, fill_value=0) - 1).abs().max() < 1e-6


def test_the_parts_of_a_weight_add_up(sql: DuckSql) -> None:
    found = explained(sql)

    assert found[PARTS].notna().all(axis=None)
    assert (found[PARTS].sum(axis=1) - found["log_weight"]).abs().max() < 1e-9


@settings(max_examples=6, deadline=None)
@given(
    temperature=st.floats(0.4, 1.3),
    most=st.sampled_from([20, 1_000_000]),
    minimum=st.sampled_from([1e-4, 0.02]),
)
def test_parts_add_up_whatever_the_temperature_the_cap_of_a_site_and_the_cut(
    world: World, model: MatcherModel, temperature: float, most: int, minimum: float
) -> None:
    tempered = model.tables["temperatures"].assign(temperature=temperature)
    other = MatcherModel("other", model.facts, model.tables | {"temperatures": tempered})
    sql = load_tables(world.tables)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hot_sites, "MOST_TOUCHES", most)
        score_calls(sql, other, MatcherSettings(minimum_probability=minimum))
    found = explained(sql)

    against_nobody = found["log_weight"] - found["call_id"].map(
        found[found["is_null"]].set_index("call_id")["log_weight"]
    )
    gap = found[PARTS].sum(axis=1) - found["log_weight"]

    assert (gap.abs() < 1e-9)[against_nobody < np.log(LARGEST_ODDS) - 1e-9].all()
    assert (gap > -1e-9).all()
    assert_every_candidate_is_explained(sql)


ASKED = """
    create or replace temp table asked as
    select call_id from intermediate.int_calls_to_match where hash(call_id) % 10 = 0
"""


def test_calls_scored_again_are_explained_as_when_all_were(
    sql: DuckSql, model: MatcherModel
) -> None:
    before = explained(sql)
    sql.execute(f"{ASKED}; delete from ml.scored_calls where call_id in (from asked)")
    score_calls(sql, model, SETTINGS, only="asked")

    pd.testing.assert_frame_equal(explained(sql), before, check_exact=True)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("device = 'tablet', page_views = 9", id="a late page"),
        pytest.param("geo_region = 'WY', geo_city = 'a new place'", id="a place nobody was in"),
        pytest.param("touched_at = touched_at - interval '90 seconds'", id="an earlier start"),
        pytest.param("site = null where session_id is null", id="a landing page withdrawn"),
        pytest.param("number_state = 'none', lease_end_at = null", id="a lease withdrawn"),
    ],
)
def test_touches_that_late_data_changed_are_told_as_their_calls_were_scored_again(
    world: World, model: MatcherModel, change: str
) -> None:
    sql = load_tables(world.tables)
    score_calls(sql, model, SETTINGS)
    assignments, _, where = change.partition(" where ")
    sql.execute(f"""
        create temp table changed as
        select touch_id from intermediate.int_touches
        where hash(touch_id) % 50 = 0 and {where or "true"};
        update intermediate.int_touches set {assignments}
        where touch_id in (select touch_id from changed);
        {ASKED} or call_id in (
            select call_id from ml.call_candidates where touch_id in (select touch_id from changed)
        )
    """)
    score_calls(sql, model, SETTINGS, only="asked")

    assert_every_candidate_is_explained(sql)


def test_a_call_that_is_no_longer_asked_about_is_no_longer_explained(
    world: World, model: MatcherModel
) -> None:
    sql = load_tables(world.tables)
    score_calls(sql, model, SETTINGS)
    sql.execute(f"""
        {ASKED};
        delete from intermediate.int_calls_to_match
        where call_id = (select min(call_id) from asked)
    """)
    score_calls(sql, model, SETTINGS, only="asked")

    assert_every_candidate_is_explained(sql)


def test_a_table_of_older_code_gives_way_to_the_view(world: World, model: MatcherModel) -> None:
    sql = load_tables(world.tables)
    sql.execute("create schema ml; create table ml.call_explanations as select 1 as call_id")
    score_calls(sql, model, SETTINGS)

    assert_every_candidate_is_explained(sql)


def test_a_mark_that_is_missing_speaks_for_nobody_and_against_nobody(
    world: World, model: MatcherModel
) -> None:
    calls = world.tables["int_calls_to_match"].assign(caller_area_code=None, line_type="unknown")
    sql = load_tables(world.tables | {"int_calls_to_match": calls})
    score_calls(sql, model, SETTINGS)

    assert (explained(sql)[["log_geography", "log_line_type"]] == 0).all(axis=None)


def test_the_tapped_visit_is_told_by_its_tap_and_every_other_answer_by_the_lack_of_it(
    world: World, sql: DuckSql
) -> None:
    taps = world.tables["int_calls_to_match"].dropna(subset="tap_touch_id")
    found = explained(sql).merge(taps[["call_id", "tap_touch_id"]], on="call_id")
    is_tapped = found["touch_id"] == found["tap_touch_id"]

    assert is_tapped.sum() > 50
    assert found.loc[is_tapped, "log_tap"].min() > found.loc[~is_tapped, "log_tap"].max() + 3


def test_odds_that_scoring_caps_are_capped_here_too(world: World, model: MatcherModel) -> None:
    sure = model.tables["null_rates"].assign(calls_per_second=1e-18)
    other = MatcherModel("other", model.facts, model.tables | {"null_rates": sure})
    sql = load_tables(world.tables)
    score_calls(sql, other, SETTINGS)
    found = explained(sql)

    assert (found[PARTS].sum(axis=1) > found["log_weight"] + 1).any()
    assert_every_candidate_is_explained(sql)
