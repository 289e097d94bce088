"""The Data Manager uploader against a real gRPC server that enforces the platform's rules."""

import dataclasses
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from google.ads.datamanager_v1 import (
    Encoding,
    EventSource,
    ProcessingErrorReason,
    RequestStatusPerDestination,
)

from activation.uploaders import data_manager_errors as errors
from activation.uploaders.google_data_manager import DataManagerUploader
from activation.uploads import (
    BatchRefused,
    Operation,
    Refused,
    Result,
    TryAgain,
    Unsettled,
    Verdict,
)
from tests.activation.google_factories import (
    ACCOUNT_ID,
    ACTION_ID,
    CALLER_NUMBER,
    QUICK_READS,
    channel_to,
    make_phone_upload,
    make_upload,
    sent_request,
)
from tests.fakes.faults import Fault
from tests.fakes.google_accounts import Click, GoogleAccounts
from tests.fakes.google_data_manager import FakeDataManager

HASHED = "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"


@pytest.fixture
def fake() -> Iterator[FakeDataManager]:
    with FakeDataManager() as fake:
        yield fake


@pytest.fixture
def uploader(fake: FakeDataManager) -> Iterator[DataManagerUploader]:
    with channel_to(fake) as channel:
        yield DataManagerUploader(channel)


def send_and_read_back(uploader: DataManagerUploader, uploads: list) -> dict[str, Result]:
    answer = uploader.send(uploads)
    assert {result.verdict for result in answer.results.values()} == {Verdict.ACCEPTED}
    read = uploader.read_back(sent_request(answer.request_id, uploads))
    assert read is not None
    return dict(read.results)


def test_a_conversion_is_accepted_and_counts_once_it_is_read_back(
    fake: FakeDataManager, uploader: DataManagerUploader
) -> None:
    upload = make_upload()
    results = send_and_read_back(uploader, [upload])
    assert results == {upload.key: Result(Verdict.COUNTED, "SUCCESS")}
    (counted,) = fake.kept.conversions()
    assert (counted.account_id, counted.action, counted.key) == (ACCOUNT_ID, ACTION_ID, upload.key)
    assert (counted.click, counted.value, counted.currency) == (upload.click_id, 120.5, "USD")
    assert counted.occurred_at == upload.occurred_at.isoformat()


def test_a_request_says_that_calls_are_calls_and_whose_they_are(
    fake: FakeDataManager, uploader: DataManagerUploader
) -> None:
    uploader.send([make_phone_upload(account_id="123-456-7890")])
    (request,) = fake.received
    (event,), (destination,) = request.events, request.destinations
    assert event.event_source == EventSource.PHONE
    assert request.encoding == Encoding.HEX
    assert event.destination_references == [destination.reference]
    assert destination.operating_account.account_id == ACCOUNT_ID
    assert not destination.HasField("login_account")


def test_a_repeat_under_the_same_key_counts_nothing_twice(
    fake: FakeDataManager, uploader: DataManagerUploader
) -> None:
    upload = make_upload()
    for _ in range(3):
        assert send_and_read_back(uploader, [upload])[upload.key].verdict is Verdict.COUNTED
    assert len(fake.kept.conversions()) == 1


def test_a_restatement_changes_the_value_and_not_the_count(
    fake: FakeDataManager, uploader: DataManagerUploader
) -> None:
    upload = make_upload()
    send_and_read_back(uploader, [upload])
    restated = dataclasses.replace(
        upload,
        key="rt1-restate",
        operation=Operation.RESTATE,
        value=Decimal("80"),
        adjusted_at=datetime.now(UTC),
    )
    send_and_read_back(uploader, [restated])
    assert [counted.value for counted in fake.kept.conversions()] == [80.0]


def test_retraction_is_not_offered_and_not_sent(
    fake: FakeDataManager, uploader: DataManagerUploader
) -> None:
    assert Operation.RETRACT not in uploader.limits.supports
    answer = uploader.send([make_upload(operation=Operation.RETRACT)])
    assert [result.verdict for result in answer.results.values()] == [Verdict.REFUSED]
    assert fake.faults.drawn.total() == 0


