"""Tests of ml.matching.hot_sites: what is left out of a busy site's old days, and what is not."""

import pandas as pd
import pytest

from ml.artifacts import MatcherModel
from ml.matching import hot_sites
from ml.matching.matcher import score_calls, train_matcher
from ml.matching.settings import MatcherSettings
from tests.ml.worlds import DuckSql, Law, World, load_tables, make_world

SETTINGS = MatcherSettings()
KEYS = ["call_id", "platform", "channel", "campaign_id"]


@pytest.fixture(scope="module")
def busy_world() -> World:
    """One site with some 1,100 touches a day."""
    return make_world(Law(sites=1), seed=8)


@pytest.fixture(scope="module")
def model(busy_world: World) -> MatcherModel:
    return train_matcher(load_tables(busy_world.tables), SETTINGS)


def score(sql: DuckSql, model: MatcherModel, only: str | None = None) -> pd.DataFrame:
    score_calls(sql, model, SETTINGS, only)
    return sql.frame("select * from ml.call_candidates")


@pytest.fixture(scope="module")
def whole(busy_world: World, model: MatcherModel) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hot_sites, "MOST_TOUCHES", 1_000_000)
        return score(load_tables(busy_world.tables), model)


@pytest.fixture(scope="module")
def capped_sql(busy_world: World, model: MatcherModel) -> DuckSql:
    sql = load_tables(busy_world.tables)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hot_sites, "MOST_TOUCHES", 200)
        score(sql, model)
    return sql


@pytest.fixture(scope="module")
def capped(capped_sql: DuckSql) -> pd.DataFrame:
    return capped_sql.frame("select * from ml.call_candidates")


def test_old_days_of_a_busy_site_are_met_up_to_the_cap_and_recent_days_whole(
    capped_sql: DuckSql, capped: pd.DataFrame
) -> None:
    met = capped_sql.frame("""
        select calls.day_index - touches.day_index as age, count(distinct touches.touch_index)
            / count(distinct calls.call_index) as touches, bool_and(touches.stride = 1) as is_whole
        from matcher_call_days as calls
        inner join matcher_pair_sites as touches on calls.site_day = touches.site_day
        where calls.call_index = (select max(call_index) from matcher_call_days)
        group by age order by age
    """)
    old = met[met["age"] > hot_sites.RECENT_DAYS]

    assert len(old) >= 10
    assert old["touches"].max() <= 200
    assert not old["is_whole"].any()
    assert met.loc[met["age"].between(0, hot_sites.RECENT_DAYS), "is_whole"].all()
    assert met.loc[met["age"].between(1, hot_sites.RECENT_DAYS), "touches"].min() > 800


def test_capped_calls_are_still_shared_out_exactly_once(capped: pd.DataFrame) -> None:
    sums = capped.groupby("call_id")["probability"].sum()

    assert (sums - 1).abs().max() < 1e-6
    assert capped["probability"].min() > 0


def test_the_mass_of_what_is_left_out_stays_with_its_campaign(
    whole: pd.DataFrame, capped: pd.DataFrame
) -> None:
    sums = [
        frame.groupby(["platform", "channel", "campaign_id"], dropna=False)["probability"].sum()
        for frame in (whole, capped)
    ]
    remainders = [frame[frame["is_remainder"]]["probability"].sum() for frame in (whole, capped)]

    pd.testing.assert_series_equal(sums[1], sums[0], rtol=0.02, atol=0.1)
    assert remainders[1] > remainders[0]


def test_a_named_candidate_has_its_own_probability_not_that_of_those_it_stands_for(
    whole: pd.DataFrame, capped: pd.DataFrame
) -> None:
    named = [frame[frame["touch_id"].notna()] for frame in (whole, capped)]
    both = named[0].merge(named[1], on=["call_id", "touch_id"], suffixes=("_whole", "_capped"))
    ratio = both["probability_capped"] / both["probability_whole"]

    assert len(both) > 0.4 * len(named[0])
    assert ratio.quantile([0.01, 0.99]).between(0.7, 1.4).all()


def test_a_call_scored_alone_gets_the_candidates_that_it_got_among_all(
    capped_sql: DuckSql, capped: pd.DataFrame, model: MatcherModel
) -> None:
    capped_sql.execute("""
        create temp table asked as
        select call_id from intermediate.int_calls_to_match where hash(call_id) % 10 = 0
    """)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hot_sites, "MOST_TOUCHES", 200)
        again = score(capped_sql, model, only="asked")
    by = ["call_id", "candidate_rank"]

    pd.testing.assert_frame_equal(
        again.sort_values(by, ignore_index=True),
        capped.sort_values(by, ignore_index=True),
        check_exact=True,
    )
