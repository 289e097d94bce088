"""The Meta uploader against a real HTTP server that enforces the platform's rules."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from activation.uploaders.meta import MetaUploader
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
from tests.activation.upload_factories import (
    CALLER_NUMBER,
    NOW,
    by_phone,
    correction,
    make_upload,
)
from tests.conftest import REPO_ROOT
from tests.fakes.faults import HARMLESS, Fault
from tests.fakes.http_server import Reply
from tests.fakes.kept import read
from tests.fakes.meta import FakeMeta, error

TOKEN = "EAAB-a-token-of-the-tests"
HASHED = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"
"""SHA-256 of `16505551212`, the example in Meta's documents."""


class Clock:
    """A clock that the fake and the uploader share and a test may turn."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> Iterator[FakeMeta]:
    with FakeMeta(tokens=[TOKEN], clock=clock.seconds) as fake:
        yield fake


@pytest.fixture
def uploader(fake: FakeMeta, clock: Clock) -> MetaUploader:
    return MetaUploader(TOKEN, base_url=fake.url, clock=clock)


def sent_events(fake: FakeMeta) -> list[dict]:
    """Return the events of the last request, as they came in."""
    form = parse_qs(fake.received[-1].body.decode())
    return [json.loads(event) for event in json.loads(form["data"][0])]


def test_a_conversion_counts_once_with_its_value_and_its_click(
    fake: FakeMeta, uploader: MetaUploader
) -> None:
    upload = make_upload()
    answer = uploader.send([upload])
    assert answer.results == {upload.key: Result(Verdict.COUNTED, "events_received")}
    (counted,) = fake.kept.conversions()
    assert (counted.account_id, counted.action) == (upload.account_id, "Lead")
    assert (counted.key, counted.value, counted.currency) == (upload.key, 120.5, "USD")
    assert counted.occurred_at == upload.occurred_at.isoformat()
    (event,) = sent_events(fake)
    assert event["action_source"] == "phone_call"


def test_fbc_is_made_of_the_clicks_milliseconds_and_its_id(
    fake: FakeMeta, uploader: MetaUploader
) -> None:
    clicked_at = datetime(2026, 11, 1, 14, 0, 0, 123_456, tzinfo=UTC)
    uploader.send([make_upload(click_id="IwAR_x-Y.9", clicked_at=clicked_at)])
    (event,) = sent_events(fake)
    assert event["user_data"] == {"fbc": "fb.1.1793541600123.IwAR_x-Y.9"}


def test_a_call_without_a_click_is_found_by_the_published_hash_of_its_number(
    fake: FakeMeta, uploader: MetaUploader
) -> None:
    uploader.send([by_phone()])
    (event,) = sent_events(fake)
    assert event["user_data"] == {"ph": [HASHED]}
    assert fake.kept.conversions()[0].click == HASHED


def test_the_number_stays_here_where_there_is_a_click(
    fake: FakeMeta, uploader: MetaUploader
) -> None:
    uploader.send([make_upload(caller_number=CALLER_NUMBER)])
    assert "ph" not in sent_events(fake)[0]["user_data"]


def test_limited_data_use_goes_with_the_caller_who_asked_for_it_and_no_other(
    fake: FakeMeta, uploader: MetaUploader
) -> None:
    uploader.send([make_upload(is_limited_data_use=True), make_upload()])
    limited, free = sent_events(fake)
    assert limited["data_processing_options"] == ["LDU"]
    assert limited["data_processing_options_country"] == 0
    assert limited["data_processing_options_state"] == 0
    assert not free.get("data_processing_options")


REFUSED_HERE = {
    "denied": (make_upload(consent_ad_user_data="denied"), "denied_consent"),
    "unknown": (make_upload(consent_ad_user_data="unknown"), "unknown_consent"),
    "no identifier": (by_phone(caller_number=None), "no_identifier"),
    "national number": (by_phone(caller_number="6505551212"), "phone_number_not_international"),
    "click of Google's": (make_upload(click_id_type="gclid"), "click_id_of_another_platform"),
    "click without a time": (make_upload(clicked_at=None), "time_of_click_unknown"),
    "formula": (make_upload(click_id="=1+1"), "unreadable_click_id"),
    "too old": (
        make_upload(occurred_at=NOW - timedelta(days=7, seconds=1)),
        "event_too_old",
    ),
    "retraction": (correction(make_upload(), Operation.RETRACT), "operation_not_supported"),
    "restatement": (correction(make_upload(), Operation.RESTATE), "operation_not_supported"),
}


@pytest.mark.parametrize(("bad", "reason"), REFUSED_HERE.values(), ids=REFUSED_HERE)
def test_what_meta_would_refuse_or_nobody_agreed_to_never_leaves(
    fake: FakeMeta, uploader: MetaUploader, bad: Upload, reason: str
) -> None:
    good = make_upload()
    results = uploader.send([bad, good]).results
    assert results[bad.key] == Result(Verdict.REFUSED, reason)
    assert results[good.key].verdict is Verdict.COUNTED
    assert [counted.key for counted in fake.kept.conversions()] == [good.key]
    assert bad.key.encode() not in fake.received[-1].body


def test_nothing_is_sent_where_nothing_may_be(fake: FakeMeta, uploader: MetaUploader) -> None:
    uploader.send([make_upload(consent_ad_personalization="denied")])
    assert not fake.received


def test_unknown_consent_is_sent_where_a_setting_says_that_the_law_allows_it(
    fake: FakeMeta, clock: Clock
) -> None:
    uploader = MetaUploader(TOKEN, base_url=fake.url, clock=clock, sends_unknown_consent=True)
    unknown = make_upload(consent_ad_user_data="unknown", consent_ad_personalization="unknown")
    assert uploader.send([unknown]).results[unknown.key].verdict is Verdict.COUNTED


def test_a_call_of_a_clock_ahead_waits_until_it_has_happened(uploader: MetaUploader) -> None:
    ahead = make_upload(occurred_at=NOW + timedelta(minutes=5))
    waits = Result(Verdict.LATER, "event_in_the_future", timedelta(minutes=5))
    assert uploader.send([ahead]).results == {ahead.key: waits}


# --- what the platform refuses


def test_one_event_older_than_seven_days_refuses_the_whole_request(
    fake: FakeMeta, clock: Clock
) -> None:
    """The uploader's clock is late, so that only Meta sees that the event is too old."""
    late = MetaUploader(TOKEN, base_url=fake.url, clock=lambda: NOW - timedelta(hours=1))
    old = make_upload(occurred_at=NOW - timedelta(days=7, minutes=1))
    with pytest.raises(BatchRefused, match="event_too_old"):
        late.send([make_upload(), old])
    assert fake.kept.conversions() == []


