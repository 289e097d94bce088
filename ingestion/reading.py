"""Files to Arrow: raw lines of JSON Lines, raw texts of CSV, columns of Parquet.

    file ─► bytes ─► gunzip ─┬─ .jsonl    one column of whole lines, split by numpy
                             ├─ .csv      one column of text per header name
                             └─ .parquet  its columns in their own types
           ─► Piece(layout, table) ... and a Refusal for whatever cannot be a row

Nothing is interpreted here, so nothing here can fail on a value: types and rules are `validation`.
Lines are split in Python's numpy and not by DuckDB's CSV reader, because the latter has no line
numbers in a parallel read, no fsspec handle without registration, and refuses a whole file for one
byte that is no UTF-8.

Columns are named by position (`c0`, `c1`, ...) so that no name in a file can collide with ours or
break SQL. Of a file that breaks off in the middle, the rows before the break are kept and the rest
is one refusal: the accounts still add up.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem

from ingestion.encoding import Utf8Stream
from ingestion.landing import LandedFile

BLOCK_BYTES = 4 << 20
MAX_LINE_BYTES = 256 << 20
BATCH_ROWS = 122_880
HEAD_BYTES = 4096
HEADER_MAX_BYTES = 1 << 20
HEAD_SHOWN_BYTES = 160
GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NEWLINE = ord("\n")
FORMATS = (".jsonl", ".csv", ".parquet")


@dataclass(frozen=True)
class Layout:
    """What a piece's columns ``c0``, ``c1``, ... are; pieces of one layout go together."""

    format: str
    names: tuple[str, ...] = ("line",)
    types: tuple[pa.DataType, ...] = (pa.string(),)
    is_damaged: bool = False


@dataclass(frozen=True)
class Piece:
    """Some rows of one file: ``file_id``, ``source_line`` and the columns of its layout."""

    layout: Layout
    table: pa.Table


@dataclass(frozen=True)
class Refusal:
    """A row, or a whole file, that is quarantined before it could be looked at."""

    file_id: int
    reason: str
    raw: str
    source_line: int | None = None


def read_file(
    fs: AbstractFileSystem, file: LandedFile, file_id: int, known: frozenset[str]
) -> Iterator[Piece | Refusal]:
    """Yield the rows of a file in pieces, and a refusal for what is not rows.

    Args:
        fs: where the file lies.
        file: the file.
        file_id: its id in the ledger.
        known: names of the feed's fields; a table with none of them is not one of the feed.
    """

    def opened() -> BinaryIO:
        return fs.open(file.location, "rb")

    with opened() as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        yield Refusal(file_id, "empty_file", f"{file.path}: 0 bytes")
        return
    try:
        yield from _pieces(opened, file, file_id, head, known)
    except (pa.ArrowException, ValueError, EOFError, OSError) as error:
        # Arrow reports a broken archive as an OSError without a number; a disk or a network that
        # fails has one, and must stop the load: the file itself may be good.
        if isinstance(error, ConnectionError | TimeoutError) or getattr(error, "errno", None):
            raise
        shown = head[:HEAD_SHOWN_BYTES].decode("utf-8", "backslashreplace")
        yield Refusal(file_id, "unreadable_file", f"{error}\n{shown}")


def _pieces(
    opened: Callable[[], BinaryIO],
    file: LandedFile,
    file_id: int,
    head: bytes,
    known: frozenset[str],
) -> Iterator[Piece | Refusal]:
    name = file.path.lower()
    is_gzip = name.endswith(".gz")
    suffix = next((s for s in FORMATS if name.removesuffix(".gz").endswith(s)), None)
    if suffix is None or (is_gzip and suffix == ".parquet"):
        raise ValueError(f"{file.path}: not .jsonl, .jsonl.gz, .csv, .csv.gz or .parquet")
    _check_head(file.path, head, GZIP_MAGIC if is_gzip else None, suffix)
    if suffix == ".parquet":
        yield from _parquet_pieces(opened, file_id, known)
        return

    def text() -> pa.NativeFile:
        stream = pa.PythonFile(opened(), mode="r")
        return pa.CompressedInputStream(stream, "gzip") if is_gzip else stream

    with text() as stream:
        first = stream.read(BLOCK_BYTES)
    if not first.strip():
        yield Refusal(file_id, "empty_file", f"{file.path}: nothing but blank")
    elif b"\0" in first[:HEAD_BYTES]:
        raise ValueError(f"{file.path}: binary content in a text file")
    elif suffix == ".jsonl":
        yield from _json_pieces(text, file_id)
    else:
        yield from _csv_pieces(text, first, file_id, known)


def _check_head(path: str, head: bytes, gzip_magic: bytes | None, suffix: str) -> None:
    """Refuse a file whose first bytes are those of another format than its name says."""
    if gzip_magic:
        is_right = head.startswith(GZIP_MAGIC)
    elif suffix == ".parquet":
        is_right = head.startswith(PARQUET_MAGIC)
    else:
        is_right = not head.startswith((GZIP_MAGIC, PARQUET_MAGIC))
    if not is_right:
        raise ValueError(f"{path}: the content is not what the name says")


