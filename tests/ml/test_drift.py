"""Tests of ml.matching.drift: what counts as a shift, and that a planted one is found."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.artifacts import MatcherModel
from ml.matching.drift import (
    PSI_SHIFTED,
    PSI_WATCHED,
    count_features,
    measure_drift,
    population_shifts,
    write_drift,
)
from ml.matching.settings import MatcherSettings
from tests.ml.worlds import DuckSql, Law, World, load_tables, make_world

SETTINGS = MatcherSettings()
CUT = pd.Timestamp("2026-10-08")
COUNTS = st.lists(st.integers(0, 5000), min_size=2, max_size=8)


def levels(cases: list[int]) -> pd.DataFrame:
    names = [f"level {index}" for index in range(len(cases))]
    return pd.DataFrame({"feature": "device", "level": names, "cases": cases})


@settings(max_examples=25, deadline=None)
@given(cases=COUNTS.filter(lambda cases: sum(cases) > 0), others=COUNTS)
def test_the_index_is_never_negative_and_the_same_both_ways(
    cases: list[int], others: list[int]
) -> None:
    others = [*others, 1]
    there = population_shifts(levels(cases), levels(others))
    back = population_shifts(levels(others), levels(cases))

    assert there["psi"][0] >= 0
    assert there["psi"][0] == pytest.approx(back["psi"][0])


def test_equal_shares_are_no_shift_and_the_moved_level_is_named() -> None:
    same = population_shifts(levels([1000, 3000]), levels([1000, 3000]))
    moved = population_shifts(levels([1000, 3000, 0]), levels([1000, 2000, 1000]))

    assert same["psi"].tolist() == [0]
    assert moved["moved_level"].tolist() == ["level 2"]
    assert moved["share"].round(2).tolist() == [0.25]


def test_few_cases_may_differ_by_much_more_than_many() -> None:
    few = population_shifts(levels([5000, 5000]), levels([9, 3]))
    many = population_shifts(levels([5000, 5000]), levels([900, 300]))

    assert few["psi"][0] > PSI_WATCHED
    assert few["psi"][0] < few["psi_by_chance"][0]
    assert many["psi"][0] > many["psi_by_chance"][0]


def test_a_feature_without_cases_on_one_side_is_not_compared() -> None:
    assert population_shifts(levels([10, 20]), levels([0, 0])).empty
    assert population_shifts(levels([10, 20]).head(0), levels([10, 20])).empty


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(Law(days=14, touches=12_000), seed=4)


@pytest.fixture(scope="module")
def model(world: World) -> MatcherModel:
    """What drift asks of a model: trained on the first week."""
    counts = count_features(load_tables(world.tables), SETTINGS, pd.Timestamp(0), CUT)
    return MatcherModel("m", {"data_to": CUT}, {"feature_counts": counts})


def drift(sql: DuckSql, model: MatcherModel) -> pd.DataFrame:
    return measure_drift(sql, model, SETTINGS).set_index("feature")


def test_the_same_law_a_week_later_shifts_nothing(world: World, model: MatcherModel) -> None:
    found = drift(load_tables(world.tables), model)

    assert set(found.index) == {
        "area_code", "delay", "device", "hour_of_day", "line_type", "number_dialled",
        "number_shown", "site",
    }  # fmt: skip
    assert (found["psi"] < PSI_WATCHED).all()
    assert found["data_from"].min() >= CUT


def test_every_second_caller_moved_to_voip_and_nothing_else_is_found(
    world: World, model: MatcherModel
) -> None:
    calls = world.tables["int_calls_to_match"].copy()
    is_moved = (calls["call_started_at"] > CUT) & (calls.index % 2 == 0)
    calls.loc[is_moved, "line_type"] = "voip"
    found = drift(load_tables(world.tables | {"int_calls_to_match": calls}), model)
    shifted = found[(found["psi"] > PSI_SHIFTED) & (found["psi"] > found["psi_by_chance"])]

    assert shifted.index.tolist() == ["line_type"]
    assert shifted["moved_level"].tolist() == ["voip"]


def test_within_a_day_of_the_training_nothing_is_compared_and_old_rows_go(
    world: World, model: MatcherModel
) -> None:
    sql = load_tables(world.tables)
    write_drift(sql, model, measure_drift(sql, model, SETTINGS))
    before = sql.frame("select * from ml.matcher_drift")
    fresh = MatcherModel("m", {"data_to": pd.Timestamp("2026-10-14 20:00")}, model.tables)
    write_drift(sql, fresh, measure_drift(sql, fresh, SETTINGS))

    assert len(before) == 8
    assert sql.frame("select * from ml.matcher_drift").empty
