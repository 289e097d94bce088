"""The Google Ads uploaders against a real gRPC server that enforces the platform's rules."""

import dataclasses
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from google.ads.googleads import client as googleads_client
from google.ads.googleads.v26.services.types import conversion_upload_service as types

from activation.uploaders.google_ads_api import GoogleAdsApi
from activation.uploaders.google_ads_calls import GoogleAdsCallsUploader
from activation.uploaders.google_ads_clicks import GoogleAdsClicksUploader
from activation.uploaders.google_ads_errors import row_results
from activation.uploaders.google_ads_jobs import MAX_JOB_ID, Job, new_job_id
from activation.uploaders.google_data_manager import DataManagerUploader
from activation.uploads import (
    BatchRefused,
    Operation,
    Refused,
    Result,
    TryAgain,
    Unsettled,
    Upload,
    Verdict,
)
from tests.activation.google_factories import (
    ACCOUNT_ID,
    ACTION_ID,
    CALLER_NUMBER,
    channel_to,
    make_phone_upload,
    make_upload,
    sent_request,
)
from tests.fakes.faults import Fault
from tests.fakes.google_accounts import Click, GoogleAccounts
from tests.fakes.google_ads import FakeGoogleAds
from tests.fakes.google_ads_rules import GRANTED
from tests.fakes.google_data_manager import FakeDataManager

HASHED = "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"
NOW = datetime.now(UTC).replace(microsecond=0)
REFUSED, COUNTED, LATER, HOLD = Verdict.REFUSED, Verdict.COUNTED, Verdict.LATER, Verdict.HOLD


@pytest.fixture
def fake() -> Iterator[FakeGoogleAds]:
    with FakeGoogleAds() as fake:
        yield fake


@pytest.fixture
def api(fake: FakeGoogleAds) -> Iterator[GoogleAdsApi]:
    with channel_to(fake) as channel:
        yield GoogleAdsApi(channel, developer_token="a-token")


@pytest.fixture
def clicks(api: GoogleAdsApi) -> GoogleAdsClicksUploader:
    return GoogleAdsClicksUploader(api)


@pytest.fixture
def calls(api: GoogleAdsApi) -> GoogleAdsCallsUploader:
    return GoogleAdsCallsUploader(api)


def make_adjustment(of: Upload, operation: Operation, **overrides: object) -> Upload:
    values = {
        "key": f"{operation}-{of.key}",
        "operation": operation,
        "adjusted_at": NOW,
        "value": None if operation is Operation.RETRACT else Decimal("80"),
        "currency": None if operation is Operation.RETRACT else "USD",
    }
    return dataclasses.replace(of, **values | overrides)


def settle(uploader: GoogleAdsClicksUploader, uploads: list[Upload]) -> dict[str, Result]:
    """Send, and read back what was accepted."""
    answer = uploader.send(uploads)
    results = dict(answer.results)
    accepted = [it for it in uploads if results[it.key].verdict is Verdict.ACCEPTED]
    if accepted:
        read = uploader.read_back(sent_request(answer.request_id, accepted))
        assert read is not None
        results |= read.results
    return results


def test_the_newest_version_that_the_client_carries_is_used() -> None:
    assert googleads_client._DEFAULT_VERSION in FakeGoogleAds.services.__globals__["SERVICES"]


def test_a_click_conversion_is_accepted_and_counts_once_its_job_is_read_back(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader
) -> None:
    upload = make_upload(account_id="123-456-7890")
    answer = clicks.send([upload])
    assert answer.results[upload.key].verdict is Verdict.ACCEPTED
    assert settle(clicks, [make_upload()]).popitem()[1] == Result(COUNTED, "SUCCESS")
    counted = fake.kept.conversions()[0]
    assert (counted.account_id, counted.action, counted.key) == (ACCOUNT_ID, ACTION_ID, upload.key)
    assert (counted.click, counted.value, counted.currency) == (upload.click_id, 120.5, "USD")
    assert counted.occurred_at == upload.occurred_at.isoformat()


