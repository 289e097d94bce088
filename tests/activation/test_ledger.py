"""Tests of activation.ledger: its schema, what its triggers promise, and who can read its file."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, exc, func, select, text

from activation.ledger.database import HEAD, MIGRATIONS, Ledger, schema_version, upload_key
from activation.ledger.tables import metadata, upload_events, uploads
from activation.planning import plan
from tests.activation.candidates import LIMITS, NOW, make_candidate

FULL = 2
"""SQLite's number of `synchronous = full`."""


def test_migrations_make_the_tables_that_the_code_knows(ledger: Ledger) -> None:
    with ledger.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert schema_version(connection) == HEAD


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_ledger_is_opened_by_several_at_once(ledger_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        ledgers = list(pool.map(Ledger, [ledger_url] * 4))
    for ledger in ledgers:
        with ledger.read() as connection:
            assert connection.scalar(select(func.count()).select_from(uploads)) == 0
        ledger.close()


def test_every_connection_writes_through_to_the_disk_at_a_commit(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/uploads.db")
    ledger.close()
    found = []

    @event.listens_for(ledger.engine, "connect")
    def note(connection: sqlite3.Connection, _record: object) -> None:
        found.extend(connection.execute("pragma synchronous"))

    with ledger.read() as connection:
        connection.execute(text("select 1"))

    assert found == [(FULL,)]
    ledger.close()


def test_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/deep/uploads.db")
    plan(ledger, [[make_candidate()]], LIMITS, now=NOW)
    for path in (tmp_path / "deep").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    ledger.close()


@pytest.mark.parametrize(
    "statement",
    [
        "delete from uploads",
        "delete from upload_events",
        "update upload_events set state = 'confirmed'",
    ],
)
def test_ledger_refuses_to_forget(ledger: Ledger, statement: str) -> None:
    plan(ledger, [[make_candidate()]], LIMITS, now=NOW)
    with pytest.raises(exc.DBAPIError, match="only grows"), ledger.write() as connection:
        connection.execute(text(statement))


def test_move_that_does_not_count_up_is_refused(ledger: Ledger) -> None:
    plan(ledger, [[make_candidate()]], LIMITS, now=NOW)
    with pytest.raises(exc.IntegrityError), ledger.write() as connection:
        connection.execute(text("update uploads set state = 'confirmed'"))


def test_second_current_generation_of_a_conversion_is_refused(ledger: Ledger) -> None:
    plan(ledger, [[make_candidate()]], LIMITS, now=NOW)
    with ledger.write() as connection:
        row = dict(connection.execute(select(uploads)).one()._mapping)
    row |= {"upload_id": 99, "key": "another", "generation": 2}
    with pytest.raises(exc.IntegrityError), ledger.write() as connection:
        connection.execute(uploads.insert().values(row))


def test_failed_transaction_leaves_nothing(ledger: Ledger) -> None:
    plan(ledger, [[make_candidate()]], LIMITS, now=NOW)

    def fail() -> None:
        with ledger.write() as connection:
            connection.execute(text("update uploads set state = 'sending', version = 2"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with ledger.read() as connection:
        assert connection.scalars(select(uploads.c.state)).all() == ["planned"]
        assert connection.scalar(select(func.count()).select_from(upload_events)) == 1


def test_key_is_the_same_in_both_databases_and_no_number(ledger: Ledger) -> None:
    plan(ledger, [[make_candidate(call_id="Anruf-ß")]], LIMITS, now=NOW)
    expected = upload_key(
        "Anruf-ß", "google_ads_clicks", "111-222-3333", "qualified_call", 1, "convert", 0
    )
    with ledger.read() as connection:
        assert connection.scalars(select(uploads.c.key)).all() == [expected]
    assert expected.startswith("rt1-")
    assert len(expected) == 44
