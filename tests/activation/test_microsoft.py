"""The Microsoft uploader against a real SOAP server that enforces the platform's rules."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from bingads.authorization import (
    MSADS_MANAGE,
    PRODUCTION,
    OAuthTokens,
    OAuthWebAuthCodeGrant,
    _UriOAuthService,
)

from activation.uploaders.microsoft import MicrosoftUploader, conversion_time
from activation.uploads import (
    BatchRefused,
    Operation,
    Refused,
    Result,
    SentRequest,
    TryAgain,
    Upload,
    Verdict,
)
from tests.activation.upload_factories import NOW, correction, msclkid_upload, now
from tests.conftest import REPO_ROOT
from tests.fakes.faults import HARMLESS, Fault
from tests.fakes.http_server import Reply
from tests.fakes.kept import read
from tests.fakes.microsoft import FakeMicrosoft, Goal, soap_fault

TOKEN, DEVELOPER_TOKEN = "an-access-token-of-the-tests", "a-developer-token-of-the-tests"
GOALS = (
    Goal("Qualified call"),
    Goal("Sold call"),
    Goal("Paused", status="Paused"),
    Goal("Deleted", status="Deleted"),
    Goal("New", made_at=NOW.timestamp() - 3_600),
)


REFRESH_TOKEN = "a-refresh-token-of-the-tests"


def make_uploader(
    url: str, access_token: str = TOKEN, seconds: int = 3_600, **overrides: object
) -> MicrosoftUploader:
    tokens = OAuthTokens(access_token, seconds, REFRESH_TOKEN)
    authentication = OAuthWebAuthCodeGrant(
        "client", "secret", "http://localhost", oauth_tokens=tokens
    )
    values = {"customer_id": "77", "service_url": url, "clock": now}
    return MicrosoftUploader(authentication, DEVELOPER_TOKEN, **values | overrides)


@pytest.fixture
def fake() -> Iterator[FakeMicrosoft]:
    with FakeMicrosoft(goals=GOALS, tokens=[TOKEN], clock=NOW.timestamp) as fake:
        yield fake


@pytest.fixture(scope="module")
def client() -> MicrosoftUploader:
    """One client for all tests: it reads 1.5 MB of service description when it is made."""
    return make_uploader("http://127.0.0.1:1")


@pytest.fixture
def uploader(fake: FakeMicrosoft, client: MicrosoftUploader) -> MicrosoftUploader:
    client._client._options["location"] = fake.url
    return client


def last_request(fake: FakeMicrosoft) -> str:
    return fake.received[-1].body.decode()


def test_a_conversion_counts_with_its_value_at_the_second_of_the_call(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    upload = msclkid_upload()
    answer = uploader.send([upload])
    assert answer.results == {upload.key: Result(Verdict.COUNTED, "applied")}
    assert answer.request_id == "fake"  # the tracking id, which support asks for
    (counted,) = fake.kept.conversions()
    assert (counted.account_id, counted.action) == ("149027716", "Qualified call")
    assert (counted.click, counted.value, counted.currency) == (upload.click_id, 120.5, "USD")
    occurred_at = datetime.fromisoformat(counted.occurred_at)
    assert occurred_at.replace(microsecond=0) == upload.occurred_at


def test_the_time_is_told_in_utc(fake: FakeMicrosoft, uploader: MicrosoftUploader) -> None:
    in_arizona = datetime.fromisoformat("2026-11-01T08:00:00-07:00")
    uploader.send([msclkid_upload(occurred_at=in_arizona)])
    assert "ConversionTime>2026-11-01T15:00:00." in last_request(fake)
    assert fake.kept.conversions()[0].occurred_at.endswith("+00:00")


def test_a_conversion_without_a_value_takes_the_goals(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    uploader.send([msclkid_upload(value=None, currency=None)])
    assert "ConversionValue>" not in last_request(fake)
    assert fake.kept.conversions()[0].value is None


def test_a_request_names_its_account_its_customer_and_the_tokens(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    uploader.send([msclkid_upload(account_id="1")])
    uploader.send([msclkid_upload(account_id="2")])
    assert [counted.account_id for counted in fake.kept.conversions()] == ["1", "2"]
    for said in ("CustomerId>77<", f"DeveloperToken>{DEVELOPER_TOKEN}<", f"Token>{TOKEN}<"):
        assert said in last_request(fake)


TOKENS_URL = _UriOAuthService.AUTH_TOKEN_URI
TOKENS = Reply(b'{"access_token": "%s", "expires_in": 3600}' % TOKEN.encode())


def test_the_first_access_token_is_asked_for_with_the_refresh_token(
    fake: FakeMicrosoft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is the only thing that the client does not take as an argument."""
    monkeypatch.setitem(TOKENS_URL, (PRODUCTION, MSADS_MANAGE), f"{fake.url}/token")
    uploader = make_uploader(fake.url, access_token="", seconds=0)
    fake.say_next(TOKENS)
    for _ in range(2):
        upload = msclkid_upload()
        assert uploader.send([upload]).results[upload.key].verdict is Verdict.COUNTED
    asked = [request for request in fake.received if request.path == "/token"]
    assert len(asked) == 1
    assert f"refresh_token={REFRESH_TOKEN}" in asked[0].body.decode()


