"""Whatever lies in the landing folder, a load ends and every row is accounted for."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.ingestion.landing_files import (
    FORMATS,
    Row,
    Warehouse,
    check_rows,
    csv_bytes,
    jsonl_bytes,
    make_buyer,
    make_call,
    make_event,
    make_number,
    make_spend,
    parquet_bytes,
)


def without(row: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in row.items() if key != name}


GOOD_CALL, GOOD_EVENT = make_call(), make_event()

BAD_ROWS = [
    pytest.param("cdr", without(GOOD_CALL, "to_number"), "missing_required:to_number",
                 id="a required field is missing"),
    pytest.param("cdr", make_call(provider=""), "missing_required:provider",
                 id="a required field is empty"),
    pytest.param("cdr", make_call(duration_seconds=-1, talk_seconds=None),
                 "out_of_range:duration_seconds", id="a duration is negative"),
    pytest.param("cdr", make_call(talk_seconds=91), "out_of_range:talk_seconds",
                 id="the talk is longer than the call"),
    pytest.param("cdr", make_call(started_at="yesterday"), "unreadable:started_at",
                 id="a time cannot be parsed"),
    pytest.param("cdr", make_call(started_at="2026-11-01T14:00:00"), "unreadable:started_at",
                 id="a time has no offset"),
    pytest.param("cdr", make_call(started_at="2026-02-30T14:00:00Z"), "unreadable:started_at",
                 id="a day does not exist"),
    pytest.param("cdr", make_call(ended_at="2026-11-01T13:59:59Z"), "end_before_start",
                 id="the end is before the start"),
    pytest.param("cdr", make_call(to_number="roofers"), "unreadable:to_number",
                 id="a number is no number"),
    pytest.param("cdr", make_call(to_number="8885550199"), "unreadable:to_number",
                 id="a number is not E.164"),
    pytest.param("cdr", make_call(status="ringing"), "not_in_set:status",
                 id="a status is unknown"),
    pytest.param("cdr", make_call(duration_seconds="a while"), "unreadable:duration_seconds",
                 id="an integer is no integer"),
    pytest.param("cdr", make_call(talk_seconds="12.7"), "unreadable:talk_seconds",
                 id="an integer has a fraction"),
    pytest.param("cdr", make_call(cost="1_000"), "unreadable:cost", id="a decimal is no decimal"),
    pytest.param("cdr", make_call(mos=5.1), "out_of_range:mos", id="a float is above its range"),
    pytest.param("cdr", make_call(mos="nan"), "unreadable:mos", id="a float is not a number"),
    pytest.param("cdr", make_call(status="ringing", to_number="x", call_id=None),
                 "missing_required:call_id,unreadable:to_number,not_in_set:status",
                 id="several things are wrong"),
    pytest.param("web_events", make_event(consent_ad_user_data="yes"),
                 "not_in_set:consent_ad_user_data", id="an optional value is not in its set"),
    pytest.param("ad_spend", make_spend(cost="-0.01"), "out_of_range:cost",
                 id="a cost is negative"),
    pytest.param("ad_spend", make_spend(spend_date="01/11/2026"), "unreadable:spend_date",
                 id="a date is not ISO 8601"),
    pytest.param("tracking_numbers", make_number(pool_id=None), "missing_required:pool_id",
                 id="a pool number has no pool"),
    pytest.param("tracking_numbers", make_number(kind="static"), "missing_required:channel",
                 id="a static number has no channel"),
    pytest.param("tracking_numbers", make_number(kind="fallback"), "missing_required:site",
                 id="a fallback number has no site"),
    pytest.param("buyers", make_buyer(timezone="Mars/Olympus"), "unreadable:timezone",
                 id="a time zone is unknown"),
]  # fmt: skip


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("feed", "row", "reason"), BAD_ROWS)
def test_bad_row_is_refused_with_its_reason_and_its_text(
    tmp_path: Path, feed: str, row: dict, reason: str, suffix: str
) -> None:
    (checked,) = check_rows(tmp_path, feed, [row], suffix)

    assert checked.good.num_rows == 0
    (refused,) = checked.bad.to_pylist()
    assert (refused["reason"], refused["_source_line"]) == (reason, 1)
    kept = {name: str(value) for name, value in row.items() if value not in (None, "")}
    assert {name: str(json.loads(refused["raw"])[name]) for name in kept} == kept


EVENTS = [make_event(event_id=f"ev-{i}") for i in range(3)]
LINES = jsonl_bytes(EVENTS)
TABLE = csv_bytes(EVENTS)

BAD_FILES = [
    pytest.param("a.jsonl", LINES[:-40], 2, ["invalid_json"], id="truncated JSON"),
    pytest.param("a.jsonl", b"[1, 2]\n" + LINES, 3, ["invalid_json"], id="JSON, not an object"),
    pytest.param("a.jsonl", LINES.replace(b"v-1", b"v\xff1", 1), 2, ["invalid_json"],
                 id="JSON that is not UTF-8"),
    pytest.param("a.csv", TABLE.replace(b"v-1", b"v\xff1", 1), 2, ["invalid_utf8"],
                 id="CSV that is not UTF-8"),
    pytest.param("a.csv", csv_bytes([without(event, "visitor_id") for event in EVENTS]), 0,
                 ["missing_required:visitor_id"] * 3, id="CSV without a required column"),
    pytest.param("a.csv", TABLE[:-90], 2, ["invalid_csv"], id="truncated CSV"),
    pytest.param("a.csv", TABLE + b"too,few\n" + TABLE.splitlines(keepends=True)[1], 4,
                 ["invalid_csv"], id="CSV row of another width"),
    pytest.param("a.csv", TABLE.replace(b"v-1", b'"v-1', 1), 0, ["invalid_csv"],
                 id="CSV with a quote that never closes"),
    pytest.param("a.csv", b"visitor_id,page_url\nv-1,x\nv-1,\"/\nv-1,y\n", 0,
                 ["missing_required:event_id,missing_required:event_type,missing_required:"
                  "occurred_at,missing_required:received_at", "invalid_csv"],
                 id="CSV whose last column opens a quote"),
    pytest.param("a.jsonl", b"", 0, ["empty_file"], id="empty file"),
    pytest.param("a.csv.gz", gzip.compress(b""), 0, ["empty_file"], id="empty once unpacked"),
    pytest.param("a.parquet", b"", 0, ["empty_file"], id="empty Parquet"),
    pytest.param("a.csv", TABLE.splitlines()[0], 0, [], id="CSV with nothing but a header"),
    pytest.param("a.parquet", LINES, 0, ["unreadable_file"], id="Parquet that is JSON"),
    pytest.param("a.parquet", parquet_bytes(EVENTS)[:-9], 0, ["unreadable_file"],
                 id="truncated Parquet"),
    pytest.param("a.jsonl.gz", LINES, 0, ["unreadable_file"], id="gzip that is not packed"),
    pytest.param("a.jsonl.gz", gzip.compress(LINES)[:-20], 0, ["unreadable_file"],
                 id="truncated gzip"),
    pytest.param("a.jsonl", gzip.compress(LINES), 0, ["unreadable_file"], id="JSON that is gzip"),
    pytest.param("a.csv", parquet_bytes(EVENTS), 0, ["unreadable_file"], id="CSV that is Parquet"),
    pytest.param("a.csv", LINES, 0, ["unreadable_file"], id="CSV that is JSON"),
    pytest.param("a.jsonl", b"\x00\x01\x02" * 99, 0, ["unreadable_file"], id="JSON that is binary"),
    pytest.param("a.xlsx", b"PK", 0, ["unreadable_file"], id="a suffix that nobody knows"),
]  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Every bad file in a folder of its own, loaded together."""
    warehouse = Warehouse(tmp_path_factory.mktemp("bad_files"))
    for case in BAD_FILES:
        name, content, *_ = case.values
        warehouse.land(f"web_events/{case.id}/{name}", content)
    warehouse.load()
    return warehouse


