"""What a fake platform has counted: the truth that a test compares the ledger with.

One SQLite file, written by the fake and readable from any other process while it runs; a fake that
is started again on the same file remembers everything. A conversion that a platform counts twice is
two rows: nothing here is unique but `conversion_id`, so that double counting shows.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path

SCHEMA = """
create table if not exists conversions (
    conversion_id integer primary key,
    account_id text not null,
    action text not null,
    key text,
    click text,
    occurred_at text not null,
    value real,
    currency text,
    state text not null,
    counted_at real not null,
    adjusted_at text
);
create index if not exists conversions_by_key on conversions (account_id, action, key);
create index if not exists conversions_by_click on conversions (account_id, action, click);
create table if not exists requests (
    request_id text primary key,
    received_at real not null,
    account_id text not null,
    method text not null,
    size integer not null,
    answer text not null
);
"""


@dataclass(frozen=True)
class Conversion:
    """One conversion as the platform counts it; `state` is `counted` or `retracted`.

    `click` is the click id, or the user's hashed identifier where there is no click; `occurred_at`
    is ISO 8601 in UTC, `counted_at` Unix seconds by the fake's clock,
    `adjusted_at` what the last restatement or retraction said of its time.
    """

    account_id: str
    action: str
    key: str | None
    click: str | None
    occurred_at: str
    value: float | None
    currency: str | None
    state: str
    counted_at: float
    adjusted_at: str | None = None


COLUMNS = ", ".join(field.name for field in fields(Conversion))
# `dataclasses.astuple` copies every value deeply: 0.1 s a thousand conversions, half a fake's time.
VALUES = attrgetter(*(field.name for field in fields(Conversion)))
PLACES = ", ".join("?" for _ in fields(Conversion))


class Kept:
    """The platform's books. One per fake; reads from elsewhere go through `read`."""

    def __init__(self, path: Path | str) -> None:
        """Open the file, or `:memory:` where no other process will ask."""
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # A killed machine may lose it and a killed process may not: `synchronous` may be off.
        self._connection.execute("pragma synchronous = off")
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma busy_timeout = 10000")
        self._connection.executescript(SCHEMA)
        self._lock = threading.RLock()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Do everything inside as one, against other threads and against being killed."""
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def count(self, conversions: Iterable[Conversion]) -> None:
        """Count conversions, whatever is there already."""
        with self._lock:
            self._connection.executemany(
                f"insert into conversions ({COLUMNS}) values ({PLACES})",
                map(VALUES, conversions),
            )

    def find(self, account_id: str, action: str, **equal: object) -> Conversion | None:
        """Return the first counted conversion of an action with these columns, if any."""
        conditions = " and ".join(f"{column} = ?" for column in ("account_id", "action", *equal))
        found = self.query(
            f"select {COLUMNS} from conversions where {conditions} limit 1",
            (account_id, action, *equal.values()),
        )
        return Conversion(*found[0]) if found else None

    def change(self, account_id: str, action: str, key: str, **columns: object) -> None:
        """Give every conversion under a key other columns: a restatement or a retraction."""
        changes = ", ".join(f"{column} = ?" for column in columns)
        with self._lock:
            self._connection.execute(
                f"update conversions set {changes} where account_id = ? and action = ? and key = ?",
                (*columns.values(), account_id, action, key),
            )

    def remember_request(
        self, request_id: str, at: float, *, account_id: str, method: str, size: int, answer: str
    ) -> None:
        """Keep what was said to a request, so that it can be asked for later."""
        with self._lock:
            self._connection.execute(
                "insert or replace into requests values (?, ?, ?, ?, ?, ?)",
                (request_id, at, account_id, method, size, answer),
            )

    def query(self, sql: str, parameters: Iterable[object] = ()) -> list[tuple]:
        """Run one statement and return its rows."""
        with self._lock:
            return self._connection.execute(sql, tuple(parameters)).fetchall()

    def conversions(self) -> list[Conversion]:
        """Return everything that was counted, retracted or not, in the order of counting."""
        rows = self.query(f"select {COLUMNS} from conversions order by conversion_id")
        return [Conversion(*row) for row in rows]


def read(path: Path | str) -> list[Conversion]:
    """Return what a fake has counted, from another process and while it runs."""
    connection = sqlite3.connect(path, timeout=10)
    try:
        rows = connection.execute(f"select {COLUMNS} from conversions order by conversion_id")
        return [Conversion(*row) for row in rows]
    finally:
        connection.close()