SIGNING_IN_FAILS = {
    "refresh token too old": (
        Reply(b'{"error": "invalid_grant", "error_description": "expired"}', 400),
        Refused("tokens_not_renewed"),
    ),
    "page of a proxy": (Reply(b"<html>", 502), TryAgain("unreadable_answer")),
}


@pytest.mark.parametrize(("reply", "meaning"), SIGNING_IN_FAILS.values(), ids=SIGNING_IN_FAILS)
def test_without_a_token_nothing_is_sent(
    fake: FakeMicrosoft,
    monkeypatch: pytest.MonkeyPatch,
    reply: Reply,
    meaning: TryAgain | Refused,
) -> None:
    monkeypatch.setitem(TOKENS_URL, (PRODUCTION, MSADS_MANAGE), f"{fake.url}/token")
    fake.say_next(reply)
    with pytest.raises(type(meaning)) as raised:
        make_uploader(fake.url, access_token="", seconds=0).send([msclkid_upload()])
    assert vars(raised.value) == vars(meaning)
    assert [request.path for request in fake.received] == ["/token"]


def test_an_account_that_never_signed_in_is_held(fake: FakeMicrosoft) -> None:
    never = OAuthWebAuthCodeGrant("client", "secret", "http://localhost")
    uploader = MicrosoftUploader(never, DEVELOPER_TOKEN, "77", fake.url, clock=now)
    with pytest.raises(Refused, match="no_tokens"):
        uploader.send([msclkid_upload()])
    assert not fake.received


# --- what is known by click and time


