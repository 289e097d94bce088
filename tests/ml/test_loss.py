"""Tests of ml.matching.loss: whose answers are hidden when the matcher judges itself."""

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.matching.loss import loss_ratios, put_hidden_shares, strike_sessions
from tests.ml.worlds import DuckSql


@pytest.fixture
def sql() -> DuckSql:
    """A site that loses nine of ten calls and one that loses one of ten; 600 calls at each.

    And 8,000 sessions of one campaign: half on phones, of which three in ten lost their id; of the
    others one in ten did. Each visitor came twice.
    """
    connection = duckdb.connect()
    connection.execute("""
        create temp table matcher_calls as
        select
            i as call_index,
            if(i % 2 = 0, 'thirsty.example', 'wet.example') as site,
            12 as call_hour,
            'mobile' as line_type,
            false as is_spam
        from range(1200) as numbers (i);
        create temp table matcher_known as
        select call_index from matcher_calls
        where call_index // 2 % 10 >= if(site = 'thirsty.example', 9, 1);
        create temp table matcher_touches as
        select
            i as touch_index,
            't' || i as touch_id,
            's' || i as session_id,
            'a.example' as site,
            i % 2 as device_id,
            'google:1' as campaign,
            i // 2 % 10 >= if(i % 2 = 0, 3, 1) as is_click
        from range(8000) as numbers (i);
        create temp table matcher_unseen_shares (touch_index bigint, unseen_share double);
        create schema intermediate;
        create table intermediate.int_touches as
        select touch_id, 'v' || touch_index // 4 || '-' || device_id as visitor_id
        from matcher_touches;
    """)
    return DuckSql(connection)


def test_calls_like_those_that_are_lost_are_hidden_most(sql: DuckSql) -> None:
    put_hidden_shares(sql)
    shares = sql.frame("select * from matcher_hidden_shares").set_index("site")["share"]

    assert shares["thirsty.example"] == 1
    # One lost for nine known, where overall it is one for one.
    assert shares["wet.example"] == pytest.approx(1 / 9, abs=0.1)


def test_sessions_are_struck_where_ids_are_lost_and_a_quarter_of_them_in_all(sql: DuckSql) -> None:
    strike_sessions(sql)
    struck = sql.frame("""
        select device_id, count(struck.touch_index) / count(*) as share
        from matcher_touches left join matcher_struck_sessions as struck using (touch_index)
        group by device_id order by device_id
    """)["share"]

    assert struck[0] == pytest.approx(0.375, abs=0.03)
    assert struck[1] == pytest.approx(0.125, abs=0.03)


def test_a_visitor_is_struck_with_all_visits_or_none(sql: DuckSql) -> None:
    strike_sessions(sql)
    torn = sql.frame("""
        select visitor_id
        from intermediate.int_touches
        left join (
            select touch_id from matcher_touches
            where touch_index in (select touch_index from matcher_struck_sessions)
        ) as struck using (touch_id)
        group by visitor_id
        having count(struck.touch_id) not in (0, count(*))
    """)

    assert torn.empty


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 500), st.integers(0, 500)), min_size=1
    )
)
def test_ratios_are_positive_and_one_where_all_values_lose_alike(
    rows: list[tuple[str, int, int]],
) -> None:
    counts = pd.DataFrame(rows, columns=["value", "lost", "kept"])
    alike = pd.DataFrame({"value": list("abc"), "lost": 30, "kept": 60})

    assert (loss_ratios(counts, "value") > 0).all()
    assert loss_ratios(alike, "value").to_numpy() == pytest.approx(1.0, abs=0.02)