def test_a_status_is_unknown_while_the_platform_is_processing(fake: FakeDataManager) -> None:
    fake.processing_seconds = 3_600
    upload = make_upload()
    with channel_to(fake) as channel:
        uploader = DataManagerUploader(channel)
        answer = uploader.send([upload])
        assert uploader.read_back(sent_request(answer.request_id, [upload])) is None
        fake.processing_seconds = 0
        assert uploader.read_back(sent_request(answer.request_id, [upload])) is not None


@pytest.mark.parametrize("reason", [reason.name for reason in ProcessingErrorReason])
def test_every_processing_error_has_a_verdict_of_its_own(reason: str) -> None:
    name = reason.removeprefix(errors.PREFIX).removeprefix("PROCESSING_ERROR_")
    named = [errors.DONE, errors.LATER, errors.HOLD, errors.REFUSED]
    assert sum(name in names for names in named) == 1


EXPECTED = {
    "EVENT_TOO_OLD": Verdict.REFUSED,
    "DENIED_CONSENT": Verdict.REFUSED,
    "NO_CONSENT": Verdict.REFUSED,
    "UNKNOWN_CONSENT": Verdict.REFUSED,
    "DUPLICATE_GCLID": Verdict.COUNTED,
    "DUPLICATE_TRANSACTION_ID": Verdict.COUNTED,
    "INVALID_GCLID": Verdict.REFUSED,
    "INVALID_GBRAID": Verdict.REFUSED,
    "INVALID_WBRAID": Verdict.REFUSED,
    "CONVERSION_PRECEDES_CLICK": Verdict.REFUSED,
    "TOO_RECENT_CLICK": Verdict.LATER,
    "CLICK_NOT_FOUND": Verdict.REFUSED,
    "INVALID_OPERATING_ACCOUNT_FOR_CLICK": Verdict.REFUSED,
    "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID": Verdict.REFUSED,
    "INTERNAL_ERROR": Verdict.LATER,
    "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED": Verdict.HOLD,
}


@pytest.mark.parametrize(("reason", "verdict"), EXPECTED.items())
def test_an_error_that_befell_all_of_a_request_is_the_verdict_on_each(
    uploader: DataManagerUploader, reason: str, verdict: Verdict
) -> None:
    uploads = [make_upload(click_id=f"fake.{reason}.{number}") for number in range(3)]
    results = send_and_read_back(uploader, uploads)
    assert {(result.verdict, result.reason) for result in results.values()} == {(verdict, reason)}
    waits = {result.retry_after for result in results.values()}
    assert (waits != {None}) == (verdict is Verdict.LATER)


NOW = datetime.now(UTC)
RULES = {
    "EVENT_TOO_OLD": {"occurred_at": NOW - timedelta(days=91)},
    "INVALID_GCLID": {"click_id": "not a click id!"},
    "INVALID_GBRAID": {"click_id": "not a click id!", "click_id_type": "gbraid"},
    "INVALID_WBRAID": {"click_id": "not a click id!", "click_id_type": "wbraid"},
    "CONVERSION_PRECEDES_CLICK": {"click_id": "after-the-call"},
    "TOO_RECENT_CLICK": {"click_id": "an-hour-ago", "occurred_at": NOW},
    "CLICK_NOT_FOUND": {"click_id": "nobody-clicked-this"},
    "INVALID_OPERATING_ACCOUNT_FOR_CLICK": {"click_id": "of-another-account"},
    "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID": {
        "click_id_type": "wbraid",
        "conversion_action": "one-per-click",
    },
}


