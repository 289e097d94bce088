"""Opening the ledger: SQLite in a file of its own, or PostgreSQL by URL, at the newest schema.

What is lost here is money, so SQLite writes through to the disk at every commit (synchronous=FULL;
about 1 ms each, a thousand uploads share one). Every transaction of ours writes, so it takes the
write lock at once (BEGIN IMMEDIATE): a transaction that began by reading could not get it later.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)

HEAD = "0001"
"""The newest migration; a test compares it with the files."""

BUSY_TIMEOUT_MS = 120_000
"""How long a writer waits for another: planning a million calls holds the lock for a minute."""

MIGRATIONS = Path(__file__).with_name("migrations")
_MIGRATION_LOCK = 4_205_517
"""A number that only Ringtrail's advisory lock in PostgreSQL uses."""


class Ledger:
    """What was, is and will be sent; safe for several processes at once.

    Args:
        url: SQLAlchemy URL, such as ``sqlite:////data/uploads.db`` or
            ``postgresql+psycopg://user@host/ringtrail``.
        marks: folder outside of the ledger where senders note how far it has come (see `marks`);
            None notes nothing, and an old ledger that was put back goes unnoticed.
    """

    def __init__(self, url: str, marks: Path | None = None) -> None:
        self.url = make_url(url)
        self.marks = marks
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            _make_private_file(Path(self.url.database or ""))
        self.engine = _make_engine(url, self.is_sqlite)
        self._migrate()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that changes the ledger: all of it, or nothing of it."""
        with self.engine.begin() as connection:
            if not self.is_sqlite:
                # Taken first, so that a sender never waits for the planner's table lock while it
                # holds rows that the planner waits for.
                connection.execute(text("lock table uploads in row exclusive mode"))
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, and waits for no writer."""
        with self.engine.connect() as connection:
            connection.execution_options(is_deferred=True)
            yield connection
            connection.rollback()

    def take_turns(self, connection: Connection, name: str) -> None:
        """Let one transaction at a time pass for `name`; SQLite does so for all of them anyway."""
        if not self.is_sqlite:
            turn = func.pg_advisory_xact_lock(_MIGRATION_LOCK, func.hashtext(name))
            connection.execute(select(turn))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _migrate(self) -> None:
        with self.read() as connection:
            if schema_version(connection) == HEAD:
                return
        with self.engine.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"select pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            migrate(connection)


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision`, in the connection's transaction."""
    from alembic import command  # noqa: PLC0415  (a third of a second, once in a ledger's life)
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def schema_version(connection: Connection) -> str | None:
    """The migration that the ledger is at; None of an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar()


def upload_key(*parts: object) -> str:
    """Idempotency key of a message: text, never only digits, 44 characters.

    The platforms' documents: a key is stable per conversion, at most 64 characters and not purely
    numeric (a numeric transaction_id was refused).

    >>> upload_key("call-1", "meta_conversions", "42", "Lead", 1, "convert", 0)
    'rt1-e02086f574c534b974074ef20725ec431993281e'
    """
    joined = "\x1f".join(str(part) for part in parts)
    return f"rt1-{hashlib.sha256(joined.encode()).hexdigest()[:40]}"


def _make_private_file(path: Path) -> None:
    """Create the file readable by its owner only; SQLite gives its journals the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _make_engine(url: str, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself, and not where they begin.
    connection.isolation_level = None
    connection.create_function("upload_key", -1, upload_key, deterministic=True)
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = wal",
        "synchronous = full",
        "foreign_keys = on",
        # Freed bytes are overwritten, so that what was erased is not left in a free page.
        "secure_delete = on",
        "cache_size = -131072",
    ):
        connection.execute(f"pragma {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    is_deferred = connection.get_execution_options().get("is_deferred", False)
    connection.exec_driver_sql("begin" if is_deferred else "begin immediate")
