"""Tests of activation.ledger.resolving: a person says of one upload what became of it."""

import re

import pytest
from sqlalchemy import select

from activation.ledger.database import Ledger
from activation.ledger.resolving import SeveralHeld, resolve_held
from activation.ledger.tables import uploads
from activation.planning import plan
from activation.uploads import Answer, Result, Verdict
from tests.activation.candidates import LIMITS, make_candidate
from tests.activation.platforms import Clock, SmallPlatform
from tests.activation.test_sending import DESTINATION, send

ACTIONS = ("qualified_call", "sold_call")


def by_action(ledger: Ledger, column: str) -> dict[str, str]:
    with ledger.read() as connection:
        rows = connection.execute(select(uploads.c.conversion_action, uploads.c[column]))
        return {action: value for action, value in rows}


def states(ledger: Ledger) -> dict[str, str]:
    return by_action(ledger, "state")


def keys(ledger: Ledger) -> dict[str, str]:
    return by_action(ledger, "key")


@pytest.fixture
def two_held(ledger: Ledger, clock: Clock) -> Ledger:
    """A call whose uploads for two conversion actions are held."""
    hold = Result(Verdict.HOLD, "unknown_error")
    rows = [make_candidate(conversion_action=action) for action in ACTIONS]
    plan(ledger, [rows], LIMITS, now=clock())
    platform = SmallPlatform(script=lambda batch: Answer({it.key: hold for it in batch}))
    send(ledger, platform, clock)
    return ledger


def resolve(ledger: Ledger, clock: Clock, which: str | None) -> bool:
    return resolve_held(
        ledger,
        "CA1",
        DESTINATION,
        is_counted=True,
        resolved_by="ann",
        now=clock(),
        which=which,
    )


def test_several_held_uploads_are_listed_and_none_is_moved(two_held: Ledger, clock: Clock) -> None:
    named = keys(two_held)
    listed = "; ".join(f"{named[action]}: {action} of account" for action in ACTIONS)

    with pytest.raises(SeveralHeld, match=re.sub("; ", ".*; ", listed)):
        resolve(two_held, clock, None)

    assert set(states(two_held).values()) == {"held"}


def test_one_of_several_is_named_by_its_action_or_its_key(two_held: Ledger, clock: Clock) -> None:
    assert resolve(two_held, clock, "sold_call")
    assert states(two_held) == {"qualified_call": "held", "sold_call": "confirmed"}
    assert not resolve(two_held, clock, "another")
    assert resolve(two_held, clock, keys(two_held)["qualified_call"])
    assert states(two_held)["qualified_call"] == "confirmed"
    assert not resolve(two_held, clock, None)
