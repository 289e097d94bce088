"""Tests of ml.matching.measures: what was right by group, and when calibration is a concern."""

import numpy as np
import pandas as pd
import pytest

from ml.matching.calibration import HiddenCalls
from ml.matching.measures import answer_calls, judge_calibration, measure


def make_hidden() -> HiddenCalls:
    """Three calls: one of a phone, one of nobody, one where the wrong desktop looks likeliest."""
    calls = pd.DataFrame(
        {
            "call_id": ["phone", "nobody", "wrong"],
            "site": "a.example",
            "line_type": ["mobile", None, "mobile"],
            "hour_block": [0, 1, 3],
            "null_weight": [1.0, 8.0, 1.0],
            "is_struck": [False, True, False],
        }
    )
    pairs = pd.DataFrame(
        {
            "row": [0, 0, 1, 2, 2],
            "is_true": [True, False, False, False, True],
            "device_id": [0, 1, 0, 1, 0],
            "log_rate": np.log([6.0, 1.0, 2.0, 7.0, 2.0]),
            "log_marks": 0.0,
        }
    )
    return HiddenCalls(calls, pairs)


def test_each_call_has_its_likeliest_answer_and_what_the_truth_got() -> None:
    answers = answer_calls(make_hidden(), 1.0)

    assert answers["top_device"].tolist() == ["mobile", "nobody", "desktop"]
    assert answers["is_right"].tolist() == [True, True, False]
    assert answers["truth"].tolist() == pytest.approx([0.75, 0.8, 0.2])
    assert answers["top_probability"].tolist() == pytest.approx([0.75, 0.8, 0.7])
    assert answers["band"].tolist() == ["0.6-0.8"] * 3
    assert answers["hour_block"].tolist() == ["00-06", "06-12", "18-24"]


def make_answers(calls: int) -> pd.DataFrame:
    """Answers that are right as often as they say, seven in ten at both sites."""
    return pd.DataFrame(
        {
            "call_id": [f"c{number}" for number in range(calls)],
            "site": np.where(np.arange(calls) % 10 == 0, "small.example", "large.example"),
            "line_type": None,
            "hour_block": "06-12",
            "top_device": "mobile",
            "band": "0.6-0.8",
            "top_probability": 0.7,
            "is_right": np.arange(calls) // 10 % 10 < 7,
            "truth": 0.7,
            "squares": 0.5,
            "null": 0.1,
            "is_struck": False,
        }
    )


def test_groups_of_few_calls_have_no_figures_of_their_own() -> None:
    metrics = measure(make_answers(300))

    assert "site=large.example" in set(metrics["scope"])
    assert "site=small.example" not in set(metrics["scope"])
    assert metrics["scope"].iloc[0] == "overall"


def test_no_call_at_all_is_one_row() -> None:
    assert measure(make_answers(0)).to_dict("records") == [
        {"scope": "overall", "metric": "calls", "value": 0.0}
    ]


def figures(scope: str, **values: float) -> pd.DataFrame:
    usual = {"calls": 800.0, "ece": 0.02, "ece_expected": 0.02, "ece_limit": 0.03} | values
    frame = pd.DataFrame({"metric": usual.keys(), "value": usual.values()})
    return frame.assign(scope=scope)


@pytest.mark.parametrize(
    ("overall", "site", "is_within", "is_far"),
    [
        pytest.param({}, {}, True, False, id="as a perfect model"),
        pytest.param({"ece": 0.029}, {"ece": 0.049}, True, False, id="within both bounds"),
        pytest.param({"ece": 0.031}, {}, False, False, id="beyond the bound overall"),
        pytest.param({}, {"ece": 0.051}, False, False, id="beyond the bound of a group"),
        pytest.param({"ece": 0.041}, {}, False, True, id="beyond twice the bound overall"),
        pytest.param({}, {"ece": 0.081}, False, True, id="beyond twice the bound of a group"),
        pytest.param(
            {"ece": 0.041, "ece_limit": 0.05}, {}, False, False, id="far, but chance may do it"
        ),
        pytest.param({}, {"ece": 0.2, "calls": 499.0}, True, False, id="a group too small"),
    ],
)
def test_calibration_warns_beyond_its_bound_and_fails_beyond_twice(
    overall: dict[str, float], site: dict[str, float], is_within: bool, is_far: bool
) -> None:
    metrics = pd.concat([figures("overall", **overall), figures("site=a.example", **site)])
    verdict = judge_calibration(metrics)

    assert (verdict.is_within, verdict.is_far) == (is_within, is_far)
    assert verdict.worst_scope in {"site=a.example", ""}
