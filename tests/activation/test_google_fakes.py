"""The fakes themselves: as processes, with faults by a seed, and with rules no uploader breaks."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from google.ads.datamanager_v1 import IngestionServiceClient
from google.ads.datamanager_v1.services.ingestion_service.transports import (
    IngestionServiceGrpcTransport,
)
from google.ads.googleads.v26.services.types import conversion_upload_service as types

from activation.uploaders.data_manager_errors import common_verdict
from activation.uploaders.google_ads_api import CONSENT, GoogleAdsApi, date_time
from activation.uploaders.google_ads_clicks import GoogleAdsClicksUploader
from activation.uploaders.google_ads_errors import row_results
from activation.uploaders.google_data_manager import DataManagerUploader
from activation.uploaders.google_rpc import credentials_for, open_channel
from activation.uploads import Refused, Result, Verdict
from tests.activation.google_factories import (
    ACCOUNT_ID,
    channel_to,
    make_upload,
    sent_request,
)
from tests.conftest import REPO_ROOT
from tests.fakes import kept
from tests.fakes.faults import Fault, Faults
from tests.fakes.google_ads import FakeGoogleAds
from tests.fakes.google_ads_rules import GRANTED
from tests.fakes.google_data_manager import FakeDataManager


@contextmanager
def served(module: str, *options: str) -> Iterator[grpc.Channel]:
    """Run a fake as a process of its own, and kill it in the end."""
    command = [sys.executable, "-m", f"tests.fakes.{module}", *options]
    process = subprocess.Popen(command, cwd=REPO_ROOT, stdout=subprocess.PIPE, text=True)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
            yield channel
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("module", ["google_data_manager", "google_ads"])
def test_a_fake_that_was_killed_remembers_what_it_counted(module: str, tmp_path: Path) -> None:
    file = tmp_path / "kept.sqlite"
    upload = make_upload()
    for _ in range(2):
        with served(module, "--kept", str(file), "--seed", "7") as channel:
            uploader = (
                DataManagerUploader(channel)
                if module == "google_data_manager"
                else GoogleAdsClicksUploader(GoogleAdsApi(channel, "a-token"))
            )
            uploader.send([upload])
        assert [counted.key for counted in kept.read(file)] == [upload.key]


def test_the_same_seed_gives_the_same_faults_in_their_shares() -> None:
    shares = {"refuse": 0.2, "die": 0.1}
    drawn = [Faults(shares, seed=seed) for seed in (1, 1, 2)]
    first, again, other = ([faults.next() for _ in range(2_000)] for faults in drawn)
    assert first == again != other
    assert first.count(Fault.REFUSE) == pytest.approx(400, abs=80)
    assert first.count(Fault.NONE) == pytest.approx(1_400, abs=80)


def test_shares_above_the_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="exceed 1"):
        Faults({"refuse": 0.7, "die": 0.7})


@pytest.fixture
def api() -> Iterator[GoogleAdsApi]:
    with FakeGoogleAds() as fake, channel_to(fake) as channel:
        yield GoogleAdsApi(channel, "a-token")


SUCCESS = Result(Verdict.ACCEPTED, "accepted")
ROW = {
    "gclid": "a-click",
    "conversion_action": f"customers/{ACCOUNT_ID}/conversionActions/9",
    "conversion_date_time": date_time(datetime.now(UTC) - timedelta(days=3)),
    "consent": {"ad_user_data": GRANTED, "ad_personalization": GRANTED},
}


def _request(**overrides: object) -> types.UploadClickConversionsRequest:
    values = {"customer_id": ACCOUNT_ID, "conversions": [ROW], "partial_failure": True}
    return types.UploadClickConversionsRequest(**values | overrides)


WHOLE = {
    "PARTIAL_FAILURE_MODE_REQUIRED": {"partial_failure": False},
    "INVALID_JOB_ID": {"job_id": 0},
    "INVALID_CUSTOMER_ID": {"customer_id": "123-456-7890"},
}


@pytest.mark.parametrize(("name", "overrides"), WHOLE.items(), ids=list(WHOLE))
def test_requests_of_the_wrong_form_are_refused(
    api: GoogleAdsApi, name: str, overrides: dict
) -> None:
    with pytest.raises(Refused) as refused:
        api.upload_clicks(_request(**overrides))
    assert refused.value.reason == name


ROWS = {
    "GBRAID_WBRAID_BOTH_SET": {"gbraid": "b", "wbraid": "w"},
    "TOO_MANY": {"user_identifiers": [{"hashed_phone_number": "0" * 64}] * 6},
    "INVALID_USER_IDENTIFIER": {"user_identifiers": [{"hashed_phone_number": "+18005550100"}]},
    "INVALID_STRING_DATE_TIME_SECONDS_WITH_OFFSET": {"conversion_date_time": "2026-01-02 03:04"},
}


@pytest.mark.parametrize(("name", "overrides"), ROWS.items(), ids=list(ROWS))
def test_rows_of_the_wrong_form_are_refused(api: GoogleAdsApi, name: str, overrides: dict) -> None:
    upload = make_upload()
    reply = api.upload_clicks(_request(conversions=[ROW | overrides]))
    assert row_results([upload], reply, SUCCESS)[upload.key].reason == name


CONSENTS = [
    *((word, "granted") for word in ("denied", "unknown")),
    *(("granted", word) for word in ("denied", "unknown")),
]


@pytest.mark.parametrize(("user_data", "personalization"), CONSENTS)
def test_google_ads_takes_no_click_without_both_consents(
    api: GoogleAdsApi, user_data: str, personalization: str
) -> None:
    upload = make_upload()
    consent = {"ad_user_data": CONSENT[user_data], "ad_personalization": CONSENT[personalization]}
    reply = api.upload_clicks(_request(conversions=[ROW | {"consent": consent}]))
    assert row_results([upload], reply, SUCCESS)[upload.key].reason == "REQUIRED"


def _ingest(channel: grpc.Channel, **overrides: object) -> Result:
    """Send one event as no uploader of ours would, and read back what became of it."""
    event = {
        "transaction_id": "t1",
        "destination_references": ["9"],
        "event_timestamp": datetime.now(UTC) - timedelta(days=3),
        "ad_identifiers": {"gclid": "a-click"},
        "consent": {"ad_user_data": "CONSENT_GRANTED", "ad_personalization": "CONSENT_GRANTED"},
        "conversion_value": 10,
        "currency": "USD",
    }
    account = {"account_type": "GOOGLE_ADS", "account_id": ACCOUNT_ID}
    destination = {"reference": "9", "product_destination_id": "9", "operating_account": account}
    client = IngestionServiceClient(transport=IngestionServiceGrpcTransport(channel=channel))
    request = {"destinations": [destination], "events": [event | overrides], "encoding": "HEX"}
    request_id = client.ingest_events(request).request_id
    status = client.retrieve_request_status({"request_id": request_id})
    verdict = common_verdict(status.request_status_per_destination)
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(("user_data", "personalization"), CONSENTS)
def test_data_manager_counts_nothing_without_both_consents(
    user_data: str, personalization: str
) -> None:
    said = {"granted": "CONSENT_GRANTED", "denied": "CONSENT_DENIED", "unknown": None}
    consent = {"ad_user_data": said[user_data], "ad_personalization": said[personalization]}
    expected = "DENIED_CONSENT" if "denied" in (user_data, personalization) else "UNKNOWN_CONSENT"
    with FakeDataManager() as fake, channel_to(fake) as channel:
        assert _ingest(channel, consent=consent) == Result(Verdict.REFUSED, expected)
        assert fake.kept.conversions() == []


def test_data_manager_takes_a_repeat_for_an_adjustment_only_where_it_says_so() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    repeats = [
        ({"conversion_value": 20}, 10),
        ({"conversion_value": 30, "last_updated_timestamp": noon}, 30),
        ({"conversion_value": 40, "last_updated_timestamp": noon - timedelta(hours=1)}, 30),
        ({"conversion_value": 10}, 30),
        ({"conversion_value": 50, "last_updated_timestamp": noon + timedelta(hours=1)}, 50),
    ]
    with FakeDataManager() as fake, channel_to(fake) as channel:
        _ingest(channel)
        for repeat, value in repeats:
            assert _ingest(channel, **repeat).verdict is Verdict.COUNTED
            assert [counted.value for counted in fake.kept.conversions()] == [value]


@pytest.mark.parametrize("make_fake", [FakeDataManager, FakeGoogleAds])
def test_what_is_read_back_is_pending_while_a_fault_says_so(make_fake: type) -> None:
    with make_fake() as fake, channel_to(fake) as channel:
        is_ads = make_fake is FakeGoogleAds
        uploader = (
            GoogleAdsClicksUploader(GoogleAdsApi(channel, "a-token"))
            if is_ads
            else DataManagerUploader(channel)
        )
        upload = make_upload()
        request = sent_request(uploader.send([upload]).request_id, [upload])
        fake.faults.force(Fault.PENDING, Fault.PENDING)
        told = [uploader.read_back(request) for _ in range(3)]
    assert told[:2] == [None, None]
    assert told[2].results == {upload.key: Result(Verdict.COUNTED, "SUCCESS")}


def test_a_gclid_with_one_braid_is_allowed(api: GoogleAdsApi) -> None:
    upload = make_upload()
    reply = api.upload_clicks(_request(conversions=[ROW | {"gbraid": "b"}]))
    assert row_results([upload], reply, SUCCESS) == {upload.key: SUCCESS}


def test_a_channel_without_credentials_stays_on_this_machine() -> None:
    with pytest.raises(ValueError, match="no credentials"):
        open_channel("datamanager.googleapis.com:443", None)
    open_channel("127.0.0.1:1", None).close()


def test_credentials_are_of_an_oauth_client_or_a_service_account() -> None:
    info = {"client_id": "id", "client_secret": "secret", "refresh_token": "token"}
    client = credentials_for(info, "a-scope")
    assert (client.refresh_token, client.scopes) == ("token", ["a-scope"])
    with pytest.raises(ValueError, match="Service account"):
        credentials_for({"type": "service_account"}, "a-scope")
