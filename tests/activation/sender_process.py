"""A sender in a process of its own, for tests that kill it: real uploader, real ledger.

Processes are forked from a server that has imported the platforms' clients, which takes seconds;
no connection is made before the fork.
"""

import multiprocessing
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select
from tenacity import stop_after_attempt, wait_random

from activation.ledger.database import Ledger
from activation.ledger.tables import uploads
from activation.reading_back import Reader
from activation.retrying import RETRIES
from activation.safety import Safeguards
from activation.sending import Sender
from activation.uploads import Limits, State, Uploader

UNDER_WAY = (State.PLANNED, State.SENDING, State.SENT)
ENDLESS = Safeguards(is_armed=True, daily_cap=10**9, max_refusal_share=1.0, min_volume=10**9)
REQUESTS_AT_ONCE = 1
"""The fake of Google Ads reports the latest seven jobs: what it pushed out is sent again."""


@dataclass
class InSmallBatches:
    """An uploader with smaller requests, so that a few hundred rows are many of them."""

    uploader: Any
    limits: Limits

    def __getattr__(self, name: str) -> Any:
        return getattr(self.uploader, name)


def make_uploader(destination: str, endpoint: str) -> Uploader:
    """The real uploader, at the fake's address."""
    if destination.startswith("google"):
        import grpc  # noqa: PLC0415

        from activation.uploaders.google_ads_api import GoogleAdsApi  # noqa: PLC0415
        from activation.uploaders.google_ads_calls import GoogleAdsCallsUploader  # noqa: PLC0415
        from activation.uploaders.google_ads_clicks import GoogleAdsClicksUploader  # noqa: PLC0415
        from activation.uploaders.google_data_manager import DataManagerUploader  # noqa: PLC0415

        channel = grpc.insecure_channel(endpoint)
        if destination == "google_data_manager":
            return DataManagerUploader(channel)
        api = GoogleAdsApi(channel, "a-token")
        is_calls = destination == "google_ads_calls"
        if is_calls:
            return GoogleAdsCallsUploader(api)
        return GoogleAdsClicksUploader(api, not_reported_after=timedelta(seconds=1))
    if destination == "meta_conversions":
        from activation.uploaders.meta import MetaUploader  # noqa: PLC0415

        return MetaUploader("a-token", base_url=f"http://{endpoint}")
    from bingads.authorization import OAuthTokens, OAuthWebAuthCodeGrant  # noqa: PLC0415

    from activation.uploaders.microsoft import MicrosoftUploader  # noqa: PLC0415

    tokens = OAuthTokens("a-token", 36_000, "a-refresh-token")
    grant = OAuthWebAuthCodeGrant("client", "secret", "http://localhost", oauth_tokens=tokens)
    return MicrosoftUploader(grant, "a-token", customer_id="7", service_url=f"http://{endpoint}/")


def number_of(caller_key: str) -> str:
    """The clear number of a made-up caller."""
    return f"+1{2_000_000_000 + int(caller_key.removeprefix('caller-'))}"


def read_numbers(caller_keys: Collection[str]) -> Mapping[str, str]:
    """What the warehouse's `restricted.callers` would say."""
    return {key: number_of(key) for key in caller_keys}


def count_under_way(ledger: Ledger) -> int:
    """How many rows still have to move."""
    with ledger.read() as connection:
        rows = select(func.count()).where(uploads.c.state.in_(UNDER_WAY))
        return connection.scalar(rows) or 0


def run(url: str, destination: str, endpoint: str, batch: int, lease_seconds: float) -> None:
    """Send and read back until nothing is under way."""
    ledger, uploader = Ledger(url), make_uploader(destination, endpoint)
    uploader = InSmallBatches(uploader, replace(uploader.limits, batch_size=batch))
    clock, lease = partial(datetime.now, UTC), timedelta(seconds=lease_seconds)
    retries = RETRIES.copy(stop=stop_after_attempt(3), wait=wait_random(0, 0.05))
    sender = Sender(
        ledger, destination, uploader, ENDLESS, read_numbers, clock, retries=retries, lease=lease
    )
    reader = Reader(
        ledger, destination, uploader, clock, lease=lease, every=timedelta(seconds=0.05)
    )
    while count_under_way(ledger):
        reader.read_back()
        if not sender.send(REQUESTS_AT_ONCE).verdicts:
            time.sleep(0.05)


def start(*arguments: Any) -> multiprocessing.Process:
    """Start `run` in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "tests.activation.sender_process",
            "activation.uploaders.google_ads_calls",
            "activation.uploaders.google_ads_clicks",
            "activation.uploaders.google_data_manager",
            "activation.uploaders.meta",
            "activation.uploaders.microsoft",
        ]
    )
    process = context.Process(target=run, args=arguments, daemon=True)
    process.start()
    return process
