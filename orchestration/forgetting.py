"""`ringtrail forget`: one caller's traces, out of every store that an installation has.

    landing root's list ─► warehouse ─► published copy ─► dlt ─► run history ─► logs ─► the record
    (no load brings it back)            a store each, erased in turn           (restricted.erasures)

The list comes first and the record last, and everything between is idempotent: a call that was
killed half-way is simply made again.

Left out on purpose: the landed files, which are the sender's and never change, and backups. The
runbook says what to do about them.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.caller_keys import CallerKeys
from ingestion.erasures import list_erasure
from ingestion.forgetting import is_tracking_number
from ingestion.ledger import check_caller_secret
from ingestion.phone_numbers import Caller
from ingestion.warehouse import ERASURES, make_tables, open_warehouse
from orchestration.rules import ask_for_full_build
from orchestration.settings import Settings
from orchestration.stores import stores_of


class ForgetRefused(Exception):
    """Nothing was erased; the message says why and what to do."""


@dataclass(frozen=True)
class Erasure:
    """What one call of `forget_caller` found, by place, and when an earlier one had done it."""

    touched: dict[str, int]
    erased_before: datetime | None
    is_listed: bool
    is_dry_run: bool


def forget_caller(
    settings: Settings, number: str, *, asked_by: str, dry_run: bool = False
) -> Erasure:
    """Erase a caller from every store, and see to it that no load brings the number back.

    Args:
        settings: whose stores.
        number: the caller's number, as ``+15125550100`` or with blanks and brackets.
        asked_by: who asked for it, for the record.
        dry_run: change nothing, only say what would be touched.

    Raises:
        ForgetRefused: if the number cannot be read, is a tracking number, or the warehouse is
            missing, busy, or was loaded with another secret.
    """
    if not settings.warehouse.exists():
        raise ForgetRefused(f"there is no warehouse at {settings.warehouse}")
    erased_at = datetime.now(UTC).replace(tzinfo=None)
    keys = CallerKeys.of(settings.read_caller_secret())
    with _refusals(), _no_run_meanwhile(settings):
        caller = Caller.of(number, keys)
        erased_before = _check(settings, caller, keys)
        listed = not dry_run and list_erasure(settings.landing_dir, caller, keys, erased_at)
        touched: dict[str, int] = {}
        for store in stores_of(settings):
            touched |= store.erase(caller, erased_at=erased_at, dry_run=dry_run)
        if not dry_run and (touched or erased_before is None):
            _record(settings.warehouse, caller, erased_at, asked_by, touched)
    return Erasure(touched, erased_before, listed, dry_run)


@contextmanager
def _no_run_meanwhile(settings: Settings) -> Iterator[None]:
    from orchestration.leftovers import only_command_line_run  # noqa: PLC0415  (Dagster: seconds)

    try:
        with only_command_line_run(settings.state_dir / "run.lock"):
            yield
    except BlockingIOError:
        raise ValueError(f"a run is writing {settings.warehouse}: wait until it is done") from None


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ForgetRefused(str(error)) from None
    except duckdb.IOException as error:
        raise ForgetRefused(
            f"the warehouse or its published copy is open elsewhere: wait until the run is done,"
            f" close what reads it, and ask again ({str(error).splitlines()[0]})"
        ) from error


def _check(settings: Settings, caller: Caller, keys: CallerKeys) -> datetime | None:
    """Refuse what must not be erased; return when the caller was forgotten before."""
    with open_warehouse(settings.warehouse) as connection:
        make_tables(connection)
        check_caller_secret(connection, keys)
        ((erased_before,),) = connection.execute(
            f"select max(erased_at) from {ERASURES} where caller_key = ?", [caller.caller_key]
        ).fetchall()
    if is_tracking_number(settings.warehouse, caller.number):
        raise ValueError("this is one of your own tracking numbers, not a caller's")
    return erased_before


def _record(
    warehouse: Path, caller: Caller, erased_at: datetime, asked_by: str, touched: dict[str, int]
) -> None:
    with open_warehouse(warehouse) as connection:
        connection.execute(
            f"insert into {ERASURES} values (?, ?, ?, ?)",
            [erased_at, asked_by, caller.caller_key, json.dumps(touched)],
        )
        # What the caller's calls said of repeats, spam and evidence is made anew, without them.
        ask_for_full_build(connection)
