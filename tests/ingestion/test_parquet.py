"""Parquet inserted as it lies gives the rows that it gives when read piece by piece."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ingestion.landing_files import Warehouse, make_call, make_event, parquet_bytes

pytestmark = pytest.mark.integration

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ROWS = "select * exclude (_loaded_at, _dlt_load_id) from raw_landing.{feed} order by all"
REFUSED = "select * exclude (loaded_at) from quarantine.{feed} order by all"


def typed_events(rows: int, **columns: pa.Array) -> bytes:
    """Events with times, and more columns, in types of their own."""
    sink = io.BytesIO()
    names = [{"event_id": f"e{i}", "visitor_id": f"v{i}", "event_type": "page_view"}
             for i in range(rows)]  # fmt: skip
    table = pa.Table.from_pylist(names)
    times = pa.array([NOON] * rows, pa.timestamp("us", "America/New_York"))
    given = {
        "occurred_at": times,
        "received_at": times.cast(pa.timestamp("ms")),
        "page_url": pa.array(["https://a.example.com/"] * rows, pa.large_string()),
    }
    for name, column in (given | columns).items():
        table = table.append_column(name, column)
    pq.write_table(table, sink)
    return sink.getvalue()


FILES = {
    "cdr/day=2026-11-01/it's a day.parquet": parquet_bytes(
        [
            make_call(answered_at=None, forwarded_to="", line_type="mobile"),
            make_call(call_id="CA2", from_number="anonymous", duration_seconds=-1),
            make_call(call_id="CA3", from_number="no number", mos=4.5),
            make_call(call_id="CA4", cost="a dime", talk_seconds=12),
        ]
    ),
    "cdr/b.parquet": parquet_bytes([make_call(call_id="CA5")]),
    "web_events/text.parquet": parquet_bytes(
        [make_event(form_phone="+15125550100"), make_event(event_id=None, event_type="scroll")]
    ),
    "web_events/typed.parquet": typed_events(
        3,
        scroll=pa.array([80, None, 3]),
        opened_on=pa.array([date(2026, 11, 1)] * 3),
        price=pa.array([Decimal("1.50")] * 3),
        is_new=pa.array([True, None, False]),
        page_referrer=pa.array([1.5, None, 2.0]),
    ),
    "web_events/empty.parquet": typed_events(0),
}


def test_rows_are_those_of_the_other_way_in(warehouse: Warehouse) -> None:
    memory = fsspec.filesystem("memory")
    for path, content in FILES.items():
        warehouse.land(path, content)
        memory.pipe(f"/as_it_lies/{path}", content)

    inserted = warehouse.load()
    as_it_lies = {
        feed: (warehouse.rows(ROWS.format(feed=feed)), warehouse.rows(REFUSED.format(feed=feed)))
        for feed in ("cdr", "web_events")
    }
    load_ids = warehouse.rows("select count(distinct _dlt_load_id), count(*) - count(_dlt_load_id)"
                              " from raw_landing.web_events")  # fmt: skip
    other = Warehouse(warehouse.landing.parent, "other")
    other.load("memory://as_it_lies")

    assert load_ids == [(1, 0)]
    assert (warehouse.read_piece_by_piece(), other.read_piece_by_piece()) == (False, True)
    assert [inserted.feeds[feed].loaded.rows_read for feed in as_it_lies] == [5, 5]
    assert [len(refused) for _, refused in as_it_lies.values()] == [2, 1]
    assert as_it_lies == {
        feed: (other.rows(ROWS.format(feed=feed)), other.rows(REFUSED.format(feed=feed)))
        for feed in as_it_lies
    }


def broken_page() -> bytes:
    """A file whose footer is whole and whose first page is not."""
    content = bytearray(parquet_bytes([make_event(event_id=f"e{i}") for i in range(1_000)]))
    content[4:64] = b"\xff" * 60
    return bytes(content)


@pytest.mark.parametrize(
    ("path", "content", "read"),
    [
        pytest.param("web_events/a.parquet", broken_page(), 1, id="a broken page"),
        pytest.param("web_events/[a]*.parquet", parquet_bytes([make_event()]), 1,
                     id="a name that is a pattern"),
        pytest.param("web_events/a.parquet", parquet_bytes([make_event(Event_ID="x")]), 1,
                     id="names that differ in their case only"),
        pytest.param("web_events/a.parquet", parquet_bytes([make_event(file_index=7)]), 1,
                     id="a name that DuckDB has for itself"),
        pytest.param("web_events/a.parquet",
                     typed_events(2, seen=pa.array([["a"], None])), 2, id="a nested column"),
    ],
)  # fmt: skip
def test_what_cannot_be_inserted_as_it_lies_is_read_piece_by_piece(
    warehouse: Warehouse, path: str, content: bytes, read: int
) -> None:
    warehouse.land(path, content)

    loaded = warehouse.load().feeds["web_events"].loaded

    assert loaded.rows_read == read
    assert warehouse.read_piece_by_piece()


def test_good_files_beside_a_broken_one_are_loaded_once(warehouse: Warehouse) -> None:
    warehouse.land("web_events/a.parquet", broken_page())
    warehouse.land("web_events/b.parquet", parquet_bytes([make_event()]))

    total = warehouse.load().feeds["web_events"].total

    assert (total.rows_read, total.rows_current, total.rows_quarantined) == (2, 1, 1)
