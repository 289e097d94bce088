"""Tests of ml.matching.thinning: when a fit takes a part of the pairs, and what it finds then."""

import duckdb
import pytest

from ml.matching import thinning
from ml.matching.matcher import train_matcher
from ml.matching.thinning import Thinning, choose_thinning, thin_old_touches
from tests.ml.worlds import DuckSql, Law, load_tables, make_world


@pytest.fixture
def sql() -> DuckSql:
    """Ten days at one site with 1,000 touches a day, and 10 calls at the end of them."""
    connection = duckdb.connect()
    connection.execute("""
        create temp table matcher_pair_sites as
        select i as touch_index, 's:' || i as touch_id, i // 1000 as day_index,
            4 * 65536 + i // 1000 as site_day, 0.5 as propensity
        from range(10000) as numbers (i)
    """)
    connection.execute(
        "create temp table matcher_sites as select 'a.example' as site, 1 as site_index"
    )
    connection.execute("""
        create temp table matcher_calls as
        select 'C' || i as call_id, 'a.example' as site, 9 as day_index,
            'fallback' as match_kind, false as is_spam
        from range(10) as numbers (i)
    """)
    connection.execute("""
        create temp table matcher_call_days as
        select call_id, day_index, touch_day_index, 4 * 65536 + touch_day_index as site_day
        from matcher_calls, range(0, 10) as days (touch_day_index)
    """)
    return DuckSql(connection)


def test_few_pairs_are_all_taken(sql: DuckSql) -> None:
    assert not choose_thinning(sql, lookback_days=30).is_needed


def test_older_touches_are_thinned_before_any_call_is_left_out(
    sql: DuckSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "LARGEST_PAIRS", 40_000)

    assert choose_thinning(sql, lookback_days=30) == Thinning(is_needed=True, share=1.0)


def test_share_of_calls_leaves_as_many_pairs_as_a_fit_may_have(
    sql: DuckSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "LARGEST_PAIRS", 20_000)

    # 10 calls x (2,000 recent touches + 8,000 / 4 older ones) = 40,000 pairs.
    assert choose_thinning(sql, lookback_days=30).share == 0.5


def test_touches_beyond_the_lookback_make_no_pairs(
    sql: DuckSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 10 calls x (2,000 recent touches + 2,000 / 4 older ones), of 4 days in all.
    monkeypatch.setattr(thinning, "LARGEST_PAIRS", 25_000)

    assert choose_thinning(sql, lookback_days=2).share == 1.0
    assert choose_thinning(sql, lookback_days=30).share < 1.0


def test_calls_meet_all_touches_of_two_days_and_a_fourth_of_older_ones_at_their_weight(
    sql: DuckSql,
) -> None:
    thin_old_touches(sql)
    met = sql.frame("""
        select days.touch_day_index < 8 as is_old, count(*) as touches, sum(propensity) as weight
        from matcher_call_days as days
        inner join matcher_pair_sites as touches
            on days.site_day = touches.site_day
        where days.call_id = 'C0'
        group by is_old order by is_old
    """)

    assert met["touches"][0] == 2000
    assert met["weight"][0] == 1000
    assert 1800 < met["touches"][1] < 2200
    assert met["weight"][1] == pytest.approx(4000, rel=0.1)


def test_a_part_of_the_pairs_shows_as_many_calls_of_touches_and_of_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = make_world(Law(), seed=6)
    whole = train_matcher(load_tables(world.tables)).tables
    # Of 3.4 million.
    monkeypatch.setattr(thinning, "LARGEST_PAIRS", 1_000_000)
    part = train_matcher(load_tables(world.tables)).tables

    nobody = [
        model["null_rates"].set_index("match_kind")["calls_per_second"]["fallback"].sum()
        for model in (whole, part)
    ]
    lost = [model["lost_shares"].groupby("match_kind").sum() for model in (whole, part)]
    assert nobody[1] == pytest.approx(nobody[0], rel=0.2)
    assert lost[1]["posterior_calls"]["fallback"] == pytest.approx(
        lost[0]["posterior_calls"]["fallback"], rel=0.1
    )
    # Not to the digit: one label in forty is doubtful here; each fit says which ones are kept.
    days = [classes["touch_days"].to_dict() for classes in lost]
    assert days[1] == pytest.approx(days[0], rel=0.01)
    assert not whole["hazard_rates"].equals(part["hazard_rates"])
