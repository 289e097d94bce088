"""Google's Data Manager API on 127.0.0.1: `IngestEvents` and `RetrieveRequestStatus`.

    python -m tests.fakes.google_data_manager --port 0 --kept kept.sqlite --faults die=0.05

What an event counts for is decided when it comes in, and told `processing_seconds` later, by reason
and count as the platform does it. A second event under a transaction id is never counted again:
with a later `last_updated` it adjusts the first one's value, without one it changes nothing.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC
from typing import Any

import grpc
from google.ads import datamanager_v1 as api

from tests.fakes.faults import Fault, counted_part
from tests.fakes.google_accounts import (
    CLICK_ID,
    CLICK_WINDOW_DAYS,
    DAY_SECONDS,
    GoogleAccounts,
    scripted_error,
)
from tests.fakes.grpc_server import (
    FakeGrpc,
    Turned,
    refused_fields,
    serve_google,
)
from tests.fakes.kept import Conversion

SERVICE = "google.ads.datamanager.v1.IngestionService"
MAX_EVENTS, MAX_DESTINATIONS, MAX_IDENTIFIERS = 2_000, 10, 10
STATUS_DAYS = 50
TOO_RECENT_SECONDS = 6 * 3_600
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
CURRENCY = re.compile(r"[A-Z]{3}")
CLICK_IDS = ("gclid", "gbraid", "wbraid")
ConsentStatus = api.ConsentStatus
Status = api.RequestStatusPerDestination.RequestStatus


class FakeDataManager(FakeGrpc):
    """The platform; `kept` is its truth."""

    def __init__(
        self,
        *,
        accounts: GoogleAccounts | None = None,
        processing_seconds: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.accounts = accounts or GoogleAccounts()
        self.processing_seconds = processing_seconds

    def services(self) -> dict:
        ingest = api.IngestEventsRequest.pb(api.IngestEventsRequest())
        retrieve = api.RetrieveRequestStatusRequest.pb(api.RetrieveRequestStatusRequest())
        methods = {
            "IngestEvents": (type(ingest), self.ingest),
            "RetrieveRequestStatus": (type(retrieve), self.retrieve),
        }
        return {SERVICE: methods}

    def ingest(self, request: Any, _context: grpc.ServicerContext, fault: Fault) -> Any:
        """Refuse the request whole, or count what there is to count and give it an id."""
        self._check_destinations(request)
        if violations := list(self._violations(request)):
            raise refused_fields(violations, str(request.events[0]))
        with self.kept.at_once():
            answer = self._process(request, counted_part(fault, list(request.events)))
            (number,) = self.kept.query("select count(*) from requests")[0]
            request_id = f"request-{number + 1}"
            self.kept.remember_request(
                request_id,
                self.clock(),
                account_id=request.destinations[0].operating_account.account_id,
                method="IngestEvents",
                size=len(request.events),
                answer=json.dumps(answer),
            )
        return api.IngestEventsResponse.pb(api.IngestEventsResponse(request_id=request_id))

    def retrieve(self, request: Any, _context: grpc.ServicerContext, fault: Fault) -> Any:
        """Tell by destination how many events failed for which reason, once they are processed."""
        found = self.kept.query(
            "select received_at, answer from requests where request_id = ?", (request.request_id,)
        )
        if not found or found[0][0] < self.clock() - STATUS_DAYS * DAY_SECONDS:
            raise Turned(grpc.StatusCode.NOT_FOUND, "Request not found.")
        is_done = found[0][0] + self.processing_seconds <= self.clock()
        is_done &= fault is not Fault.PENDING
        reply = api.RetrieveRequestStatusResponse.pb(api.RetrieveRequestStatusResponse())
        for reference, outcome in json.loads(found[0][1]).items():
            status = reply.request_status_per_destination.add()
            status.destination.reference = reference
            status.request_status = Status.PROCESSING
            if is_done:
                _tell(status, outcome["size"], outcome["errors"])
        return reply

    def _check_destinations(self, request: Any) -> None:
        if not 1 <= len(request.destinations) <= MAX_DESTINATIONS:
            raise refused_fields([("destinations", "TOO_MANY_DESTINATIONS")])
        for index, destination in enumerate(request.destinations):
            account_id = destination.operating_account.account_id
            if account_id in self.accounts.without_permission:
                raise Turned(grpc.StatusCode.PERMISSION_DENIED, "The caller lacks permission.")
            if not account_id.isdigit() or account_id in self.accounts.managers:
                raise refused_fields([(f"destinations[{index}]", "INVALID_DESTINATION")])
            if destination.product_destination_id in self.accounts.unknown_actions:
                field = f"destinations[{index}].product_destination_id"
                raise refused_fields([(field, "INVALID_CONVERSION_ACTION_ID")])

    def _violations(self, request: Any) -> Iterable[tuple[str, str]]:
        if len(request.events) > MAX_EVENTS:
            yield "events", "TOO_MANY_EVENTS"
        account_id = request.destinations[0].operating_account.account_id
        for index, event in enumerate(request.events):
            for field, reason in self._wrong_fields(event, account_id, request.encoding):
                yield f"events.events[{index}].{field}", reason

    def _wrong_fields(self, event: Any, account_id: str, encoding: int) -> Iterable[tuple]:
        users = event.user_data.user_identifiers
        if not event.HasField("event_timestamp"):
            yield "event_timestamp", "REQUIRED_FIELD_MISSING"
        elif event.event_timestamp.seconds > self.clock() + 60:
            yield "event_timestamp", "EVENT_TIME_INVALID"
        if event.transaction_id.isdigit():
            yield "transaction_id", "INVALID_FORMAT"
        if event.HasField("conversion_value") and not CURRENCY.fullmatch(event.currency):
            yield "currency", "INVALID_CURRENCY_CODE"
        if not users and not any(getattr(event.ad_identifiers, kind) for kind in CLICK_IDS):
            yield "ad_identifiers", "NO_IDENTIFIERS_PROVIDED"
        if len(users) > MAX_IDENTIFIERS:
            yield "user_data.user_identifiers", "TOO_MANY_USER_IDENTIFIERS"
        if users and encoding != api.Encoding.HEX:
            yield "encoding", "REQUIRED_FIELD_MISSING"
        if any(not SHA256_HEX.fullmatch(user.phone_number) for user in users):
            yield "user_data.user_identifiers", "INVALID_SHA256_FORMAT"
        if users and account_id in self.accounts.without_terms:
            yield "user_data", "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED"

    def _process(self, request: Any, events: list) -> dict[str, dict]:
        answer = {}
        for destination in request.destinations:
            meant = [
                event
                for event in events
                if not event.destination_references
                or destination.reference in event.destination_references
            ]
            reasons = [self._count(destination, event, request.consent) for event in meant]
            errors = Counter(reason for reason in reasons if reason)
            answer[destination.reference] = {"size": len(meant), "errors": dict(errors)}
        return answer

    def _count(self, destination: Any, event: Any, request_consent: Any) -> str | None:
        """Count one event, adjust the one under its transaction id, or return why not."""
        account_id = destination.operating_account.account_id
        action = destination.product_destination_id
        if reason := self._fault_of(event, account_id, action, request_consent):
            return reason
        clicks = [getattr(event.ad_identifiers, kind) for kind in CLICK_IDS]
        users = [user.phone_number for user in event.user_data.user_identifiers]
        click = next(filter(None, [*clicks, *users]))
        occurred_at = event.event_timestamp.ToDatetime(UTC).isoformat()
        value = event.conversion_value if event.HasField("conversion_value") else None
        key = event.transaction_id or None
        if key and (known := self.kept.find(account_id, action, key=key)):
            self._adjust(known, event, value)
            return None
        if not key and self.kept.find(account_id, action, click=click, occurred_at=occurred_at):
            return "DUPLICATE_GCLID"
        counted = Conversion(
            account_id=account_id,
            action=action,
            key=key,
            click=click,
            occurred_at=occurred_at,
            value=value,
            currency=event.currency or None,
            state="counted",
            counted_at=self.clock(),
        )
        self.kept.count([counted])
        return None

    def _adjust(self, known: Conversion, event: Any, value: float | None) -> None:
        """Give a conversion the value of a later event, if that says that it is one."""
        updated_at = event.last_updated_timestamp.ToDatetime(UTC).isoformat()
        is_later = known.adjusted_at is None or updated_at > known.adjusted_at
        if event.HasField("last_updated_timestamp") and is_later:
            changes = {"value": value, "currency": event.currency or None}
            changes["adjusted_at"] = updated_at
            self.kept.change(known.account_id, known.action, event.transaction_id, **changes)

    def _fault_of(self, event: Any, account_id: str, action: str, consent: Any) -> str | None:
        clicks = {kind: getattr(event.ad_identifiers, kind) for kind in CLICK_IDS}
        if error := scripted_error(*clicks.values()):
            return error
        said = {
            getattr(event.consent, field) or getattr(consent, field)
            for field in ("ad_user_data", "ad_personalization")
        }
        if said != {ConsentStatus.CONSENT_GRANTED}:
            is_denied = ConsentStatus.CONSENT_DENIED in said
            return "DENIED_CONSENT" if is_denied else "UNKNOWN_CONSENT"
        if event.event_timestamp.seconds < self.clock() - CLICK_WINDOW_DAYS * DAY_SECONDS:
            return "EVENT_TOO_OLD"
        for kind, click in clicks.items():
            if click and not CLICK_ID.fullmatch(click):
                return f"INVALID_{kind.upper()}"
        has_braid = clicks["gbraid"] or clicks["wbraid"]
        if has_braid and action in self.accounts.one_per_click_actions:
            return "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID"
        return self._fault_of_click(clicks["gclid"], account_id, event.event_timestamp.seconds)

    def _fault_of_click(self, gclid: str, account_id: str, occurred_at: float) -> str | None:
        click = self.accounts.clicks.get(gclid)
        if click is None:
            is_missing = gclid and not self.accounts.knows_every_click
            return "CLICK_NOT_FOUND" if is_missing else None
        if click.account_id != account_id:
            return "INVALID_OPERATING_ACCOUNT_FOR_CLICK"
        if click.clicked_at > occurred_at:
            return "CONVERSION_PRECEDES_CLICK"
        if click.clicked_at > self.clock() - TOO_RECENT_SECONDS:
            return "TOO_RECENT_CLICK"
        return None


def _tell(status: Any, size: int, errors: dict[str, int]) -> None:
    failed = sum(errors.values())
    status.events_ingestion_status.record_count = size
    status.request_status = Status.SUCCESS
    if failed:
        status.request_status = Status.FAILED if failed == size else Status.PARTIAL_SUCCESS
    for reason, count in errors.items():
        names = [f"PROCESSING_ERROR_REASON_{reason}", f"PROCESSING_ERROR_{reason}"]
        known = api.ProcessingErrorReason
        number = next(known[name] for name in names if name in known.__members__)
        status.error_info.error_counts.add(reason=number, record_count=count)


if __name__ == "__main__":
    serve_google(FakeDataManager, __doc__)
