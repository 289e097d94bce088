"""Tests of ml.matching.challengers: proper probabilities, planted effects, the same candidates."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import check_grad

from ml.artifacts import MatcherModel
from ml.matching.challengers.boosting import StackedBoosting
from ml.matching.challengers.candidates import (
    class_offsets,
    offer_known_calls,
    offer_lost_calls,
)
from ml.matching.challengers.conditional_logit import ConditionalLogit, penalised_loss
from ml.matching.challengers.nearness import nearness
from ml.matching.challengers.offers import (
    NEARNESS,
    Challenger,
    Offers,
    log_loss,
    probabilities,
)
from ml.matching.delays import bin_edges, prior_rate
from ml.matching.geography import fit_geography, touch_places
from ml.matching.marks import MarkLevels
from ml.matching.matcher import score_calls, train_matcher
from ml.matching.null_rate import OTHER_TAPPED_SHARE
from ml.matching.settings import POOL_LEASED, SEES_NUMBER, UNSEEN, MatcherSettings
from tests.ml.worlds import Law, load_tables, make_world

SETTINGS = MatcherSettings()
EDGES = bin_edges(SETTINGS.lookback_seconds, 4)
CLICK_HOURS = np.full(24, 1 / 24)
STATE_EFFECT, DESKTOP_EFFECT = 2.0, -1.0
OFFSETS = np.log([1.0, 0.3, 0.03, 0.3, 1.0, 0.8, 0.8])


def make_offers(*, calls: int = 2000, candidates: int = 8, seed: int = 4) -> Offers:
    """Calls whose true touch is drawn from known utilities that the matcher's log_rate lacks."""
    rng = np.random.default_rng(seed)
    size = calls * candidates
    pairs = pd.DataFrame(
        {
            "row": np.repeat(np.arange(calls), candidates),
            "pair_class": POOL_LEASED,
            "device_id": rng.integers(0, 2, size),
            "delay": np.exp(rng.normal(5.0, 1.0, size)),
            "is_day_only": False,
            "nearness": rng.choice([NEARNESS.index("nation"), NEARNESS.index("state")], size),
            "engagement": 1,
            "log_tap": 0.0,
        }
    )
    middle = np.log2((EDGES[:-1] + EDGES[1:]) / 2 + 1)
    log_delay = np.log2(pairs["delay"] + 1)
    pairs["log_rate"] = np.interp(log_delay, middle, np.log(prior_rate(EDGES)))
    effects = np.where(pairs["nearness"] == NEARNESS.index("state"), STATE_EFFECT, 0.0)
    effects = effects + DESKTOP_EFFECT * pairs["device_id"].to_numpy()
    described = pd.DataFrame({"log_null": np.full(calls, -9.0), "is_nobody": False})
    true_log_weight = pairs["log_rate"].to_numpy() + effects
    shares, null = probabilities(Offers(described, pairs), true_log_weight)
    cumulative = np.cumsum(np.column_stack([null, shares.reshape(calls, candidates)]), axis=1)
    answer = (cumulative < rng.random(calls)[:, None]).sum(axis=1) - 1
    is_true = np.arange(candidates)[None, :] == answer[:, None]
    return Offers(
        described.assign(is_nobody=answer < 0),
        pairs.assign(is_true=is_true.ravel(), true_log_weight=true_log_weight),
    )


CHALLENGERS = [
    pytest.param(ConditionalLogit(OFFSETS, EDGES, CLICK_HOURS), id="conditional logit"),
    pytest.param(StackedBoosting(), id="stacked boosting"),
]


@given(
    log_weights=st.lists(st.floats(-800, 800), max_size=12),
    rows=st.lists(st.integers(0, 2), min_size=12, max_size=12),
    log_null=st.lists(st.floats(-800, 800), min_size=3, max_size=3),
)
def test_whatever_the_weights_every_call_is_shared_out_exactly_once(
    log_weights: list[float], rows: list[int], log_null: list[float]
) -> None:
    pairs = pd.DataFrame({"row": rows[: len(log_weights)]}, dtype=int)
    shares, null = probabilities(
        Offers(pd.DataFrame({"log_null": log_null}), pairs), np.array(log_weights)
    )

    total = null + np.bincount(pairs["row"], weights=shares, minlength=3)
    assert (shares >= 0).all()
    assert (null >= 0).all()
    np.testing.assert_allclose(total, 1.0)


@pytest.mark.parametrize("challenger", CHALLENGERS)
def test_a_challenger_learns_what_the_matcher_lacks(challenger: Challenger) -> None:
    known, unseen = make_offers(), make_offers(seed=5)
    losses = {
        "matcher": log_loss(unseen, unseen.pairs["log_rate"].to_numpy()),
        "challenger": log_loss(unseen, challenger.fit(known).log_weights(unseen)),
        "oracle": log_loss(unseen, unseen.pairs["true_log_weight"].to_numpy()),
    }

    assert losses["oracle"] <= losses["challenger"] <= losses["oracle"] + 0.02
    assert losses["matcher"] > losses["oracle"] + 0.2


def test_the_conditional_logit_says_nobody_as_often_as_nobody_called() -> None:
    known = make_offers(calls=500)
    fitted = ConditionalLogit(OFFSETS, EDGES, CLICK_HOURS).fit(known)
    _, null = probabilities(known, fitted.log_weights(known))

    assert null.mean() == pytest.approx(known.calls["is_nobody"].mean(), abs=0.002)