def test_a_repeat_counts_nothing_and_the_first_wins(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    upload = msclkid_upload()
    other = msclkid_upload(
        key=upload.key,
        click_id=upload.click_id,
        occurred_at=upload.occurred_at,
        value=Decimal(7),
    )
    for sent in (upload, upload, other):
        assert uploader.send([sent]).results[upload.key].verdict is Verdict.COUNTED
    assert [counted.value for counted in fake.kept.conversions()] == [120.5]


def test_two_conversions_of_one_click_in_one_second_are_two(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    first = msclkid_upload()
    same = {"click_id": first.click_id, "occurred_at": first.occurred_at}
    uploader.send([first, msclkid_upload(**same)])
    uploader.send([msclkid_upload(conversion_action="Sold call", **same)])
    assert len(fake.kept.conversions()) == 3


def test_nothing_is_counted_twice_where_the_platform_reads_whole_seconds_only() -> None:
    with FakeMicrosoft(compares_fractions=False, clock=NOW.timestamp) as fake:
        uploader = make_uploader(fake.url)
        first = msclkid_upload()
        again = msclkid_upload(click_id=first.click_id, occurred_at=first.occurred_at)
        for sent in ([first], [first], [again]):
            uploader.send(sent)
        assert len(fake.kept.conversions()) == 1


def test_a_time_belongs_to_the_key_of_its_conversion() -> None:
    upload = msclkid_upload()
    retraction = correction(upload, Operation.RETRACT)
    assert conversion_time(retraction) == conversion_time(upload)
    assert conversion_time(upload) != conversion_time(
        msclkid_upload(occurred_at=upload.occurred_at)
    )


# --- corrections


def test_a_restatement_changes_the_value_and_a_retraction_takes_it_back(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    kept, refunded = msclkid_upload(), msclkid_upload()
    uploader.send([kept, refunded])
    restated = correction(kept, Operation.RESTATE, value=Decimal("80.25"))
    retracted = correction(refunded, Operation.RETRACT, value=None, currency=None)
    for sent in (restated, retracted, restated, retracted):
        assert uploader.send([sent]).results[sent.key].verdict is Verdict.COUNTED
    states = [(counted.value, counted.state) for counted in fake.kept.conversions()]
    assert states == [(80.25, "counted"), (120.5, "retracted")]


def test_a_conversion_is_sent_anew_after_it_was_retracted(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    first = msclkid_upload()
    uploader.send([first])
    uploader.send([correction(first, Operation.RETRACT)])
    uploader.send([msclkid_upload(click_id=first.click_id, occurred_at=first.occurred_at)])
    assert [row.state for row in fake.kept.conversions()] == ["retracted", "counted"]


def test_a_retraction_names_no_value_and_is_later_than_its_conversion(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    upload = msclkid_upload(occurred_at=NOW - timedelta(minutes=10))
    uploader.send([upload])
    at_once = correction(upload, Operation.RETRACT, adjusted_at=upload.occurred_at)
    assert uploader.send([at_once]).results[at_once.key].verdict is Verdict.COUNTED
    assert "AdjustmentValue>" not in last_request(fake)
    assert fake.kept.conversions()[0].state == "retracted"


def test_a_retraction_needs_no_consent_any_more(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    upload = msclkid_upload()
    uploader.send([upload])
    uploader.send([correction(upload, Operation.RETRACT, consent_ad_user_data="denied")])
    assert fake.kept.conversions()[0].state == "retracted"


# --- what never leaves


REFUSED_HERE = {
    "denied": (msclkid_upload(consent_ad_user_data="denied"), "denied_consent"),
    "unknown": (msclkid_upload(consent_ad_personalization="unknown"), "unknown_consent"),
    "no click": (msclkid_upload(click_id=None, click_id_type=None), "no_msclkid"),
    "click of Google's": (msclkid_upload(click_id_type="gclid"), "no_msclkid"),
    "formula": (msclkid_upload(click_id="=1+1"), "unreadable_click_id"),
    "too old": (
        msclkid_upload(occurred_at=NOW - timedelta(days=90, seconds=1)),
        "conversion_too_old",
    ),
    "restatement without a value": (
        correction(msclkid_upload(), Operation.RESTATE, value=None, currency=None),
        "restatement_without_value",
    ),
}


@pytest.mark.parametrize(("bad", "reason"), REFUSED_HERE.values(), ids=REFUSED_HERE)
def test_what_the_platform_would_refuse_or_nobody_agreed_to_never_leaves(
    fake: FakeMicrosoft, uploader: MicrosoftUploader, bad: Upload, reason: str
) -> None:
    assert uploader.send([bad]).results == {bad.key: Result(Verdict.REFUSED, reason)}
    assert not fake.received


def test_what_is_refused_here_does_not_keep_the_rest(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    bad, good = msclkid_upload(click_id=None), msclkid_upload()
    results = uploader.send([bad, good]).results
    assert results[good.key].verdict is Verdict.COUNTED
    assert [counted.click for counted in fake.kept.conversions()] == [good.click_id]


def test_what_lies_in_the_future_waits(uploader: MicrosoftUploader) -> None:
    ahead = msclkid_upload(occurred_at=NOW + timedelta(minutes=5))
    waits = Result(Verdict.LATER, "conversion_in_the_future", timedelta(minutes=5))
    assert uploader.send([ahead]).results == {ahead.key: waits}


# --- goals


@pytest.mark.parametrize(
    ("goal", "reason"),
    [
        ("qualified call", "goal_not_found"),
        ("No such goal", "goal_not_found"),
        ("Paused", "goal_not_active"),
        ("Deleted", "goal_not_active"),
    ],
)
@pytest.mark.parametrize("operation", Operation)
def test_a_goal_that_does_not_take_conversions_is_refused_before_anything_is_sent(
    fake: FakeMicrosoft, uploader: MicrosoftUploader, goal: str, reason: str, operation: Operation
) -> None:
    """Because the platform would say nothing: see the next test."""
    lost = correction(msclkid_upload(conversion_action=goal), operation, adjusted_at=None)
    with pytest.raises(Refused, match=f"{reason}: {goal}"):
        uploader.send([lost])
    assert len(fake.received) == 1
    assert "GetConversionGoalsByIds" in last_request(fake)


def test_the_platform_says_nothing_about_a_goal_that_does_not_exist(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    """The goal goes away between the question and the request."""
    lost = msclkid_upload()
    listed = fake.goals.pop("Qualified call")
    fake.say_next(fake.answer_to_goals([listed]))
    assert uploader.send([lost]).results[lost.key].verdict is Verdict.COUNTED
    assert fake.kept.conversions() == []


def test_a_goal_younger_than_two_hours_lets_its_conversions_wait(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    young, grown = msclkid_upload(conversion_action="New"), msclkid_upload()
    results = uploader.send([young, grown]).results
    reason = "OfflineConversionGoalTooRecent"
    assert results[young.key] == Result(Verdict.LATER, reason, timedelta(hours=2))
    assert results[grown.key].verdict is Verdict.COUNTED
    assert len(fake.kept.conversions()) == 1


# --- errors by row


REFUSED_BY_ROW = [
    "OfflineConversionMSClickIdNullOrEmpty",
    "OfflineConversionMSClickIdInvalid",
    "OfflineConversionMicrosoftClickIdInvalid",
    "OfflineConversionNameInvalid",
    "OfflineConversionNameNullOrEmpty",
    "OfflineConversionValueInvalid",
    "OfflineConversionCurrencyCodeInvalid",
    "OfflineConversionTimeNullOrEmpty",
    "OfflineConversionTimeInvalid",
    "ConversionTimeEarlierThanClickTime",
    "NotEligibleForEnhancedConversions",
]


def scripted(code: str) -> Upload:
    return msclkid_upload(click_id=f"fake-{code}-1")


@pytest.mark.parametrize("code", REFUSED_BY_ROW)
def test_an_error_of_one_row_is_its_own_and_no_others(
    fake: FakeMicrosoft, uploader: MicrosoftUploader, code: str
) -> None:
    rows = [msclkid_upload(), scripted(code), msclkid_upload()]
    results = uploader.send(rows).results
    assert [results[row.key].verdict for row in rows] == [
        Verdict.COUNTED,
        Verdict.REFUSED,
        Verdict.COUNTED,
    ]
    assert results[rows[1].key].reason == code
    assert len(fake.kept.conversions()) == 2


@pytest.mark.parametrize(
    "code", ["OfflineConversionTimeOutOfWindow", "ClickIdDateTimeOutsideGoalConversionWindow"]
)
def test_a_refusal_for_age_says_so_to_the_sender(uploader: MicrosoftUploader, code: str) -> None:
    """It must not believe it of a row whose earlier attempt may have arrived in time."""
    old = scripted(code)
    assert uploader.send([old]).results == {old.key: Result(Verdict.REFUSED, f"too_old: {code}")}


def test_an_adjustment_refused_for_age_says_so_too(uploader: MicrosoftUploader) -> None:
    code = "OfflineConversionAdjustmentTimeOutOfWindow"
    old = correction(scripted(code), Operation.RESTATE)
    assert uploader.send([old]).results == {old.key: Result(Verdict.REFUSED, f"too_old: {code}")}


ADJUSTMENT_ERRORS = {
    "OfflineConversionInvalidAdjustmentType": Verdict.REFUSED,
    "OfflineConversionRestateRetractNotSupported": Verdict.REFUSED,
    "OfflineConversionAdjustmentTimeNullOrEmpty": Verdict.REFUSED,
    "OfflineConversionAdjustmentTimeInvalid": Verdict.REFUSED,
    "OfflineConversionAdjustmentTimeEarlierThanConversionTime": Verdict.REFUSED,
    "OfflineConversionAdjustmentValueNotExpected": Verdict.REFUSED,
    "OfflineConversionAdjustmentValueRequired": Verdict.REFUSED,
    "AdjustmentOriginalNotFound": Verdict.REFUSED,
    "OfflineConversionFutureAdjustmentTimeCannotBeSet": Verdict.LATER,
    "ConversionAlreadyRetracted": Verdict.COUNTED,
}


@pytest.mark.parametrize(("code", "verdict"), ADJUSTMENT_ERRORS.items(), ids=ADJUSTMENT_ERRORS)
def test_an_error_of_an_adjustment_means_what_the_documents_say(
    uploader: MicrosoftUploader, code: str, verdict: Verdict
) -> None:
    retraction = correction(scripted(code), Operation.RETRACT)
    result = uploader.send([retraction]).results[retraction.key]
    assert (result.verdict, result.reason) == (verdict, code)


def test_a_restatement_of_what_was_retracted_is_refused(uploader: MicrosoftUploader) -> None:
    late = correction(scripted("ConversionAlreadyRetracted"), Operation.RESTATE)
    assert uploader.send([late]).results[late.key].verdict is Verdict.REFUSED


def test_a_duplicate_that_is_told_counts_as_done(uploader: MicrosoftUploader) -> None:
    repeat = scripted("DuplicateConversionKey")
    assert uploader.send([repeat]).results[repeat.key].verdict is Verdict.COUNTED


def test_a_clock_that_is_ahead_of_the_platforms_lets_the_row_wait(fake: FakeMicrosoft) -> None:
    ahead = make_uploader(fake.url, clock=lambda: NOW + timedelta(hours=3))
    early = msclkid_upload(occurred_at=NOW + timedelta(hours=1))
    result = ahead.send([early]).results[early.key]
    assert (result.verdict, result.reason) == (Verdict.LATER, "FutureConversionTimeCannotBeSet")
    assert fake.kept.conversions() == []


def test_a_conversion_before_its_click_is_refused_by_the_platform(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    early = msclkid_upload()
    fake.clicks = {str(early.click_id): NOW.timestamp()}
    result = uploader.send([early]).results[early.key]
    assert result == Result(Verdict.REFUSED, "ConversionTimeEarlierThanClickTime")


def test_a_thousand_rows_are_one_request_and_one_more_refuses_it(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    uploads = [msclkid_upload() for _ in range(uploader.limits.batch_size + 1)]
    with pytest.raises(BatchRefused, match="OfflineConversionBatchSizeExceedsLimit"):
        uploader.send(uploads)
    assert fake.kept.conversions() == []
    assert len(uploader.send(uploads[:-1]).results) == len(fake.kept.conversions()) == 1_000


# --- faults of the whole request


UNPLACED = Reply(
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    b'<ApplyOfflineConversionsResponse xmlns="https://bingads.microsoft.com/CampaignManagement/v13">'
    b"<PartialErrors><BatchError><Code>0</Code><ErrorCode>InternalError</ErrorCode>"
    b"<Index>-1</Index></BatchError></PartialErrors></ApplyOfflineConversionsResponse>"
    b"</s:Body></s:Envelope>",
    content_type="text/xml",
)
ERRORS = {
    "internal": (soap_fault(0, "InternalError"), TryAgain("InternalError")),
    "rate": (
        soap_fault(117, "CallRateExceeded"),
        TryAgain("CallRateExceeded", timedelta(seconds=60)),
    ),
    "concurrent": (
        soap_fault(207, "ConcurrentRequestOverLimit"),
        TryAgain("ConcurrentRequestOverLimit"),
    ),
    "credentials": (soap_fault(105, "InvalidCredentials"), Refused("InvalidCredentials")),
    "permission": (soap_fault(106, "UserIsNotAuthorized"), Refused("UserIsNotAuthorized")),
    "customer": (
        soap_fault(1029, "CampaignServiceCustomerIdHasToBeSpecified", "ApiFaultDetail"),
        Refused("CampaignServiceCustomerIdHasToBeSpecified"),
    ),
    "503": (Reply(b"busy", 503), TryAgain("http_503")),
    "500": (Reply(b"<html>", 500), TryAgain("unreadable_answer")),
    "429": (Reply(b"", 429), TryAgain("http_429")),
    "403": (Reply(b"", 403), Refused("http_403")),
    "page of a proxy": (Reply(b"<html>hello</html>"), TryAgain("unreadable_answer")),
    "half": (Reply(b"<s:Envelope xmlns:s="), TryAgain("unreadable_answer")),
    "empty": (Reply(b""), TryAgain("unreadable_answer")),
    "error of no row": (UNPLACED, TryAgain("partial_error_without_row")),
}


@pytest.mark.parametrize(("reply", "meaning"), ERRORS.values(), ids=ERRORS)
def test_every_answer_but_errors_by_row_means_what_the_documents_say(
    fake: FakeMicrosoft,
    uploader: MicrosoftUploader,
    reply: Reply,
    meaning: TryAgain | Refused | BatchRefused,
) -> None:
    fake.say_next(fake.answer_to_goals(GOALS), reply)
    with pytest.raises(type(meaning)) as raised:
        uploader.send([msclkid_upload()])
    assert vars(raised.value) == vars(meaning)
    assert len(fake.received) == 2


@pytest.mark.parametrize(("reply", "meaning"), ERRORS.values(), ids=ERRORS)
def test_goals_that_cannot_be_read_keep_everything_here(
    fake: FakeMicrosoft,
    uploader: MicrosoftUploader,
    reply: Reply,
    meaning: TryAgain | Refused | BatchRefused,
) -> None:
    fake.say_next(reply)
    with pytest.raises(type(meaning)):
        uploader.send([msclkid_upload()])
    assert len(fake.received) == 1


@pytest.mark.parametrize("fault", sorted(set(Fault) - HARMLESS))
def test_after_any_fault_the_same_keys_again_count_every_conversion_once(
    fake: FakeMicrosoft, uploader: MicrosoftUploader, fault: Fault
) -> None:
    uploads = [msclkid_upload() for _ in range(10)]
    fake.faults.force(fault, Fault.NONE, fault, Fault.NONE, fault)
    for _ in range(3):
        with pytest.raises(TryAgain):
            uploader.send(uploads)
    uploader.send(uploads)
    counted = [conversion.click for conversion in fake.kept.conversions()]
    assert sorted(counted) == sorted(upload.click_id for upload in uploads)


def test_an_answer_that_is_too_late_leaves_the_fate_open(fake: FakeMicrosoft) -> None:
    hasty = make_uploader(fake.url, request_seconds=0.05)
    fake.faults.force(Fault.DELAY)
    with pytest.raises(TryAgain):
        hasty.send([msclkid_upload()])


def test_no_server_at_all_leaves_the_fate_open(
    fake: FakeMicrosoft, uploader: MicrosoftUploader
) -> None:
    fake.stop()
    with pytest.raises(TryAgain):
        uploader.send([msclkid_upload()])


def test_limits_are_those_of_the_documents(uploader: MicrosoftUploader) -> None:
    limits = uploader.limits
    assert (limits.batch_size, limits.deduplicates_for) == (1_000, None)
    assert limits.supports == set(Operation)
    assert limits.adjustable_for == timedelta(days=90)
    assert not limits.needs_number
    with pytest.raises(NotImplementedError):
        uploader.read_back(SentRequest("x", [], NOW, 1))


# --- privacy


def test_no_token_is_logged_raised_or_shown(
    fake: FakeMicrosoft, caplog: pytest.LogCaptureFixture
) -> None:
    uploader = make_uploader(fake.url)
    logging.getLogger("suds.client").setLevel(logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        upload = msclkid_upload()
        uploader.send([upload])
        for reply in (soap_fault(105, TOKEN), Reply(b"<html>"), Reply(b"", 500)):
            fake.say_next(reply)
            with pytest.raises((Refused, TryAgain)) as raised:
                uploader.send([upload])
            assert raised.value.__context__ is None
    for secret in (TOKEN, DEVELOPER_TOKEN, str(upload.click_id)):
        assert secret not in caplog.text
        assert secret not in repr(uploader)


# --- the fake as a process


def test_the_fake_runs_as_a_process_and_remembers_when_it_starts_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept.sqlite"
    command = [sys.executable, "-m", "tests.fakes.microsoft", "--kept", str(kept), "--goal", "Call"]
    occurred_at = datetime.now(UTC) - timedelta(hours=1)
    upload = msclkid_upload(conversion_action="Call", occurred_at=occurred_at)
    for _ in range(2):
        with subprocess.Popen(command, cwd=REPO_ROOT, stdout=subprocess.PIPE, text=True) as fake:
            assert fake.stdout is not None
            url = f"http://127.0.0.1:{fake.stdout.readline().strip()}"
            make_uploader(url, clock=lambda: datetime.now(UTC)).send([upload])
            fake.terminate()
    assert [counted.click for counted in read(kept)] == [upload.click_id]
