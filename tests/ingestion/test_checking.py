"""Tests of ingestion.checking: good rows without the bad ones between them."""

import pyarrow as pa
import pytest

from ingestion.checking import ROWS_PER_CUT, without


@pytest.mark.parametrize(
    "bad", [{0}, {999}, {5, 6, 7}, set(range(0, 1000, 2)), set(range(1000))],
    ids=["first", "last", "in a row", "every other", "all"],
)  # fmt: skip
def test_good_rows_are_left_in_their_order(bad: set[int]) -> None:
    rows = pa.table({"i": list(range(1000))})
    is_bad = pa.chunked_array(
        [[i in bad for i in range(400)], [i in bad for i in range(400, 1000)]]
    )

    assert without(rows, is_bad)["i"].to_pylist() == [i for i in range(1000) if i not in bad]


def test_few_bad_rows_cost_no_copy_of_the_others() -> None:
    rows = pa.table({"i": list(range(2 * ROWS_PER_CUT))})
    good = without(rows, pa.chunked_array([[i == 7 for i in range(2 * ROWS_PER_CUT)]]))

    buffers = {column.buffers()[1].address for column in good["i"].chunks}
    assert buffers == {rows["i"].chunk(0).buffers()[1].address}
