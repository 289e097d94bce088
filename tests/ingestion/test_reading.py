"""Good rows: every format, every type, every way to write a value."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.reading import split_lines
from tests.ingestion.landing_files import (
    FORMATS,
    check_rows,
    jsonl_bytes,
    make_call,
    make_event,
    make_spend,
)


def read(folder: Path, feed: str, content: object, suffix: str = ".jsonl") -> list[dict]:
    """The good rows of one file; a bad one fails the test."""
    rows = []
    for checked in check_rows(folder, feed, content, suffix):  # type: ignore[arg-type]
        assert checked.bad is None, checked.bad.to_pylist()
        assert checked.refusals == ()
        rows += checked.good.to_pylist()
    return rows


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_row(tmp_path: Path, suffix: str) -> None:
    (row,) = read(tmp_path, "cdr", [make_call(mos=4.2)], suffix)

    assert row["started_at"] == datetime(2026, 11, 1, 14, 0)
    assert (row["duration_seconds"], row["talk_seconds"]) == (90, 80)
    assert (row["cost"], row["mos"]) == (Decimal("0.008500"), 4.2)
    assert (row["forwarded_to"], row["_extra"]) == (None, None)
    (other,) = read(tmp_path, "cdr", [make_call(mos=4.2)])
    assert row["_row_hash"] == other["_row_hash"]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        pytest.param("2026-11-01T14:03:22.117Z", "2026-11-01 14:03:22.117", id="UTC"),
        pytest.param("2026-11-01T09:03:22-05:00", "2026-11-01 14:03:22", id="an offset"),
        pytest.param("2026-11-01T19:48:22+05:45", "2026-11-01 14:03:22", id="a quarter hour"),
        pytest.param("2026-11-01t14:03:22z", "2026-11-01 14:03:22", id="lower case"),
        pytest.param("2026-11-01 14:03:22Z", "2026-11-01 14:03:22", id="a blank between"),
        pytest.param("2026-11-01T14:03:22.123456789Z", "2026-11-01 14:03:22.123456", id="nanos"),
    ],
)
def test_timestamps_are_stored_as_utc(tmp_path: Path, written: str, stored: str) -> None:
    (row,) = read(tmp_path, "web_events", [make_event(occurred_at=written)])

    assert row["occurred_at"] == datetime.fromisoformat(stored)


@pytest.mark.parametrize(
    ("number", "stored", "is_unreadable", "area_code"),
    [
        pytest.param("+15125550100", "+15125550100", False, "512", id="North American"),
        pytest.param("+442079460000", "+442079460000", False, None, id="British"),
        pytest.param(None, None, False, None, id="null is withheld"),
        pytest.param("", None, False, None, id="empty is withheld"),
        pytest.param("Anonymous", None, False, None, id="anonymous"),
        pytest.param("restricted", None, False, None, id="restricted"),
        pytest.param("+266696687", None, False, None, id="ANONYMOUS on a dial"),
        pytest.param("5125550100", None, True, None, id="without a plus"),
        pytest.param("sip:bob@example.com", None, True, None, id="an address"),
    ],
)
def test_callers_number_never_costs_the_call(
    tmp_path: Path, number: object, stored: object, is_unreadable: bool, area_code: object
) -> None:
    (row,) = read(tmp_path, "cdr", [make_call(from_number=number)])

    assert (row["from_number"], row["is_caller_unreadable"]) == (stored, is_unreadable)
    assert row["caller_area_code"] == area_code
    assert (row["caller_key"] is None) == (stored is None)


@pytest.mark.parametrize(
    ("number", "is_erased"),
    [
        pytest.param("+99900000000", True, id="written over by a load"),
        pytest.param("99900000000", True, id="written over in a number that could not be read"),
        pytest.param("anonymous", False, id="withheld"),
        pytest.param(None, False, id="none"),
    ],
)
def test_erased_caller_is_told_from_a_withheld_one(
    tmp_path: Path, number: str | None, is_erased: bool
) -> None:
    (row,) = read(tmp_path, "cdr", [make_call(from_number=number)])

    assert (row["caller_key"], row["is_caller_erased"]) == (None, is_erased)


def test_number_in_a_form_is_a_callers_number(tmp_path: Path) -> None:
    forms = [make_event(form_phone=number) for number in ("+15125550100", "call me", "anonymous")]

    (call,) = read(tmp_path, "cdr", [make_call()])
    rows = read(tmp_path, "web_events", forms)

    assert [row["form_phone"] for row in rows] == ["+15125550100", None, None]
    assert [row["form_caller_key"] for row in rows] == [call["caller_key"], None, None]


@pytest.mark.parametrize("suffix", FORMATS)
def test_unknown_fields_are_kept_as_json(tmp_path: Path, suffix: str) -> None:
    rows = [make_event(), make_event(scroll_depth="80", Event_Id="'x'")]

    first, second = read(tmp_path, "web_events", rows, suffix)

    assert first["_extra"] is None
    assert second["_extra"] == '{"scroll_depth":"80","Event_Id":"\'x\'"}'


def test_parquet_columns_of_their_own_types_are_converted(tmp_path: Path) -> None:
    instant = datetime(2026, 11, 1, 14, 0, tzinfo=UTC)
    table = pa.table(
        {
            "platform": pa.array(["meta_ads"]).dictionary_encode(),
            "account_id": pa.array([123], pa.int64()),
            "spend_date": pa.array([date(2026, 11, 1)]),
            "campaign_id": pa.array(["c"], pa.large_string()),
            "ad_group_id": pa.nulls(1),
            "impressions": pa.array([100.0]),
            "clicks": pa.array([3], pa.int32()),
            "cost": pa.array([12.5]),
            "updated_at": pa.array([instant], pa.timestamp("ns", "America/New_York")),
            "labels": pa.array([["a", "b"]]),
        }
    )
    pq.write_table(table, tmp_path / "typed.parquet")

    (row,) = read(tmp_path, "ad_spend", (tmp_path / "typed.parquet").read_bytes(), ".parquet")

    assert (row["account_id"], row["spend_date"]) == ("123", date(2026, 11, 1))
    assert (row["impressions"], row["clicks"], row["cost"]) == (100, 3, Decimal("12.5"))
    assert row["updated_at"] == datetime(2026, 11, 1, 14, 0)
    assert row["_extra"] == '{"labels":["a","b"]}'


def test_parquet_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    row = make_spend(updated_at=datetime(2026, 11, 1, 14, 0), spend_date=datetime(2026, 11, 1))

    (stored,) = read(tmp_path, "ad_spend", [row], ".parquet")

    assert stored["updated_at"] == datetime(2026, 11, 1, 14, 0)
    assert stored["spend_date"] == date(2026, 11, 1)


def test_parquet_type_that_cannot_be_taken_in_costs_its_file_alone(tmp_path: Path) -> None:
    table = pa.table({"call_id": ["a"], "cost": pa.array([1], pa.decimal256(60, 2))})
    pq.write_table(table, tmp_path / "wide.parquet")

    (checked,) = check_rows(tmp_path, "cdr", (tmp_path / "wide.parquet").read_bytes(), ".parquet")

    assert [refusal.reason for refusal in checked.refusals] == ["unreadable_file"]


def test_account_time_zone_is_utc_when_not_given(tmp_path: Path) -> None:
    click = {
        "platform": "google_ads",
        "click_id": "g1",
        "click_id_type": "gclid",
        "click_date": "2026-11-01",
        "account_id": "a",
        "campaign_id": "c",
    }

    rows = read(tmp_path, "ad_clicks", [click, click | {"account_timezone": "America/Denver"}])

    assert [row["account_timezone"] for row in rows] == ["UTC", "America/Denver"]


def test_lines_keep_their_numbers_across_blank_ones_and_line_ends(tmp_path: Path) -> None:
    first, second = (jsonl_bytes([make_event(event_id=name)]).strip() for name in ("a", "b"))
    content = b"\xef\xbb\xbf" + first + b"\r\n\r\n   \n" + b"  " + second

    rows = read(tmp_path, "web_events", content)

    assert {row["event_id"]: row["_source_line"] for row in rows} == {"a": 1, "b": 4}


def test_csv_rows_keep_their_numbers_across_rows_that_cannot_be_split(tmp_path: Path) -> None:
    content = b'buyer_id,name,updated_at\na,"Smith\nSons",2026-11-01T00:00:00Z\nb\n'
    content += b"c,,2026-11-01T00:00:00Z\n"

    batches = check_rows(tmp_path, "buyers", content, ".csv")

    good = [row for batch in batches for row in batch.good.to_pylist()]
    assert [(row["buyer_id"], row["name"], row["_source_line"]) for row in good] == [
        ("a", "Smith\nSons", 1),
        ("c", None, 3),
    ]
    assert [r.source_line for batch in batches for r in batch.refusals] == [2]


def test_splitting_lines_keeps_every_byte() -> None:
    block = "a\n\nbü\r\nc".encode()

    assert split_lines(block).to_pylist() == ["a\n", "\n", "bü\r\n", "c"]