def test_a_request_has_partial_failure_a_job_id_a_zone_and_consent(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader
) -> None:
    upload = make_upload()
    clicks.send([upload])
    (request,) = fake.received
    (row,) = request.conversions
    assert request.partial_failure
    assert 1 <= request.job_id < 2**31
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00", row.conversion_date_time)
    assert (row.consent.ad_user_data, row.consent.ad_personalization) == (GRANTED, GRANTED)
    assert all(1 <= new_job_id() <= MAX_JOB_ID for _ in range(1_000))


# Every name on the page of the platform's documents, and what it says of it.
CLICK_ERRORS = {
    "CLICK_CONVERSION_ALREADY_EXISTS": (COUNTED, None),
    "ORDER_ID_ALREADY_IN_USE": (COUNTED, None),
    "DUPLICATE_ORDER_ID": (COUNTED, None),
    "TOO_RECENT_EVENT": (LATER, timedelta(hours=6)),
    "TOO_RECENT_CONVERSION_ACTION": (LATER, timedelta(hours=6)),
    "TRANSIENT_ERROR": (LATER, timedelta(minutes=5)),
    "INTERNAL_ERROR": (LATER, timedelta(minutes=5)),
    "DEADLINE_EXCEEDED": (LATER, timedelta(minutes=5)),
    "RESOURCE_TEMPORARILY_EXHAUSTED": (LATER, timedelta(minutes=5)),
    "EXPIRED_EVENT": (REFUSED, None),
    "EVENT_NOT_FOUND": (REFUSED, None),
    "CLICK_NOT_FOUND": (REFUSED, None),
    "INVALID_CUSTOMER_FOR_CLICK": (REFUSED, None),
    "UNPARSEABLE_GCLID": (REFUSED, None),
    "CONVERSION_PRECEDES_EVENT": (REFUSED, None),
    "GBRAID_WBRAID_BOTH_SET": (REFUSED, None),
    "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID": (REFUSED, None),
    "CUSTOMER_NOT_ACCEPTED_CUSTOMER_DATA_TERMS": (HOLD, None),
    "DUPLICATE_CLICK_CONVERSION_IN_REQUEST": (HOLD, None),
}


@pytest.mark.parametrize(("name", "expected"), CLICK_ERRORS.items(), ids=list(CLICK_ERRORS))
def test_a_row_s_error_is_the_verdict_on_that_row_alone(
    fake: FakeGoogleAds,
    clicks: GoogleAdsClicksUploader,
    name: str,
    expected: tuple[Verdict, timedelta | None],
) -> None:
    before, bad, after = make_upload(), make_upload(click_id=f"fake.{name}.1"), make_upload()
    answer = clicks.send([before, bad, after])
    assert answer.results[bad.key] == Result(expected[0], name, expected[1])
    accepted = [before.key, after.key]
    assert [answer.results[key].verdict for key in accepted] == [Verdict.ACCEPTED] * 2
    assert [counted.key for counted in fake.kept.conversions()] == accepted


CLICK_RULES = {
    "UNPARSEABLE_GCLID": {"click_id": "not a click id!"},
    "UNPARSEABLE_GBRAID": {"click_id": "not a click id!", "click_id_type": "gbraid"},
    "UNPARSEABLE_WBRAID": {"click_id": "not a click id!", "click_id_type": "wbraid"},
    "CONVERSION_PRECEDES_EVENT": {"click_id": "after-the-call"},
    "TOO_RECENT_EVENT": {"click_id": "an-hour-ago", "occurred_at": NOW},
    "EXPIRED_EVENT": {"click_id": "long-ago"},
    "EVENT_NOT_FOUND": {"click_id": "nobody-clicked-this"},
    "INVALID_CUSTOMER_FOR_CLICK": {"click_id": "of-another-account"},
    "TOO_RECENT_CONVERSION_ACTION": {"conversion_action": "new"},
    "NO_CONVERSION_ACTION_FOUND": {"conversion_action": "unknown"},
    "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID": {
        "click_id_type": "gbraid",
        "conversion_action": "one-per-click",
    },
    "CUSTOMER_NOT_ACCEPTED_CUSTOMER_DATA_TERMS": {
        "account_id": "2222222222",
        "click_id": None,
        "caller_number": CALLER_NUMBER,
    },
}
CLICK_ACCOUNTS = GoogleAccounts(
    without_terms=frozenset({"2222222222"}),
    one_per_click_actions=frozenset({"one-per-click"}),
    new_actions=frozenset({"new"}),
    unknown_actions=frozenset({"unknown"}),
    clicks={
        "after-the-call": Click(ACCOUNT_ID, NOW.timestamp() - 86_400),
        "an-hour-ago": Click(ACCOUNT_ID, NOW.timestamp() - 3_600),
        "long-ago": Click(ACCOUNT_ID, NOW.timestamp() - 91 * 86_400),
        "of-another-account": Click("5555555555", NOW.timestamp() - 30 * 86_400),
    },
    knows_every_click=False,
)


