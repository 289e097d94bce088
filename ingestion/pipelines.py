"""The landing pipeline: from a folder of files to the raw tables, once each.

    list ─► new files ─┬─ plain Parquet ─► dlt job: one statement (`parquet`) ───┬─► raw_landing
             (ledger)  │                                                         │
                       └─ pieces ─► batches ─► check ─┬─ good ─► dlt (`appending`)
                          unpack in one thread,       └─ bad ──► spool
                          check in two                             │
    ledger, quarantine, callers, counts ◄── one transaction ◄──────┘

By hand:  python -c "from ingestion.pipelines import load_landing; ..."  or `ringtrail run`.
"""

import fcntl
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from fsspec import AbstractFileSystem

from ingestion.appending import append_rows, insert_files
from ingestion.batching import gather, map_ahead, read_ahead
from ingestion.caller_keys import CallerKeys
from ingestion.checking import Checker, make_zones, reading_database
from ingestion.contracts import LANDING_FEEDS
from ingestion.erasures import Eraser, erased_keys
from ingestion.feeds import Feed
from ingestion.landing import LandedFile, list_landing
from ingestion.ledger import (
    Counts,
    check_caller_secret,
    commit_load,
    known_files,
    read_counts,
)
from ingestion.parquet import (
    PlainFiles,
    UnreadableFile,
    insert_plain_files,
    local_parquet,
    plain_files,
)
from ingestion.quarantine import QuarantineSpool
from ingestion.reading import Piece, Refusal, read_file
from ingestion.summary import LoadSummary, summarise_feeds
from ingestion.torn_blocks import mend_torn_blocks
from ingestion.warehouse import last_file_id, make_tables, open_warehouse, sweep_leftovers

PROGRESS_ROWS = 1_000_000


