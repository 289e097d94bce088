"""Tests of rates and exposure: what is divided by what, and where it is cut."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies
from hypothesis.extra.numpy import arrays

from ml.matching.delays import bin_edges, prior_rate
from ml.matching.exposure import live_exposure
from ml.matching.features import build_features
from ml.matching.hazard import DelayCurves, hour_factors, live_rates
from ml.matching.known import put_hour_groups
from ml.matching.propensity import fit_propensities
from ml.matching.reach import campaign_site_shares
from ml.matching.settings import (
    LAPSED,
    LEAKED,
    NONE,
    OVERFLOW,
    PAIR_CLASSES,
    POOL_LAPSED,
    POOL_LEASED,
    UNSEEN,
    MatcherSettings,
)
from tests.ml.worlds import load_tables

EDGES = bin_edges(30 * 86_400.0, 4)
MIDDLE = slice(12, 50)
"""Delays of seven seconds to an hour and a half: below, nobody calls, and the prior says so."""

START = pd.Timestamp("2026-10-01 12:00:00")


def make_lease(minutes: float) -> dict[str, pd.DataFrame]:
    """One session that held one number for some minutes."""
    touch = {"touch_id": "s:1", "session_id": "1", "device": "mobile", "touched_at": START}
    lease = {"session_id": "1", "tracking_number": "+1", "pool_id": "p", "lease_start_at": START}
    end = START + pd.Timedelta(minutes=minutes)
    return {
        "int_touches": pd.DataFrame([touch | {"number_state": "leased", "lease_end_at": end}]),
        "int_number_leases": pd.DataFrame([lease | {"lease_end_at": end}]),
    }


@pytest.mark.parametrize(
    ("data_ends_after", "seconds"),
    [
        pytest.param(3600.0, 600.0, id="the lease ends first"),
        pytest.param(240.0, 240.0, id="the data end first"),
    ],
)
def test_a_lease_is_at_risk_until_it_or_the_data_end(
    data_ends_after: float, seconds: float
) -> None:
    sql = load_tables(make_lease(minutes=10))
    build_features(sql, MatcherSettings())
    put_hour_groups(sql, [])
    found = live_exposure(sql, START.timestamp() + data_ends_after, EDGES)

    assert found.sum() == pytest.approx(seconds, abs=1e-3)
    full = EDGES[1:] <= seconds
    assert found[0].sum(axis=1)[full] == pytest.approx(np.diff(EDGES)[full], abs=1e-3)
    assert found[:, EDGES[:-1] > seconds].sum() == pytest.approx(0.0, abs=1e-6)


def test_rates_are_calls_over_seconds_where_there_are_many() -> None:
    seconds = np.full((4, len(EDGES) - 1), 1e7)
    calls = np.full_like(seconds, 1000.0)

    assert live_rates(calls, seconds, EDGES)[:, MIDDLE] == pytest.approx(1e-4, rel=0.02)


def test_a_device_without_calls_leans_on_the_others() -> None:
    seconds = np.full((4, len(EDGES) - 1), 1e7)
    seconds[3] = 0.0
    calls = np.where(seconds > 0, 1000.0, 0.0)

    assert live_rates(calls, seconds, EDGES)[3, MIDDLE] == pytest.approx(1e-4, rel=0.1)


def test_hours_of_twice_the_calls_get_twice_the_factor() -> None:
    calls = np.where(np.arange(24) < 12, 400.0, 200.0)
    factors = hour_factors(calls, np.full(24, 300.0))

    assert factors.mean() == pytest.approx(1.0)
    assert factors[0] / factors[20] == pytest.approx(2.0, rel=0.05)


def make_groups(calls: dict[str, float]) -> pd.DataFrame:
    """Touches of one campaign each, 100 calls expected of every one."""
    frame = pd.DataFrame({"campaign": list(calls), "calls": list(calls.values())})
    return frame.assign(
        engagement="1", visit="first", site="a", channel="Paid Search",
        keyword=frame["campaign"] + "|", expected_calls=100.0,
    )  # fmt: skip


def log_factors(groups: pd.DataFrame) -> pd.Series:
    factors = fit_propensities(groups)
    chosen = factors[factors["feature"].isin(["campaign", "keyword"])]
    return chosen.groupby(chosen["level"].str.rstrip("|"))["log_factor"].sum()


def test_a_campaign_that_brings_twice_the_calls_gets_nearly_twice_the_rate() -> None:
    found = log_factors(make_groups({"good": 200.0, "bad": 100.0, "same": 141.0}))

    assert found["good"] - found["bad"] == pytest.approx(np.log(2.0), rel=0.2)


def test_visitors_who_came_back_and_call_twice_as_often_get_nearly_twice_the_rate() -> None:
    groups = make_groups({"a": 400.0, "b": 800.0})
    groups = groups.assign(
        campaign="c", keyword="c|", visit=["first", "later"], expected_calls=400.0
    )
    found = fit_propensities(groups).query("feature == 'visit'").set_index("level")["log_factor"]

    assert found["later"] - found["first"] == pytest.approx(np.log(2.0), rel=0.1)


def test_a_campaign_of_which_nearly_nothing_was_expected_stays_near_the_others() -> None:
    groups = make_groups({"a": 100.0, "b": 100.0, "tiny": 1.0})
    groups.loc[2, "expected_calls"] = 0.2

    assert abs(log_factors(groups)["tiny"]) < 0.5


def test_no_call_at_all_leaves_every_factor_at_one() -> None:
    assert (fit_propensities(make_groups({"a": 0.0, "b": 0.0}))["log_factor"] == 0).all()


SHARES = np.zeros(len(PAIR_CLASSES))
SHARES[[POOL_LEASED, LEAKED, POOL_LAPSED, LAPSED]] = 0.95, 0.05, 0.25, 0.75
SHARES[[OVERFLOW, NONE, UNSEEN]] = 1.0, 0.8, 0.8
"""Of the calls of each class, those that dial its number."""


def make_rates(tail: float) -> np.ndarray:
    """Rates of the common shape: the prior's, with more late calls the higher `tail` is."""
    shape = DelayCurves(EDGES).start().rates_.shape
    common = 3.0 * (1 + EDGES[:-1] / 3600) ** tail * prior_rate(EDGES)
    return np.broadcast_to(SHARES[:, None, None] * common, shape)


