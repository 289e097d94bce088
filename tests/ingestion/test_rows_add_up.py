"""Whatever arrives, in whatever order and files: rows read = current + the rest, as SQL counts."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ingestion.landing_files import FORMATS, Warehouse, make_call, make_event, make_spend

pytestmark = pytest.mark.integration

CALLS = st.builds(
    lambda call, version, talk, status: make_call(
        call_id=f"CA{call}",
        updated_at=f"2026-11-0{version}T00:00:00Z",
        talk_seconds=talk,
        status=status,
    ),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 2),
    st.sampled_from(["completed", "completed", "ringing"]),
)
EVENTS = st.builds(
    lambda event, url: make_event(event_id=f"ev{event}", page_url=url),
    st.integers(1, 3),
    st.sampled_from(["https://a.example.com/", "https://b.example.com/", ""]),
)
SPEND = st.builds(
    lambda keyword, cost: make_spend(keyword_id=keyword, cost=cost),
    st.sampled_from([None, "", "k1"]),
    st.sampled_from(["1", "1.0", "2", "-1"]),
)
FILES = st.fixed_dictionaries(
    {
        feed: st.lists(st.tuples(st.sampled_from(sorted(FORMATS)), st.lists(rows, min_size=1)),
                       max_size=3)
        for feed, rows in (("cdr", CALLS), ("web_events", EVENTS), ("ad_spend", SPEND))
    }
)  # fmt: skip


def expected_counts(feed: str, rows: list[dict]) -> tuple[int, ...]:
    """Count by hand what the contract calls current, superseded, repeated and quarantined."""
    key, is_bad, content = {
        "cdr": (
            lambda row: row["call_id"],
            lambda row: row["status"] == "ringing",
            lambda row: (row["updated_at"], row["talk_seconds"]),
        ),
        "web_events": (
            lambda row: row["event_id"],
            lambda row: not row["page_url"],
            lambda row: row["page_url"],
        ),
        "ad_spend": (
            lambda row: row["keyword_id"] or None,
            lambda row: float(row["cost"]) < 0,
            lambda row: float(row["cost"]),
        ),
    }[feed]
    good = [row for row in rows if not is_bad(row)]
    keys = {key(row) for row in good}
    contents = {(key(row), content(row)) for row in good}
    superseded, repeated = len(contents) - len(keys), len(good) - len(contents)
    return len(rows), len(keys), superseded, repeated, len(rows) - len(good)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(files=FILES)
def test_rows_add_up_over_any_files_in_two_loads(files: dict) -> None:
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(Path(folder))
        for part in (slice(0, 1), slice(1, None)):
            for feed, landed in files.items():
                for number, (suffix, rows) in list(enumerate(landed))[part]:
                    warehouse.land(f"{feed}/{number}{suffix}", rows)
            summary = warehouse.load()

        for feed, landed in files.items():
            rows = [row for _, part_rows in landed for row in part_rows]
            counted = warehouse.rows(
                "select columns(* exclude (feed)) from raw_landing.feed_counts"
                f" where feed = '{feed}'"
            )
            assert counted == [expected_counts(feed, rows)]
            assert summary.feeds[feed].total.rows_read == len(rows)
