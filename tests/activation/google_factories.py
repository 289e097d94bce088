"""Uploads to Google's fakes, and the channels there."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import grpc
from google.api_core.retry import Retry

from activation.uploaders.google_rpc import READ_RETRY
from activation.uploads import (
    BatchRefused,
    Operation,
    Result,
    SentRequest,
    TryAgain,
    Unsettled,
    Upload,
    Uploader,
    Verdict,
)
from tests.fakes.grpc_server import FakeGrpc

ACCOUNT_ID = "1234567890"
ACTION_ID = "987"
CALLER_NUMBER = "+18005550100"
"""The number of Google's published example; nobody's."""

QUICK_READS = Retry(predicate=READ_RETRY._predicate, initial=0.01, maximum=0.01, timeout=0.5)
"""The policy of reading without its waits."""

_numbers = itertools.count(1)


def make_upload(**overrides: object) -> Upload:
    """Return a conversion of a call three days ago by a gclid of the day before."""
    number = next(_numbers)
    occurred_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    key = str(overrides.get("key", f"rt1-{number:040x}"))
    values: dict = {
        "key": key,
        "operation": Operation.CONVERT,
        "target_key": key,
        "account_id": ACCOUNT_ID,
        "conversion_action": ACTION_ID,
        "occurred_at": occurred_at,
        "value": Decimal("120.50"),
        "currency": "USD",
        "click_id": f"Cj0KCQ{number}",
        "click_id_type": "gclid",
        "clicked_at": occurred_at - timedelta(days=1),
        "consent_ad_user_data": "granted",
        "consent_ad_personalization": "granted",
    }
    return Upload(**values | overrides)


def make_phone_upload(**overrides: object) -> Upload:
    """Return a conversion that only the caller's number identifies."""
    values = {"click_id": None, "click_id_type": None, "clicked_at": None}
    return make_upload(**values | {"caller_number": CALLER_NUMBER} | overrides)


def sent_request(
    request_id: str | None,
    uploads: list[Upload],
    days_ago: float = 0,
    *,
    is_resent: bool = False,
) -> SentRequest:
    """Return what the ledger remembers of a request."""
    assert request_id is not None
    return SentRequest(
        request_id=request_id,
        keys=[upload.key for upload in uploads],
        sent_at=datetime.now(UTC) - timedelta(days=days_ago),
        size=len(uploads),
        is_resent=is_resent,
    )


def send_by_halves(
    uploader: Uploader, uploads: list[Upload], *, is_resent: bool = False
) -> dict[str, Result]:
    """Do what the sender does, without a ledger: repeat, halve what is refused or unsettled."""
    while True:
        try:
            answer = uploader.send(uploads)
        except TryAgain:
            is_resent = True
            continue
        except BatchRefused as refused:
            if len(uploads) == 1:
                return {uploads[0].key: Result(Verdict.REFUSED, refused.reason)}
            return _halves(uploader, uploads, is_resent=is_resent)
        results = dict(answer.results)
        accepted = [it for it in uploads if results[it.key].verdict is Verdict.ACCEPTED]
        if not accepted:
            return results
        request = sent_request(answer.request_id, accepted, is_resent=is_resent)
        try:
            return results | _read_back(uploader, request)
        except Unsettled as unsettled:
            if len(uploads) == 1:
                return {uploads[0].key: Result(Verdict.HOLD, f"unsettled ({unsettled})")}
            refused = {key: it for key, it in results.items() if it.verdict != Verdict.ACCEPTED}
            return refused | _halves(uploader, accepted, is_resent=True)


def _halves(uploader: Uploader, uploads: list[Upload], *, is_resent: bool) -> dict[str, Result]:
    middle = len(uploads) // 2
    halves = filter(None, (uploads[:middle], uploads[middle:]))
    return {
        key: it
        for half in halves
        for key, it in send_by_halves(uploader, half, is_resent=is_resent).items()
    }


def _read_back(uploader: Uploader, request: SentRequest) -> Mapping[str, Result]:
    while True:
        try:
            answer = uploader.read_back(request)
        except TryAgain:
            continue
        if answer is not None:
            return answer.results


@contextmanager
def channel_to(fake: FakeGrpc) -> Iterator[grpc.Channel]:
    """Open a channel to a fake that serves already."""
    with grpc.insecure_channel(fake.endpoint) as channel:
        yield channel
