"""Tests of ml.matching.delays: bins, hours of the clock, days without a time."""

import numpy as np
import pytest

from ml.matching.delays import (
    DAY_GRID_SECONDS,
    bin_edges,
    bin_sql,
    day_kernel,
    hour_fold,
    prior_rate,
)
from tests.ml.worlds import load_tables

LOOKBACK = 30 * 86_400.0
EVEN_HOURS = np.full(24, 1 / 24)


@pytest.mark.parametrize("delay", [0.0, 0.4, 1.0, 3.0, 59.9, 3600.0, 86_400.0, LOOKBACK - 1])
def test_sql_and_edges_put_a_delay_into_the_same_bin(delay: float) -> None:
    edges = bin_edges(LOOKBACK, 4)
    found = load_tables({}).frame(f"select {bin_sql(f'{delay}::double', 4)} as bin")["bin"][0]

    assert edges[found] <= delay < edges[found + 1]


def test_edges_end_at_the_lookback() -> None:
    assert bin_edges(LOOKBACK, 8)[-1] == LOOKBACK


def test_prior_expects_a_few_calls_in_a_hundred_touches() -> None:
    edges = bin_edges(LOOKBACK, 4)

    assert 0.04 < (prior_rate(edges) * np.diff(edges)).sum() <= 0.05


def test_a_short_delay_stays_in_its_hour_and_a_long_one_is_spread_over_the_day() -> None:
    fold = hour_fold(bin_edges(LOOKBACK, 4))

    assert fold.sum(axis=2) == pytest.approx(1.0)
    assert fold[9, 0, 9] == 1.0
    assert fold[9, -1].max() < 0.1


def test_a_click_at_night_sends_its_calls_of_an_hour_later_past_midnight() -> None:
    edges = np.array([0.0, 3600.0, 7200.0])

    assert hour_fold(edges)[23, 1, 0] > 0.4


def test_a_day_without_a_time_cannot_bring_a_call_before_it_began() -> None:
    edges = bin_edges(LOOKBACK, 4)
    first_step = day_kernel(edges, EVEN_HOURS, LOOKBACK)[0]

    # At five minutes past midnight only clicks of these five minutes lie before the call.
    assert first_step.sum() == pytest.approx(DAY_GRID_SECONDS / 2 / 86_400.0)
    assert first_step[edges[:-1] > DAY_GRID_SECONDS].sum() == 0.0


def test_the_kernel_integrates_the_curve_exactly_over_the_day() -> None:
    edges = bin_edges(LOOKBACK, 8)
    rate = 1.0 / (1.0 + edges[:-1])
    step = 30 * 3600 // DAY_GRID_SECONDS
    instants = (np.arange(86_400) + 0.5).astype(float)
    delays = (step + 0.5) * DAY_GRID_SECONDS - instants
    summed = rate[np.searchsorted(edges, delays, side="right") - 1].mean()

    found = day_kernel(edges, EVEN_HOURS, LOOKBACK)[step] @ rate
    assert found == pytest.approx(summed, rel=1e-3)


def test_clicks_at_nine_weigh_the_calls_that_follow_nine() -> None:
    edges = bin_edges(LOOKBACK, 4)
    nine = np.eye(24)[9]
    rates = day_kernel(edges, nine, LOOKBACK) @ prior_rate(edges)
    at_hour = rates.reshape(-1, 3600 // DAY_GRID_SECONDS).mean(axis=1)

    assert (at_hour[:9] == 0).all()
    assert at_hour[9] > 5 * at_hour[12] > 0
