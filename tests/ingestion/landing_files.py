"""Rows that obey the landing contract, and files of them in every format."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from ingestion.batching import gather
from ingestion.caller_keys import CallerKeys
from ingestion.checking import Checked, Checker, reading_database
from ingestion.contracts import LANDING_FEEDS
from ingestion.landing import LandedFile
from ingestion.pipelines import load_landing
from ingestion.reading import read_file
from ingestion.summary import LoadSummary
from tests.conftest import CALLER_SECRET

Row = Mapping[str, object]
LOADED_AT = datetime(2026, 11, 23)


def make_call(**overrides: object) -> dict[str, object]:
    """A completed call of 90 seconds from Austin."""
    return {
        "call_id": "CA1",
        "provider": "twilio",
        "started_at": "2026-11-01T14:00:00Z",
        "answered_at": "2026-11-01T14:00:08Z",
        "ended_at": "2026-11-01T14:01:30Z",
        "from_number": "+15125550100",
        "to_number": "+18885550199",
        "direction": "inbound",
        "status": "completed",
        "duration_seconds": 90,
        "talk_seconds": 80,
        "cost": "0.0085",
        "currency": "USD",
        "updated_at": "2026-11-01T14:02:00Z",
    } | overrides


def make_event(**overrides: object) -> dict[str, object]:
    """A page view."""
    return {
        "event_id": "ev-1",
        "event_type": "page_view",
        "occurred_at": "2026-11-01T09:00:00-05:00",
        "received_at": "2026-11-01T14:00:00.500Z",
        "visitor_id": "v-1",
        "page_url": "https://roofs.example.com/?gclid=abc",
    } | overrides


def make_number(**overrides: object) -> dict[str, object]:
    """A pool number that is still valid."""
    return {
        "tracking_number": "+18885550199",
        "kind": "pool",
        "pool_id": "pool-1",
        "valid_from": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    } | overrides


def make_spend(**overrides: object) -> dict[str, object]:
    """A day's cost of a campaign without ad groups or keywords."""
    return {
        "platform": "meta_ads",
        "account_id": "a-1",
        "spend_date": "2026-11-01",
        "campaign_id": "c-1",
        "impressions": 100,
        "clicks": 3,
        "cost": "12.50",
        "currency": "USD",
        "updated_at": "2026-11-02T06:00:00Z",
    } | overrides


def make_buyer(**overrides: object) -> dict[str, object]:
    """A buyer in Chicago."""
    return {
        "buyer_id": "b-1",
        "name": "Roofers Ltd",
        "timezone": "America/Chicago",
        "updated_at": "2026-01-01T00:00:00Z",
    } | overrides


def jsonl_bytes(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def names_of(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def csv_bytes(rows: Sequence[Row]) -> bytes:
    names = names_of(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def parquet_bytes(rows: Sequence[Row]) -> bytes:
    sink = io.BytesIO()
    columns = {name: [row.get(name) for row in rows] for name in names_of(rows)}
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


FORMATS: Mapping[str, Callable[[Sequence[Row]], bytes]] = {
    ".jsonl": jsonl_bytes,
    ".jsonl.gz": lambda rows: gzip.compress(jsonl_bytes(rows), mtime=0),
    ".csv": csv_bytes,
    ".csv.gz": lambda rows: gzip.compress(csv_bytes(rows), mtime=0),
    ".parquet": parquet_bytes,
}


def check_rows(
    folder: Path, feed: str, content: bytes | Sequence[Row], suffix: str = ".jsonl"
) -> list[Checked]:
    """Read and check a file of a feed as a load does, without a pipeline."""
    file = folder / f"rows{suffix}"
    file.write_bytes(content if isinstance(content, bytes) else FORMATS[suffix](content))
    landed = LandedFile(feed, file.name, str(file), file.stat().st_size, "")
    contract = LANDING_FEEDS[feed]
    known = frozenset(field.name for field in contract.fields)
    with reading_database(str(folder / "spill")) as database:
        checker = Checker(database, contract, CallerKeys.of(CALLER_SECRET), LOADED_AT)
        pieces = read_file(LocalFileSystem(), landed, 1, known)
        return [checker(piece) for piece in gather(pieces)]


class Warehouse:
    """A landing folder and the warehouse that is loaded from it."""

    def __init__(self, folder: Path, name: str = "test") -> None:
        self.landing = folder / "landing"
        self.landing.mkdir(exist_ok=True)
        self.file = folder / f"{name}.duckdb"
        self.state_dir = folder / f"{name}.state"
        self.told: list[str] = []

    def land(self, path: str, content: bytes | Sequence[Row]) -> Path:
        """Write a file below the landing root: bytes as they are, rows by the path's suffix."""
        file = self.landing / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes):
            content = FORMATS["".join(file.suffixes)](content)
        file.write_bytes(content)
        return file

    def load(self, landing: str | None = None) -> LoadSummary:
        return load_landing(
            landing=landing or str(self.landing),
            warehouse=self.file,
            state_dir=self.state_dir,
            caller_secret=CALLER_SECRET,
            progress=self.told.append,
        )

    def read_piece_by_piece(self) -> bool:
        """Whether rows of any load went through Arrow, rather than by files inserted whole."""
        return any("on their way into the warehouse" in message for message in self.told)

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.file)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(query).fetchall()