@pytest.mark.parametrize(("name", "overrides"), CLICK_RULES.items(), ids=list(CLICK_RULES))
def test_the_platform_enforces_its_rules_on_click_conversions(name: str, overrides: dict) -> None:
    with FakeGoogleAds(accounts=CLICK_ACCOUNTS) as fake, channel_to(fake) as channel:
        uploader = GoogleAdsClicksUploader(GoogleAdsApi(channel, "a-token"))
        upload = make_upload(**overrides)
        assert uploader.send([upload]).results[upload.key].reason == name
        assert fake.kept.conversions() == []


def test_a_repeat_under_the_same_order_id_is_done_and_counts_nothing_twice(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader
) -> None:
    upload = make_upload()
    settle(clicks, [upload])
    assert clicks.send([upload]).results[upload.key] == Result(COUNTED, "ORDER_ID_ALREADY_IN_USE")
    assert len(fake.kept.conversions()) == 1


def test_two_calls_of_one_click_are_two_conversions(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader
) -> None:
    uploads = [make_upload(click_id="the-same"), make_upload(click_id="the-same")]
    settle(clicks, uploads)
    assert len(fake.kept.conversions()) == 2


def test_an_account_that_is_not_on_the_allow_list_is_told_of_data_manager() -> None:
    accounts = GoogleAccounts(not_on_allow_list=frozenset({ACCOUNT_ID}))
    with FakeGoogleAds(accounts=accounts) as fake, channel_to(fake) as channel:
        uploader = GoogleAdsClicksUploader(GoogleAdsApi(channel, "a-token"))
        with pytest.raises(Refused, match="google_data_manager") as refused:
            uploader.send([make_upload()])
        assert refused.value.reason == "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE"


def test_an_allow_list_that_turns_away_row_by_row_turns_the_account_away(
    clicks: GoogleAdsClicksUploader,
) -> None:
    name = "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE"
    turned_away = [make_upload(click_id=f"fake.{name}.{number}") for number in range(2)]
    with pytest.raises(Refused, match="google_data_manager"):
        clicks.send(turned_away)
    answer = clicks.send([*turned_away, make_upload()])
    assert [result.verdict for result in answer.results.values()] == [HOLD, HOLD, Verdict.ACCEPTED]


def test_a_token_or_a_permission_that_is_missing_holds_the_destination() -> None:
    accounts = GoogleAccounts(without_permission=frozenset({"3333333333"}))
    with FakeGoogleAds(accounts=accounts) as fake, channel_to(fake) as channel:
        with pytest.raises(Refused, match="DEVELOPER_TOKEN_PARAMETER_MISSING"):
            GoogleAdsClicksUploader(GoogleAdsApi(channel, "")).send([make_upload()])
        with pytest.raises(Refused, match="USER_PERMISSION_DENIED"):
            GoogleAdsClicksUploader(GoogleAdsApi(channel, "a-token")).send(
                [make_upload(account_id="3333333333")]
            )