def _json_pieces(text: Callable[[], pa.NativeFile], file_id: int) -> Iterator[Piece]:
    layout = Layout("jsonl")
    start, carry, is_first = 0, b"", True
    with text() as stream:
        while block := stream.read(BLOCK_BYTES):
            if is_first:
                block, is_first = block.removeprefix(BYTE_ORDER_MARK), False
            block = carry + block
            end = block.rfind(b"\n") + 1
            carry = block[end:]
            if len(carry) > MAX_LINE_BYTES:
                raise ValueError(f"line {start + 1} is longer than {MAX_LINE_BYTES} bytes")
            if end:
                lines = split_lines(block[:end])
                yield Piece(layout, _numbered([lines], file_id, _ordinals(start, len(lines))))
                start += len(lines)
    if carry:
        lines = split_lines(carry)
        yield Piece(layout, _numbered([lines], file_id, _ordinals(start, len(lines))))


def split_lines(block: bytes) -> pa.Array:
    r"""Split bytes into lines of text, each with its line end, without copying one.

    A block with bytes that are no UTF-8 gets them as ``\xff``, an escape that JSON does not have:
    the lines that held them become invalid JSON, readably.
    """
    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == NEWLINE) + 1
    if not len(ends) or ends[-1] != len(block):
        ends = np.append(ends, len(block))
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(block)]
    lines = pa.Array.from_buffers(pa.binary(), len(ends), buffers)
    try:
        return lines.cast(pa.string())
    except pa.ArrowInvalid:
        return split_lines(block.decode("utf-8", "backslashreplace").encode())


def _csv_pieces(
    text: Callable[[], pa.NativeFile], first: bytes, file_id: int, known: frozenset[str]
) -> Iterator[Piece | Refusal]:
    names, header_lines, has_rows = _csv_header(first)
    _check_names(names, known)
    if not has_rows:
        return
    broken: list[pa_csv.InvalidRow] = []
    types = tuple(pa.string() for _ in names)
    with text() as raw:
        stream = Utf8Stream(raw)
        last, held = 0, None
        for batch in _csv_reader(stream, len(names), header_lines, broken):
            skipped = np.array([row.number - header_lines for row in broken], dtype=np.int64)
            ordinals = np.arange(last + 1, last + 1 + batch.num_rows + len(skipped))
            ordinals = np.setdiff1d(ordinals, skipped)[: batch.num_rows]
            last = int(ordinals[-1]) if len(ordinals) else last
            if held is not None:
                yield held
            layout = Layout("csv", names, types, stream.is_damaged)
            held = Piece(layout, _numbered(batch.columns, file_id, ordinals))
        if held is not None:
            yield from _without_open_quote(held) if stream.quotes % 2 else [held]
    for row in broken:
        yield Refusal(file_id, "invalid_csv", row.text, row.number - header_lines)


def _without_open_quote(piece: Piece) -> Iterator[Piece | Refusal]:
    """Refuse the last row of a file when a quote that never closed has swallowed rows into it."""
    rows = piece.table.num_rows
    if not rows:
        return
    file_id, line, *values = piece.table.slice(rows - 1).to_pylist()[0].values()
    if any("\n" in value for value in values):
        yield Piece(piece.layout, piece.table.slice(0, rows - 1))
        yield Refusal(file_id, "invalid_csv", ",".join(values), line)
    else:
        yield piece


def _csv_reader(
    stream: Utf8Stream, width: int, header_lines: int, broken: list[pa_csv.InvalidRow]
) -> pa_csv.CSVStreamingReader:
    """Read every column as text; rows of another width go to ``broken``."""
    columns = [f"c{i}" for i in range(width)]

    def skip(row: pa_csv.InvalidRow) -> str:
        broken.append(row)
        return "skip"

    return pa_csv.open_csv(
        pa.PythonFile(stream, mode="r"),
        # One thread: only then does a row that cannot be split know its number.
        pa_csv.ReadOptions(
            use_threads=False,
            block_size=BLOCK_BYTES,
            column_names=columns,
            skip_rows=header_lines,
        ),
        pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
        pa_csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
        ),
    )


def _csv_header(first: bytes) -> tuple[tuple[str, ...], int, bool]:
    """Return the names in the header, how many lines it takes, and whether rows follow."""
    start = first[:HEADER_MAX_BYTES].decode("utf-8-sig", "backslashreplace")
    reader = csv.reader(io.StringIO(start, newline=""))
    names = next((row for row in reader if row), [])
    header_lines = reader.line_num
    return tuple(name.strip() for name in names), header_lines, any(reader)


def _parquet_pieces(
    opened: Callable[[], BinaryIO], file_id: int, known: frozenset[str]
) -> Iterator[Piece]:
    with opened() as stream:
        file = pq.ParquetFile(stream)
        schema = file.schema_arrow
        _check_names(tuple(schema.names), known)
        layout = Layout("parquet", tuple(schema.names), tuple(schema.types))
        start = 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            ordinals = _ordinals(start, batch.num_rows)
            yield Piece(layout, _numbered(batch.columns, file_id, ordinals))
            start += batch.num_rows


def _check_names(names: tuple[str, ...], known: frozenset[str]) -> None:
    if not known.intersection(names):
        raise ValueError(f"none of the feed's fields among the columns {list(names)[:20]}")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"column(s) {repeated} appear more than once")


def _ordinals(start: int, rows: int) -> np.ndarray:
    return np.arange(start + 1, start + rows + 1, dtype=np.int64)


def _numbered(columns: list[pa.Array], file_id: int, ordinals: np.ndarray) -> pa.Table:
    ids = pa.array(np.full(len(ordinals), file_id, dtype=np.int64))
    names = ["file_id", "source_line", *(f"c{i}" for i in range(len(columns)))]
    return pa.table([ids, pa.array(ordinals, pa.int64()), *columns], names=names)
