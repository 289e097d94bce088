"""Tests of activation.safety: the cap, the two breakers, and who lets them go."""

from datetime import timedelta

from activation.ledger.database import Ledger
from activation.ledger.holds import release_destination
from activation.planning import plan
from activation.safety import Safeguards
from activation.uploads import Answer, Result, Verdict
from tests.activation.candidates import LIMITS, make_candidate
from tests.activation.platforms import Clock, SmallPlatform
from tests.activation.test_sending import DESTINATION, send


def plan_calls(ledger: Ledger, clock: Clock, day: int, count: int) -> None:
    rows = [make_candidate(call_id=f"{day}-{number}") for number in range(count)]
    plan(ledger, [rows], LIMITS, now=clock())


def refuse(batch: list) -> Answer:
    return Answer({upload.key: Result(Verdict.REFUSED, "CLICK_NOT_FOUND") for upload in batch})


def test_what_exceeds_the_daily_cap_goes_the_next_day(ledger: Ledger, clock: Clock) -> None:
    platform = SmallPlatform()
    plan_calls(ledger, clock, 0, 25)
    capped = Safeguards(is_armed=True, daily_cap=10)

    first = send(ledger, platform, clock, safeguards=capped)
    assert (len(platform.values), first.stopped) == (10, "daily_cap")
    assert send(ledger, platform, clock, safeguards=capped).verdicts == {}
    clock.now += timedelta(days=1)
    send(ledger, platform, clock, safeguards=capped)
    clock.now += timedelta(days=1)
    last = send(ledger, platform, clock, safeguards=capped)

    assert (len(platform.values), last.stopped) == (25, None)


def test_too_many_refusals_hold_the_destination_until_it_is_released(
    ledger: Ledger, clock: Clock
) -> None:
    strict = Safeguards(is_armed=True, min_decided=10, refusal_window=20, max_refusal_share=0.3)
    plan_calls(ledger, clock, 0, 300)
    platform = SmallPlatform(script=refuse)

    outcome = send(ledger, platform, clock, safeguards=strict)

    assert outcome.stopped == "refusal_share: 20 of the last 20 refused"
    assert len(platform.requests) == 1
    platform.script = lambda batch: None
    assert send(ledger, platform, clock, safeguards=strict).verdicts == {}

    clock.now += timedelta(minutes=1)
    assert release_destination(ledger, DESTINATION, released_by="ann", now=clock.now)
    clock.now += timedelta(minutes=1)
    assert send(ledger, platform, clock, safeguards=strict).verdicts == {Verdict.COUNTED: 200}


def test_few_refusals_hold_nothing(ledger: Ledger, clock: Clock) -> None:
    plan_calls(ledger, clock, 0, 9)
    strict = Safeguards(is_armed=True, min_decided=10, max_refusal_share=0.3)

    send(ledger, SmallPlatform(script=refuse), clock, safeguards=strict)

    assert send(ledger, SmallPlatform(), clock, safeguards=strict).stopped is None


def test_sudden_volume_holds_before_anything_is_sent(ledger: Ledger, clock: Clock) -> None:
    guards = Safeguards(is_armed=True, min_volume=20, max_volume_ratio=3)
    platform = SmallPlatform()
    for day in range(8):
        plan_calls(ledger, clock, day, 10)
        assert send(ledger, platform, clock, safeguards=guards).stopped is None
        clock.now += timedelta(days=1)

    plan_calls(ledger, clock, 8, 40)
    outcome = send(ledger, platform, clock, safeguards=guards)

    assert outcome.stopped == "sudden_volume: 40 today, 10 a day before"
    assert len(platform.values) == 80
    assert release_destination(ledger, DESTINATION, released_by="ann", now=clock.now)
    send(ledger, platform, clock, safeguards=guards)
    assert len(platform.values) == 120


def test_first_day_of_a_destination_is_bounded_by_the_cap_alone(
    ledger: Ledger, clock: Clock
) -> None:
    plan_calls(ledger, clock, 0, 150)
    guards = Safeguards(is_armed=True, min_volume=20, daily_cap=120)

    outcome = send(ledger, SmallPlatform(), clock, safeguards=guards)

    assert (outcome.stopped, outcome.verdicts) == ("daily_cap", {Verdict.COUNTED: 120})


def test_release_of_a_destination_that_is_not_held_says_so(ledger: Ledger, clock: Clock) -> None:
    assert release_destination(ledger, DESTINATION, released_by="ann", now=clock()) is None