@pytest.mark.parametrize(
    "name",
    ["TRANSIENT_ERROR", "INTERNAL_ERROR", "DEADLINE_EXCEEDED", "RESOURCE_TEMPORARILY_EXHAUSTED"],
)
def test_a_request_that_asks_to_back_off_is_sent_again_as_it_is(name: str) -> None:
    accounts = GoogleAccounts(request_errors={ACCOUNT_ID: name})
    with FakeGoogleAds(accounts=accounts) as fake, channel_to(fake) as channel:
        api = GoogleAdsApi(channel, "a-token")
        for uploader in (GoogleAdsClicksUploader(api), GoogleAdsCallsUploader(api)):
            with pytest.raises(TryAgain) as again:
                uploader.send([make_phone_upload()])
            assert again.value.reason == name


def test_a_request_holds_two_thousand_rows_and_no_more(clicks: GoogleAdsClicksUploader) -> None:
    uploads = [make_upload() for _ in range(clicks.limits.batch_size)]
    assert clicks.send(uploads).request_id
    with pytest.raises(BatchRefused, match="TOO_MANY_CONVERSIONS_IN_REQUEST"):
        clicks.send([*uploads, make_upload()])


@pytest.mark.parametrize(
    ("fault", "reason", "counted"),
    [
        (Fault.REFUSE, "UNAVAILABLE", 0),
        (Fault.RATE_LIMIT, "RESOURCE_TEMPORARILY_EXHAUSTED", 0),
        (Fault.DROP_ANSWER, "UNAVAILABLE", 2),
        (Fault.DIE, "UNAVAILABLE", 1),
        (Fault.GARBAGE, "INTERNAL", 2),
    ],
)
def test_a_request_of_unknown_fate_is_sent_again_as_it_is(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader, fault: Fault, reason: str, counted: int
) -> None:
    uploads = [make_upload(), make_upload()]
    fake.faults.force(fault)
    with pytest.raises(TryAgain) as again:
        clicks.send(uploads)
    assert again.value.reason == reason
    assert (again.value.after is not None) == (fault is Fault.RATE_LIMIT)
    assert len(fake.kept.conversions()) == counted
    assert {result.verdict for result in settle(clicks, uploads).values()} == {COUNTED}
    assert len(fake.kept.conversions()) == 2


def test_accepted_is_not_matched_and_the_job_tells(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader
) -> None:
    good, bad = make_upload(), make_upload(click_id="unmatched.1")
    answer = clicks.send([good, bad])
    assert {result.verdict for result in answer.results.values()} == {Verdict.ACCEPTED}
    fake.processing_seconds = 3_600
    assert clicks.read_back(sent_request(answer.request_id, [good, bad])) is None
    fake.processing_seconds = 0
    with pytest.raises(Unsettled) as unsettled:
        clicks.read_back(sent_request(answer.request_id, [good, bad]))
    assert unsettled.value.reasons == {"SUCCESS": 1, "FAILED": 1}
    assert settle(clicks, [good])[good.key] == Result(COUNTED, "ORDER_ID_ALREADY_IN_USE")


def test_a_first_job_that_failed_whole_refuses_its_rows(clicks: GoogleAdsClicksUploader) -> None:
    bad = [make_upload(click_id="unmatched.1"), make_upload(click_id="unmatched.2")]
    assert set(settle(clicks, bad).values()) == {Result(REFUSED, "FAILED")}


def test_a_repeat_that_failed_is_no_refusal_of_what_its_first_attempt_counts(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader
) -> None:
    """The answer to the first was lost, and the platform took the repeat before it knew better."""
    upload = make_upload()
    fake.processing_seconds = 3_600
    for _ in range(2):
        answer = clicks.send([upload])
        assert answer.results[upload.key].verdict is Verdict.ACCEPTED
    fake.processing_seconds = 0

    with pytest.raises(Unsettled) as unsettled:
        clicks.read_back(sent_request(answer.request_id, [upload], is_resent=True))

    assert unsettled.value.reasons == {"FAILED": 1}
    again = clicks.send([upload]).results[upload.key]
    assert again == Result(COUNTED, "ORDER_ID_ALREADY_IN_USE")
    assert len(fake.kept.conversions()) == 1


