"""Tests of orchestration.querying on the project's own metrics and a literal published copy."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.querying import Answer, MetricCatalog, QueryRefused, Question, answer
from tests.project import artifact

SEGMENTS = """
create schema marts;
create table marts.call_segments as
select
    call_date::date as call_date, channel, device, region as geo_region, call_hour,
    currency, revenue_currency, credit::decimal(18, 15) as credit, is_qualified,
    revenue_amount::decimal(18, 6) as revenue_amount
from (values
    ('2026-11-01', 'Paid Search', 'mobile', 'NY', 9, 'USD', 'USD', 1.0, true, 60),
    ('2026-11-01', 'Paid Search', 'mobile', 'NJ', 9, 'USD', 'EUR', 0.5, true, 40),
    ('2026-11-02', 'Paid Search', null, null, 21, 'USD', null, 1.0, false, null),
    ('2026-11-01', 'Unattributed', null, null, 9, 'USD', 'EUR', 0.5, true, 40)
) as credits(call_date, channel, device, region, call_hour, currency, revenue_currency, credit,
    is_qualified, revenue_amount);
create table marts.spend_segments_daily as
select
    spend_date::date as spend_date, channel, device, currency, spend::decimal(18, 6) as spend,
    10 as impressions, clicks
from (values
    ('2026-11-01', 'Paid Search', 'mobile', 'USD', 30, 6),
    ('2026-11-01', 'Paid Search', 'mobile', 'EUR', 7, 1)
) as spend(spend_date, channel, device, currency, spend, clicks);
"""


@pytest.fixture(scope="module")
def catalog() -> MetricCatalog:
    return MetricCatalog(artifact("semantic_manifest.json"))


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "serving.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(SEGMENTS)
    return path


def ask(catalog: MetricCatalog, serving: Path, *metrics: str, **question: object) -> Answer:
    return answer(catalog, serving, Question(metrics=metrics, **question))


def test_calls_are_sums_of_credit(catalog: MetricCatalog, serving: Path) -> None:
    found = ask(catalog, serving, "calls", "qualified_calls", group_by=["channel"])

    assert found.columns == ["channel", "calls", "qualified_calls"]
    assert found.rows == [("Paid Search", 2.5, 1.5), ("Unattributed", 0.5, 0.5)]


def test_cost_never_fans_out_and_calls_of_unknown_device_bear_none(
    catalog: MetricCatalog, serving: Path
) -> None:
    found = ask(
        catalog,
        serving,
        "spend",
        "calls",
        "cost_per_call",
        group_by=["device"],
        where="channel = 'Paid Search' and currency = 'USD'",
    )

    assert found.rows == [("mobile", "USD", 30, 1.5, 20.0), (None, "USD", None, 1, None)]


def test_amounts_are_split_by_currency_though_nobody_asked(
    catalog: MetricCatalog, serving: Path
) -> None:
    found = ask(catalog, serving, "revenue", group_by=["channel"], order_by=["channel", "currency"])

    assert found.columns == ["channel", "currency", "revenue"]
    assert found.rows == [
        ("Paid Search", "EUR", 20),
        ("Paid Search", "USD", 60),
        ("Unattributed", "EUR", 20),
    ]


def test_days_hours_and_texts_may_stand_in_a_condition(
    catalog: MetricCatalog, serving: Path
) -> None:
    found = ask(
        catalog,
        serving,
        "calls",
        group_by=["day", "hour"],
        order_by=["-hour"],
        where="hour < 12 and channel <> 'device'",
        first=datetime(2026, 11, 1),
        last=datetime(2026, 11, 1),
    )

    assert found.rows == [(datetime(2026, 11, 1), 9, 2)]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        pytest.param(
            {"metrics": ["cals"]}, "did you mean 'calls'.*metrics: calls, ", id="unknown metric"
        ),
        pytest.param(
            {"metrics": ["calls"], "group_by": ["chanel"]},
            "did you mean 'channel'.*calls by: ",
            id="unknown dimension",
        ),
        pytest.param(
            {"metrics": ["calls", "cost_per_call"], "group_by": ["region"]},
            "^cost_per_call is not known by region",
            id="a cost by what spend does not have",
        ),
        pytest.param(
            {"metrics": ["cost_per_call"], "where": "region = 'NY'"},
            "^cost_per_call is not known by region",
            id="a cost of a part that spend does not have",
        ),
        pytest.param(
            {"metrics": ["calls"], "where": "colour = 'red'"},
            '"colour" not found.*may name: .*channel',
            id="unknown name in the condition",
        ),
        pytest.param(
            {"metrics": ["calls"], "order_by": ["-spend"]},
            "cannot order by '-spend'.*possible: calls",
            id="order by what was not asked",
        ),
    ],
)
def test_what_cannot_be_answered_says_what_can(
    catalog: MetricCatalog, serving: Path, question: dict, told: str
) -> None:
    with pytest.raises(QueryRefused, match=told):
        answer(catalog, serving, Question(**question))


def test_nothing_published_says_what_publishes(catalog: MetricCatalog, tmp_path: Path) -> None:
    with pytest.raises(QueryRefused, match="ringtrail run"):
        ask(catalog, tmp_path / "serving.duckdb", "calls")


def test_twelve_things_and_more_to_group_calls_by(catalog: MetricCatalog) -> None:
    asked = {
        "channel",
        "platform",
        "campaign",
        "keyword",
        "device",
        "region",
        "vertical",
        "buyer",
        "hour_of_day",
        "weekday",
        "attribution_layer",
        "line_type",
        "landing_page",
    }
    assert asked <= set(catalog.dimensions(["calls"]))