@pytest.mark.parametrize(("reason", "overrides"), RULES.items(), ids=list(RULES))
def test_the_platform_enforces_its_rules_on_what_is_sent(reason: str, overrides: dict) -> None:
    ago = NOW.timestamp()
    accounts = GoogleAccounts(
        one_per_click_actions=frozenset({"one-per-click"}),
        clicks={
            "after-the-call": Click(ACCOUNT_ID, ago - 86_400),
            "an-hour-ago": Click(ACCOUNT_ID, ago - 3_600),
            "of-another-account": Click("5555555555", ago - 30 * 86_400),
        },
        knows_every_click=False,
    )
    with FakeDataManager(accounts=accounts) as fake, channel_to(fake) as channel:
        upload = make_upload(**overrides)
        results = send_and_read_back(DataManagerUploader(channel), [upload])
        assert results[upload.key].reason == reason
        assert fake.kept.conversions() == []


def test_when_only_duplicates_failed_everything_counts(uploader: DataManagerUploader) -> None:
    uploads = [make_upload(), make_upload(click_id="fake.DUPLICATE_GCLID.1")]
    results = send_and_read_back(uploader, uploads)
    assert {result.verdict for result in results.values()} == {Verdict.COUNTED}


def test_a_mixed_outcome_is_unsettled_and_its_halves_settle_it(
    fake: FakeDataManager, uploader: DataManagerUploader
) -> None:
    good, bad = make_upload(), make_upload(click_id="fake.CLICK_NOT_FOUND.1")
    answer = uploader.send([good, bad])
    with pytest.raises(Unsettled) as unsettled:
        uploader.read_back(sent_request(answer.request_id, [good, bad]))
    assert unsettled.value.reasons == {"SUCCESS": 1, "CLICK_NOT_FOUND": 1}
    assert send_and_read_back(uploader, [good])[good.key].verdict is Verdict.COUNTED
    assert send_and_read_back(uploader, [bad])[bad.key].reason == "CLICK_NOT_FOUND"
    assert [counted.key for counted in fake.kept.conversions()] == [good.key]


def test_a_status_that_is_no_longer_kept_is_for_a_person(uploader: DataManagerUploader) -> None:
    upload = make_upload()
    assert uploader.read_back(sent_request("request-unknown", [upload])) is None
    answer = uploader.read_back(sent_request("request-unknown", [upload], days_ago=51))
    assert answer is not None
    assert answer.results[upload.key] == Result(Verdict.HOLD, "status_no_longer_kept")


UNSENDABLE = {
    "denied_consent": {"consent_ad_user_data": "denied"},
    "unknown_consent": {"consent_ad_personalization": "unknown"},
    "no_identifier": {"click_id": None, "click_id_type": None},
    "click_id_of_another_platform": {"click_id_type": "msclkid"},
    "phone_number_not_international": {"click_id": None, "caller_number": "8005550100"},
    "numeric_transaction_id": {"key": "20260101"},
    "restatement_without_value": {
        "operation": Operation.RESTATE,
        "value": None,
        "currency": None,
    },
}


@pytest.mark.parametrize(("reason", "overrides"), UNSENDABLE.items(), ids=list(UNSENDABLE))
def test_what_can_be_checked_before_is_refused_without_being_sent(
    fake: FakeDataManager, uploader: DataManagerUploader, reason: str, overrides: dict
) -> None:
    bad, good = make_upload(**overrides), make_upload()
    answer = uploader.send([bad, good])
    assert answer.results[bad.key] == Result(Verdict.REFUSED, reason)
    assert answer.results[good.key].verdict is Verdict.ACCEPTED
    assert [counted.key for counted in fake.kept.conversions()] == [good.key]


def test_unknown_consent_is_sent_only_where_a_setting_says_so(fake: FakeDataManager) -> None:
    upload = make_upload(consent_ad_user_data="unknown")
    with channel_to(fake) as channel:
        uploader = DataManagerUploader(channel, sends_unknown_consent=True)
        assert send_and_read_back(uploader, [upload])[upload.key].reason == "UNKNOWN_CONSENT"


REFUSED_WHOLE = {
    "INVALID_CURRENCY_CODE": {"currency": "dollars"},
    "EVENT_TIME_INVALID": {"occurred_at": NOW + timedelta(days=1)},
}


