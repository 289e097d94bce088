"""Google's Data Manager API: the way in for every account that did not upload conversions before.

    send       IngestEvents            -> request_id          (accepted is not matched)
    read_back  RetrieveRequestStatus   -> counts by reason    (minutes to hours later)

The platform's documents, as followed here:
- One invalid field refuses the whole request: `BatchRefused`, and the sender halves it. What can be
  checked is checked before (`_unsendable`), and such rows are refused without being sent.
- Results come by reason and count, not by event. Where all of a request failed for one reason, or
  what failed are duplicates, each event's fate is known; else `Unsettled`: the sender sends the
  halves again under the same keys, which counts nothing twice.
- `transaction_id` is the idempotency key, without a window: a repeat is no second conversion.
- A repeat with another value *is* the restatement; an id that matches nothing would create a
  conversion, so only what is confirmed is restated (the planner sees to it).
- There is no retraction: a conversion's count cannot be set to zero in this API. Where a connection
  to the Google Ads API is given as well, retractions go there by order id, which is the same id
  (that this reaches conversions of this API is unconfirmed; a retraction that does not find its
  conversion is refused as `CONVERSION_NOT_FOUND`, and its money stays visible).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.ads import datamanager_v1 as api
from google.ads.datamanager_v1.services.ingestion_service.transports import (
    IngestionServiceGrpcTransport,
)
from google.api_core import exceptions
from google.api_core.retry import Retry

from activation.consent import consent_refusal
from activation.identifiers import UnusableIdentifier, google_identifier
from activation.uploaders import data_manager_errors as errors
from activation.uploaders.google_rpc import READ_RETRY, keep_clients_quiet, raise_for_call
from activation.uploads import (
    Answer,
    BatchRefused,
    Limits,
    Operation,
    Result,
    SentRequest,
    TryAgain,
    Upload,
    Uploader,
    Verdict,
)

ENDPOINT = "datamanager.googleapis.com:443"
SCOPE = "https://www.googleapis.com/auth/datamanager"
"""Its own OAuth scope; there is no developer token."""

MAX_EVENTS = 2_000
MAX_DESTINATIONS = 10
STATUS_IS_KEPT_FOR = timedelta(days=50)
REQUEST_SECONDS = 60.0

ADJUSTABLE_FOR = timedelta(days=54)
"""As in the Google Ads API: here an adjustment that finds nothing would create a conversion."""

RETRACTION_JOB = "google_ads:"
"""Marks the request ids that are another API's."""

EVENT = type(api.Event.pb(api.Event()))
REQUEST = type(api.IngestEventsRequest.pb(api.IngestEventsRequest()))
"""The protobuf classes beneath the client's wrappers, which cost five times as much to fill."""

CONSENT = {
    "granted": api.ConsentStatus.CONSENT_GRANTED,
    "denied": api.ConsentStatus.CONSENT_DENIED,
    "unknown": api.ConsentStatus.CONSENT_STATUS_UNSPECIFIED,
}


