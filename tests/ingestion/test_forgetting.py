"""To forget a caller: every trace goes, every count stays, and no load brings the number back."""

import re
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from ingestion.caller_keys import CallerKeys
from ingestion.erasures import list_erasure
from ingestion.forgetting import erase_caller, rewrite
from ingestion.phone_numbers import ERASED_DIGITS, Caller, numbers_in_sql, written_forms
from tests.conftest import CALLER_SECRET
from tests.ingestion.landing_files import FORMATS, Warehouse, make_call, make_event

KEYS = CallerKeys.of(CALLER_SECRET)
FORGOTTEN = Caller.of("+15125550177", KEYS)
OTHER = Caller.of("+15125550100", KEYS)
ERASED_AT = datetime(2026, 11, 24, 12)
LOADED = "exclude (_loaded_at, _dlt_load_id, _file_id)"

CALLS = [
    make_call(call_id="CA1", from_number=FORGOTTEN.number, caller_zip="78701", caller_state="TX"),
    make_call(call_id="CA2", caller_zip="78702"),
    make_call(call_id="CA3", hangup_cause="SIP/512-555-0177 gone", ticket="tel 1 (512) 555-0177"),
    make_call(call_id="CA4", from_number=FORGOTTEN.number, status="ringing"),
]
EVENTS = [
    make_event(event_id="ev-1", event_type="form_submit", form_phone=FORGOTTEN.number),
    make_event(event_id="ev-2", page_url="https://a.example.com/?tel=%2B15125550177&gclid=abc"),
    make_event(event_id="ev-3"),
]


def land_everything(warehouse: Warehouse, suffix: str = ".jsonl") -> None:
    warehouse.land(f"cdr/calls{suffix}", CALLS)
    warehouse.land(f"web_events/events{suffix}", EVENTS)


def forget(warehouse: Warehouse, dry_run: bool = False) -> dict[str, int]:
    return erase_caller(warehouse.file, FORGOTTEN, erased_at=ERASED_AT, dry_run=dry_run)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("+15125550177", id="E.164"),
        pytest.param("15125550177", id="without the plus"),
        pytest.param("5125550177", id="as dialled at home"),
        pytest.param("(512) 555-0177", id="as printed"),
        pytest.param("+1 512 555 0177", id="spaced"),
        pytest.param("%2B15125550177", id="in a URL"),
        pytest.param("%2B1%20%28512%29%20555-0177", id="in a URL, as printed"),
        pytest.param("tel%3A%2015125550177", id="in a URL after a space"),
        pytest.param("512.555.0177", id="dotted"),
    ],
)
def test_number_is_found_and_written_over_however_it_is_written(written: str) -> None:
    text = f"before {written}, after"

    ((found,),) = duckdb.execute(f"select {numbers_in_sql('$text')}", {"text": text}).fetchall()

    assert FORGOTTEN.number in found
    erased = re.sub(FORGOTTEN.forms, ERASED_DIGITS, text)
    assert "0177" not in erased
    assert erased.startswith("before ")
    assert erased.endswith(", after")


def test_number_next_to_it_is_left_alone() -> None:
    text = '{"a": "+15125550178", "b": 512555017, "c": "512", "d": "5550177"}'

    assert re.sub(FORGOTTEN.forms, ERASED_DIGITS, text) == text


def test_number_abroad_needs_its_country_code() -> None:
    forms = written_forms("+49301234567")

    assert re.search(forms, "tel:+49 30 1234567")
    assert not re.search(forms, "301234567")


@pytest.mark.parametrize("given", ["5125550177", "+1512555", "+1512555017x", "nobody"])
def test_unreadable_number_is_refused_without_being_repeated(given: str) -> None:
    with pytest.raises(ValueError, match=r"\+ and 8 to 15 digits") as refusal:
        Caller.of(given, KEYS)

    assert given not in str(refusal.value).replace("+15125550100", "")


@pytest.mark.integration
def test_calls_stay_without_who_called(warehouse: Warehouse) -> None:
    land_everything(warehouse)
    warehouse.load()

    touched = forget(warehouse)

    assert touched == {
        "quarantine.cdr": 1,
        "raw_landing.cdr": 2,
        "raw_landing.web_events": 2,
        "restricted.callers": 1,
    }
    assert warehouse.rows(
        "select call_id, from_number, caller_key, caller_area_code, caller_zip, caller_state,"
        " is_caller_erased from raw_landing.cdr order by 1"
    ) == [
        ("CA1", None, None, None, None, "TX", True),
        ("CA2", OTHER.number, OTHER.caller_key, "512", "78702", None, False),
        ("CA3", OTHER.number, OTHER.caller_key, "512", None, None, False),
    ]
    assert warehouse.rows("select page_url from raw_landing.web_events where event_id = 'ev-2'") \
        == [(f"https://a.example.com/?tel=%2B{ERASED_DIGITS}&gclid=abc",)]  # fmt: skip
    assert warehouse.rows("select rows_read, rows_current, rows_quarantined from"
                          " raw_landing.feed_counts where feed = 'cdr'") == [(4, 3, 1)]  # fmt: skip


