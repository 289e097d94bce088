"""Tests of activation.ledger.marks: a ledger that forgot what it sent does not send it again.

The backup here is of SQLite's file; a new ledger is of either kind.
"""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from activation.ledger.database import Ledger
from activation.ledger.holds import release_destination
from activation.ledger.resolving import resolve_held
from tests.activation.platforms import Clock, SmallPlatform
from tests.activation.test_sending import DESTINATION, plan_calls, send, states

BEHIND = "ledger_behind: it has lost what was sent until 2026-11-20 12:00"


@pytest.fixture
def open_ledger(tmp_path: Path) -> Callable[[str], Ledger]:
    """Open a ledger of that name; the marks are those of one installation."""
    return lambda name: Ledger(f"sqlite:///{tmp_path / name}", tmp_path / "marks")


@pytest.fixture
def restored(open_ledger: Callable[[str], Ledger], tmp_path: Path, clock: Clock) -> Ledger:
    """A ledger with A counted, put back to the backup that was made when A was planned."""
    ledger = open_ledger("newest.db")
    plan_calls(ledger, clock, "A")
    ledger.close()
    shutil.copy(tmp_path / "newest.db", tmp_path / "backup.db")
    ledger = open_ledger("newest.db")
    send(ledger, SmallPlatform(), clock)
    assert states(ledger) == {"A": ("confirmed", "counted")}
    ledger.close()
    return open_ledger("backup.db")


def test_ledger_put_back_from_a_backup_sends_nothing(restored: Ledger, clock: Clock) -> None:
    platform = SmallPlatform()
    # It goes on to the ids that it has lost: the event of that id is another.
    plan_calls(restored, clock, "A", "B", "C", "D")
    clock.now += timedelta(days=3)

    assert send(restored, platform, clock).stopped == BEHIND
    assert send(restored, platform, clock).stopped == BEHIND
    assert platform.requests == []


def test_new_ledger_in_place_of_one_that_has_sent_begins_when_it_is_let_go(
    restored: Ledger, ledger_url: str, tmp_path: Path, clock: Clock
) -> None:
    platform, ledger = SmallPlatform(), Ledger(ledger_url, tmp_path / "marks")
    plan_calls(ledger, clock, "A")

    assert send(ledger, platform, clock).stopped == BEHIND
    clock.now += timedelta(minutes=1)
    release_destination(ledger, DESTINATION, released_by="ann", now=clock())
    plan_calls(ledger, clock, "A", "B")
    outcomes = [send(ledger, platform, clock).stopped for _ in range(2)]

    assert outcomes == [None, None]
    assert states(ledger) == {"A": ("held", "ledger_behind"), "B": ("confirmed", "counted")}
    ledger.close()


def test_ledger_that_was_let_go_holds_what_may_have_been_sent_and_sends_what_is_new(
    restored: Ledger, clock: Clock
) -> None:
    platform = SmallPlatform()
    plan_calls(restored, clock, "A", "B")
    send(restored, platform, clock)
    clock.now += timedelta(minutes=1)

    assert release_destination(restored, DESTINATION, released_by="ann", now=clock()) == BEHIND
    plan_calls(restored, clock, "A", "B", "C", value_amount=7)
    send(restored, platform, clock)

    held = ("held", "ledger_behind")
    assert states(restored) == {"A": held, "B": held, "C": ("confirmed", "counted")}
    resolve_held(restored, "B", DESTINATION, is_counted=False, resolved_by="ann", now=clock())
    assert send(restored, platform, clock).stopped is None
    assert states(restored)["B"] == ("confirmed", "counted")


def test_request_that_left_is_remembered_whatever_became_of_its_sender(
    open_ledger: Callable[[str], Ledger], clock: Clock
) -> None:
    class Killed(BaseException):
        pass

    def die(batch: object) -> None:
        raise Killed

    ledger = open_ledger("newest.db")
    plan_calls(ledger, clock, "A")
    with pytest.raises(Killed):
        send(ledger, SmallPlatform(script=die), clock)
    new = open_ledger("new.db")

    assert send(new, SmallPlatform(), clock).stopped == BEHIND


def test_newest_ledger_put_back_after_an_old_one_goes_on(
    restored: Ledger, open_ledger: Callable[[str], Ledger], clock: Clock
) -> None:
    send(restored, SmallPlatform(), clock)
    newest = open_ledger("newest.db")
    plan_calls(newest, clock, "A", "B")

    assert send(newest, SmallPlatform(), clock).stopped is None
    assert states(newest)["B"] == ("confirmed", "counted")
