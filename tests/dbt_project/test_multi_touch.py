"""Journeys and credits against dbt-snowplow-fractribution: its events go in, its figures come out.

The models of people, journeys and credits run as they are, by dbt, on sessions and conversions that
the test reads from the events; a conversion is a call that certainly came from the session.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.project import WAREHOUSE, dbt
from tests.warehouse import query

pytestmark = pytest.mark.integration

SESSIONS = """
    create table intermediate.int_sessions as
    select
        domain_sessionid as session_id,
        'f' || domain_userid as visitor_id,
        derived_tstamp::timestamp as session_start_at,
        case
            when mkt_medium = '(none)' then 'Direct'
            when mkt_medium = 'organic' then 'Organic_Search'
            when mkt_medium = 'cpc' then 'Paid_Search_Other'
            when mkt_source = 'youtube.com' then 'Video'
            when mkt_medium = 'referral' then 'Referral'
            else 'Unmatched_Channel'
        end as channel,
        null::varchar as platform,
        null::varchar as campaign_id,
        null::varchar as click_id,
        false as is_bot
    from events
    where event_name = 'page_view'
    qualify row_number() over (partition by session_id order by derived_tstamp) = 1
"""
CALLS = """
    create table marts.fct_calls as
    select
        event_id as call_id,
        null::varchar as caller_key,
        derived_tstamp::timestamp as call_started_at,
        'f' || domain_userid as visitor_id,
        'session' as attribution_layer,
        false as is_spam
    from events
    where tr_total > 0
"""
CREDITS = """
    create table marts.fct_call_credits as
    select
        calls.call_id,
        1 as candidate_rank,
        calls.attribution_layer,
        sessions.channel,
        sessions.platform,
        sessions.campaign_id,
        sessions.click_id,
        sessions.session_id,
        false as is_remainder,
        1.0::double as credit
    from marts.fct_calls as calls
    asof join intermediate.int_sessions as sessions
        on calls.visitor_id = sessions.visitor_id
        and calls.call_started_at >= sessions.session_start_at
"""
EMPTY = """
    create table intermediate.int_contact_events
        (visitor_id varchar, form_caller_key varchar, occurred_at timestamp);
    create table intermediate.int_touches (channel varchar, session_id varchar);
    create table marts.fct_ad_clicks
        (platform varchar, click_id varchar, session_id varchar, clicked_at timestamp)
"""


@pytest.fixture(scope="module")
def fractribution(shared_data: Path) -> Path:
    return shared_data / "snowplow_fractribution"


@pytest.fixture(scope="module")
def warehouse(fractribution: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Journeys and credits of the shop's 98 events."""
    folder = tmp_path_factory.mktemp("fractribution")
    path = folder / WAREHOUSE
    events = fractribution / "source" / "snowplow_fractribution_events.csv"
    with duckdb.connect(str(path)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create schema intermediate; create schema marts")
        connection.execute(f"create temp table events as select * from read_csv('{events}')")
        for statement in (SESSIONS, CALLS, CREDITS, EMPTY):
            connection.execute(statement)
    models = [
        f"{layer},+fct_multi_touch_credits"
        for layer in (
            "intermediate.people",
            "intermediate.journeys",
            "fct_touch_credits",
            "fct_multi_touch_credits",
        )
    ]
    dbt(folder, "run", "--quiet", "--select", *models)
    return path


def expected_rows(fractribution: Path, name: str) -> Iterator[dict[str, str]]:
    file = fractribution / "expected" / f"snowplow_fractribution_{name}_expected.csv"
    with file.open(newline="") as rows:
        yield from csv.DictReader(rows)


def test_paths_to_conversion_are_those_of_the_package(warehouse: Path, fractribution: Path) -> None:
    found = query(
        warehouse,
        "select calls.visitor_id, paths.path from intermediate.int_journey_paths as paths"
        " inner join marts.fct_calls as calls using (call_id)",
    )
    expected = expected_rows(fractribution, "paths_to_conversion")

    assert sorted(found) == sorted(
        (row["customer_id"], row["transformed_path"]) for row in expected
    )


def test_path_summary_is_that_of_the_package(warehouse: Path, fractribution: Path) -> None:
    found = query(
        warehouse,
        "select path, conversions::integer, non_conversions::integer"
        " from intermediate.int_path_counts",
    )
    expected = expected_rows(fractribution, "path_summary")

    assert sorted(found) == sorted(
        (row["transformed_path"], int(row["conversions"]), int(row["non_conversions"]))
        for row in expected
    )


@pytest.mark.parametrize("model", ["shapley", "last_touch"])
def test_credit_by_channel_is_that_of_the_package(
    warehouse: Path, fractribution: Path, model: str
) -> None:
    found = query(
        warehouse,
        "select channel, sum(credit) from marts.fct_multi_touch_credits"
        f" where model = '{model}' group by channel",
    )
    expected = {
        row["CHANNEL"]: float(row["CONVERSIONS"])
        for row in expected_rows(fractribution, "channel_attribution")
        if row["ATTRIBUTION_TYPE"] == model and float(row["CONVERSIONS"]) > 0
    }

    assert len(expected) == 3
    assert {channel: credit for channel, credit in found if credit > 0} == pytest.approx(
        expected, abs=1e-9
    )