def test_rows_that_failed_at_once_do_not_unsettle_those_that_were_accepted(
    clicks: GoogleAdsClicksUploader,
) -> None:
    good, bad = make_upload(), make_upload(click_id="fake.EVENT_NOT_FOUND.1")
    results = settle(clicks, [good, bad])
    assert (results[good.key].verdict, results[bad.key].verdict) == (COUNTED, REFUSED)


def test_a_job_that_the_summaries_have_forgotten_is_settled_by_sending_again(
    clicks: GoogleAdsClicksUploader,
) -> None:
    uploads = [make_upload(), make_upload()]
    request_id = clicks.send(uploads).request_id
    for _ in range(8):
        clicks.send([make_upload()])
    assert clicks.read_back(sent_request(request_id, uploads)) is None
    with pytest.raises(Unsettled, match="NOT_REPORTED"):
        clicks.read_back(sent_request(request_id, uploads, days_ago=2))
    again = clicks.send(uploads).results
    assert {result.reason for result in again.values()} == {"ORDER_ID_ALREADY_IN_USE"}
    one = clicks.read_back(sent_request(request_id, uploads[:1], days_ago=2))
    assert one is not None
    assert one.results == {uploads[0].key: Result(HOLD, "not_reported")}


def test_how_long_a_missing_job_is_waited_for_is_an_argument(api: GoogleAdsApi) -> None:
    uploads = [make_upload(), make_upload()]
    uploader = GoogleAdsClicksUploader(api, not_reported_after=timedelta(0))
    with pytest.raises(Unsettled, match="NOT_REPORTED"):
        uploader.read_back(sent_request(str(Job(ACCOUNT_ID, 77, 2)), uploads))


def test_a_job_is_remembered_by_its_request_id() -> None:
    job = Job("1234567890", 2**31 - 1, 2_000)
    assert Job.parse(str(job)) == job


def test_a_hashed_number_goes_out_with_a_click_conversion_and_the_clear_one_does_not(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader
) -> None:
    clicks.send([make_phone_upload(), make_upload(caller_number=CALLER_NUMBER)])
    (request,) = fake.received
    assert HASHED in str(request)
    assert CALLER_NUMBER.removeprefix("+") not in str(request)
    assert not request.conversions[1].user_identifiers


UNSENDABLE = {
    "denied_consent": {"consent_ad_personalization": "denied"},
    "unknown_consent": {"consent_ad_user_data": "unknown"},
    "no_identifier": {"click_id": None},
}


@pytest.mark.parametrize(("reason", "overrides"), UNSENDABLE.items(), ids=list(UNSENDABLE))
def test_what_can_be_checked_before_is_refused_without_being_sent(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader, reason: str, overrides: dict
) -> None:
    upload = make_upload(**overrides)
    answer = clicks.send([upload])
    assert answer.results == {upload.key: Result(REFUSED, reason)}
    assert answer.request_id is None
    assert fake.faults.drawn.total() == 0


# Adjustments


def test_a_restatement_and_then_a_retraction_reach_the_conversion(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader
) -> None:
    upload = make_upload()
    settle(clicks, [upload])
    restated = make_adjustment(upload, Operation.RESTATE, adjusted_at=NOW - timedelta(hours=1))
    assert settle(clicks, [restated])[restated.key].verdict is COUNTED
    assert [(it.value, it.state) for it in fake.kept.conversions()] == [(80.0, "counted")]
    retracted = make_adjustment(upload, Operation.RETRACT, consent_ad_user_data="denied")
    assert settle(clicks, [retracted])[retracted.key].verdict is COUNTED
    assert [it.state for it in fake.kept.conversions()] == ["retracted"]


def test_repeated_adjustments_are_done(clicks: GoogleAdsClicksUploader) -> None:
    upload = make_upload()
    settle(clicks, [upload])
    for operation, name in [
        (Operation.RESTATE, "RESTATEMENT_ALREADY_EXISTS"),
        (Operation.RETRACT, "CONVERSION_ALREADY_RETRACTED"),
    ]:
        adjustment = make_adjustment(upload, operation)
        settle(clicks, [adjustment])
        assert clicks.send([adjustment]).results[adjustment.key] == Result(COUNTED, name)