@pytest.mark.parametrize(("reason", "overrides"), REFUSED_WHOLE.items(), ids=list(REFUSED_WHOLE))
def test_one_invalid_field_refuses_the_whole_request_and_counts_nothing(
    fake: FakeDataManager, uploader: DataManagerUploader, reason: str, overrides: dict
) -> None:
    with pytest.raises(BatchRefused) as refused:
        uploader.send([make_upload(), make_upload(**overrides)])
    assert refused.value.reason == reason
    assert fake.kept.conversions() == []


def test_a_request_holds_two_thousand_events_and_no_more(uploader: DataManagerUploader) -> None:
    uploads = [make_upload() for _ in range(uploader.limits.batch_size)]
    assert uploader.send(uploads).request_id
    with pytest.raises(BatchRefused, match="TOO_MANY_EVENTS"):
        uploader.send([*uploads, make_upload()])


def test_more_than_ten_conversion_actions_are_halved_before_anything_is_sent(
    fake: FakeDataManager, uploader: DataManagerUploader
) -> None:
    uploads = [make_upload(conversion_action=f"action-{number}") for number in range(11)]
    with pytest.raises(BatchRefused, match="TOO_MANY_DESTINATIONS"):
        uploader.send(uploads)
    assert fake.faults.drawn.total() == 0
    results = send_and_read_back(uploader, uploads[:10])
    assert {result.verdict for result in results.values()} == {Verdict.COUNTED}
    assert len({counted.action for counted in fake.kept.conversions()}) == 10


ACCOUNT_FAULTS = {
    "PERMISSION_DENIED": GoogleAccounts(without_permission=frozenset({ACCOUNT_ID})),
    "INVALID_DESTINATION": GoogleAccounts(managers=frozenset({ACCOUNT_ID})),
    "INVALID_CONVERSION_ACTION_ID": GoogleAccounts(unknown_actions=frozenset({ACTION_ID})),
    "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED": GoogleAccounts(
        without_terms=frozenset({ACCOUNT_ID})
    ),
}


@pytest.mark.parametrize(("reason", "accounts"), ACCOUNT_FAULTS.items(), ids=list(ACCOUNT_FAULTS))
def test_a_fault_of_the_account_is_no_row_s_fault(reason: str, accounts: GoogleAccounts) -> None:
    with FakeDataManager(accounts=accounts) as fake, channel_to(fake) as channel:
        with pytest.raises(Refused) as refused:
            DataManagerUploader(channel).send([make_phone_upload(), make_phone_upload()])
        assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("fault", "reason", "counted"),
    [
        (Fault.REFUSE, "UNAVAILABLE", 0),
        (Fault.RATE_LIMIT, "RESOURCE_EXHAUSTED", 0),
        (Fault.DROP_ANSWER, "UNAVAILABLE", 2),
        (Fault.DIE, "UNAVAILABLE", 1),
        (Fault.GARBAGE, "INTERNAL", 2),
    ],
)
def test_a_request_of_unknown_fate_is_sent_again_as_it_is(
    fake: FakeDataManager, uploader: DataManagerUploader, fault: Fault, reason: str, counted: int
) -> None:
    uploads = [make_upload(), make_upload()]
    fake.faults.force(fault)
    with pytest.raises(TryAgain) as again:
        uploader.send(uploads)
    assert again.value.reason == reason
    assert len(fake.kept.conversions()) == counted
    results = send_and_read_back(uploader, uploads)
    assert {result.verdict for result in results.values()} == {Verdict.COUNTED}
    assert len(fake.kept.conversions()) == 2


def test_a_late_answer_is_given_up_after_the_request_seconds(fake: FakeDataManager) -> None:
    fake.faults.force(Fault.DELAY)
    fake.faults.delay_seconds = 1.0
    with channel_to(fake) as channel, pytest.raises(TryAgain, match="DEADLINE_EXCEEDED"):
        DataManagerUploader(channel, request_seconds=0.2).send([make_upload()])


