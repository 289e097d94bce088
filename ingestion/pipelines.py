"""The landing pipeline: from a folder of files to the raw tables, once each.

    list ─► new files ─► pieces ─► batches ─► check ─┬─ good ─► dlt (Arrow, append) ─► raw_landing
             (ledger)    unpack in one thread,       └─ bad ──► spool
                         check in two                              │
    ledger, quarantine, callers, counts ◄── one transaction ◄──────┘

dlt moves whole Arrow tables; with one Parquet file a feed and no normalizing it is as fast as
DuckDB writes. Its state is worth nothing here, since the ledger knows what is in: the pipelines
folder is emptied at each start, and with it the packages of a killed run.

The schema contract is frozen. By then the rows have been cast to the declared types, so it can
only trip over our own mistake, never over a file.

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
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from fsspec import AbstractFileSystem

from ingestion.batching import gather, in_slices, map_ahead, read_ahead
from ingestion.caller_keys import CallerKeys
from ingestion.checking import Checker, reading_database
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
from ingestion.quarantine import QuarantineSpool
from ingestion.reading import Piece, Refusal, read_file
from ingestion.summary import LoadSummary, summarise_feeds
from ingestion.warehouse import (
    RAW,
    last_file_id,
    make_tables,
    open_warehouse,
    sweep_leftovers,
)

if TYPE_CHECKING:
    from dlt.common.schema.typing import TColumnSchema, TSchemaContractDict

PIPELINE = "ringtrail_landing"
ROW_GROUP_ROWS = 122_880
PROGRESS_ROWS = 1_000_000

FROZEN: "TSchemaContractDict" = {"tables": "evolve", "columns": "freeze", "data_type": "freeze"}

DLT_SETTINGS: Mapping[str, Any] = {
    "runtime": {"dlthub_telemetry": False},
    "extract": {"next_item_mode": "fifo"},
    # One file a table, stored plain: it is read back seconds later, so packing it is time lost.
    "data_writer": {
        "buffer_max_items": ROW_GROUP_ROWS,
        "compression": "none",
        "row_group_size": ROW_GROUP_ROWS,
    },
    "normalize": {"workers": 1, "parquet_normalizer": {"add_dlt_load_id": True}},
    "load": {"workers": 1, "delete_completed_jobs": True},
}

DLT_TYPES: Mapping[str, "TColumnSchema"] = {
    "varchar": {"data_type": "text"},
    "bigint": {"data_type": "bigint"},
    "double": {"data_type": "double"},
    "boolean": {"data_type": "bool"},
    "date": {"data_type": "date"},
    "timestamp": {"data_type": "timestamp", "timezone": False, "precision": 6},
    "decimal(18, 6)": {"data_type": "decimal", "precision": 18, "scale": 6},
}


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
        self.seconds: dict[str, float] = {}
        self.erased_rows: dict[str, int] = {}
        self._fs = fs
        self._files = files
        self._keys = keys
        self._erased = erased
        self._work = work
        self._progress = progress
        self._loaded_at = datetime.now(UTC).replace(tzinfo=None)
        self._spools: dict[str, QuarantineSpool] = {}
        self._sent: dict[str, int] = {}

    def run(self, warehouse: Path) -> None:
        """Read, check and move the rows; nothing of it counts until `commit`."""
        _configure_dlt()
        import dlt  # noqa: PLC0415 - see _configure_dlt

        with reading_database(str(self._work / "spill")) as database:
            resources = [
                dlt.resource(
                    in_slices(self._batches(feed, database), ROW_GROUP_ROWS),
                    name=feed.name,
                    write_disposition="append",
                    columns=_dlt_columns(feed),
                    schema_contract=FROZEN,
                )
                for feed in LANDING_FEEDS.values()
                if any(file.feed == feed.name for file in self._files.values())
            ]
            pipeline = dlt.pipeline(
                PIPELINE,
                pipelines_dir=str(self._work),
                destination=dlt.destinations.duckdb(str(warehouse)),
                dataset_name=RAW,
            )
            pipeline.extract(resources, loader_file_format="parquet")
        self._progress(f"{sum(self._sent.values()):,} rows on their way into the warehouse")
        pipeline.normalize()
        pipeline.load()
        self._progress("rows are in the raw tables; closing the books")

    def commit(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make what `run` moved count."""
        spools = list(self._spools.values())
        commit_load(connection, self._files, spools, self._loaded_at, self._sent)

    def _batches(self, feed: Feed, database: duckdb.DuckDBPyConnection) -> Iterator[pa.Table]:
        """Good rows of a feed's new files; the others go to its spool."""
        started = time.monotonic()
        spool = self._spools[feed.name] = QuarantineSpool(self._work / "quarantine", feed)
        self._sent[feed.name] = 0
        eraser = Eraser(database, self._keys, self._erased)
        checker = Checker(database, feed, self._keys, self._loaded_at)
        pieces = map(eraser, gather(self._pieces(feed)))
        for checked in map_ahead(checker, read_ahead(pieces)):
            for refusal in checked.refusals:
                spool.add_refusal(refusal)
            if checked.bad is not None:
                spool.add(checked.bad)
            if checked.good.num_rows:
                self._count(feed.name, checked.good.num_rows)
                yield checked.good
        self.seconds[feed.name] = time.monotonic() - started
        self.erased_rows[feed.name] = eraser.rows

    def _pieces(self, feed: Feed) -> Iterator[Piece | Refusal]:
        known = frozenset(column.name for column in feed.fields)
        for file_id, file in self._files.items():
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


def _dlt_columns(feed: Feed) -> "list[TColumnSchema]":
    return [{"name": column.name, **DLT_TYPES[column.sql_type]} for column in feed.columns]


def _configure_dlt() -> None:
    """Register our settings once; the environment and dlt's own files still win over them."""
    import dlt  # noqa: PLC0415 - takes seconds to import, and `ringtrail --help` needs none of it
    from dlt.common.configuration.providers import CustomLoaderDocProvider  # noqa: PLC0415

    providers = dlt.config.config_providers
    if not any(provider.name == PIPELINE for provider in providers):
        settings = CustomLoaderDocProvider(PIPELINE, lambda: dict(DLT_SETTINGS), False)
        dlt.config.register_provider(settings)