BATCHES_REFUSED = {
    "purchase without a value": [make_upload(conversion_action="Purchase", value=None)],
    "1,001 events": [make_upload() for _ in range(1_001)],
}


@pytest.mark.parametrize("uploads", BATCHES_REFUSED.values(), ids=BATCHES_REFUSED)
def test_a_request_that_meta_refuses_counts_nothing_and_names_the_code(
    fake: FakeMeta, uploader: MetaUploader, uploads: list[Upload]
) -> None:
    with pytest.raises(BatchRefused, match="invalid_parameter_2804019"):
        uploader.send(uploads)
    assert fake.kept.conversions() == []


def test_a_thousand_events_are_one_request(fake: FakeMeta, uploader: MetaUploader) -> None:
    uploads = [make_upload() for _ in range(uploader.limits.batch_size)]
    assert len(uploader.send(uploads).results) == len(fake.kept.conversions()) == 1_000


USAGE = json.dumps({"1": [{"type": "ads_management", "estimated_time_to_regain_access": 3}]})
ERRORS = {
    "unknown error": (error(1, "x", status=500), TryAgain("passing_error_1")),
    "service down": (error(2, "x", status=503), TryAgain("passing_error_2")),
    "app rate": (error(4, "x"), TryAgain("rate_limit_4")),
    "user rate": (error(17, "x"), TryAgain("rate_limit_17")),
    "page rate": (error(32, "x"), TryAgain("rate_limit_32")),
    "custom rate": (error(613, "x"), TryAgain("rate_limit_613")),
    "business rate": (
        error(80004, "x", headers={"X-Business-Use-Case-Usage": USAGE}),
        TryAgain("rate_limit_80004", timedelta(minutes=3)),
    ),
    "transient": (error(368, "x", is_transient=True), TryAgain("passing_error_368")),
    "429": (
        Reply(b"slow down", 429, {"Retry-After": "7"}),
        TryAgain("http_429", timedelta(seconds=7)),
    ),
    "502": (Reply(b"<html>", 502), TryAgain("http_502")),
    "token": (error(190, "x", status=401), Refused("meta_error_190")),
    "no permission": (error(10, "x", status=403), Refused("meta_error_10")),
    "permission": (error(200, "x", status=403), Refused("meta_error_200")),
    "bad field": (error(100, "x"), BatchRefused("invalid_parameter_unnamed")),
    "empty": (Reply(b""), TryAgain("unreadable_answer")),
    "page of a proxy": (Reply(b"<html>hello</html>"), TryAgain("unreadable_answer")),
    "half": (Reply(b'{"events_rec'), TryAgain("unreadable_answer")),
    "error in words": (Reply(b'{"error": "x"}', 400), TryAgain("unreadable_answer")),
    "list": (Reply(b"[1]"), TryAgain("unreadable_answer")),
    "fewer": (Reply(b'{"events_received": 0}'), TryAgain("events_received_differs")),
}


@pytest.mark.parametrize(("reply", "meaning"), ERRORS.values(), ids=ERRORS)
def test_every_answer_but_a_count_means_what_the_documents_say(
    fake: FakeMeta, uploader: MetaUploader, reply: Reply, meaning: TryAgain | Refused | BatchRefused
) -> None:
    fake.say_next(reply)
    with pytest.raises(type(meaning)) as raised:
        uploader.send([make_upload()])
    assert vars(raised.value) == vars(meaning)