@pytest.mark.integration
def test_dry_run_counts_the_same_rows_and_changes_none(warehouse: Warehouse) -> None:
    land_everything(warehouse)
    warehouse.load()
    before = warehouse.rows("from raw_landing.cdr order by call_id")

    counted = forget(warehouse, dry_run=True)

    assert warehouse.rows("from raw_landing.cdr order by call_id") == before
    assert counted == forget(warehouse)


@pytest.mark.integration
def test_second_erasure_finds_nothing(warehouse: Warehouse) -> None:
    land_everything(warehouse)
    warehouse.load()
    forget(warehouse)

    assert forget(warehouse) == {}


@pytest.mark.integration
def test_tables_it_never_heard_of_are_erased_by_their_columns(warehouse: Warehouse) -> None:
    land_everything(warehouse)
    warehouse.load()
    key = FORGOTTEN.caller_key
    warehouse.rows("create schema marts")
    warehouse.rows("create table marts.dim_callers (caller_key varchar not null, calls bigint)")
    warehouse.rows(f"insert into marts.dim_callers values ('{key}', 2), ('x', 1)")
    warehouse.rows(f"create table marts.fct_calls as select '{key}' as caller_key, 7 as spend")
    warehouse.rows(
        "create table marts.marked as select unnest([caller_key, 'x', null]) as caller_key,"
        " false as is_caller_erased from marts.fct_calls"
    )
    warehouse.rows("create table marts.notes as select 'asked 512-555-0177 back' as note")

    forget(warehouse)

    assert warehouse.rows("from marts.dim_callers") == [("x", 1)]
    assert warehouse.rows("from marts.fct_calls") == [(None, 7)]
    assert warehouse.rows("from marts.marked") == [(None, True), ("x", False), (None, False)]
    assert warehouse.rows("from marts.notes") == [(f"asked {ERASED_DIGITS} back",)]


@pytest.mark.integration
@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_loading_the_files_anew_gives_what_forgetting_gave(tmp_path: Path, suffix: str) -> None:
    """The list beside the landed files is worth as much as the erasure itself, row for row."""
    forgot, anew = Warehouse(tmp_path), Warehouse(tmp_path, "anew")
    land_everything(forgot, suffix)
    forgot.load()
    forget(forgot)

    list_erasure(str(forgot.landing), FORGOTTEN, KEYS, ERASED_AT)
    summary = anew.load(str(forgot.landing))

    for table in ("raw_landing.cdr", "raw_landing.web_events"):
        rows = f"select * {LOADED} from {table} order by _source_line"
        assert anew.rows(rows) == forgot.rows(rows)
    raw = "select reason, raw, source_line from quarantine.cdr"
    assert anew.rows(raw) == forgot.rows(raw)
    assert anew.rows("from restricted.callers") == forgot.rows("from restricted.callers")
    assert (summary.feeds["cdr"].erased_rows, summary.feeds["web_events"].erased_rows) == (3, 2)


@pytest.mark.integration
def test_list_written_under_another_secret_is_refused(warehouse: Warehouse) -> None:
    list_erasure(str(warehouse.landing), FORGOTTEN, CallerKeys.of("another secret"), ERASED_AT)

    with pytest.raises(ValueError, match="another caller_secret"):
        warehouse.load()


@pytest.mark.integration
def test_rewritten_file_has_the_rows_and_views_and_none_of_the_freed_bytes(tmp_path: Path) -> None:
    file = tmp_path / "w.duckdb"
    marker = "clear-text-that-was-deleted"
    with duckdb.connect(str(file)) as connection:
        # Uncompressed, for packed text would escape a search of bytes; and before the rows that
        # stay, for free blocks at the end of a file are cut off.
        connection.execute("pragma force_compression = 'uncompressed'")
        connection.execute(
            f"create table texts as select '{marker}' || range as text from range(100000)"
        )
        connection.execute("checkpoint")
        connection.execute("create table kept as select range as id from range(100000)")
        connection.execute('create view all_kept as select * from "w"."main"."kept"')
        connection.execute("checkpoint")
        connection.execute("delete from texts")
    assert marker.encode() in file.read_bytes()

    rewrite(file)

    assert marker.encode() not in file.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["w.duckdb"]
    with duckdb.connect(str(file)) as connection:
        assert connection.execute("select sum(id) from all_kept").fetchone() == (4999950000,)