@pytest.mark.parametrize("taken", [1.0, 0.25])
def test_curves_recover_a_common_shape_and_which_number_is_dialled(taken: float) -> None:
    """Also when a fit took a share of the calls to fallback numbers."""
    true = make_rates(tail=0.3)
    seconds = np.full(true.shape, 1e5)
    seconds[[LEAKED, LAPSED, OVERFLOW, NONE, UNSEEN]] *= taken
    curves = DelayCurves(EDGES).start().fit(true * seconds, seconds)

    assert np.log(curves.rates_ / true)[..., MIDDLE] == pytest.approx(0.0, abs=0.2)
    for dialled, other in ((LEAKED, POOL_LEASED), (LAPSED, POOL_LAPSED)):
        ratio = curves.rates_[dialled] / curves.rates_[other]
        expected = SHARES[dialled] / SHARES[other]
        assert ratio[..., MIDDLE] == pytest.approx(expected, rel=0.1)


@given(
    calls=arrays(float, len(PAIR_CLASSES), elements=strategies.floats(1, 1e4)),
    tail=strategies.floats(-0.5, 0.5),
)
@settings(max_examples=3, deadline=None)
def test_who_was_shown_a_pool_number_calls_at_one_rate_before_and_after_the_lease(
    calls: np.ndarray, tail: float
) -> None:
    """Whatever the counts, the two numbers of one visitor share that rate out among themselves."""
    seconds = np.full(make_rates(tail).shape, 1e5)
    counted = make_rates(tail) * calls[:, None, None] * 1e5
    rates = DelayCurves(EDGES).start().fit(counted, seconds).rates_

    live = rates[POOL_LEASED] + rates[LEAKED]
    assert rates[POOL_LAPSED] + rates[LAPSED] == pytest.approx(live, rel=1e-9)


def reach_of(counts: dict[str, list]) -> pd.DataFrame:
    found = campaign_site_shares(pd.DataFrame(counts))
    return found.pivot_table(index="campaign", columns="site", values="share", fill_value=0.0)


def test_a_campaign_reaches_the_sites_it_was_seen_on_and_a_new_one_reaches_all() -> None:
    table = reach_of(
        {
            "campaign": ["a", "a", "b"], "site": ["x", "y", "x"], "touches": [90, 10, 300],
            "unseen_touches": [0, 0, 0],
        }
    )  # fmt: skip

    assert table.sum(axis=1).tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert table.loc["a", "y"] == pytest.approx(0.1, abs=0.01)
    assert table.loc["b", "y"] == 0.0
    assert table.loc["", "y"] == pytest.approx(10 / 400)


def test_clicks_without_a_session_say_where_others_of_their_kind_landed() -> None:
    """A site whose script hardly runs is hardly among the seen touches."""
    table = reach_of(
        {
            "campaign": ["a", "a"], "site": ["scripted", "bare"], "touches": [500, 520],
            "unseen_touches": [0, 500],
        }
    )  # fmt: skip

    assert table.loc["a", "bare"] == pytest.approx((500 + 10 * 0.51) / 510, abs=0.001)
