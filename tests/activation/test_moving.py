"""A ledger moves from SQLite to PostgreSQL with everything that it knows."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text

from activation.ledger.database import Ledger
from activation.ledger.holds import hold_destination, retract_call
from activation.ledger.moving import NotMoved, move
from activation.ledger.tables import metadata, upload_events, uploads
from activation.planning import plan
from tests.activation.candidates import LIMITS, NOW, make_candidate
from tests.activation.platforms import Clock
from tests.activation.test_planning import bring_to
from tests.conftest import REPO_ROOT

STATES = {"CA1": "confirmed", "CA2": "refused", "CA3": "held"}


@pytest.fixture
def old(tmp_path: Path) -> Ledger:
    """A ledger on SQLite in which something of everything has happened."""
    ledger, clock = Ledger(f"sqlite:///{tmp_path / 'uploads.db'}"), Clock(NOW)
    for call_id, state in STATES.items():
        bring_to(ledger, clock, state, call_id=call_id)
    plan(ledger, [[make_candidate(call_id="CA4")]], LIMITS, now=NOW)
    retract_call(ledger, "CA1", asked_by="a person", explanation="wrong", now=NOW)
    with ledger.write() as connection:
        hold_destination(connection, "meta_conversions", "meta_error_190", now=NOW)
    return ledger


@pytest.fixture
def new_url(postgresql_url: str, request: pytest.FixtureRequest) -> str:
    """An empty database of the server."""
    name = f"moved_{abs(hash(request.node.name))}"
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    engine.dispose()
    return postgresql_url.replace("/postgres", f"/{name}")


def everything(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    with ledger.read() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
        }


def test_every_row_and_event_arrives_and_no_event_is_added(old: Ledger, new_url: str) -> None:
    new = Ledger(new_url)
    copied = move(old, new)
    assert everything(new) == everything(old)
    assert copied == {table: len(rows) for table, rows in everything(old).items()}
    assert all(copied.values())


def test_the_new_ledger_goes_on_where_the_old_one_ended(old: Ledger, new_url: str) -> None:
    new = Ledger(new_url)
    move(old, new)
    plan(new, [[make_candidate(call_id="CA5")]], LIMITS, now=NOW)
    with new.read() as connection:
        before, added = connection.scalars(
            select(uploads.c.upload_id).order_by(uploads.c.upload_id.desc()).limit(2)
        ).all()[::-1]
        events = connection.scalars(
            select(upload_events.c.step).where(upload_events.c.upload_id == added)
        ).all()
    assert added == before + 1
    assert len(events) == 1, "the triggers are on again"


def test_planning_the_same_marts_in_the_new_ledger_changes_nothing(
    old: Ledger, new_url: str
) -> None:
    candidates = [[make_candidate(call_id=call_id) for call_id in (*STATES, "CA4")]]
    plan(old, candidates, LIMITS, now=NOW)
    new = Ledger(new_url)
    move(old, new)
    assert plan(new, candidates, LIMITS, now=NOW) == []


def test_a_ledger_that_knows_something_already_is_left_alone(old: Ledger, new_url: str) -> None:
    new = Ledger(new_url)
    move(old, new)
    known = everything(new)
    with pytest.raises(NotMoved, match="of the new ledger is not empty"):
        move(old, new)
    assert everything(new) == known


def test_nothing_moves_while_a_sender_is_at_work(old: Ledger, new_url: str) -> None:
    with old.write() as connection:
        connection.execute(
            uploads.update().where(uploads.c.call_id == "CA4").values(lease_token="t")
        )
    new = Ledger(new_url)
    with pytest.raises(NotMoved, match="1 rows are claimed: stop the senders"):
        move(old, new)
    assert not any(everything(new).values())


def test_only_postgresql_takes_a_ledger(old: Ledger, tmp_path: Path) -> None:
    with pytest.raises(NotMoved, match="must be a PostgreSQL database"):
        move(old, Ledger(f"sqlite:///{tmp_path / 'other.db'}"))


def test_a_person_moves_it_by_the_runbooks_command(
    old: Ledger, new_url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "activation.ledger.moving", str(tmp_path / "uploads.db")]
    done = subprocess.run(
        command, cwd=REPO_ROOT, input=f"{new_url}\n", capture_output=True, text=True, check=True
    )
    assert "uploads: 4 rows" in done.stdout
    assert new_url not in done.stdout + done.stderr
    assert everything(Ledger(new_url)) == everything(old)
