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
from google.ads.googleads.v26.services.types import conversion_upload_service as types

from activation.uploaders.google_ads_api import GoogleAdsApi, date_time
from activation.uploaders.google_ads_clicks import GoogleAdsClicksUploader
from activation.uploaders.google_ads_errors import row_results
from activation.uploaders.google_data_manager import DataManagerUploader
from activation.uploaders.google_rpc import credentials_for, open_channel
from activation.uploads import Refused, Result, Verdict
from tests.activation.google_factories import ACCOUNT_ID, channel_to, make_upload
from tests.conftest import REPO_ROOT
from tests.fakes import kept
from tests.fakes.faults import Fault, Faults
from tests.fakes.google_ads import FakeGoogleAds
from tests.fakes.google_ads_rules import GRANTED


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
    "REQUIRED": {"consent": {"ad_user_data": 3, "ad_personalization": 3}},
}


@pytest.mark.parametrize(("name", "overrides"), ROWS.items(), ids=list(ROWS))
def test_rows_of_the_wrong_form_are_refused(api: GoogleAdsApi, name: str, overrides: dict) -> None:
    upload = make_upload()
    reply = api.upload_clicks(_request(conversions=[ROW | overrides]))
    assert row_results([upload], reply, SUCCESS)[upload.key].reason == name


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