def test_the_conditional_logit_recovers_planted_coefficients() -> None:
    known = make_offers()
    fitted = ConditionalLogit(OFFSETS, EDGES, CLICK_HOURS).fit(known)
    pair = known.pairs.head(1).assign(device_id=0, nearness=NEARNESS.index("nation"))
    far, near, desktop = (
        fitted.log_weights(Offers(known.calls.head(1), pair.assign(**changed)))[0]
        for changed in ({}, {"nearness": NEARNESS.index("state")}, {"device_id": 1})
    )

    assert near - far == pytest.approx(STATE_EFFECT, abs=0.15)
    assert desktop - far == pytest.approx(DESKTOP_EFFECT, abs=0.15)


def test_the_gradient_of_the_conditional_logit_is_that_of_its_loss() -> None:
    offers = make_offers(calls=20)
    rng = np.random.default_rng(1)
    design, offset = rng.normal(size=(160, 3)), rng.normal(size=160)

    def part(index: int) -> object:
        return lambda parameters: penalised_loss(parameters, design, offset, offers, 0.7)[index]

    assert check_grad(part(0), part(1), rng.normal(size=4)) < 1e-4


def test_a_class_that_brings_fewer_calls_weighs_as_much_less() -> None:
    known = make_offers(calls=300)
    fitted = ConditionalLogit(OFFSETS, EDGES, CLICK_HOURS).fit(known)
    changed = Offers(known.calls, known.pairs.assign(pair_class=2))

    difference = fitted.log_weights(changed) - fitted.log_weights(known)
    np.testing.assert_allclose(difference, np.log(0.03))


def test_a_click_of_a_known_day_weighs_as_the_mean_over_its_day() -> None:
    known = make_offers(calls=300)
    fitted = ConditionalLogit(np.zeros(7), EDGES, CLICK_HOURS).fit(known)
    since = 2 * 86_400.0
    instants = since - np.arange(100.0, 86_400.0, 200.0)
    pairs = pd.concat([known.pairs.head(1)] * len(instants)).assign(pair_class=UNSEEN)
    rates = np.exp(fitted.log_weights(Offers(known.calls, pairs.assign(delay=instants))))
    day = known.pairs.head(1).assign(pair_class=UNSEEN, delay=since, is_day_only=True)

    [log_weight] = fitted.log_weights(Offers(known.calls, day))
    assert np.exp(log_weight) == pytest.approx(rates.mean(), rel=0.05)


def test_an_area_code_is_as_near_as_its_home_is_to_the_place() -> None:
    known = pd.DataFrame(
        {
            "area_code": ["212"] * 30 + ["713"] * 30,
            "state": ["NY"] * 30 + ["TX"] * 30,
            "city": ["a"] * 30 + ["b"] * 30,
        }
    )
    geography = fit_geography(known)
    codes = ["212", "215", "315", "713"]
    touches = pd.DataFrame({"state": ["NY", "NY", None], "city": ["a", None, None]})
    places = touch_places(touches, geography.cities)
    near = nearness(places, MarkLevels(codes, [], np.ones(4), np.ones(0)), geography.shares)

    named = pd.DataFrame(np.array(NEARNESS)[near], index=["missing", *codes])
    assert named[0].tolist() == ["unknown", "city", "region", "state", "nation"]
    assert named[1].tolist() == ["unknown", "state", "region", "state", "nation"]
    assert named[2].tolist() == ["unknown"] * 5


@dataclass
class Offered:
    """A small world, scored, and what its calls are offered: lost ones first, then known ones."""

    model: MatcherModel
    null: np.ndarray
    lost: Offers
    known: Offers


@pytest.fixture(scope="module")
def offered() -> Offered:
    sql = load_tables(make_world(Law(days=7, touches=4000, call_rate=0.15), seed=5).tables)
    model = train_matcher(sql, SETTINGS)
    score_calls(sql, model, SETTINGS)
    null = sql.frame("""
        select candidates.probability
        from ml.call_candidates as candidates
        inner join matcher_calls as calls on candidates.call_id = calls.call_id
        where candidates.is_null and calls.call_index between 10 and 400
        order by calls.call_index
    """)["probability"].to_numpy()
    lost = offer_lost_calls(sql, model, SETTINGS, 10, 400)
    return Offered(model, null, lost, offer_known_calls(sql, model, SETTINGS))


@pytest.mark.integration
def test_challengers_meet_the_candidates_that_the_matcher_weighed(offered: Offered) -> None:
    _, null = probabilities(offered.lost, offered.lost.pairs["log_rate"].to_numpy())

    np.testing.assert_allclose(null, offered.null, atol=1e-6)


@pytest.mark.integration
def test_only_a_touch_with_the_number_on_its_page_is_held_against_for_want_of_a_tap(
    offered: Offered,
) -> None:
    pairs = offered.lost.pairs
    tapped = pairs.groupby("row")["log_tap"].transform("min") == np.log(OTHER_TAPPED_SHARE)
    untapped = pairs[~tapped]
    sees_number = untapped["pair_class"].isin(SEES_NUMBER)

    assert set(untapped.loc[~sees_number, "log_tap"]) == {0.0}
    assert (untapped.loc[sees_number, "log_tap"] < 0).all()
    assert sees_number.any()


@pytest.mark.integration
def test_a_known_call_is_offered_its_session_or_comes_from_nobody(offered: Offered) -> None:
    known = offered.known
    true = np.bincount(known.rows, known.pairs["is_true"], minlength=len(known.calls))

    assert 0.15 < known.calls["is_nobody"].mean() < 0.35
    np.testing.assert_array_equal(true, np.where(known.calls["is_nobody"], 0, 1))
    assert class_offsets(offered.model)[POOL_LEASED] == 0
