"""Tests of the matcher as a whole: what ml.call_candidates promises, recovery, the oracle."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.artifacts import ensure_tables, read_model, training_version, write_model
from ml.matching.matcher import score_calls, train_matcher
from ml.matching.self_check import evaluate_matcher
from ml.matching.settings import MatcherSettings
from ml.metrics import write_metrics
from tests.ml.worlds import (
    DuckSql,
    Law,
    World,
    load_tables,
    make_world,
    oracle_posteriors,
)

SETTINGS = MatcherSettings()
NOW = pd.Timestamp("2026-11-23 12:00:00")
SMALL = Law(days=7, touches=4000, call_rate=0.15)


def run_matcher(sql: DuckSql, settings: MatcherSettings = SETTINGS) -> pd.DataFrame:
    write_model(sql, train_matcher(sql, settings), NOW)
    model = read_model(sql)
    assert model is not None
    score_calls(sql, model, settings)
    return sql.frame("select * from ml.call_candidates order by call_id, candidate_rank")


@pytest.fixture(scope="module")
def small_world() -> World:
    return make_world(SMALL, seed=5)


@pytest.fixture(scope="module")
def small_sql(small_world: World) -> DuckSql:
    return load_tables(small_world.tables)


@pytest.fixture(scope="module")
def small_candidates(small_sql: DuckSql) -> pd.DataFrame:
    return run_matcher(small_sql)


def test_every_call_is_shared_out_exactly_once(
    small_world: World, small_candidates: pd.DataFrame
) -> None:
    sums = small_candidates.groupby("call_id")["probability"].sum()

    assert set(sums.index) == set(small_world.tables["int_calls_to_match"]["call_id"])
    assert (sums - 1).abs().max() < 1e-9


def test_every_call_has_one_row_for_nobody_without_any_id(small_candidates: pd.DataFrame) -> None:
    nobody = small_candidates[small_candidates["is_null"]]

    assert nobody["call_id"].is_unique
    assert len(nobody) == small_candidates["call_id"].nunique()
    assert nobody[["touch_id", "session_id", "click_id", "campaign_id"]].isna().all(axis=None)


def test_candidates_by_name_are_likely_enough_and_remainders_name_a_campaign_only(
    small_candidates: pd.DataFrame,
) -> None:
    by_name = small_candidates[~small_candidates["is_remainder"] & ~small_candidates["is_null"]]
    remainders = small_candidates[small_candidates["is_remainder"]]

    assert by_name["probability"].min() >= 1e-4
    assert by_name["touch_id"].notna().all()
    assert not remainders.empty
    assert remainders[["touch_id", "session_id", "click_id"]].isna().all(axis=None)
    assert not remainders.duplicated(["call_id", "platform", "channel", "campaign_id"]).any()


def test_ranks_count_from_one_by_probability_with_remainders_last(
    small_candidates: pd.DataFrame,
) -> None:
    ordered = small_candidates.sort_values(["call_id", "candidate_rank"])
    ranks = ordered.groupby("call_id").cumcount() + 1
    by_name = ordered[~ordered["is_remainder"]]

    assert (ordered["candidate_rank"] == ranks).all()
    assert (by_name.groupby("call_id")["probability"].diff().dropna() <= 0).all()
    assert not ordered[ordered["candidate_rank"] == 1]["is_remainder"].any()


@pytest.mark.parametrize(
    ("names", "minimum"),
    [
        pytest.param(3, 1e-4, id="few names"),
        pytest.param(500, 0.2, id="likely names only"),
        pytest.param(1, 0.99, id="hardly any name"),
    ],
)
def test_fewer_names_leave_more_remainder_and_the_same_sums_by_campaign(
    small_sql: DuckSql, small_candidates: pd.DataFrame, names: int, minimum: float
) -> None:
    model = read_model(small_sql)
    assert model is not None
    settings = replace(SETTINGS, maximum_candidates=names, minimum_probability=minimum)
    score_calls(small_sql, model, settings)
    few = small_sql.frame("select * from ml.call_candidates")
    keys = ["call_id", "platform", "channel", "campaign_id"]
    sums = [
        frame[~frame["is_null"]].groupby(keys, dropna=False)["probability"].sum()
        for frame in (few, small_candidates)
    ]

    named = few[~few["is_remainder"] & ~few["is_null"]]
    assert named.groupby("call_id").size().max() <= names
    assert named["probability"].min() >= minimum
    assert few["is_remainder"].sum() > 0
    pd.testing.assert_series_equal(*sums, check_exact=False, atol=1e-9)


def test_the_same_rows_in_any_order_give_the_same_bits(
    small_world: World, small_candidates: pd.DataFrame
) -> None:
    shuffled = {
        name: frame.sample(frac=1, random_state=3) for name, frame in small_world.tables.items()
    }
    again = run_matcher(load_tables(shuffled))

    pd.testing.assert_frame_equal(again, small_candidates, check_exact=True)


def test_the_version_follows_the_rows_and_the_settings(small_world: World) -> None:
    sql = load_tables(small_world.tables)
    before = training_version(sql, SETTINGS)

    assert training_version(sql, SETTINGS) == before
    assert training_version(sql, replace(SETTINGS, lookback_days=7)) != before
    sql.execute("delete from intermediate.int_calls_to_match where call_id = 'C000000'")
    assert training_version(sql, SETTINGS) != before


def test_a_model_trained_twice_is_one_version_with_its_first_date(small_world: World) -> None:
    sql = load_tables(small_world.tables)
    for moment in (NOW, NOW + pd.Timedelta("1h")):
        write_model(sql, train_matcher(sql, SETTINGS), moment)

    versions = sql.frame("select * from ml.model_versions")
    assert versions["trained_at"].tolist() == [NOW]
    assert versions["is_current"].tolist() == [True]


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param((), id="nothing at all"),
        pytest.param(("int_calls_to_match",), id="calls only"),
        pytest.param(("int_touches",), id="touches only"),
        pytest.param(("int_touches", "int_calls_to_match"), id="no number was ever shown"),
        pytest.param(
            ("int_touches", "int_calls_to_match", "int_numbers_shown", "int_number_leases"),
            id="no call is known",
        ),
    ],
)
def test_missing_tables_give_empty_or_doubtful_answers_but_no_error(
    small_world: World, kept: tuple[str, ...]
) -> None:
    sql = load_tables({name: small_world.tables[name] for name in kept})
    candidates = run_matcher(sql)
    model = read_model(sql)
    assert model is not None
    write_metrics(sql, evaluate_matcher(sql, model, SETTINGS), NOW)

    calls = len(small_world.tables["int_calls_to_match"]) if "int_calls_to_match" in kept else 0
    assert candidates["call_id"].nunique() == calls
    assert sql.frame("select * from ml.matcher_metrics where metric = 'calls'")["value"][0] == 0
    if "int_touches" not in kept:
        assert (candidates["probability"] == 1).all()


def test_all_tables_of_the_schema_exist_before_any_model() -> None:
    sql = load_tables({})
    ensure_tables(sql)

    tables = sql.frame("select table_name from information_schema.tables where table_schema = 'ml'")
    expected = {"call_candidates", "matcher_metrics", "model_versions", "hazard_rates"}
    assert expected <= set(tables["table_name"])
    assert read_model(sql) is None


def test_a_table_of_older_code_is_made_anew() -> None:
    sql = load_tables({})
    sql.execute("create schema ml; create table ml.hour_factors (model_version varchar, hour int)")
    ensure_tables(sql)

    assert "factor" in sql.frame("select * from ml.hour_factors").columns


def test_spam_is_scored_but_teaches_nothing(small_world: World) -> None:
    spam = small_world.tables["int_calls_to_match"].head(50).assign(is_spam=True)
    spam = spam.assign(call_id="spam" + spam["call_id"], live_touch_id=None, tap_touch_id=None)
    calls = pd.concat([small_world.tables["int_calls_to_match"], spam])
    models = [
        train_matcher(load_tables(small_world.tables | tables), SETTINGS)
        for tables in ({}, {"int_calls_to_match": calls})
    ]

    candidates = run_matcher(load_tables(small_world.tables | {"int_calls_to_match": calls}))
    assert candidates["call_id"].nunique() == len(calls)
    lost = [model.tables["lost_shares"]["posterior_calls"].sum() for model in models]
    assert lost[1] == pytest.approx(lost[0], rel=0.01)


@pytest.fixture(scope="module")
def large_world() -> World:
    return make_world(Law(days=20, touches=30_000, sites=3, pool_numbers=100), seed=3)


@pytest.fixture(scope="module")
def large_run(large_world: World) -> DuckSql:
    sql = load_tables(large_world.tables)
    run_matcher(sql)
    return sql


def compare_with_oracle(world: World, sql: DuckSql) -> pd.DataFrame:
    """One row per call: what the oracle and the matcher said, and whether it was right."""
    oracle = oracle_posteriors(world)
    names = world.tables["int_touches"]["touch_id"].to_numpy(dtype=object)
    call_ids = world.tables["int_calls_to_match"]["call_id"].to_numpy(dtype=object)
    oracle = oracle.assign(
        call_id=call_ids[oracle["call"]],
        truth_id=np.where(oracle["truth"] >= 0, names[oracle["truth"]], "nobody"),
    )
    sql.register("oracle_rows", oracle)
    return sql.frame("""
        with named as (
            select *, coalesce(touch_id, 'nobody') as answer
            from ml.call_candidates where not is_remainder
        ),
        ours as (
            select
                oracle.call_id,
                arg_min(named.answer, named.candidate_rank) = oracle.truth_id as our_hit,
                max(named.probability) filter (where named.answer = oracle.truth_id) as our_truth,
                max(named.probability) filter (where named.is_null) as our_null
            from oracle_rows as oracle join named on oracle.call_id = named.call_id
            group by oracle.call_id, oracle.truth_id
        )
        select
            oracle.kind,
            oracle.truth < 0 as is_nobody,
            oracle.top = oracle.truth as oracle_hit,
            greatest(oracle.truth_probability, 1e-4) as oracle_truth,
            ours.our_hit,
            greatest(coalesce(ours.our_truth, 0), 1e-4) as our_truth,
            ours.our_null
        from oracle_rows as oracle join ours on oracle.call_id = ours.call_id
    """)


@pytest.mark.integration
def test_lost_calls_are_matched_nearly_as_well_as_by_one_who_knows_the_law(
    large_world: World, large_run: DuckSql
) -> None:
    compared = compare_with_oracle(large_world, large_run)
    lost = compared[compared["kind"] != "live"]
    regret = np.log(lost["oracle_truth"]).mean() - np.log(lost["our_truth"]).mean()

    assert lost["our_hit"].mean() >= 0.93 * lost["oracle_hit"].mean()
    assert regret <= 0.25
    assert abs(lost["our_null"].mean() - lost["is_nobody"].mean()) <= 0.05


@pytest.mark.integration
def test_what_no_label_shows_is_recovered(large_world: World, large_run: DuckSql) -> None:
    found = large_run.frame("select * from ml.lost_shares").set_index(
        ["match_kind", "number_state"]
    )["posterior_calls"]
    calls, touches = large_world.calls, large_world.touches
    source = touches.reindex(calls["source"]).reset_index(drop=True)
    is_fallback = (calls["number"] < 0) & (calls["source"] >= 0)
    true = {
        state: (is_fallback & (source["state"] == name)).sum()
        for state, name in (("overflow", "fallback"), ("unseen", "unseen"))
    }
    saved = (calls["number"] >= 0) & (calls["live"] != calls["source"]) & (calls["source"] >= 0)

    assert found["fallback", "overflow"] == pytest.approx(true["overflow"], rel=0.25)
    assert found["fallback", "unseen"] == pytest.approx(true["unseen"], rel=0.25)
    assert found["pool", "lapsed"] == pytest.approx(saved.sum(), rel=0.2)


@pytest.mark.integration
def test_hidden_known_calls_show_calibrated_probabilities(large_run: DuckSql) -> None:
    model = read_model(large_run)
    assert model is not None
    metrics = evaluate_matcher(large_run, model, SETTINGS)
    overall = metrics[metrics["scope"] == "overall"].set_index("metric")["value"]

    assert overall["calls"] > 1000
    assert overall["ece"] - overall["ece_expected"] <= 0.02
    assert overall["null_share"] == pytest.approx(overall["null_share_true"], abs=0.04)