class _Load:
    """One load under way."""

    def __init__(
        self,
        fs: AbstractFileSystem,
        files: Mapping[int, LandedFile],
        keys: CallerKeys,
        work: Path,
        *,
        erased: frozenset[str],
        progress: Callable[[str], None],
    ) -> None:
        self.erased_rows: dict[str, int] = {}
        self._fs = fs
        self._files = files
        self._keys = keys
        self._erased = erased
        self._work = work
        self._progress = progress
        self._loaded_at = datetime.now(UTC).replace(tzinfo=None)
        self._spools = {feed.name: QuarantineSpool(work / "quarantine", feed)
                        for feed in _feeds(files)}  # fmt: skip
        self._sent = dict.fromkeys(self._spools, 0)
        self.seconds = dict.fromkeys(self._spools, 0.0)

    def run(self, warehouse: Path) -> None:
        """Read, check and move the rows; nothing of it counts until `commit`."""
        with open_warehouse(warehouse) as connection:
            connection.execute("set temp_directory = ?", [str(self._work / "spill")])
            rest = self._insert_plain_files(connection)
        if rest:
            self._append(warehouse, rest)
        self._progress("rows are in the raw tables; closing the books")

    def _insert_plain_files(self, connection: duckdb.DuckDBPyConnection) -> dict[int, LandedFile]:
        """Insert Parquet as it lies, and return the files that have to be read piece by piece."""
        rest = dict(self._files)
        if self._erased:
            # Numbers of forgotten callers are written over between reading and checking.
            return rest

        def insert(feed: str, file_ids: list[int], load_id: str) -> None:
            started = time.monotonic()
            files = {file_id: self._files[file_id] for file_id in file_ids}
            for plain in plain_files(LANDING_FEEDS[feed], files):
                for file_id in self._insert(connection, feed, plain, load_id):
                    del rest[file_id]
            self.seconds[feed] += time.monotonic() - started

        parquet = local_parquet(self._fs, self._files)
        if parquet:
            make_zones(connection)
            insert_files(parquet, self._work, insert)
        return rest

    def _insert(
        self, connection: duckdb.DuckDBPyConnection, feed: str, plain: PlainFiles, load_id: str
    ) -> list[int]:
        """Insert files of one layout, and return which were; none where DuckDB stumbles."""
        try:
            rows = insert_plain_files(
                connection,
                plain,
                self._spools[feed],
                keys=self._keys,
                loaded_at=self._loaded_at,
                load_id=load_id,
            )
        except UnreadableFile as error:
            self._progress(f"{feed}: files read piece by piece ({error})")
            return []
        self._count(feed, rows)
        return list(plain.rows)

    def _append(self, warehouse: Path, files: Mapping[int, LandedFile]) -> None:
        with reading_database(str(self._work / "spill")) as database:
            batches = {feed: self._batches(feed, files, database) for feed in _feeds(files)}
            append_rows(batches, warehouse, self._work, self._tell_rows)

    def _tell_rows(self) -> None:
        self._progress(f"{sum(self._sent.values()):,} rows on their way into the warehouse")

    def commit(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make what `run` moved count."""
        spools = list(self._spools.values())
        commit_load(connection, self._files, spools, self._loaded_at, self._sent)

    def _batches(
        self, feed: Feed, files: Mapping[int, LandedFile], database: duckdb.DuckDBPyConnection
    ) -> Iterator[pa.Table]:
        """Good rows of a feed's files; the others go to its spool."""
        started = time.monotonic()
        spool = self._spools[feed.name]
        eraser = Eraser(database, self._keys, self._erased)
        checker = Checker(database, feed, self._keys, self._loaded_at)
        pieces = map(eraser, gather(self._pieces(feed, files)))
        for checked in map_ahead(checker, read_ahead(pieces)):
            for refusal in checked.refusals:
                spool.add_refusal(refusal)
            if checked.bad is not None:
                spool.add(checked.bad)
            if checked.good.num_rows:
                self._count(feed.name, checked.good.num_rows)
                yield checked.good
        self.seconds[feed.name] += time.monotonic() - started
        self.erased_rows[feed.name] = eraser.rows

    def _pieces(self, feed: Feed, files: Mapping[int, LandedFile]) -> Iterator[Piece | Refusal]:
        known = frozenset(column.name for column in feed.fields)
        for file_id, file in files.items():
            if file.feed == feed.name:
                yield from read_file(self._fs, file, file_id, known)

    def _count(self, feed: str, rows: int) -> None:
        before = self._sent[feed]
        self._sent[feed] += rows
        if before // PROGRESS_ROWS < self._sent[feed] // PROGRESS_ROWS:
            self._progress(f"{feed}: {self._sent[feed]:,} rows checked")


def load_landing(
    *,
    landing: str,
    warehouse: Path,
    state_dir: Path,
    caller_secret: str,
    progress: Callable[[str], None] | None = None,
) -> LoadSummary:
    """Load the files of a landing root that the warehouse does not have yet.

    Args:
        landing: local path or fsspec URL with a folder per feed; other folders are ignored.
        warehouse: the DuckDB file; made when it is not there, open only while it is used.
        state_dir: where dlt and this load keep their scratch files.
        caller_secret: secret of the installation, the key of `restricted.callers`.
        progress: is told what is going on, a sentence at a time.

    Raises:
        ValueError: if ``landing`` does not exist, or ``caller_secret`` is empty or not the one
            that the warehouse was loaded with or callers were forgotten with.
        RuntimeError: if another load of this warehouse is running.
    """
    started = time.monotonic()
    tell = progress or (lambda message: None)
    keys = CallerKeys.of(caller_secret)
    fs, listed = list_landing(landing, LANDING_FEEDS)
    warehouse = warehouse.resolve()
    with _alone(state_dir.resolve()) as work:
        if mended := mend_torn_blocks(warehouse):
            tell(f"{mended} block(s) that a killed writer left torn mended")
        before = _prepare(warehouse, landing, keys)
        if before.rows_swept:
            tell(f"{before.rows_swept:,} rows of a load that did not finish swept away")
        new = [file for file in listed if file.identity not in before.known_files]
        tell(f"{len(new):,} new files, {len(listed) - len(new):,} already loaded")
        files = dict(enumerate(new, start=before.last_file_id + 1))
        load = _Load(fs, files, keys, work, erased=before.erased, progress=tell)
        if new:
            load.run(warehouse)
        with open_warehouse(warehouse) as connection:
            if new:
                load.commit(connection)
            feeds = summarise_feeds(
                connection,
                before=before.counts,
                after_file_id=before.last_file_id,
                files_new=Counter(file.feed for file in new),
                files_listed=Counter(file.feed for file in listed),
                erased_rows=load.erased_rows,
                seconds=load.seconds,
            )
    return LoadSummary(feeds, before.rows_swept, round(time.monotonic() - started, 3))


@contextmanager
def _alone(state_dir: Path) -> Iterator[Path]:
    """Yield an empty folder to work in, while no other load of this warehouse may run.

    Two loads at once would give the same ids to the same files. The lock is the system's: it goes
    with the process, however that ends.
    """
    work = state_dir / "dlt"
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "load.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"another load of this warehouse is running ({lock.name})") from None
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        yield work
        shutil.rmtree(work / "quarantine", ignore_errors=True)


@dataclass(frozen=True)
class _Before:
    """The warehouse as a load finds it."""

    rows_swept: int
    known_files: set[tuple[str, str]]
    counts: Mapping[str, Counts]
    last_file_id: int
    erased: frozenset[str]


def _prepare(warehouse: Path, landing: str, keys: CallerKeys) -> _Before:
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    with open_warehouse(warehouse) as connection:
        make_tables(connection)
        check_caller_secret(connection, keys)
        swept = sweep_leftovers(connection)
        files, counts = known_files(connection), read_counts(connection)
        erased = erased_keys(connection, landing, keys)
        return _Before(swept, files, counts, last_file_id(connection), erased)


def _feeds(files: Mapping[int, LandedFile]) -> list[Feed]:
    """The feeds of some files, in the contract's order."""
    names = {file.feed for file in files.values()}
    return [feed for feed in LANDING_FEEDS.values() if feed.name in names]
