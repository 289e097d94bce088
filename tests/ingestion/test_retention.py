"""Retention: what is too old in clear goes; every row, key and hash stays."""

from datetime import datetime

import duckdb
import pytest

from ingestion.caller_keys import CallerKeys
from ingestion.retention import drop_caller_numbers, drop_refused_text
from tests.conftest import CALLER_SECRET
from tests.ingestion.landing_files import Warehouse, make_call, make_event

pytestmark = pytest.mark.integration

OLD, NEW, BOTH = "+15125550101", "+15125550102", "+15125550103"
DAY = datetime(2026, 11, 10)
OLD_CALL = {"started_at": "2026-11-01T14:00:00Z"}
NEW_CALL = {
    "started_at": "2026-11-20T14:00:00Z",
    "answered_at": None,
    "ended_at": "2026-11-20T14:02:00Z",
}


@pytest.fixture
def loaded(warehouse: Warehouse) -> Warehouse:
    calls = [
        make_call(call_id="old", from_number=OLD, **OLD_CALL),
        make_call(call_id="new", from_number=NEW, **NEW_CALL),
        make_call(call_id="once", from_number=BOTH, **OLD_CALL),
        make_call(call_id="again", from_number=BOTH, **NEW_CALL),
        make_call(call_id="bad", from_number=OLD, status="ringing"),
    ]
    warehouse.land("cdr/calls.jsonl", calls)
    warehouse.land("web_events/events.jsonl", [make_event(form_phone=OLD)])
    warehouse.load()
    return warehouse


def key(number: str) -> str:
    return CallerKeys.of(CALLER_SECRET).key_of(number)


def test_only_clear_numbers_of_old_calls_and_forms_go(loaded: Warehouse) -> None:
    kept = [
        "select * exclude (from_number) from raw_landing.cdr order by call_id",
        "select * exclude (form_phone) from raw_landing.web_events",
        "from raw_landing.feed_counts order by feed",
    ]
    before = [loaded.rows(query) for query in kept]

    with duckdb.connect(str(loaded.file)) as connection:
        dropped = drop_caller_numbers(connection, DAY)

    assert dropped == {
        "raw_landing.cdr.from_number": 2,
        "raw_landing.web_events.form_phone": 1,
        "restricted.callers": 1,
    }
    assert [loaded.rows(query) for query in kept] == before
    assert loaded.rows("select call_id, from_number from raw_landing.cdr order by 1") == [
        ("again", BOTH),
        ("new", NEW),
        ("old", None),
        ("once", None),
    ]


def test_caller_who_rang_again_is_still_known_to_the_uploaders(loaded: Warehouse) -> None:
    with duckdb.connect(str(loaded.file)) as connection:
        drop_caller_numbers(connection, DAY)

    assert sorted(loaded.rows("select caller_key from restricted.callers")) == sorted(
        [(key(NEW),), (key(BOTH),)]
    )


def test_loading_the_same_call_again_is_still_a_repeat(loaded: Warehouse) -> None:
    with duckdb.connect(str(loaded.file)) as connection:
        drop_caller_numbers(connection, DAY)

    loaded.land("cdr/again.jsonl", [make_call(call_id="old", from_number=OLD, **OLD_CALL)])
    loaded.load()

    assert loaded.rows(
        "select rows_current, rows_repeated, rows_superseded from raw_landing.feed_counts"
        " where feed = 'cdr'"
    ) == [(4, 1, 0)]


@pytest.mark.parametrize(
    ("before", "text_is_kept"),
    [
        pytest.param(datetime(2020, 1, 1), True, id="younger than the limit"),
        pytest.param(datetime(2100, 1, 1), False, id="older than the limit"),
    ],
)
def test_refused_rows_keep_their_reason_and_lose_their_text_with_age(
    loaded: Warehouse, before: datetime, text_is_kept: bool
) -> None:
    with duckdb.connect(str(loaded.file)) as connection:
        drop_refused_text(connection, before)

    assert loaded.rows("select reason, raw is not null, source_line from quarantine.cdr") == [
        ("not_in_set:status", text_is_kept, 5)
    ]
