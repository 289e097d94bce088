"""Gathering, cutting and working ahead lose nothing and keep the order."""

import pyarrow as pa
import pytest

from ingestion.batching import BATCH_ROWS, gather, in_slices, map_ahead, read_ahead
from ingestion.reading import Layout, Piece, Refusal

JSON, CSV = Layout("jsonl"), Layout("csv", ("a",), (pa.string(),))


def make_piece(rows: int, layout: Layout = JSON, start: int = 0) -> Piece:
    return Piece(layout, pa.table({"source_line": list(range(start, start + rows))}))


def test_pieces_of_one_layout_become_one_batch_and_refusals_pass() -> None:
    refusal = Refusal(1, "empty_file", "")

    out = list(gather([make_piece(2), make_piece(3, CSV), refusal, make_piece(1, start=2)]))

    assert out[0] == refusal
    assert [(item.layout, item.table.num_rows) for item in out[1:]] == [(JSON, 3), (CSV, 3)]


def test_full_batch_is_released_at_once() -> None:
    out = gather(iter([make_piece(BATCH_ROWS), make_piece(1)]))

    assert [piece.table.num_rows for piece in out] == [BATCH_ROWS, 1]


@pytest.mark.parametrize(
    ("sizes", "cut"),
    [
        pytest.param([3, 3, 3], [4, 4, 1], id="across tables"),
        pytest.param([9], [4, 4, 1], id="within one"),
        pytest.param([4, 4], [4, 4], id="already right"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_slices_have_exactly_the_rows_asked_for(sizes: list[int], cut: list[int]) -> None:
    tables = [make_piece(size).table for size in sizes]

    slices = list(in_slices(tables, 4))

    assert [table.num_rows for table in slices] == cut
    assert sum(slices[i]["source_line"].to_pylist() != [] for i in range(len(cut))) == len(cut)


def test_working_ahead_keeps_the_order() -> None:
    assert list(map_ahead(lambda x: x * x, read_ahead(iter(range(50))))) == [
        x * x for x in range(50)
    ]


def test_error_ahead_is_raised_where_its_item_was_due() -> None:
    def failing() -> object:
        yield 1
        raise RuntimeError("disk")

    items = read_ahead(failing())

    assert next(items) == 1
    with pytest.raises(RuntimeError, match="disk"):
        next(items)
