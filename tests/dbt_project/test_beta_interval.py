"""The 90 % interval of a rate that SQL computes, beside scipy's exact quantiles."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.project import compiled_inline

pytestmark = pytest.mark.integration

ALPHAS = (1.0, 1.3, 2.0, 2.5, 2.9999, 3.0, 5.0, 20.0, 300.0, 20_000.0)
MEANS = (0.0005, 0.01, 0.05, 0.1, 0.3)
EVEN_MEAN = 0.5


@pytest.fixture(scope="module")
def intervals(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Alpha, beta and the mean of a grid, with the ends as the macros of the project give them."""
    folder = tmp_path_factory.mktemp("beta")
    grid = [(a, a * (1 - mean) / mean, mean) for a in ALPHAS for mean in (*MEANS, EVEN_MEAN)]
    rows = ", ".join(f"({a}::double, {b}::double)" for a, b, _ in grid)
    sql = (
        "select {{ beta_low('a', 'b') }} as low, {{ beta_high('a', 'b') }} as high"
        f" from (values {rows}) as grid (a, b)"
    )
    with duckdb.connect() as connection:
        ends = connection.execute(compiled_inline(folder, sql)).df()
    return pd.DataFrame(grid, columns=["a", "b", "mean"]).join(ends)


def _worst_error(intervals: pd.DataFrame) -> float:
    low = stats.beta.ppf(0.05, intervals["a"], intervals["b"])
    high = stats.beta.ppf(0.95, intervals["a"], intervals["b"])
    errors = np.concatenate([intervals["low"] / low - 1, intervals["high"] / high - 1])
    return float(np.abs(errors).max())


def test_ends_are_within_one_percent_of_scipy_where_rates_are(intervals: pd.DataFrame) -> None:
    assert _worst_error(intervals[intervals["mean"] < EVEN_MEAN]) < 0.01


def test_ends_of_a_rate_of_one_half_are_within_one_and_a_half_percent(
    intervals: pd.DataFrame,
) -> None:
    assert _worst_error(intervals[intervals["mean"] == EVEN_MEAN]) < 0.015


def test_normal_approximation_is_off_by_more_than_a_tenth_at_five_calls(
    intervals: pd.DataFrame,
) -> None:
    thin = intervals[(intervals["a"] == 5.0) & (intervals["mean"] == 0.05)]
    deviation = stats.beta.std(thin["a"], thin["b"])
    normal_low = thin["mean"] - stats.norm.ppf(0.95) * deviation
    exact_low = stats.beta.ppf(0.05, thin["a"], thin["b"])

    assert (normal_low / exact_low - 1 < -0.1).all()