def test_what_the_platform_quotes_stays_out_of_exceptions(uploader: DataManagerUploader) -> None:
    with pytest.raises(BatchRefused) as refused:
        uploader.send([make_phone_upload(currency="dollars")])
    shown = "".join(traceback.format_exception(refused.value))
    assert refused.value.reason == "INVALID_CURRENCY_CODE"
    assert HASHED not in shown
    assert CALLER_NUMBER not in shown


@pytest.mark.filterwarnings("ignore:Unrecognized ProcessingErrorReason")
def test_a_reason_that_is_newer_than_the_client_is_for_a_person() -> None:
    status = RequestStatusPerDestination.pb(RequestStatusPerDestination())
    status.request_status = RequestStatusPerDestination.RequestStatus.FAILED
    status.error_info.error_counts.add(reason=999, record_count=3)
    verdict = errors.common_verdict([RequestStatusPerDestination.wrap(status)])
    assert verdict == Result(Verdict.HOLD, "REASON_999")


def test_a_failure_without_a_reason_is_for_a_person_and_a_partial_one_for_halves() -> None:
    known = RequestStatusPerDestination.RequestStatus
    sized = {"events_ingestion_status": {"record_count": 3}}
    failed = RequestStatusPerDestination(request_status=known.FAILED, **sized)
    assert errors.common_verdict([failed]) == Result(Verdict.HOLD, "FAILED")
    partial = RequestStatusPerDestination(request_status=known.PARTIAL_SUCCESS, **sized)
    with pytest.raises(Unsettled):
        errors.common_verdict([partial])


def test_destinations_that_fared_differently_are_unsettled(uploader: DataManagerUploader) -> None:
    good = make_upload(conversion_action="1")
    bad = make_upload(conversion_action="2", click_id="fake.INVALID_GCLID.1")
    answer = uploader.send([good, bad])
    with pytest.raises(Unsettled):
        uploader.read_back(sent_request(answer.request_id, [good, bad]))


def test_reading_is_repeated_until_the_policy_gives_up(fake: FakeDataManager) -> None:
    upload = make_upload()
    with channel_to(fake) as channel:
        uploader = DataManagerUploader(channel, read_retry=QUICK_READS)
        request = sent_request(uploader.send([upload]).request_id, [upload])
        fake.faults.force(Fault.REFUSE, Fault.GARBAGE, Fault.DROP_ANSWER)
        answer = uploader.read_back(request)
        assert answer is not None
        assert answer.results[upload.key].verdict is Verdict.COUNTED
        fake.faults.force(*[Fault.REFUSE] * 1_000)
        with pytest.raises(TryAgain, match="UNAVAILABLE"):
            uploader.read_back(request)


def test_the_request_rate_is_limited_and_says_how_long_to_wait() -> None:
    with FakeDataManager(requests_a_minute=2) as fake, channel_to(fake) as channel:
        uploader = DataManagerUploader(channel)
        uploader.send([make_upload()])
        uploader.send([make_upload()])
        with pytest.raises(TryAgain, match="RESOURCE_EXHAUSTED") as again:
            uploader.send([make_upload()])
        assert again.value.after is not None
        assert timedelta(seconds=50) < again.value.after <= timedelta(seconds=60)


def test_a_hashed_number_goes_out_and_the_clear_one_does_not(
    fake: FakeDataManager, uploader: DataManagerUploader
) -> None:
    with_click = make_upload(caller_number=CALLER_NUMBER)
    uploader.send([make_phone_upload(), with_click])
    (request,) = fake.received
    assert HASHED in str(request)
    assert CALLER_NUMBER.removeprefix("+") not in str(request)
    assert not request.events[1].user_data.user_identifiers


def test_clients_at_debug_level_log_no_number_and_no_hash(
    uploader: DataManagerUploader, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("google", "grpc", "google.ads.datamanager_v1", None):
        caplog.set_level(logging.DEBUG, logger=name)
    logging.getLogger("google").propagate = True
    upload = make_phone_upload()
    uploader.send([upload])
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert HASHED not in logged
    assert CALLER_NUMBER not in logged
    assert CALLER_NUMBER not in repr(upload)
