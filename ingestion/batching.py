"""Pieces of files gathered into batches that are worth a query, and work done ahead.

A query over Arrow costs some 10 ms whatever it holds, so a thousand files of fifty rows must not be
a thousand queries: pieces of one layout are put together until a batch is large enough.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

from ingestion.reading import Layout, Piece, Refusal

Item = TypeVar("Item")
Result = TypeVar("Result")

BATCH_ROWS = 131_072
BATCH_BYTES = 128 << 20
HELD_BYTES = 512 << 20
"""What all unfinished batches may hold together, when files of many layouts take turns."""


def gather(items: Iterable[Piece | Refusal]) -> Iterator[Piece | Refusal]:
    """Put pieces of one layout together; refusals pass at once."""
    held: dict[Layout, list[pa.Table]] = defaultdict(list)
    rows: dict[Layout, int] = defaultdict(int)
    size: dict[Layout, int] = defaultdict(int)

    def release(layout: Layout) -> Piece:
        rows.pop(layout), size.pop(layout)
        return Piece(layout, pa.concat_tables(held.pop(layout)))

    for item in items:
        if isinstance(item, Refusal):
            yield item
            continue
        held[item.layout].append(item.table)
        rows[item.layout] += item.table.num_rows
        size[item.layout] += item.table.nbytes
        if rows[item.layout] >= BATCH_ROWS or size[item.layout] >= BATCH_BYTES:
            yield release(item.layout)
        elif sum(size.values()) > HELD_BYTES:
            yield release(max(size, key=lambda layout: size[layout]))
    for layout in list(held):
        yield release(layout)


def in_slices(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Cut a stream of tables into ones of exactly ``rows`` rows; the last may be shorter.

    DuckDB stores rows in groups of 122,880. Handed groups of another size it packs them twice:
    a million web events then take 7 seconds of processor time to insert and not 4.
    """
    held: list[pa.Table] = []
    count = 0
    for table in tables:
        held.append(table)
        count += table.num_rows
        if count >= rows:
            whole = pa.concat_tables(held)
            cut = count - count % rows
            yield from (whole.slice(start, rows) for start in range(0, cut, rows))
            held, count = [whole.slice(cut)], count - cut
    if count:
        yield pa.concat_tables(held)


def read_ahead(items: Iterator[Item], depth: int = 2) -> Iterator[Item]:
    """Yield ``items``, made in another thread up to ``depth`` of them before they are asked for.

    Unpacking, DuckDB and Arrow all let go of Python's lock, so the stages of a load overlap.
    """
    end = object()
    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = deque(pool.submit(next, items, end) for _ in range(depth))
        try:
            while (item := coming.popleft().result()) is not end:
                coming.append(pool.submit(next, items, end))
                yield item  # type: ignore[misc]
        finally:
            pool.shutdown(cancel_futures=True)


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int = 2
) -> Iterator[Result]:
    """Yield ``function`` of each item in order, ``workers`` of them under way at a time."""
    coming: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            for item in items:
                coming.append(pool.submit(function, item))
                if len(coming) > workers:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
