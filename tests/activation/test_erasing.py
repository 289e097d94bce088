"""Tests of activation.ledger.erasing: no identifier is left, counts and money are."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from activation.ledger.database import Ledger
from activation.ledger.erasing import erase_callers
from activation.ledger.tables import upload_events, uploads
from activation.planning import plan
from activation.uploads import TryAgain, Unsettled
from tests.activation.candidates import LIMITS, NOW, make_candidate
from tests.activation.platforms import Clock, SmallPlatform
from tests.activation.test_sending import LATER, read_back, send, states

KEY = "c0ffee" * 10
CLICK = "Cj0KCQ-of-the-erased"


def rows_of(call_id: str, **overrides: object) -> list[dict]:
    theirs = {"caller_key": KEY, "click_id": CLICK} | overrides
    return [make_candidate(call_id=call_id, **theirs), make_candidate(call_id="other")]


def money(ledger: Ledger) -> tuple:
    with ledger.read() as connection:
        return tuple(
            connection.execute(select(func.count(), func.sum(uploads.c.value_micros))).one()
        )


@pytest.mark.parametrize(
    ("script", "armed_state", "expected"),
    [
        (None, "planned", ("not_eligible", "erased")),
        (lambda batch: TryAgain("timeout"), "sending", ("held", "erased")),
        (lambda batch: None, "confirmed", ("confirmed", "counted")),
    ],
    ids=["planned", "sending", "confirmed"],
)
def test_nothing_that_identifies_is_left_and_every_total_is(
    ledger: Ledger, clock: Clock, script: object, armed_state: str, expected: tuple
) -> None:
    plan(ledger, [rows_of("A")], LIMITS, now=NOW)
    if script is not None:
        send(ledger, SmallPlatform(script=script), clock)
    assert states(ledger)["A"][0] == armed_state
    before = money(ledger)

    assert erase_callers(ledger, [KEY], now=NOW, dry_run=True) == 1
    assert erase_callers(ledger, [KEY], now=NOW) == 1
    assert erase_callers(ledger, [KEY], now=NOW) == 0

    assert states(ledger)["A"] == expected
    assert money(ledger) == before
    with ledger.read() as connection:
        left = str(connection.execute(select(uploads)).all())
        left += str(connection.execute(select(upload_events)).all())
    assert KEY not in left
    assert CLICK not in left
    assert "k" * 64 in left


def test_no_page_of_the_file_keeps_what_was_erased(tmp_path: Path, clock: Clock) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/uploads.db")
    plan(ledger, [rows_of("A")], LIMITS, now=NOW)
    plan(ledger, [rows_of("A", click_id="changed")], LIMITS, now=NOW)

    def holds(text: str) -> bool:
        return any(text.encode() in path.read_bytes() for path in tmp_path.iterdir())

    assert holds(KEY)
    erase_callers(ledger, [KEY], now=NOW)

    assert not holds(KEY)
    assert not holds(CLICK)
    ledger.close()


def test_dry_run_changes_nothing(ledger: Ledger) -> None:
    plan(ledger, [rows_of("A")], LIMITS, now=NOW)
    erase_callers(ledger, [KEY], now=NOW, dry_run=True)
    assert states(ledger)["A"] == ("planned", "eligible")


def test_erased_call_is_never_planned_again(ledger: Ledger) -> None:
    plan(ledger, [rows_of("A")], LIMITS, now=NOW)
    erase_callers(ledger, [KEY], now=NOW)

    assert plan(ledger, [rows_of("A", caller_key=None)], LIMITS, now=NOW) == []
    assert states(ledger)["A"] == ("not_eligible", "erased")


def test_erased_conversion_stays_counted_until_a_refund_takes_it_back(
    ledger: Ledger, clock: Clock
) -> None:
    platform = SmallPlatform()
    plan(ledger, [rows_of("A")], LIMITS, now=NOW)
    send(ledger, platform, clock)
    erase_callers(ledger, [KEY], now=NOW)
    gone = {"caller_key": None, "click_id": None, "identifier": None, "is_eligible": False}

    assert plan(ledger, [rows_of("A", reason="erased", **gone)], LIMITS, now=NOW) == []
    plan(ledger, [rows_of("A", reason="refunded", **gone)], LIMITS, now=NOW)
    send(ledger, platform, clock)

    assert states(ledger)["A"] == ("retracted", "refunded")
    assert len(platform.values) == 1


def test_erased_row_of_an_unsettled_request_is_held_and_not_sent_without_identifiers(
    ledger: Ledger, clock: Clock
) -> None:
    unsettled = Unsettled({"CLICK_NOT_FOUND": 1})
    platform = SmallPlatform(limits=LATER, answers_to_read_back=[unsettled])
    plan(ledger, [rows_of("A")], LIMITS, now=NOW)
    send(ledger, platform, clock)
    erase_callers(ledger, [KEY], now=NOW)

    read_back(ledger, platform, clock)
    send(ledger, platform, clock)

    assert states(ledger)["A"] == ("held", "unsettled (CLICK_NOT_FOUND: 1)")
    assert len(platform.requests[1]) == 1


@pytest.mark.parametrize(
    ("identifier", "reason", "expected"),
    [
        ("click", "withheld_caller", ("confirmed", "counted")),
        ("phone", "click_too_old", ("confirmed", "counted")),
        ("click", "click_too_old", ("retracted", "click_too_old")),
    ],
    ids=["first-time caller", "by phone, with an old click", "a rule changed"],
)
def test_what_only_the_erasure_changed_takes_nothing_back(
    ledger: Ledger, clock: Clock, identifier: str, reason: str, expected: tuple
) -> None:
    platform = SmallPlatform()
    plan(ledger, [rows_of("A", identifier=identifier)], LIMITS, now=NOW)
    send(ledger, platform, clock)
    erase_callers(ledger, [KEY], now=NOW)
    gone = {"caller_key": None, "is_eligible": False, "identifier": None, "reason": reason}

    plan(ledger, [rows_of("A", **gone)], LIMITS, now=NOW)
    send(ledger, platform, clock)

    assert states(ledger)["A"] == expected


MICROSOFT = {"click_id_type": "msclkid"}
GONE = {"caller_key": None, "click_id": None, "identifier": None, "is_eligible": False}


@pytest.mark.parametrize("is_planned_before", [False, True], ids=["later", "under way"])
def test_correction_that_needs_the_click_ends_with_the_erasure_and_shows_the_money(
    ledger: Ledger, clock: Clock, is_planned_before: bool
) -> None:
    platform = SmallPlatform()
    plan(ledger, [rows_of("A", **MICROSOFT)], LIMITS, now=NOW)
    send(ledger, platform, clock)
    refunded = rows_of("A", reason="refunded", **MICROSOFT | GONE)
    if is_planned_before:
        plan(ledger, [refunded], LIMITS, now=NOW)
    erase_callers(ledger, [KEY], now=NOW)

    plan(ledger, [refunded], LIMITS, now=NOW)

    assert plan(ledger, [refunded], LIMITS, now=NOW) == []
    send(ledger, platform, clock)
    assert states(ledger)["A"] == ("retraction_unsupported", "erased")
    assert len(platform.values) == 2


def test_value_that_cannot_be_restated_after_the_erasure_is_said(
    ledger: Ledger, clock: Clock
) -> None:
    plan(ledger, [rows_of("A", **MICROSOFT)], LIMITS, now=NOW)
    send(ledger, SmallPlatform(), clock)
    in_part = rows_of("A", reason="erased", value_amount=3, **MICROSOFT | GONE)
    plan(ledger, [rows_of("A", value_amount=5, **MICROSOFT)], LIMITS, now=NOW)
    erase_callers(ledger, [KEY], now=NOW)

    plan(ledger, [in_part], LIMITS, now=NOW)

    assert plan(ledger, [in_part], LIMITS, now=NOW) == []
    assert states(ledger)["A"] == ("confirmed", "restatement_erased")
    assert states(ledger)["A restate"] == ("not_eligible", "superseded")


def test_erased_call_is_not_planned_for_a_new_action_either(ledger: Ledger) -> None:
    plan(ledger, [rows_of("A")], LIMITS, now=NOW)
    erase_callers(ledger, [KEY], now=NOW)
    new = [row | {"conversion_action": "new"} for row in rows_of("A", caller_key=None)]

    plan(ledger, [[*rows_of("A", caller_key=None), *new]], LIMITS, now=NOW)

    with ledger.read() as connection:
        planned = connection.scalars(
            select(uploads.c.call_id).where(uploads.c.conversion_action == "new")
        ).all()
    assert planned == ["other"]