ADJUSTMENT_ERRORS = {
    "CONVERSION_EXPIRED": ({"occurred_at": NOW - timedelta(days=55)}, REFUSED),
    "TOO_RECENT_CONVERSION": ({"occurred_at": NOW - timedelta(hours=2)}, LATER),
    "CONVERSION_NOT_FOUND": ({"target_key": "rt1-somebody-else-s"}, REFUSED),
    "TOO_RECENT_CONVERSION_ACTION": ({"target_key": "fake.TOO_RECENT_CONVERSION_ACTION.1"}, LATER),
    "MORE_RECENT_RESTATEMENT_FOUND": ({"adjusted_at": NOW - timedelta(hours=2)}, HOLD),
    "ADJUSTMENT_PRECEDES_CONVERSION": ({"adjusted_at": NOW - timedelta(days=9)}, REFUSED),
}


@pytest.mark.parametrize(
    ("name", "overrides", "verdict"),
    [(name, *expected) for name, expected in ADJUSTMENT_ERRORS.items()],
    ids=list(ADJUSTMENT_ERRORS),
)
def test_the_platform_enforces_its_rules_on_adjustments(
    clicks: GoogleAdsClicksUploader, name: str, overrides: dict, verdict: Verdict
) -> None:
    occurred_at = overrides.pop("occurred_at", NOW - timedelta(days=3))
    upload = make_upload(occurred_at=occurred_at)
    settle(clicks, [upload])
    if name == "MORE_RECENT_RESTATEMENT_FOUND":
        settle(clicks, [make_adjustment(upload, Operation.RESTATE)])
    adjustment = make_adjustment(upload, Operation.RESTATE, **overrides)
    result = clicks.send([adjustment]).results[adjustment.key]
    assert (result.verdict, result.reason) == (verdict, name)


def test_a_restatement_without_a_value_is_not_sent(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader
) -> None:
    restated = make_adjustment(make_upload(), Operation.RESTATE, value=None, currency=None)
    result = clicks.send([restated]).results[restated.key]
    assert result == Result(REFUSED, "restatement_without_value")
    assert fake.faults.drawn.total() == 0


def test_what_is_retracted_cannot_be_restated(clicks: GoogleAdsClicksUploader) -> None:
    upload = make_upload()
    settle(clicks, [upload])
    settle(clicks, [make_adjustment(upload, Operation.RETRACT)])
    restated = make_adjustment(upload, Operation.RESTATE, adjusted_at=NOW + timedelta(seconds=1))
    result = clicks.send([restated]).results[restated.key]
    assert result == Result(REFUSED, "CONVERSION_ALREADY_RETRACTED")


def test_data_manager_retracts_through_the_google_ads_api_where_it_is_given(
    fake: FakeGoogleAds, clicks: GoogleAdsClicksUploader
) -> None:
    upload = make_upload()
    settle(clicks, [upload])
    with FakeDataManager() as data_manager, channel_to(data_manager) as channel:
        uploader = DataManagerUploader(channel, retractions=clicks)
        assert Operation.RETRACT in uploader.limits.supports
        retraction = make_adjustment(upload, Operation.RETRACT)
        answer = uploader.send([retraction])
        read = uploader.read_back(sent_request(answer.request_id, [retraction]))
        assert read is not None
        assert read.results[retraction.key].verdict is COUNTED
        assert data_manager.faults.drawn.total() == 0
    assert [it.state for it in fake.kept.conversions()] == ["retracted"]


# Call conversions


def test_a_call_conversion_counts_at_once_by_number_and_start(
    fake: FakeGoogleAds, calls: GoogleAdsCallsUploader
) -> None:
    upload = make_phone_upload()
    for reason in ("SUCCESS", "CALL_CONVERSION_ALREADY_EXISTS"):
        answer = calls.send([upload])
        assert answer.results == {upload.key: Result(COUNTED, reason)}
        assert answer.request_id is None
    (counted,) = fake.kept.conversions()
    assert (counted.click, counted.occurred_at) == (HASHED, upload.occurred_at.isoformat())
    request = fake.received[0]
    assert request.conversions[0].caller_id == CALLER_NUMBER
    assert not calls.limits.is_confirmed_later
    assert calls.limits.supports == {Operation.CONVERT}


