"""A warehouse whose writer was killed in the middle of a write opens again, and loses nothing."""

from pathlib import Path

import duckdb
import pytest

from ingestion.torn_blocks import mend_torn_blocks
from tests.ingestion.landing_files import Warehouse, make_call

pytestmark = pytest.mark.integration

HEADERS = 3 * 4096
BLOCK = 262_144
SLOT = 4_088


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path)
    warehouse.land("cdr/a.jsonl", [make_call()])
    warehouse.load()
    return warehouse


def leave_log(file: Path) -> None:
    """An empty write-ahead log, as beside a writer that was killed in its checkpoint."""
    file.with_name(f"{file.name}.wal").touch()


def overwrite(file: Path, location: int, content: bytes) -> None:
    with file.open("r+b") as stream:
        stream.seek(location)
        stream.write(content)


def metadata_block(file: Path) -> tuple[int, list[int]]:
    """Where a block of metadata begins, and which of its slots are free."""
    with duckdb.connect(str(file), read_only=True) as connection:
        block, slots = connection.execute(
            "select block_id, free_list from pragma_metadata_info()"
            " where free_blocks between 1 and total_blocks - 1 limit 1"
        ).fetchall()[0]
    return HEADERS + block * BLOCK, slots


def tear(file: Path) -> None:
    """Write over a free slot, as half of the next checkpoint's write would."""
    location, free = metadata_block(file)
    overwrite(file, location + 8 + free[-1] * SLOT, b"half of a write")


def test_torn_block_of_metadata_is_mended_and_the_load_goes_on(warehouse: Warehouse) -> None:
    tear(warehouse.file)
    leave_log(warehouse.file)
    warehouse.land("cdr/b.jsonl", [make_call(call_id="CA2")])

    warehouse.load()

    assert "1 block(s) that a killed writer left torn mended" in warehouse.told
    assert warehouse.rows("select count(*) from raw_landing.cdr") == [(2,)]
    assert mend_torn_blocks(warehouse.file) == 0


def test_whole_file_with_a_log_beside_it_is_left_as_it_is(warehouse: Warehouse) -> None:
    leave_log(warehouse.file)
    before = warehouse.file.read_bytes()

    assert mend_torn_blocks(warehouse.file) == 0
    assert warehouse.file.read_bytes() == before


def test_broken_block_without_a_killed_writer_is_not_touched(warehouse: Warehouse) -> None:
    tear(warehouse.file)
    before = warehouse.file.read_bytes()

    assert mend_torn_blocks(warehouse.file) == 0
    assert warehouse.file.read_bytes() == before


def test_block_of_which_what_counts_is_lost_is_reported_and_left(warehouse: Warehouse) -> None:
    location, _ = metadata_block(warehouse.file)
    overwrite(warehouse.file, location + 8, b"\xff" * (BLOCK - 8))
    leave_log(warehouse.file)
    before = warehouse.file.read_bytes()

    with pytest.raises(duckdb.Error):
        mend_torn_blocks(warehouse.file)

    assert warehouse.file.read_bytes() == before
