"""Suites: they pass on good rows, name what is off, and show no caller."""

import pandas as pd
import pytest

from ingestion.contracts import LANDING_FEEDS
from ingestion.expectations.checks import check_feed, check_frame, quiet_context
from ingestion.expectations.suites import feed_suite
from ingestion.warehouse import open_warehouse
from tests.ingestion.landing_files import Warehouse, make_call, make_event, make_spend


@pytest.mark.parametrize("feed", LANDING_FEEDS)
def test_every_feed_has_a_suite_without_clear_callers(feed: str) -> None:
    suite = feed_suite(LANDING_FEEDS[feed])

    columns = {getattr(expectation, "column", None) for expectation in suite.expectations}
    assert len(suite.expectations) > 1
    assert columns.isdisjoint(LANDING_FEEDS[feed].callers)


@pytest.mark.integration
def test_suites_are_met_by_rows_that_were_let_in(warehouse: Warehouse) -> None:
    warehouse.land("cdr/a.jsonl", [make_call(call_id=f"CA{i}") for i in range(20)])
    warehouse.land("web_events/a.jsonl", [make_event(event_id=f"e{i}") for i in range(20)])
    warehouse.land("ad_spend/a.jsonl", [make_spend()])
    warehouse.load()

    with open_warehouse(warehouse.file) as connection:
        results = {feed: check_feed(connection, feed, newest_rows=10) for feed in LANDING_FEEDS}

    assert [feed for feed, result in results.items() if not result.is_met] == []
    assert (results["cdr"].rows, results["ad_spend"].rows, results["buyers"].rows) == (10, 1, 0)


def test_drift_is_named_with_its_share_and_no_values() -> None:
    times = pd.to_datetime(["2026-11-01"] * 4)
    frame = pd.DataFrame(
        {
            "event_id": ["a", "b", "c", "d"],
            "event_type": ["number_shown"] * 4,
            "occurred_at": times,
            "received_at": times,
            "visitor_id": "v",
            "page_url": "u",
            "tracking_number": ["+18885550199", None, None, None],
            "device_type": ["mobile", "tv", None, None],
            "consent_ad_user_data": None,
            "consent_ad_personalization": None,
        }
    )

    result = check_frame(LANDING_FEEDS["web_events"], frame)

    shares = {failed.columns: failed.unexpected_share for failed in result.failed}
    assert not result.is_met
    assert shares == {"tracking_number": 0.75, "device_type": 0.5}
    assert "tv" not in str(result)


def test_context_reports_to_nobody_and_keeps_nothing() -> None:
    context = quiet_context()

    assert context.config.analytics_enabled is False
    assert context.root_directory is None
