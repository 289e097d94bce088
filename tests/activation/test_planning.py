"""Tests of activation.planning: from what the ledger knows and the marts say to the next step."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from activation.consent import consent_refusal
from activation.ledger.database import Ledger
from activation.ledger.holds import retract_call
from activation.ledger.tables import uploads
from activation.planning import PlannedStep, plan
from activation.uploads import Answer, Result, TryAgain, Verdict
from tests.activation.candidates import LIMITS, NOW, make_candidate
from tests.activation.platforms import COUNTED, Clock, SmallPlatform
from tests.activation.test_sending import send, states

REFUSED = Result(Verdict.REFUSED, "CLICK_NOT_FOUND")
REFUND = {"is_eligible": False, "reason": "refunded"}
META = {"destination": "meta_conversions"}


def plan_one(ledger: Ledger, clock: Clock, **overrides: Any) -> list[PlannedStep]:
    return plan(ledger, [[make_candidate(**overrides)]], LIMITS, now=clock())


def answer(result: Result) -> SmallPlatform:
    return SmallPlatform(script=lambda batch: Answer({upload.key: result for upload in batch}))


def bring_to(ledger: Ledger, clock: Clock, state: str, **overrides: Any) -> None:
    """Plan a call and have the platform bring it to `state`."""
    plan_one(ledger, clock, **overrides)
    destination = overrides.get("destination", "google_ads_clicks")
    platforms = {
        "sending": SmallPlatform(script=lambda batch: TryAgain("timeout")),
        "confirmed": answer(COUNTED),
        "refused": answer(REFUSED),
        "held": answer(Result(Verdict.HOLD, "unknown_error")),
        "retracted": answer(COUNTED),
    }
    if state == "not_eligible":
        plan_one(ledger, clock, **overrides | REFUND)
    if state in platforms:
        send(ledger, platforms[state], clock, destination=destination)
    if state == "retracted":
        plan_one(ledger, clock, **overrides | REFUND)
        send(ledger, platforms[state], clock, destination=destination)
    if state == "retraction_unsupported":
        send(ledger, platforms["confirmed"], clock, destination=destination)
        plan_one(ledger, clock, **overrides | REFUND)
    assert states_in_order(ledger)[-1][1] == state or state == "retracted"


def states_in_order(ledger: Ledger) -> list[tuple[str, str, str, Decimal | None]]:
    with ledger.read() as connection:
        columns = (uploads.c.operation, uploads.c.state, uploads.c.reason, uploads.c.value_micros)
        return [
            tuple(row) for row in connection.execute(select(*columns).order_by(uploads.c.upload_id))
        ]


WORTH = Decimal("40.5")
CASES = {
    "new and eligible": (None, {}, [("convert", "planned", "eligible", WORTH)]),
    "new and not eligible": (None, REFUND, []),
    "planned, changed": (
        "planned",
        {"value_amount": 3, "click_id": "x"},
        [("convert", "planned", "eligible", Decimal(3))],
    ),
    "planned, not eligible any more": (
        "planned",
        REFUND,
        [("convert", "not_eligible", "refunded", WORTH)],
    ),
    "not eligible, eligible again": (
        "not_eligible",
        {"value_amount": 3},
        [("convert", "planned", "eligible", Decimal(3))],
    ),
    "not eligible, for another reason": (
        "not_eligible",
        {"is_eligible": False, "reason": "spam"},
        [("convert", "not_eligible", "spam", WORTH)],
    ),
    "sending, changed": ("sending", {"click_id": "x"}, [("convert", "sending", "timeout", WORTH)]),
    "sending, not eligible": ("sending", REFUND, [("convert", "sending", "timeout", WORTH)]),
    "held after it was sent": ("held", REFUND, [("convert", "held", "unknown_error", WORTH)]),
    "refused, unchanged": ("refused", {}, [("convert", "refused", "CLICK_NOT_FOUND", WORTH)]),
    "refused, changed": (
        "refused",
        {"click_id": "x"},
        [
            ("convert", "refused", "CLICK_NOT_FOUND", WORTH),
            ("convert", "planned", "eligible", WORTH),
        ],
    ),
    "confirmed, unchanged": ("confirmed", {}, [("convert", "confirmed", "counted", WORTH)]),
    "confirmed, value changed": (
        "confirmed",
        {"value_amount": 3},
        [
            ("convert", "confirmed", "counted", WORTH),
            ("restate", "planned", "value_changed", Decimal(3)),
        ],
    ),
    "confirmed, click changed": (
        "confirmed",
        {"click_id": "x"},
        [
            ("convert", "confirmed", "counted", WORTH),
            ("retract", "planned", "attribution_changed", WORTH),
        ],
    ),
    "confirmed, time changed": (
        "confirmed",
        {"occurred_at": NOW - timedelta(days=3)},
        [
            ("convert", "confirmed", "counted", WORTH),
            ("retract", "planned", "attribution_changed", WORTH),
        ],
    ),
    "confirmed, consent withdrawn": (
        "confirmed",
        {"consent_ad_personalization": "denied"},
        [
            ("convert", "confirmed", "counted", WORTH),
            ("retract", "planned", "attribution_changed", WORTH),
        ],
    ),
    "confirmed, another secret made other keys": (
        "confirmed",
        {"caller_key": "another"},
        [("convert", "confirmed", "counted", WORTH)],
    ),
    "confirmed, refunded": (
        "confirmed",
        REFUND,
        [("convert", "confirmed", "counted", WORTH), ("retract", "planned", "refunded", WORTH)],
    ),
    "retracted, still not eligible": (
        "retracted",
        REFUND,
        [("convert", "retracted", "refunded", WORTH), ("retract", "confirmed", "counted", WORTH)],
    ),
    "retracted, eligible again": (
        "retracted",
        {"value_amount": 3},
        [
            ("convert", "retracted", "refunded", WORTH),
            ("retract", "confirmed", "counted", WORTH),
            ("convert", "planned", "eligible", Decimal(3)),
        ],
    ),
    "platform cannot retract": (
        "confirmed",
        META | REFUND,
        [("convert", "retraction_unsupported", "platform_cannot_retract", WORTH)],
    ),
    "platform cannot restate": (
        "confirmed",
        META | {"value_amount": 3},
        [("convert", "confirmed", "restatement_unsupported", WORTH)],
    ),
    "could not be retracted, eligible again": (
        "retraction_unsupported",
        META,
        [("convert", "confirmed", "as_counted", WORTH)],
    ),
    "could not be retracted, eligible with another value": (
        "retraction_unsupported",
        META | {"value_amount": 3},
        [("convert", "confirmed", "restatement_unsupported", WORTH)],
    ),
}


@pytest.mark.parametrize(("before", "change", "expected"), CASES.values(), ids=CASES)
def test_next_step_follows_from_ledger_and_marts(
    ledger: Ledger, clock: Clock, before: str | None, change: dict, expected: list
) -> None:
    place = {key: value for key, value in change.items() if key == "destination"}
    if before is not None:
        bring_to(ledger, clock, before, **place)

    plan_one(ledger, clock, **change)

    assert states_in_order(ledger) == expected
    assert plan_one(ledger, clock, **change) == []
    assert states_in_order(ledger) == expected


def test_conversion_older_than_the_platform_adjusts_stays_with_its_money(
    ledger: Ledger, clock: Clock
) -> None:
    bring_to(ledger, clock, "confirmed")
    clock.now += timedelta(days=60)

    plan_one(ledger, clock, **REFUND)

    assert states_in_order(ledger) == [
        ("convert", "retraction_unsupported", "too_old_to_adjust", WORTH)
    ]


def test_pending_restatement_follows_the_value(ledger: Ledger, clock: Clock) -> None:
    bring_to(ledger, clock, "confirmed")
    plan_one(ledger, clock, value_amount=3)

    plan_one(ledger, clock, value_amount=4)
    assert states_in_order(ledger)[1:] == [("restate", "planned", "value_changed", Decimal(4))]
    plan_one(ledger, clock)
    assert states_in_order(ledger)[1:] == [
        ("restate", "not_eligible", "superseded", Decimal(4))
    ]  # fmt: skip


def test_pending_restatement_gives_way_to_a_retraction(ledger: Ledger, clock: Clock) -> None:
    bring_to(ledger, clock, "confirmed")
    plan_one(ledger, clock, value_amount=3)

    plan_one(ledger, clock, **REFUND)

    assert states_in_order(ledger)[1:] == [
        ("restate", "not_eligible", "superseded", Decimal(3)),
        ("retract", "planned", "refunded", WORTH),
    ]


def test_pending_retraction_is_dropped_when_the_refund_was_a_mistake(
    ledger: Ledger, clock: Clock
) -> None:
    bring_to(ledger, clock, "confirmed")
    plan_one(ledger, clock, **REFUND)

    plan_one(ledger, clock)

    assert states_in_order(ledger) == [
        ("convert", "confirmed", "counted", WORTH),
        ("retract", "not_eligible", "superseded", WORTH),
    ]


def test_correction_under_way_is_waited_for(ledger: Ledger, clock: Clock) -> None:
    bring_to(ledger, clock, "confirmed")
    plan_one(ledger, clock, value_amount=3)
    send(ledger, SmallPlatform(script=lambda batch: TryAgain("timeout")), clock)

    assert plan_one(ledger, clock, **REFUND) == []
    send(ledger, answer(COUNTED), clock)
    plan_one(ledger, clock, **REFUND)

    assert states_in_order(ledger) == [
        ("convert", "confirmed", "restated", Decimal(3)),
        ("restate", "confirmed", "counted", Decimal(3)),
        ("retract", "planned", "refunded", Decimal(3)),
    ]


def test_refund_before_confirmation_is_retracted_after_it(ledger: Ledger, clock: Clock) -> None:
    bring_to(ledger, clock, "sending")
    assert plan_one(ledger, clock, **REFUND) == []
    platform = SmallPlatform()
    send(ledger, platform, clock)

    plan_one(ledger, clock, **REFUND)
    send(ledger, platform, clock)

    assert states(ledger)["CA1"] == ("retracted", "refunded")
    assert platform.values == {}


def test_changed_attribution_is_retracted_and_sent_anew_under_another_key(
    ledger: Ledger, clock: Clock
) -> None:
    platform = SmallPlatform()
    plan_one(ledger, clock)
    for _ in range(3):
        send(ledger, platform, clock)
        plan_one(ledger, clock, click_id="x", value_amount=9)

    send(ledger, platform, clock)

    assert [row[:3] for row in states_in_order(ledger)] == [
        ("convert", "retracted", "attribution_changed"),
        ("retract", "confirmed", "counted"),
        ("convert", "confirmed", "counted"),
    ]
    assert list(platform.values.values()) == [9]
    keys = [key for request in platform.requests for key in request]
    assert len(set(keys)) == len(keys) == 3


def test_call_that_vanished_is_not_sent_and_stays_where_it_was(
    ledger: Ledger, clock: Clock
) -> None:
    plan(ledger, [[make_candidate(call_id="A")]], LIMITS, now=NOW)
    send(ledger, answer(COUNTED), clock)
    plan(ledger, [[make_candidate(call_id="A"), make_candidate(call_id="B")]], LIMITS, now=NOW)

    plan(ledger, [], LIMITS, now=NOW)

    assert states(ledger) == {"A": ("confirmed", "counted"), "B": ("not_eligible", "call_gone")}
    assert plan(ledger, [], LIMITS, now=NOW) == []


def test_plan_of_one_destination_leaves_the_others_alone(ledger: Ledger, clock: Clock) -> None:
    plan_one(ledger, clock)

    assert plan(ledger, [], {"meta_conversions": LIMITS["meta_conversions"]}, now=NOW) == []
    assert states(ledger) == {"CA1": ("planned", "eligible")}


def test_call_that_a_person_took_back_is_retracted_and_never_sent_again(
    ledger: Ledger, clock: Clock
) -> None:
    bring_to(ledger, clock, "confirmed")

    assert retract_call(ledger, "CA1", asked_by="ann", explanation="a test call", now=NOW)
    assert not retract_call(ledger, "CA1", asked_by="bob", explanation="again", now=NOW)
    for _ in range(2):
        plan_one(ledger, clock)
        send(ledger, answer(COUNTED), clock)

    assert states(ledger) == {
        "CA1": ("retracted", "retracted_by_hand"),
        "CA1 retract": ("confirmed", "counted"),
    }


MOVED = {
    "to another destination": META | {"account_id": "1112223333"},
    "to another spelling of its account": {"account_id": "111 222 3333"},
}


@pytest.mark.parametrize("elsewhere", MOVED.values(), ids=MOVED)
@pytest.mark.parametrize("state", ["confirmed", "sending", "held"])
def test_action_that_moved_does_not_count_again_what_counts_already(
    ledger: Ledger, clock: Clock, state: str, elsewhere: dict
) -> None:
    bring_to(ledger, clock, state)
    before = states_in_order(ledger)
    rows = [make_candidate(**elsewhere), make_candidate(call_id="new", **elsewhere)]

    plan(ledger, [rows], LIMITS, now=NOW)

    assert sorted(states_in_order(ledger)) == sorted(
        [
            *before,
            ("convert", "not_eligible", "counted_elsewhere", WORTH),
            ("convert", "planned", "eligible", WORTH),
        ]
    )
    assert plan(ledger, [rows], LIMITS, now=NOW) == []


def test_action_that_moved_counts_what_does_not_count_any_more(
    ledger: Ledger, clock: Clock
) -> None:
    bring_to(ledger, clock, "confirmed")
    moved = META | {"account_id": "111-222-3333"}
    plan_one(ledger, clock, **moved)
    # Back where it was, so that a refund is seen; then moved again, and sold anew.
    plan_one(ledger, clock, **REFUND)
    send(ledger, answer(COUNTED), clock)

    plan_one(ledger, clock, **moved)

    assert [row[:3] for row in states_in_order(ledger)] == [
        ("convert", "retracted", "refunded"),
        ("convert", "planned", "eligible"),
        ("retract", "confirmed", "counted"),
    ]


def test_conversion_action_that_is_named_twice_is_refused(ledger: Ledger, clock: Clock) -> None:
    rows = [make_candidate(), make_candidate(account_id="1112223333")]

    with pytest.raises(ValueError, match=r"111-222-3333 and .* 1112223333 are one conversion"):
        plan(ledger, [rows], LIMITS, now=NOW)

    assert states(ledger) == {}


def test_resend_goes_under_the_consent_of_now_and_is_held_where_it_was_withdrawn(
    ledger: Ledger, clock: Clock
) -> None:
    def gate(batch: Any) -> Answer:
        refusals = {upload.key: consent_refusal(upload) for upload in batch}
        return Answer(
            {
                key: Result(Verdict.REFUSED, reason) if reason else COUNTED
                for key, reason in refusals.items()
            }
        )

    bring_to(ledger, clock, "sending")
    withdrawn = {"is_eligible": False, "reason": "denied_consent", "consent_ad_user_data": "denied"}

    assert [step.step for step in plan_one(ledger, clock, **withdrawn)] == ["consent_changed"]
    assert plan_one(ledger, clock, **withdrawn) == []
    send(ledger, SmallPlatform(script=gate), clock)

    assert states(ledger)["CA1"] == ("held", "refused_after_unknown_fate: denied_consent")


def test_dry_run_says_what_a_plan_does_and_changes_nothing(ledger: Ledger, clock: Clock) -> None:
    rows = [make_candidate(call_id=str(number)) for number in range(3)]

    would = plan(ledger, [rows], LIMITS, now=NOW, dry_run=True)

    assert states(ledger) == {}
    assert would == [
        PlannedStep(
            destination="google_ads_clicks",
            step="planned",
            operation="convert",
            state="planned",
            reason="eligible",
            currency="USD",
            uploads=3,
            value=Decimal("121.5"),
        )
    ]
    assert plan(ledger, [rows], LIMITS, now=NOW) == would


def test_unknown_destination_is_named_and_nothing_is_planned(ledger: Ledger, clock: Clock) -> None:
    rows = [make_candidate(), make_candidate(destination="bing")]

    with pytest.raises(ValueError, match="bing"):
        plan(ledger, [rows], LIMITS, now=NOW)

    assert states(ledger) == {}
    assert plan_one(ledger, clock) != []
