"""Tests of ml.matching.calibration: temperature, ECE, and what noise alone would show."""

import numpy as np
import pandas as pd
import pytest

from ml.matching.calibration import (
    HiddenCalls,
    calibration_metrics,
    expected_calibration_error,
    fit_temperature,
    perfect_calibration_error,
    posteriors,
    truth_probability,
)


def make_hidden(true_temperature: float, calls: int = 3000) -> HiddenCalls:
    """Calls with four candidates each, drawn from posteriors at `true_temperature`."""
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(calls), 4)
    log_rate, log_marks = rng.normal(size=rows.size), rng.normal(0.0, 2.0, size=rows.size)
    weights = np.exp(log_rate + true_temperature * log_marks).reshape(calls, 4)
    shares = np.column_stack([weights, np.ones(calls)])
    shares = (shares / shares.sum(axis=1, keepdims=True)).cumsum(axis=1)
    answer = (shares < rng.random((calls, 1))).sum(axis=1)
    frame = pd.DataFrame({"null_weight": np.ones(calls), "is_struck": answer == 4})
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


def test_few_calls_leave_the_temperature_alone() -> None:
    assert fit_temperature(make_hidden(0.5, calls=20)) == 1.0


def test_overconfidence_shows_and_calibrated_answers_stay_near_the_noise() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.3, 1.0, size=3000)
    is_right = rng.random(3000) < confidence
    noise = perfect_calibration_error(confidence)

    assert expected_calibration_error(confidence, is_right) == pytest.approx(noise, abs=0.012)
    assert expected_calibration_error(np.sqrt(confidence), is_right) > noise + 0.08


def test_metrics_of_no_calls_are_their_number() -> None:
    nothing = np.array([])

    assert calibration_metrics(nothing, nothing, nothing, nothing, nothing) == {"calls": 0.0}


def test_metrics_of_a_certain_and_right_answer_are_perfect() -> None:
    one, zero = np.ones(40), np.zeros(40)
    metrics = calibration_metrics(one, one.astype(bool), one, one, zero)

    assert (metrics["top1"], metrics["log_loss"], metrics["brier"], metrics["ece"]) == (1, 0, 0, 0)
