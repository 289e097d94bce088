"""Tests of activation.sending: what every kind of answer does to the rows it is about."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from tenacity import stop_after_attempt, wait_none

from activation.ledger.database import Ledger
from activation.ledger.holds import release_destination
from activation.ledger.tables import upload_events, uploads
from activation.outcomes import Outcome
from activation.planning import plan
from activation.reading_back import Reader
from activation.retrying import RETRIES
from activation.safety import Safeguards
from activation.sending import Sender
from activation.uploads import (
    Answer,
    BatchRefused,
    Limits,
    Operation,
    Refused,
    Result,
    TryAgain,
    Unsettled,
    Verdict,
)
from tests.activation.candidates import ADJUSTABLE, LIMITS, make_candidate
from tests.activation.platforms import Clock, SmallPlatform

DESTINATION = "google_ads_clicks"
LATER = Limits(
    batch_size=100,
    deduplicates_for=None,
    supports=frozenset(Operation),
    is_confirmed_later=True,
    needs_number=False,
)


def plan_calls(ledger: Ledger, clock: Clock, *call_ids: str, **overrides: Any) -> None:
    rows = [make_candidate(call_id=call_id, **overrides) for call_id in call_ids]
    plan(ledger, [rows], LIMITS, now=clock())


def make_sender(ledger: Ledger, platform: SmallPlatform, clock: Clock, **overrides: Any) -> Sender:
    defaults = {
        "destination": DESTINATION,
        "safeguards": Safeguards(is_armed=True),
        "read_numbers": lambda keys: {},
        "retries": RETRIES.copy(stop=stop_after_attempt(3), wait=wait_none()),
    }
    return Sender(ledger=ledger, uploader=platform, clock=clock, **{**defaults, **overrides})


def send(ledger: Ledger, platform: SmallPlatform, clock: Clock, **overrides: Any) -> Outcome:
    return make_sender(ledger, platform, clock, **overrides).send()


def read_back(ledger: Ledger, platform: SmallPlatform, clock: Clock) -> Outcome:
    return Reader(ledger, DESTINATION, platform, clock).read_back()


def states(ledger: Ledger) -> dict[str, tuple[str, str]]:
    with ledger.read() as connection:
        rows = connection.execute(select(uploads).order_by(uploads.c.upload_id)).all()
    return {
        row.call_id if row.operation == "convert" else f"{row.call_id} {row.operation}": (
            row.state,
            row.reason,
        )
        for row in rows
    }


def events_of(ledger: Ledger, call_id: str) -> list[str]:
    with ledger.read() as connection:
        return list(
            connection.scalars(
                select(upload_events.c.step)
                .join(uploads, uploads.c.upload_id == upload_events.c.upload_id)
                .where(uploads.c.call_id == call_id)
                .order_by(upload_events.c.event_id)
            )
        )


def test_what_is_planned_is_counted_once_and_confirmed(ledger: Ledger, clock: Clock) -> None:
    platform = SmallPlatform()
    plan_calls(ledger, clock, "A", "B")

    outcome = send(ledger, platform, clock)
    send(ledger, platform, clock)

    assert outcome.verdicts == {Verdict.COUNTED: 2}
    assert states(ledger) == {"A": ("confirmed", "counted"), "B": ("confirmed", "counted")}
    assert len(platform.requests) == 1
    assert events_of(ledger, "A") == ["planned", "sending", "confirmed"]


def test_sending_is_written_before_the_request(ledger: Ledger, clock: Clock) -> None:
    seen = []
    platform = SmallPlatform(script=lambda uploads: seen.append(states(ledger)))
    plan_calls(ledger, clock, "A")

    send(ledger, platform, clock)

    assert seen == [{"A": ("sending", "claimed")}]


def test_nothing_goes_to_a_destination_that_is_not_armed(ledger: Ledger, clock: Clock) -> None:
    platform = SmallPlatform()
    plan_calls(ledger, clock, "A", "B")

    outcome = send(ledger, platform, clock, safeguards=Safeguards())

    assert (outcome.would_go, outcome.stopped) == (2, "not_armed")
    assert platform.requests == []
    assert states(ledger)["A"] == ("planned", "eligible")


def test_bad_rows_are_found_by_halving_and_the_others_are_counted(
    ledger: Ledger, clock: Clock
) -> None:
    calls = [f"C{number:02d}" for number in range(20)]
    bad = {"Cj0KCQ-bad"}

    def refuse(batch: Any) -> Exception | None:
        has_bad = any(upload.click_id in bad for upload in batch)
        return BatchRefused("UNPARSEABLE_GCLID", "events[3]") if has_bad else None

    platform = SmallPlatform(script=refuse)
    rows = [make_candidate(call_id=call_id) for call_id in calls]
    for position in (3, 11):
        rows[position]["click_id"] = "Cj0KCQ-bad"
    plan(ledger, [rows], LIMITS, now=clock())

    outcome = send(ledger, platform, clock)

    assert outcome.verdicts == {Verdict.COUNTED: 18, Verdict.REFUSED: 2}
    assert states(ledger)["C03"] == states(ledger)["C11"] == ("refused", "UNPARSEABLE_GCLID")
    assert len(platform.values) == 18


def test_row_that_the_uploader_stumbles_over_is_held_and_the_others_are_counted(
    ledger: Ledger, clock: Clock
) -> None:
    def stumble(batch: Any) -> Exception | None:
        is_odd = any(upload.currency == "dollars" for upload in batch)
        return TypeError("dollars") if is_odd else None

    platform = SmallPlatform(script=stumble)
    rows = [make_candidate(call_id=f"C{number}") for number in range(8)]
    rows[5]["value_currency"] = "dollars"
    plan(ledger, [rows], LIMITS, now=clock())

    outcome = send(ledger, platform, clock)

    assert outcome.verdicts == {Verdict.COUNTED: 7, Verdict.HOLD: 1}
    assert states(ledger)["C5"] == ("held", "uploader_failed: TypeError")


def test_uploader_that_stumbles_over_every_row_holds_the_destination(
    ledger: Ledger, clock: Clock
) -> None:
    platform = SmallPlatform(script=lambda batch: KeyError("+15125550123"))
    plan_calls(ledger, clock, *(f"C{number}" for number in range(100)))

    outcome = send(ledger, platform, clock)

    assert outcome.stopped == "uploader_failed: KeyError"
    assert Counter(state for state, _ in states(ledger).values()) == {"held": 5, "sending": 95}
    assert send(ledger, platform, clock).stopped == "uploader_failed: KeyError"


def test_lost_answer_is_sent_again_under_the_same_key(ledger: Ledger, clock: Clock) -> None:
    platform = SmallPlatform()

    def lose(batch: Any) -> Exception | None:
        if len(platform.requests) > 1:
            return None
        for upload in batch:
            platform.count(upload)
        return TryAgain("DEADLINE_EXCEEDED")

    platform.script = lose
    plan_calls(ledger, clock, "A")

    send(ledger, platform, clock)

    assert platform.requests[0] == platform.requests[1]
    assert states(ledger) == {"A": ("confirmed", "counted")}


def test_rows_wait_in_sending_while_the_platform_answers_nothing(
    ledger: Ledger, clock: Clock
) -> None:
    platform = SmallPlatform(script=lambda batch: TryAgain("UNAVAILABLE", timedelta(seconds=90)))
    plan_calls(ledger, clock, "A")

    outcome = send(ledger, platform, clock)

    assert outcome.stopped == "try_again: UNAVAILABLE"
    assert states(ledger) == {"A": ("sending", "UNAVAILABLE")}
    platform.script = lambda batch: None
    assert send(ledger, platform, clock).verdicts == {}
    clock.now += timedelta(seconds=91)
    assert send(ledger, platform, clock).verdicts == {Verdict.COUNTED: 1}


def test_account_that_has_to_wait_does_not_keep_the_others_from_sending(
    ledger: Ledger, clock: Clock
) -> None:
    def stall(batch: Any) -> Exception | None:
        return TryAgain("DEADLINE_EXCEEDED") if batch[0].account_id == "1" else None

    platform = SmallPlatform(script=stall)
    plan_calls(ledger, clock, "A", account_id="1")
    rows = [make_candidate(call_id=call, account_id=call) for call in ("1", "2", "3")]
    plan(ledger, [rows], LIMITS, now=clock())

    outcome = send(ledger, platform, clock)

    assert outcome.stopped == "try_again: DEADLINE_EXCEEDED"
    assert outcome.verdicts == {Verdict.COUNTED: 2}
    assert states(ledger)["1"] == ("sending", "DEADLINE_EXCEEDED")
    assert states(ledger)["3"] == ("confirmed", "counted")


def test_account_at_fault_holds_the_destination_and_keeps_the_rows_planned(
    ledger: Ledger, clock: Clock
) -> None:
    platform = SmallPlatform(script=lambda batch: Refused("CUSTOMER_NOT_ALLOWLISTED"))
    plan_calls(ledger, clock, "A")

    assert send(ledger, platform, clock).stopped == "CUSTOMER_NOT_ALLOWLISTED"
    assert states(ledger) == {"A": ("planned", "CUSTOMER_NOT_ALLOWLISTED")}
    platform.script = lambda batch: None
    assert send(ledger, platform, clock).stopped == "CUSTOMER_NOT_ALLOWLISTED"
    assert platform.values == {}

    release_destination(ledger, DESTINATION, released_by="ann", now=clock())

    assert send(ledger, platform, clock).verdicts == {Verdict.COUNTED: 1}


def test_too_recent_rows_are_planned_again_and_wait(ledger: Ledger, clock: Clock) -> None:
    wait = Result(Verdict.LATER, "TOO_RECENT_EVENT", timedelta(hours=6))
    platform = SmallPlatform(script=lambda batch: Answer({batch[0].key: wait}))
    plan_calls(ledger, clock, "A")

    send(ledger, platform, clock)

    assert states(ledger) == {"A": ("planned", "TOO_RECENT_EVENT")}
    platform.script = lambda batch: None
    clock.now += timedelta(hours=5)
    assert send(ledger, platform, clock).verdicts == {}
    clock.now += timedelta(hours=1)
    assert send(ledger, platform, clock).verdicts == {Verdict.COUNTED: 1}


def test_crash_is_sent_again_once_the_lease_has_lapsed(ledger: Ledger, clock: Clock) -> None:
    platform = SmallPlatform()

    class Killed(BaseException):
        pass

    def die(batch: Any) -> None:
        for upload in batch:
            platform.count(upload)
        raise Killed

    platform.script = die
    plan_calls(ledger, clock, "A")
    with pytest.raises(Killed):
        send(ledger, platform, clock)
    platform.script = lambda batch: None

    send(ledger, platform, clock)

    assert platform.requests[0] == platform.requests[1]
    assert states(ledger) == {"A": ("confirmed", "counted")}
    assert len(platform.values) == 1


def test_row_of_unknown_fate_is_held_once_the_platform_would_count_it_again(
    ledger: Ledger, clock: Clock
) -> None:
    window = Limits(
        batch_size=100,
        deduplicates_for=timedelta(hours=48),
        supports=frozenset({Operation.CONVERT}),
        needs_number=False,
    )
    platform = SmallPlatform(limits=window, script=lambda batch: TryAgain("timeout"))
    plan_calls(ledger, clock, "A")
    send(ledger, platform, clock)
    clock.now += timedelta(hours=24)
    send(ledger, platform, clock)
    requests = len(platform.requests)
    platform.script = lambda batch: None

    # The window began with the first request, not with the latest.
    clock.now += timedelta(hours=24)
    send(ledger, platform, clock)

    assert states(ledger) == {"A": ("held", "deduplication_window_passed")}
    assert len(platform.requests) == requests


def test_refusal_for_age_after_a_lost_answer_is_not_believed(ledger: Ledger, clock: Clock) -> None:
    platform = SmallPlatform(script=lambda batch: TryAgain("timeout"))
    plan_calls(ledger, clock, "A", "B")
    send(ledger, platform, clock)
    verdicts = iter(["EXPIRED_EVENT", "CLICK_NOT_FOUND"])
    platform.script = lambda batch: Answer(
        {upload.key: Result(Verdict.REFUSED, next(verdicts)) for upload in batch}
    )

    send(ledger, platform, clock)

    assert states(ledger) == {
        "A": ("held", "refused_after_unknown_fate: EXPIRED_EVENT"),
        "B": ("refused", "CLICK_NOT_FOUND"),
    }


@pytest.mark.parametrize(
    "reason", ["denied_consent", "unknown_consent", "no_identifier", "no_msclkid"]
)
def test_refusal_without_asking_is_not_believed_after_a_lost_answer(
    ledger: Ledger, clock: Clock, reason: str
) -> None:
    platform = SmallPlatform()

    def lose(batch: Any) -> Exception:
        for upload in batch:
            platform.count(upload)
        return TryAgain("timeout")

    platform.script = lose
    plan_calls(ledger, clock, "A")
    send(ledger, platform, clock)
    # The setting changed, or the number was erased from the warehouse, meanwhile.
    platform.script = lambda batch: Answer(
        {upload.key: Result(Verdict.REFUSED, reason) for upload in batch}
    )
    plan_calls(ledger, clock, "B")
    send(ledger, platform, clock)

    assert states(ledger) == {
        "A": ("held", f"refused_after_unknown_fate: {reason}"),
        "B": ("refused", reason),
    }


def test_refusal_for_age_of_what_was_sent_again_is_not_believed_when_read_back(
    ledger: Ledger, clock: Clock
) -> None:
    too_old = Result(Verdict.REFUSED, "EVENT_TOO_OLD")
    unsettled = Unsettled({"CLICK_NOT_FOUND": 1})
    platform = SmallPlatform(limits=LATER, answers_to_read_back=[unsettled, too_old, too_old])
    plan_calls(ledger, clock, "A", "B")
    send(ledger, platform, clock)
    read_back(ledger, platform, clock)
    send(ledger, platform, clock)
    read_back(ledger, platform, clock)

    held = ("held", "refused_after_unknown_fate: EVENT_TOO_OLD")
    assert states(ledger) == {"A": held, "B": held}


def test_refusal_for_age_of_a_first_attempt_is_believed_when_read_back(
    ledger: Ledger, clock: Clock
) -> None:
    too_old = Result(Verdict.REFUSED, "EVENT_TOO_OLD")
    platform = SmallPlatform(limits=LATER, answers_to_read_back=[too_old])
    plan_calls(ledger, clock, "A")
    send(ledger, platform, clock)
    read_back(ledger, platform, clock)

    assert states(ledger) == {"A": ("refused", "EVENT_TOO_OLD")}


def test_rows_that_an_answer_leaves_out_are_sent_again(ledger: Ledger, clock: Clock) -> None:
    platform = SmallPlatform()
    platform.script = lambda batch: Answer({batch[0].key: Result(Verdict.COUNTED, "counted")})
    plan_calls(ledger, clock, "A", "B")

    send(ledger, platform, clock)

    assert states(ledger)["B"] == ("sending", "no_verdict")
    clock.now += timedelta(minutes=2)
    send(ledger, platform, clock)
    assert states(ledger)["B"] == ("confirmed", "counted")


def test_sender_that_was_paused_beyond_its_lease_writes_nothing(
    ledger: Ledger, clock: Clock
) -> None:
    platform = SmallPlatform()
    other = SmallPlatform()

    def pause(batch: Any) -> Answer:
        clock.now += timedelta(hours=1)
        send(ledger, other, clock)
        return Answer({batch[0].key: Result(Verdict.REFUSED, "stale")})

    platform.script = pause
    plan_calls(ledger, clock, "A")

    send(ledger, platform, clock)

    assert states(ledger) == {"A": ("confirmed", "counted")}


def test_accepted_rows_are_confirmed_when_read_back(ledger: Ledger, clock: Clock) -> None:
    counted = Result(Verdict.COUNTED, "SUCCESS")
    platform = SmallPlatform(limits=LATER, answers_to_read_back=[None, counted])
    plan_calls(ledger, clock, "A", "B")
    send(ledger, platform, clock)
    assert states(ledger)["A"] == ("sent", "accepted")

    read_back(ledger, platform, clock)
    assert states(ledger)["A"] == ("sent", "accepted")
    assert read_back(ledger, platform, clock).verdicts == {}
    clock.now += timedelta(minutes=10)
    read_back(ledger, platform, clock)

    assert states(ledger) == {"A": ("confirmed", "SUCCESS"), "B": ("confirmed", "SUCCESS")}


def test_account_that_has_to_wait_does_not_keep_the_others_from_being_read_back(
    ledger: Ledger, clock: Clock
) -> None:
    counted = Result(Verdict.COUNTED, "SUCCESS")
    answers = [TryAgain("UNAVAILABLE"), counted]
    platform = SmallPlatform(limits=LATER, answers_to_read_back=answers)
    rows = [make_candidate(call_id=call, account_id=call) for call in ("1", "2")]
    plan(ledger, [rows], LIMITS, now=clock())
    send(ledger, platform, clock)

    outcome = read_back(ledger, platform, clock)

    assert outcome.stopped == "try_again: UNAVAILABLE"
    assert sorted(states(ledger).values()) == [("confirmed", "SUCCESS"), ("sent", "accepted")]


def test_unsettled_request_is_sent_in_halves_until_every_row_is_known(
    ledger: Ledger, clock: Clock
) -> None:
    calls = [f"C{number}" for number in range(8)]
    platform = SmallPlatform(limits=LATER)
    rows = [make_candidate(call_id=call_id, click_id=call_id) for call_id in calls]
    plan(ledger, [rows], LIMITS, now=clock())

    class Diagnosing(SmallPlatform):
        def read_back(self, request: Any) -> Answer:
            with ledger.read() as connection:
                clicks = connection.scalars(
                    select(uploads.c.click_id).where(uploads.c.key.in_(request.keys))
                ).all()
            bad = clicks.count("C5")
            if bad and len(clicks) > 1:
                raise Unsettled({"CLICK_NOT_FOUND": bad})
            verdict = Verdict.REFUSED if bad else Verdict.COUNTED
            return Answer({key: Result(verdict, "told") for key in request.keys})

    platform = Diagnosing(limits=LATER)
    for _ in range(5):
        send(ledger, platform, clock)
        read_back(ledger, platform, clock)

    assert {call: state for call, (state, _) in states(ledger).items()} == {
        call: "refused" if call == "C5" else "confirmed" for call in calls
    }
    assert [len(request) for request in platform.requests] == [8, 4, 4, 2, 2, 1, 1]


def test_correction_moves_its_conversion(ledger: Ledger, clock: Clock) -> None:
    platform = SmallPlatform()
    plan_calls(ledger, clock, "A", "B")
    send(ledger, platform, clock)
    rows = [
        make_candidate(call_id="A", value_amount=7),
        make_candidate(call_id="B", is_eligible=False, reason="refunded"),
    ]

    plan(ledger, [rows], LIMITS, now=clock())
    send(ledger, platform, clock)

    assert states(ledger)["A"] == ("confirmed", "restated")
    assert states(ledger)["B"] == ("retracted", "refunded")
    assert list(platform.values.values()) == [7]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"value_amount": 7}, ("confirmed", "restatement_refused")),
        ({"click_id": "other"}, ("retraction_unsupported", "CONVERSION_NOT_FOUND")),
    ],
    ids=["restatement", "retraction"],
)
def test_refused_correction_is_not_tried_again(
    ledger: Ledger, clock: Clock, change: dict, expected: tuple
) -> None:
    platform = SmallPlatform()
    plan_calls(ledger, clock, "A")
    send(ledger, platform, clock)
    refusal = Result(Verdict.REFUSED, "CONVERSION_NOT_FOUND")
    platform.script = lambda batch: Answer({batch[0].key: refusal})

    for _ in range(3):
        plan_calls(ledger, clock, "A", **change)
        send(ledger, platform, clock)

    assert states(ledger)["A"] == expected
    assert len(platform.requests) == 2


def test_numbers_are_read_when_a_batch_is_sent_and_kept_nowhere(
    ledger: Ledger, clock: Clock
) -> None:
    limits = Limits(batch_size=10, deduplicates_for=None, supports=ADJUSTABLE.supports)
    platform = SmallPlatform(limits=limits)
    plan_calls(ledger, clock, "A", click_id=None, click_id_type=None, identifier="phone")

    send(ledger, platform, clock, read_numbers=lambda keys: {key: "+15125550123" for key in keys})

    assert list(platform.numbers.values()) == ["+15125550123"]
    with ledger.read() as connection:
        for table in (uploads, upload_events):
            assert "5125550123" not in str(connection.execute(select(table)).all())


@pytest.mark.parametrize(
    ("has_left_before", "state"), [(False, "planned"), (True, "sending")], ids=["first", "again"]
)
def test_rows_whose_numbers_cannot_be_read_are_as_unsent_as_they_were(
    ledger: Ledger, clock: Clock, has_left_before: bool, state: str
) -> None:
    def fail(keys: object) -> dict[str, str]:
        raise OSError("the warehouse is busy")

    limits = Limits(batch_size=10, deduplicates_for=None, supports=ADJUSTABLE.supports)
    plan_calls(ledger, clock, "A")
    if has_left_before:
        send(ledger, SmallPlatform(script=lambda batch: TryAgain("timeout")), clock)

    with pytest.raises(OSError, match="busy"):
        send(ledger, SmallPlatform(limits=limits), clock, read_numbers=fail)

    assert states(ledger)["A"] == (state, "numbers_not_read")


def test_number_is_not_even_read_where_the_platform_must_not_have_it(
    ledger: Ledger, clock: Clock
) -> None:
    limits = Limits(batch_size=10, deduplicates_for=None, supports=ADJUSTABLE.supports)
    platform = SmallPlatform(limits=limits)
    asked: list[str] = []
    plan_calls(ledger, clock, "A", sends_phone=False)

    send(ledger, platform, clock, read_numbers=lambda keys: asked.extend(keys) or {})

    assert (asked, list(platform.numbers.values())) == ([], [None])


def test_batches_hold_one_account_and_one_operation_within_the_limit(
    ledger: Ledger, clock: Clock
) -> None:
    limits = Limits(batch_size=2, deduplicates_for=None, supports=ADJUSTABLE.supports)
    platform = SmallPlatform(limits=limits)
    rows = [make_candidate(call_id=f"C{number}", account_id=str(number % 2)) for number in range(6)]
    plan(ledger, [rows], LIMITS, now=clock())

    send(ledger, platform, clock)

    assert Counter(len(request) for request in platform.requests) == {2: 2, 1: 2}