def test_a_wrong_token_and_a_dataset_of_somebody_else_hold_the_destination(
    fake: FakeMeta, clock: Clock
) -> None:
    with pytest.raises(Refused, match="meta_error_190"):
        MetaUploader("wrong", base_url=fake.url, clock=clock).send([make_upload()])
    fake.without_permission = ["1"]
    with pytest.raises(Refused, match="meta_error_200"):
        MetaUploader(TOKEN, base_url=fake.url, clock=clock).send([make_upload(account_id="1")])


# --- faults, and sending again


@pytest.mark.parametrize("fault", sorted(set(Fault) - HARMLESS))
def test_after_any_fault_the_same_keys_again_count_every_event_once(
    fake: FakeMeta, uploader: MetaUploader, fault: Fault
) -> None:
    uploads = [make_upload() for _ in range(10)]
    fake.faults.force(fault, fault)
    for _ in range(2):
        with pytest.raises(TryAgain):
            uploader.send(uploads)
    uploader.send(uploads)
    counted = [conversion.key for conversion in fake.kept.conversions()]
    assert sorted(counted) == sorted(upload.key for upload in uploads)


def test_an_answer_that_is_late_is_waited_for(fake: FakeMeta, uploader: MetaUploader) -> None:
    fake.faults.force(Fault.DELAY)
    upload = make_upload()
    assert uploader.send([upload]).results[upload.key].verdict is Verdict.COUNTED


def test_an_answer_that_is_too_late_leaves_the_fate_open(fake: FakeMeta, clock: Clock) -> None:
    hasty = MetaUploader(TOKEN, base_url=fake.url, clock=clock, request_seconds=0.05)
    fake.faults.force(Fault.DELAY)
    with pytest.raises(TryAgain, match="ReadTimeout"):
        hasty.send([make_upload()])


def test_no_server_at_all_leaves_the_fate_open(uploader: MetaUploader, fake: FakeMeta) -> None:
    fake.stop()
    with pytest.raises(TryAgain, match="ConnectionError"):
        uploader.send([make_upload()])


def test_a_repeat_counts_nothing_for_48_hours_and_again_after_them(
    fake: FakeMeta, uploader: MetaUploader, clock: Clock
) -> None:
    """Why a row of unknown fate is held once the window that `limits` names has passed."""
    upload = make_upload()
    uploader.send([upload])
    window = uploader.limits.deduplicates_for
    assert window == timedelta(hours=48)
    clock.now += window - timedelta(seconds=1)
    uploader.send([upload])
    assert len(fake.kept.conversions()) == 1
    clock.now += timedelta(seconds=1)
    uploader.send([upload])
    assert len(fake.kept.conversions()) == 2


def test_meta_has_no_corrections_and_nothing_to_read_back(uploader: MetaUploader) -> None:
    assert uploader.limits.supports == {Operation.CONVERT}
    assert not uploader.limits.is_confirmed_later
    with pytest.raises(NotImplementedError):
        uploader.read_back(SentRequest("Afake", [], NOW, 1))


# --- privacy


def test_neither_number_nor_hash_nor_token_is_logged_or_raised(
    fake: FakeMeta, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    uploader = MetaUploader(TOKEN, app_secret="app-secret", base_url=fake.url, clock=clock)
    with caplog.at_level(logging.DEBUG):
        uploader.send([by_phone()])
        for reply in (error(100, CALLER_NUMBER), error(190, TOKEN), Reply(b"<html>", 500)):
            fake.say_next(reply)
            with pytest.raises((BatchRefused, Refused, TryAgain)) as raised:
                uploader.send([by_phone()])
            assert raised.value.__context__ is None
            assert not {TOKEN, CALLER_NUMBER, HASHED} & set(str(raised.value).split())
    assert "/events" in caplog.text  # the client did log, and not what it must not
    for secret in (TOKEN, "app-secret", HASHED, CALLER_NUMBER.removeprefix("+")):
        assert secret not in caplog.text
        assert secret not in repr(uploader)


def test_the_token_travels_in_the_body_and_not_in_the_address(
    fake: FakeMeta, uploader: MetaUploader
) -> None:
    uploader.send([make_upload()])
    assert TOKEN not in fake.received[-1].path
    assert parse_qs(fake.received[-1].body.decode())["access_token"] == [TOKEN]


# --- the fake as a process


def test_the_fake_runs_as_a_process_and_tells_others_what_it_counted(tmp_path: Path) -> None:
    kept = tmp_path / "kept.sqlite"
    command = [sys.executable, "-m", "tests.fakes.meta", "--port", "0", "--kept", str(kept)]
    with subprocess.Popen(command, cwd=REPO_ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        upload = make_upload(occurred_at=datetime.now(UTC) - timedelta(hours=1))
        MetaUploader(TOKEN, base_url=url).send([upload])
        process.terminate()
    assert [counted.key for counted in read(kept)] == [upload.key]
