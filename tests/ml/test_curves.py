"""Tests of ml.matching.curves and ml.pictures: points of known truth, and pictures of them."""

import numpy as np
import pandas as pd
import pytest

from ml.artifacts import MatcherModel
from ml.matching.calibration import HiddenCalls
from ml.matching.curves import (
    coverage_points,
    measure_curves,
    read_curves,
    reliability_points,
    write_curves,
)
from ml.matching.matcher import train_matcher
from ml.matching.self_check import curves_of_matcher
from ml.matching.settings import MatcherSettings
from ml.pictures import draw_pictures
from tests.ml.worlds import DuckSql, Law, load_tables, make_world

PNG = b"\x89PNG\r\n"


def test_answers_that_are_right_as_often_as_they_say_lie_on_the_diagonal() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.uniform(0.2, 1.0, 30_000)
    points = reliability_points(confidence, rng.random(30_000) < confidence)

    assert points["calls"].tolist() == [2000] * 15
    assert (points["x"] - points["y"]).abs().max() < 0.04
    assert points["x"].is_monotonic_increasing


def test_the_surest_calls_come_first() -> None:
    confidence = np.array([0.9, 0.8, 0.4, 0.3])
    points = coverage_points(confidence, np.array([True, True, False, False])).set_index("x")

    assert points.loc[[0.25, 0.5, 0.75, 1.0], "y"].round(3).tolist() == [1, 1, 0.667, 0.5]
    assert points.loc[0.05, "calls"] == 1


def test_a_campaign_is_given_the_sum_of_its_candidates_whoever_was_likeliest() -> None:
    calls = pd.DataFrame({"is_struck": [False, True], "null_weight": [1.0, 3.0]})
    calls = calls.assign(call_id=["a", "b"], site="s", line_type="mobile", hour_block=2)
    pairs = pd.DataFrame(
        {
            "row": [0, 0, 1],
            "is_true": [True, False, False],
            "device_id": 0,
            "campaign_index": [1, 2, 1],
            "log_rate": np.log([2.0, 1.0, 1.0]),
            "log_marks": 0.0,
        }
    )
    points = measure_curves(HiddenCalls(calls, pairs), 1.0, {1: "brand", 2: "other"})
    campaigns = points[points["curve"] == "campaign"].set_index("label")

    assert campaigns["x"].to_dict() == {"brand": 1, "other": 0}
    assert campaigns["y"].to_dict() == pytest.approx({"brand": 0.75, "other": 0.25})


@pytest.fixture(scope="module")
def sql() -> DuckSql:
    return load_tables(make_world(Law(days=7, touches=4000, call_rate=0.15), seed=5).tables)


@pytest.fixture(scope="module")
def model(sql: DuckSql) -> MatcherModel:
    return train_matcher(sql, MatcherSettings())


def test_curves_of_a_model_are_written_read_and_drawn_to_the_same_bytes(
    sql: DuckSql, model: MatcherModel
) -> None:
    measured = curves_of_matcher(sql, model, MatcherSettings())
    for _ in range(2):
        write_curves(sql, model, measured)
    points = read_curves(sql, model)
    pictures = draw_pictures(model, points)

    # Two sites of four campaigns each, and what came from none.
    assert points.groupby("curve").size().to_dict() == {
        "campaign": 9,
        "coverage": 20,
        "reliability": 15,
    }
    assert set(pictures) == {"reliability", "delay", "coverage", "campaigns"}
    assert all(png.startswith(PNG) and len(png) < 80_000 for png in pictures.values())
    assert draw_pictures(model, points) == pictures


def test_a_model_that_no_call_judged_is_drawn_without_points(model: MatcherModel) -> None:
    points = pd.DataFrame({"curve": [], "label": [], "x": [], "y": [], "calls": []})

    assert all(png.startswith(PNG) for png in draw_pictures(model, points).values())


def test_a_warehouse_without_known_calls_has_no_curves() -> None:
    world = make_world(Law(days=3, touches=300), seed=5)
    sql = load_tables({"int_touches": world.tables["int_touches"]})
    model = train_matcher(sql, MatcherSettings())
    write_curves(sql, model, curves_of_matcher(sql, model, MatcherSettings()))

    assert read_curves(sql, model).empty