@pytest.mark.parametrize(
    ("folder", "good", "reasons"), [(case.id, *case.values[2:]) for case in BAD_FILES]
)
@pytest.mark.integration
def test_bad_file_costs_only_what_cannot_be_read(
    loaded: Warehouse, folder: str, good: int, reasons: Sequence[str]
) -> None:
    path = f"web_events/{folder}/%"

    refused = loaded.rows(
        f"select reason from quarantine.web_events where source_file like '{path}' and raw != ''"
        " order by source_line"
    )
    counted = loaded.rows(
        "select rows_read, rows_accepted, rows_quarantined from raw_landing.landing_files"
        f" where path like '{path}'"
    )

    assert refused == [(reason,) for reason in reasons]
    assert counted == [(good + len(reasons), good, len(reasons))]


@pytest.mark.integration
def test_rows_of_bad_files_add_up(loaded: Warehouse) -> None:
    good = sum(case.values[2] for case in BAD_FILES)
    bad = sum(len(case.values[3]) for case in BAD_FILES)

    assert loaded.rows("select * from raw_landing.feed_counts where feed = 'web_events'") == [
        ("web_events", good + bad, len(EVENTS), 0, good - len(EVENTS), bad)
    ]


@pytest.mark.integration
def test_unreadable_file_shows_the_error_and_how_it_begins(warehouse: Warehouse) -> None:
    warehouse.land("cdr/a.parquet", b"call_id;provider\nCA1;twilio")

    reason = warehouse.load().feeds["cdr"].reasons[0]

    ((raw,),) = warehouse.rows("select raw from quarantine.cdr")
    assert "not what the name says" in raw
    assert "call_id;provider" in raw
    assert (reason.reason, reason.rows, reason.source_file) == (
        "unreadable_file",
        1,
        "cdr/a.parquet",
    )


@pytest.mark.integration
def test_reasons_show_the_value_and_never_the_callers_number(warehouse: Warehouse) -> None:
    rows: list[Row] = [make_call(status="ringing"), make_call(status="ringing", call_id="CA2")]
    warehouse.land("cdr/a.jsonl", jsonl_bytes([*rows, make_call()])[:-30])

    status, broken = warehouse.load().feeds["cdr"].reasons

    assert (status.reason, status.rows, status.source_line) == ("not_in_set:status", 2, 1)
    assert status.example == "status = ringing"
    assert (broken.reason, broken.source_line) == ("invalid_json", 3)
    assert '"from_number": "+###########"' in broken.example
