"""Tests of orchestration.comparing and orchestration.dev_copy on literal warehouses."""

from pathlib import Path

import duckdb
import pytest

from orchestration.comparing import compare_builds
from orchestration.dev_copy import CopyRefused, copy_warehouse
from tests.warehouse import query

Credits = list[tuple[str, str, float]]


def make_warehouse(path: Path, credits: Credits, *, spend: int = 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            create schema marts;
            create table marts.fct_calls as
            select * from (values ('CA1', false, 40, 'USD'), ('CA2', false, null, null),
                ('spam', true, null, null))
                as calls(call_id, is_spam, revenue_amount, revenue_currency);
            create table marts.fct_call_credits (call_id text, channel text, credit double);
            create table marts.channel_performance_daily
                (channel text, currency text, spend int, calls double, revenue double);
        """)
        connection.executemany("insert into marts.fct_call_credits values (?, ?, ?)", credits)
        connection.execute(
            "insert into marts.channel_performance_daily select channel, 'USD',"
            " if(channel = 'Paid Search', ?, 0), sum(credit), 0"
            " from marts.fct_call_credits where call_id <> 'spam' group by channel",
            [spend],
        )
    return path


BEFORE: Credits = [("CA1", "Direct", 1.0), ("CA2", "Direct", 1.0), ("spam", "Direct", 1.0)]


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return make_warehouse(tmp_path / "before.duckdb", BEFORE)


def test_what_a_channel_loses_goes_to_those_that_gain(before: Path, tmp_path: Path) -> None:
    after = make_warehouse(
        tmp_path / "after.duckdb",
        [
            ("CA1", "Direct", 0.25),
            ("CA1", "Email", 0.5),
            ("CA1", "Offline", 0.25),
            ("CA2", "Direct", 1.0),
            ("spam", "Offline", 1.0),
        ],
    )

    found = compare_builds(before, after)

    assert found.moves == [
        ("Direct", "Email", 0.5, [("USD", 20)]),
        ("Direct", "Offline", 0.25, [("USD", 10)]),
    ]
    assert found.calls == [("CA1", 0.75, "Direct", "Email")]


def test_calls_and_cost_per_call_stand_beside_each_other(before: Path, tmp_path: Path) -> None:
    after = make_warehouse(
        tmp_path / "after.duckdb", [("CA1", "Paid Search", 1.0), ("CA2", "Direct", 1.0)], spend=30
    )

    assert compare_builds(before, after).channels == [
        ("Direct", "USD", 2, 1, 0, 0, None, None),
        ("Paid Search", "USD", None, 1, None, 0, None, 30),
    ]


def test_credit_of_a_call_that_only_one_build_has_comes_from_nowhere(
    before: Path, tmp_path: Path
) -> None:
    after = make_warehouse(tmp_path / "after.duckdb", [("CA1", "Direct", 1.0)])

    assert compare_builds(before, after).moves == [("Direct", "(no such call)", 1, None)]


def test_equal_builds_differ_in_no_mart(before: Path, tmp_path: Path) -> None:
    found = compare_builds(before, make_warehouse(tmp_path / "after.duckdb", BEFORE))

    assert found.marts == []
    assert found.moves == []


def test_copy_can_be_built_in_and_production_does_not_change(before: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(before)) as connection:
        connection.execute("create view marts.credits as from before.marts.fct_call_credits")
    copy = tmp_path / "dev" / before.name

    copy_warehouse(before, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("delete from marts.fct_call_credits")

    assert query(copy, "select count(*) from marts.credits") == [(0,)]
    assert query(before, "select count(*) from marts.credits") == [(3,)]


def test_copy_under_another_name_is_refused_because_views_would_break(
    before: Path, tmp_path: Path
) -> None:
    with pytest.raises(CopyRefused, match=r"must be called before\.duckdb too"):
        copy_warehouse(before, tmp_path / "dev.duckdb")
