"""The interval of a count of calls, against the exact Poisson-binomial distribution.

The macro knows three moments of a count; here every probability is known, and the distribution
follows by convolution. Calls are made up as the matcher leaves them: a certain part, and calls that
are spread over campaigns by a Dirichlet draw, from nearly certain to nearly even.
"""

from collections.abc import Sequence

import duckdb
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.project import compiled_inline

pytestmark = pytest.mark.integration

CAMPAIGNS = 20
ROUNDING = 1e-9
"""Far above the rounding of a cumulative sum, far below any probability that decides a bound."""

MEASURES = """
select
    probabilities.count_id,
    cast(sum(credit) as double) as calls,
    cast(sum({{ bernoulli_variance('credit') }}) as double) as variance,
    cast(sum({{ bernoulli_third_moment('credit') }}) as double) as third_moment,
    sum({{ certain_calls('credit') }}) as certain,
    count(*) filter (where credit > 0) as possible
from probabilities
group by probabilities.count_id
"""
INTERVALS = f"""
with sums as ({MEASURES})
select
    count_id,
    {{{{ poisson_binomial_interval(
        'low', 'calls', 'variance', 'third_moment', 'certain', 'possible') }}}} as calls_low,
    {{{{ poisson_binomial_interval(
        'high', 'calls', 'variance', 'third_moment', 'certain', 'possible') }}}} as calls_high
from sums
order by count_id
"""


def make_counts(concentration: float, counts: int, seed: int) -> list[NDArray[np.float64]]:
    """Probabilities of the calls of one campaign, for `counts` days of 1 to 150 calls."""
    random = np.random.default_rng(seed)
    weights = concentration * random.dirichlet(np.ones(CAMPAIGNS)) * CAMPAIGNS
    made = []
    for _ in range(counts):
        shares = random.dirichlet(weights, size=random.integers(1, 151))[:, 0]
        certain = random.random(len(shares)) < 0.1 * random.random()
        made.append(np.where(certain, 1.0, shares).round(15))
    return made


def exact_interval(probabilities: Sequence[float]) -> tuple[int, int]:
    """Return the 5th and the 95th percentile."""
    cumulative = exact_cumulative(probabilities)
    low, high = np.searchsorted(cumulative, [0.05 - ROUNDING, 0.95 - ROUNDING])
    return int(low), int(high)


def exact_cumulative(probabilities: Sequence[float]) -> NDArray[np.float64]:
    """Return P(count <= k) for every k."""
    distribution = np.ones(1)
    for probability in probabilities:
        distribution = np.convolve(distribution, [1 - probability, probability])
    return distribution.cumsum()


def coverage(probabilities: Sequence[float], low: int, high: int) -> float:
    """Return P(low <= count <= high)."""
    cumulative = np.concatenate([[0.0], exact_cumulative(probabilities)])
    return float(cumulative[high + 1] - cumulative[low])


@pytest.fixture(scope="module")
def interval_sql(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The macros as dbt renders them."""
    return compiled_inline(tmp_path_factory.mktemp("intervals"), INTERVALS)


def intervals(sql: str, counts: list[NDArray[np.float64]]) -> list[tuple[int, int]]:
    """Return what the macro says of each count."""
    probabilities = pd.DataFrame(
        {
            "count_id": np.repeat(np.arange(len(counts)), [len(count) for count in counts]),
            "probability": np.concatenate(counts),
        }
    )
    with duckdb.connect() as connection:
        connection.register("probabilities_of_calls", probabilities)
        connection.execute(
            "create table probabilities as"
            " select count_id, cast(probability as decimal(18, 15)) as credit"
            " from probabilities_of_calls"
        )
        return [(int(low), int(high)) for _, low, high in connection.execute(sql).fetchall()]


@pytest.mark.parametrize(
    "concentration",
    [
        pytest.param(0.05, id="nearly certain"),
        pytest.param(0.3, id="mixed"),
        pytest.param(3.0, id="nearly even"),
    ],
)
def test_interval_is_within_a_call_of_the_exact_one_and_covers_90_percent(
    interval_sql: str, concentration: float
) -> None:
    counts = [count for seed in range(6) for count in make_counts(concentration, 60, seed)]

    found = np.array(intervals(interval_sql, counts))
    exact = np.array([exact_interval(count) for count in counts])
    covered = [coverage(count, *ends) for count, ends in zip(counts, found, strict=True)]

    assert np.abs(found - exact).max() <= 1
    assert np.mean(found == exact) >= 0.9
    assert min(covered) >= 0.9


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        pytest.param([1, 1, 1], (3, 3), id="certain calls have no width"),
        pytest.param([1, 1, 0.5], (2, 3), id="one doubt among certain calls"),
        pytest.param([0.04], (0, 0), id="96 % against a call leave none"),
        pytest.param([0.06], (0, 1), id="94 % leave doubt"),
        pytest.param([0.94], (0, 1), id="6 % against a call leave doubt"),
        pytest.param([0.96], (1, 1), id="4 % leave it standing"),
        pytest.param([0.99] * 4 + [1], (5, 5), id="all of several likely calls"),
        pytest.param([0.0001] * 500, (0, 0), id="a long tail of one in twenty"),
        pytest.param([0.0001] * 600, (0, 1), id="a longer tail"),
        pytest.param([0, 0], (0, 0), id="nothing possible"),
        pytest.param([0.5] * 20, (6, 14), id="binomial, symmetric"),
    ],
)
def test_known_intervals(
    interval_sql: str, probabilities: list[float], expected: tuple[int, int]
) -> None:
    assert intervals(interval_sql, [np.array(probabilities, dtype=float)]) == [expected]
    assert exact_interval(probabilities) == expected