CALL_RULES = {
    "EXPIRED_CALL": ({"occurred_at": NOW - timedelta(days=91)}, Result(REFUSED, "EXPIRED_CALL")),
    "TOO_RECENT_CALL": (
        {"occurred_at": NOW - timedelta(hours=3)},
        Result(LATER, "TOO_RECENT_CALL", timedelta(hours=12)),
    ),
    "CALL_NOT_FOUND": ({"caller_number": "+16505551212"}, Result(REFUSED, "CALL_NOT_FOUND")),
    "no_identifier": ({"caller_number": None}, Result(REFUSED, "no_identifier")),
    "unknown_consent": ({"consent_ad_user_data": "unknown"}, Result(REFUSED, "unknown_consent")),
    "denied_consent": ({"consent_ad_user_data": "denied"}, Result(REFUSED, "denied_consent")),
    "operation_not_supported": (
        {"operation": Operation.RETRACT},
        Result(REFUSED, "operation_not_supported"),
    ),
}


@pytest.mark.parametrize(("overrides", "result"), CALL_RULES.values(), ids=list(CALL_RULES))
def test_rules_of_call_conversions(overrides: dict, result: Result) -> None:
    accounts = GoogleAccounts(call_errors={"+16505551212": "CALL_NOT_FOUND"})
    with FakeGoogleAds(accounts=accounts) as fake, channel_to(fake) as channel:
        uploader = GoogleAdsCallsUploader(GoogleAdsApi(channel, "a-token"))
        good, bad = make_phone_upload(), make_phone_upload(**overrides)
        answer = uploader.send([good, bad])
        assert answer.results == {good.key: Result(COUNTED, "SUCCESS"), bad.key: result}
        assert len(fake.kept.conversions()) == 1


def test_a_call_of_unknown_consent_is_sent_where_a_setting_says_that_the_law_allows_it(
    fake: FakeGoogleAds, api: GoogleAdsApi
) -> None:
    """The platform has its own word on it: of call conversions consent is mandatory."""
    uploader = GoogleAdsCallsUploader(api, sends_unknown_consent=True)
    unknown = make_phone_upload(consent_ad_user_data="unknown")
    denied = make_phone_upload(consent_ad_user_data="denied")
    results = uploader.send([unknown, denied]).results
    assert results == {
        unknown.key: Result(REFUSED, "REQUIRED"),
        denied.key: Result(REFUSED, "denied_consent"),
    }
    assert len(fake.received[0].conversions) == 1


def test_what_the_platform_quotes_stays_out_of_results() -> None:
    accounts = GoogleAccounts(call_errors={CALLER_NUMBER: "CALL_NOT_FOUND"})
    with FakeGoogleAds(accounts=accounts) as fake, channel_to(fake) as channel:
        answer = GoogleAdsCallsUploader(GoogleAdsApi(channel, "a-token")).send(
            [make_phone_upload()]
        )
    assert "CALL_NOT_FOUND" in repr(answer)
    assert CALLER_NUMBER not in repr(answer)


def test_an_answer_that_leaves_a_row_out_is_none() -> None:
    empty = types.UploadClickConversionsResponse.pb(types.UploadClickConversionsResponse())
    with pytest.raises(TryAgain, match="row_without_result"):
        row_results([make_upload()], empty, Result(COUNTED, "SUCCESS"))


def test_clients_at_debug_level_log_no_number_no_hash_and_no_token(
    api: GoogleAdsApi, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("google", "grpc", "google.ads.googleads.v26", None):
        caplog.set_level(logging.DEBUG, logger=name)
    logging.getLogger("google").propagate = True
    GoogleAdsClicksUploader(api).send([make_phone_upload()])
    GoogleAdsCallsUploader(api).send([make_phone_upload()])
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    for secret in (HASHED, CALLER_NUMBER, "a-token"):
        assert secret not in logged
    assert "a-token" not in repr(api)
