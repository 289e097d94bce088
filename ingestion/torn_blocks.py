"""A warehouse whose writer was killed in the middle of writing a block of DuckDB's metadata.

DuckDB writes the sixty-four slots of a metadata block in place, as one block under one checksum. A
checkpoint only fills slots that the last one left free, so whatever the file's header refers to is
the same before and after; but a process that is killed inside the write leaves a block of two
halves, whose checksum fits neither, and the whole file is refused: "Corrupt database file". About
one kill in two hundred, at random moments of a load of small files, ended so (DuckDB 1.5.6).

Such a block is whole in all that counts, and is mended by giving it the checksum of what it holds.
That is done only beside a write-ahead log, which a writer that closed the file takes away, only to
blocks of metadata (no others are written in place), and undone if the file cannot be read then.
"""

import re
import struct
from collections.abc import Collection
from pathlib import Path

import duckdb

_MISMATCH = re.compile(r"computed checksum (\d+) does not match .* block at location (\d+)")
_CHECKSUM = struct.Struct("<Q")


def mend_torn_blocks(warehouse: Path) -> int:
    """Mend the metadata blocks that a killed writer left torn, and return how many they were.

    Reads all metadata of the file when a write-ahead log lies beside it, and nothing otherwise.

    Args:
        warehouse: the DuckDB file, open nowhere.

    Raises:
        duckdb.Error: what DuckDB says of a file that is broken by more than that; it is then left
            as it was.
    """
    if not any(warehouse.parent.glob(f"{warehouse.name}.wal*")):
        return 0
    replaced: dict[int, bytes] = {}
    try:
        while (torn := _first_torn_block(warehouse, known=replaced.keys())) is not None:
            location, checksum = torn
            replaced[location] = _swap(warehouse, location, checksum)
    except duckdb.Error:
        for location, before in replaced.items():
            _swap(warehouse, location, before)
        raise
    return len(replaced)


def _first_torn_block(warehouse: Path, known: Collection[int]) -> tuple[int, bytes] | None:
    """Where a metadata block does not fit its checksum, and the one that it should have."""
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            tables = connection.execute(
                'select format(\'"{}"."{}"\', schema_name, table_name) from duckdb_tables()'
            ).fetchall()
            for table in tables:
                connection.execute("select count(*) from pragma_storage_info(?)", table)
    except duckdb.IOException as error:
        found = _MISMATCH.search(str(error))
        if found is None or int(found[2]) in known:
            raise
        return int(found[2]), _CHECKSUM.pack(int(found[1]))
    return None


def _swap(warehouse: Path, location: int, checksum: bytes) -> bytes:
    """Write a block's checksum, and return the one it had."""
    with warehouse.open("r+b") as file:
        file.seek(location)
        before = file.read(_CHECKSUM.size)
        file.seek(location)
        file.write(checksum)
    return before
