"""Tests of ml.matching.calibration: temperature, ECE, and what noise alone would show."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.matching.calibration import (
    HiddenCalls,
    calibration_metrics,
    expected_calibration_error,
    fit_group_temperatures,
    fit_temperature,
    group_temperature_gain,
    perfect_calibration_error,
    posteriors,
    truth_probability,
)


def make_hidden(
    true_temperature: float, calls: int = 3000, *, site: str = "a.example", seed: int = 0
) -> HiddenCalls:
    """Calls with four candidates each, drawn from posteriors at `true_temperature`."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(calls), 4)
    log_rate, log_marks = rng.normal(size=rows.size), rng.normal(0.0, 2.0, size=rows.size)
    weights = np.exp(log_rate + true_temperature * log_marks).reshape(calls, 4)
    shares = np.column_stack([weights, np.ones(calls)])
    shares = (shares / shares.sum(axis=1, keepdims=True)).cumsum(axis=1)
    answer = (shares < rng.random((calls, 1))).sum(axis=1)
    frame = pd.DataFrame({"null_weight": np.ones(calls), "is_struck": answer == 4, "site": site})
    is_true = np.tile(np.arange(4), calls) == answer[rows]
    pairs = {"row": rows, "is_true": is_true, "log_rate": log_rate, "log_marks": log_marks}
    return HiddenCalls(frame, pd.DataFrame(pairs))


def test_probabilities_of_a_call_and_of_nobody_sum_to_one() -> None:
    hidden = make_hidden(1.0, calls=50)
    share, null = posteriors(hidden, 1.0)
    sums = np.bincount(hidden.pairs["row"], weights=share) + null

    assert sums == pytest.approx(1.0)
    assert ((truth_probability(hidden, 1.0) > 0) & (truth_probability(hidden, 1.0) < 1)).all()


@pytest.mark.parametrize("true_temperature", [0.6, 0.8, 1.0])
def test_temperature_is_recovered(true_temperature: float) -> None:
    assert fit_temperature(make_hidden(true_temperature)) == pytest.approx(
        true_temperature, abs=0.06
    )


def two_sites(calls: tuple[int, int], seed: int = 0) -> HiddenCalls:
    """Two sites whose marks are as sure as they say, and half as sure."""
    parts = [
        make_hidden(temperature, count, site=site, seed=seed)
        for temperature, count, site in zip((1.0, 0.5), calls, ("a", "b"), strict=True)
    ]
    second = parts[1].pairs.assign(row=parts[1].pairs["row"] + calls[0])
    return HiddenCalls(
        pd.concat([part.calls for part in parts], ignore_index=True),
        pd.concat([parts[0].pairs, second], ignore_index=True),
    )


def test_groups_find_their_own_temperatures_and_gain_by_it() -> None:
    fitting, testing = two_sites((3000, 3000)), two_sites((3000, 3000), seed=1)
    overall = fit_temperature(fitting)
    found = fit_group_temperatures(fitting, overall, "site")

    assert (found["a"], found["b"]) == pytest.approx((1.0, 0.5), abs=0.08)
    assert group_temperature_gain(fitting, testing, overall, "site") > 0.01


def test_a_thin_group_keeps_nearly_the_temperature_of_all() -> None:
    found = fit_group_temperatures(two_sites((3000, 10)), 1.0, "site")

    assert found["b"] == pytest.approx(1.0, abs=0.1)


def test_few_calls_leave_the_temperature_alone() -> None:
    assert fit_temperature(make_hidden(0.5, calls=20)) == 1.0


def test_overconfidence_shows_and_calibrated_answers_stay_near_the_noise() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.3, 1.0, size=3000)
    is_right = rng.random(3000) < confidence
    noise = perfect_calibration_error(confidence)

    assert expected_calibration_error(confidence, is_right) == pytest.approx(noise, abs=0.012)
    assert expected_calibration_error(np.sqrt(confidence), is_right) > noise + 0.08


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=400))
def test_ece_lies_between_the_overall_gap_and_the_mean_gap_of_single_calls(
    answers: list[tuple[float, bool]],
) -> None:
    confidence, is_right = (np.array(column, dtype=float) for column in zip(*answers, strict=True))
    ece = expected_calibration_error(confidence, is_right)
    gaps = confidence - is_right

    assert abs(gaps.mean()) - 1e-9 <= ece <= np.abs(gaps).mean() + 1e-9


def test_metrics_of_no_calls_are_their_number() -> None:
    nothing = np.array([])

    assert calibration_metrics(nothing, nothing, nothing, nothing, nothing) == {"calls": 0.0}


def test_metrics_of_a_certain_and_right_answer_are_perfect() -> None:
    one, zero = np.ones(40), np.zeros(40)
    metrics = calibration_metrics(one, one.astype(bool), one, one, zero)

    assert (metrics["top1"], metrics["log_loss"], metrics["brier"], metrics["ece"]) == (1, 0, 0, 0)
