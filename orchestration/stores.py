"""What an installation keeps outside the landing folder, and how a caller is erased from each.

A store is whatever may hold a caller's number or key. Whoever adds one (a spool) writes
a class with `erase` and names it in `stores_of`; `forgetting` and its test do the rest.
"""

import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import make_url

from activation.ledger.database import Ledger
from activation.ledger.erasing import erase_callers
from ingestion.forgetting import erase_caller, rewrite
from ingestion.phone_numbers import ERASED_DIGITS, Caller
from orchestration.settings import Settings

SqliteValue = str | bytes | int | float | None


class Store(Protocol):
    """A place that may hold a caller's number or key."""

    def erase(self, caller: Caller, *, erased_at: datetime, dry_run: bool) -> dict[str, int]:
        """Erase the caller, or only count; return what was touched, by place."""
        ...


@dataclass(frozen=True)
class DuckDbFile:
    """The warehouse, or a copy of some of its tables."""

    path: Path

    def erase(self, caller: Caller, *, erased_at: datetime, dry_run: bool) -> dict[str, int]:
        """Erase the caller from every table, and from the file's free blocks."""
        if not self.path.exists():
            return {}
        touched = erase_caller(self.path, caller, erased_at=erased_at, dry_run=dry_run)
        if not dry_run:
            # Also when no row was touched: an earlier erasure may have been killed just here.
            rewrite(self.path)
        return {f"{self.path.name}: {table}": rows for table, rows in touched.items()}


@dataclass(frozen=True)
class ScratchFolder:
    """Packages and spools of a load: worth nothing once it has ended."""

    path: Path

    def erase(self, caller: Caller, *, erased_at: datetime, dry_run: bool) -> dict[str, int]:
        """Remove the folder unseen, for packed files cannot be searched; it counts as nothing."""
        if not dry_run:
            shutil.rmtree(self.path, ignore_errors=True)
        return {}


@dataclass(frozen=True)
class SqliteFiles:
    """Dagster's run history: events, runs and schedules."""

    folder: Path

    def erase(self, caller: Caller, *, erased_at: datetime, dry_run: bool) -> dict[str, int]:
        """Write the number over in every text of every table, and vacuum."""
        touched = {}
        for path in sorted(self.folder.rglob("*.db")):
            if rows := _erase_sqlite(path, caller, dry_run):
                touched[f"{path.relative_to(self.folder.parent)}: rows"] = rows
        return touched


@dataclass(frozen=True)
class TextFiles:
    """Logs and artifacts: whatever else lies in the state folder."""

    folder: Path

    def erase(self, caller: Caller, *, erased_at: datetime, dry_run: bool) -> dict[str, int]:
        """Write the number over in every file that holds it."""
        pattern = re.compile(caller.forms.encode())
        touched = {}
        for path in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            if path.suffix in (".db", ".duckdb"):
                continue
            erased, found = pattern.subn(ERASED_DIGITS.encode(), path.read_bytes())
            if found:
                touched[f"{path.relative_to(self.folder)}: places"] = found
                if not dry_run:
                    path.write_bytes(erased)
        return touched


@dataclass(frozen=True)
class UploadLedger:
    """What was sent to the ad platforms; what is there already is theirs to erase."""

    url: str = field(repr=False)

    def erase(self, caller: Caller, *, erased_at: datetime, dry_run: bool) -> dict[str, int]:
        """Erase the caller's identifiers; what was counted and its money stay."""
        path = make_url(self.url).database
        if make_url(self.url).get_backend_name() == "sqlite" and not Path(path or "").exists():
            return {}
        ledger = Ledger(self.url)
        try:
            rows = erase_callers(ledger, [caller.caller_key], now=erased_at, dry_run=dry_run)
        finally:
            ledger.close()
        return {"upload ledger: uploads": rows} if rows else {}


def stores_of(settings: Settings) -> list[Store]:
    """Every store of an installation."""
    return [
        DuckDbFile(settings.warehouse),
        DuckDbFile(settings.serving_path),
        ScratchFolder(settings.state_dir / "dlt"),
        SqliteFiles(settings.dagster_home),
        TextFiles(settings.state_dir),
        UploadLedger(settings.ledger_url),
    ]


def _erase_sqlite(path: Path, caller: Caller, dry_run: bool) -> int:
    pattern = re.compile(caller.forms)

    def erase(value: SqliteValue) -> SqliteValue:
        return pattern.sub(ERASED_DIGITS, value) if isinstance(value, str) else value

    touched = 0
    with closing(sqlite3.connect(path)) as connection:
        connection.create_function("erase", 1, erase, deterministic=True)
        columns = connection.execute(
            "select tables.name, columns.name from sqlite_master as tables,"
            " pragma_table_info(tables.name) as columns where tables.type = 'table'"
        ).fetchall()
        for table, column in columns:
            found = f'where "{column}" is not erase("{column}")'
            touched += connection.execute(f'select count(*) from "{table}" {found}').fetchone()[0]
            if not dry_run:
                connection.execute(f'update "{table}" set "{column}" = erase("{column}") {found}')
        connection.commit()
        if not dry_run:
            connection.execute("vacuum")
            connection.execute("pragma wal_checkpoint(truncate)")
    return touched