@dataclass
class DataManagerUploader:
    """Sends conversions and restatements as events of one request, and reads back what became.

    Attributes:
        channel: to the API, or to a stand-in.
        login_account_id: the manager account that the credentials belong to, None without one.
        sends_unknown_consent: whether the law allows what nobody asked about.
        retractions: `google_ads_clicks` on the same account, for retractions only; None without
            access to it.
        batch_size: events a request. Fewer than the platform takes settle sooner: what failed is
            found by halves, and each round waits for the platform's processing.
        request_seconds: after which an answer is no longer waited for.
        read_retry: when a status that could not be read is asked for again.
        clock: the time now, UTC.
    """

    channel: grpc.Channel
    login_account_id: str | None = None
    sends_unknown_consent: bool = False
    retractions: Uploader | None = None
    batch_size: int = MAX_EVENTS
    request_seconds: float = REQUEST_SECONDS
    read_retry: Retry = READ_RETRY
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)

    limits: Limits = field(init=False)

    def __post_init__(self) -> None:
        """Say what this connection can do."""
        supports = {Operation.CONVERT, Operation.RESTATE}
        self.limits = Limits(
            batch_size=self.batch_size,
            deduplicates_for=None,
            supports=frozenset(supports | ({Operation.RETRACT} if self.retractions else set())),
            adjustable_for=ADJUSTABLE_FOR,
            is_confirmed_later=True,
        )

    def send(self, uploads: Sequence[Upload]) -> Answer:
        """See `Uploader.send`."""
        if self.retractions and uploads[0].operation is Operation.RETRACT:
            answer = self.retractions.send(uploads)
            job = answer.request_id and RETRACTION_JOB + answer.request_id
            return replace(answer, request_id=job)
        results = {
            upload.key: Result(Verdict.REFUSED, reason)
            for upload in uploads
            if (reason := self._unsendable(upload))
        }
        sendable = [upload for upload in uploads if upload.key not in results]
        if not sendable:
            return Answer(results)
        request_id = self._ingest(self._request(sendable))
        accepted = Result(Verdict.ACCEPTED, "accepted")
        results |= {upload.key: accepted for upload in sendable}
        return Answer(results, request_id)

    def read_back(self, request: SentRequest) -> Answer | None:
        """See `Uploader.read_back`."""
        if self.retractions and request.request_id.startswith(RETRACTION_JOB):
            job = request.request_id.removeprefix(RETRACTION_JOB)
            return self.retractions.read_back(replace(request, request_id=job))
        asked = api.RetrieveRequestStatusRequest(request_id=request.request_id)
        try:
            status = self._client().retrieve_request_status(
                asked, retry=self.read_retry, timeout=self.request_seconds
            )
        except exceptions.NotFound:
            return self._forgotten(request)
        except exceptions.GoogleAPIError as error:
            raise_for_call(error)
        verdict = errors.common_verdict(status.request_status_per_destination)
        if verdict is None:
            return None
        return Answer({key: verdict for key in request.keys}, request.request_id)

    def _forgotten(self, request: SentRequest) -> Answer | None:
        """Say what an unknown request id means: not there yet, or no longer kept (50 days)."""
        if self.clock() - request.sent_at < STATUS_IS_KEPT_FOR:
            return None
        return Answer({key: Result(Verdict.HOLD, "status_no_longer_kept") for key in request.keys})

    def _unsendable(self, upload: Upload) -> str | None:
        if upload.operation not in self.limits.supports:
            return "operation_not_supported"
        if reason := consent_refusal(upload, sends_unknown=self.sends_unknown_consent):
            return reason
        try:
            google_identifier(upload)
        except UnusableIdentifier as unusable:
            return unusable.reason
        if upload.operation is Operation.RESTATE and upload.value is None:
            return "restatement_without_value"
        # A numeric transaction_id was refused live.
        if upload.target_key.isdigit():
            return "numeric_transaction_id"
        return None

    def _request(self, uploads: Sequence[Upload]) -> Any:
        """Build one request, with a destination for each conversion action in it."""
        actions = sorted({upload.conversion_action for upload in uploads})
        if len(actions) > MAX_DESTINATIONS:
            raise BatchRefused("TOO_MANY_DESTINATIONS", f"{len(actions)} conversion actions")
        request = REQUEST(encoding=api.Encoding.HEX)
        for action in actions:
            destination = request.destinations.add(reference=action, product_destination_id=action)
            # The operating account is the conversion customer itself, not its manager.
            _name(destination.operating_account, uploads[0].account_id)
            if self.login_account_id:
                _name(destination.login_account, self.login_account_id)
        request.events.extend(_event(upload) for upload in uploads)
        return request

    def _ingest(self, request: Any) -> str:
        try:
            response = self._client().ingest_events(
                api.IngestEventsRequest.wrap(request), retry=None, timeout=self.request_seconds
            )
        except exceptions.InvalidArgument as error:
            errors.raise_for_invalid_request(error)
        except exceptions.GoogleAPICallError as error:
            raise_for_call(error)
        if not response.request_id:
            # Nothing could be read back under it; the same keys again count nothing twice.
            raise TryAgain("answer_without_request_id")
        return response.request_id

    def _client(self) -> api.IngestionServiceClient:
        keep_clients_quiet()
        return api.IngestionServiceClient(
            transport=IngestionServiceGrpcTransport(channel=self.channel)
        )


def _name(account: Any, account_id: str) -> None:
    account.account_type = api.ProductAccount.AccountType.GOOGLE_ADS
    account.account_id = account_id.replace("-", "")


def _event(upload: Upload) -> Any:
    """Build one event; a restatement is the same event with another value and `last_updated`."""
    event = EVENT(
        transaction_id=upload.target_key,
        event_source=api.EventSource.PHONE,
        destination_references=[upload.conversion_action],
    )
    event.event_timestamp.FromDatetime(upload.occurred_at.astimezone(UTC))
    if upload.adjusted_at is not None:
        event.last_updated_timestamp.FromDatetime(upload.adjusted_at.astimezone(UTC))
    event.consent.ad_user_data = CONSENT[upload.consent_ad_user_data]
    event.consent.ad_personalization = CONSENT[upload.consent_ad_personalization]
    if upload.value is not None:
        event.conversion_value = float(upload.value)
        event.currency = upload.currency
    identifier = google_identifier(upload)
    if identifier.kind == "phone":
        event.user_data.user_identifiers.add(phone_number=identifier.value)
    else:
        setattr(event.ad_identifiers, identifier.kind, identifier.value)
    return event
