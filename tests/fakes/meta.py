"""Meta's Conversions API on 127.0.0.1: `POST /{version}/{dataset}/events`.

    python -m tests.fakes.meta --port 0 --kept kept.sqlite --faults drop_answer=0.05

One bad event refuses the whole request. An event is known by its name and id: a repeat within 48
hours counts nothing, a later one counts again.
"""

import json
import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.faults import Fault, counted_part, from_arguments
from tests.fakes.http_server import (
    FakeHttp,
    Reply,
    Request,
)
from tests.fakes.kept import Conversion
from tests.fakes.serving import make_parser, serve_until_terminated

MAX_EVENTS = 1_000
OLDEST_EVENT_SECONDS = 7 * 86_400
DEDUPLICATION_SECONDS = 48 * 3_600
PATH = re.compile(r"/v\d+\.\d+/(\d+)/events")
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
FBC = re.compile(r"fb\.[0-2]\.\d{13}\.[A-Za-z0-9_.\-]+")
CURRENCY = re.compile(r"[A-Za-z]{3}")
ACTION_SOURCES = ("app", "chat", "email", "other", "phone_call", "physical_store", "website")
TOO_OLD = 2804003
INVALID = 2804019
"""A subcode for every other bad event; Meta has one for each."""


class FakeMeta(FakeHttp):
    """The platform; `kept` is its truth."""

    def __init__(
        self,
        *,
        tokens: Collection[str] | None = None,
        without_permission: Collection[str] = (),
        wait_minutes: float = 0.001,
        **options: Any,
    ) -> None:
        """Make one that takes every token but those not in `tokens`, and waits but a moment."""
        super().__init__(**options)
        self.tokens = tokens
        self.without_permission = without_permission
        self.wait_minutes = wait_minutes

    def answer(self, request: Request, fault: Fault) -> Reply:
        """Refuse the request whole, or count its events."""
        form = parse_qs(urlsplit(request.path).query) | parse_qs(request.body.decode())
        found = PATH.fullmatch(urlsplit(request.path).path)
        if not found:
            return error(2500, "Unknown path components", status=404)
        if self.tokens is not None and form.get("access_token", [""])[0] not in self.tokens:
            return error(190, "Invalid OAuth access token", status=401)
        dataset = found[1]
        if dataset in self.without_permission:
            return error(200, "Permissions error", status=403)
        sent = json.loads(form["data"][0])
        events = [json.loads(event) if isinstance(event, str) else event for event in sent]
        for subcode, message in self._violations(events):
            return error(100, message, subcode=subcode)
        with self.kept.at_once():
            for event in counted_part(fault, events):
                self._count(dataset, event)
        return _json({"events_received": len(events), "messages": [], "fbtrace_id": "Afake"})

    def unavailable(self) -> Reply:
        return error(2, "Service temporarily unavailable", status=503, is_transient=True)

    def too_many_requests(self) -> Reply:
        use = {"type": "ads_management", "estimated_time_to_regain_access": self.wait_minutes}
        usage = json.dumps({"1": [use]})
        return error(80004, "Too many calls", headers={"X-Business-Use-Case-Usage": usage})

    def _violations(self, events: list[dict]) -> Iterable[tuple[int, str]]:
        if not 1 <= len(events) <= MAX_EVENTS:
            yield INVALID, f"{len(events)} events"
        for event in events:
            when = event.get("event_time")
            if not isinstance(when, int) or when > self.clock() + 60:
                yield INVALID, "event_time is none, or in the future"
            elif when < self.clock() - OLDEST_EVENT_SECONDS:
                yield TOO_OLD, "Event Timestamp Too Old"
            if not event.get("event_name") or event.get("action_source") not in ACTION_SOURCES:
                yield INVALID, "event_name and action_source are required"
            for message in (*_wrong_user(event), *_wrong_data(event)):
                yield INVALID, message

    def _count(self, dataset: str, event: dict) -> None:
        name, key = event["event_name"], event.get("event_id")
        last = self.kept.query(
            "select max(counted_at) from conversions"
            " where account_id = ? and action = ? and key = ?",
            (dataset, name, key),
        )[0][0]
        if last is not None and self.clock() - last < DEDUPLICATION_SECONDS:
            return
        user, data = event["user_data"], event.get("custom_data", {})
        counted = Conversion(
            account_id=dataset,
            action=name,
            key=key,
            click=user.get("fbc") or user["ph"][0],
            occurred_at=datetime.fromtimestamp(event["event_time"], UTC).isoformat(),
            value=data.get("value"),
            currency=data["currency"].upper() if "currency" in data else None,
            state="counted",
            counted_at=self.clock(),
        )
        self.kept.count([counted])


def _wrong_user(event: dict) -> Iterable[str]:
    user = event.get("user_data", {})
    if not user.get("ph") and not user.get("fbc"):
        yield "user_data has no customer information parameters"
    if not all(SHA256_HEX.fullmatch(phone) for phone in user.get("ph", [])):
        yield "ph is not hashed"
    if "fbc" in user and not FBC.fullmatch(user["fbc"]):
        yield "fbc is not fb.<subdomain index>.<creation time in milliseconds>.<fbclid>"


def _wrong_data(event: dict) -> Iterable[str]:
    data = event.get("custom_data", {})
    is_purchase = event.get("event_name") == "Purchase"
    if is_purchase and not {"value", "currency"} <= data.keys():
        yield "a purchase needs a value and a currency"
    if "value" in data and not isinstance(data["value"], int | float):
        yield "value is not a number"
    if "currency" in data and not CURRENCY.fullmatch(data["currency"]):
        yield "currency is not of ISO 4217"
    options = event.get("data_processing_options")
    wants = {"data_processing_options_country", "data_processing_options_state"}
    if options not in (None, [], ["LDU"]) or (options and not wants <= event.keys()):
        yield "limited data use needs a country and a state"


def error(
    code: int,
    message: str,
    *,
    subcode: int | None = None,
    status: int = 400,
    is_transient: bool = False,
    headers: dict[str, str] | None = None,
) -> Reply:
    """Return an error as the Graph API words it."""
    body = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "is_transient": is_transient,
        "fbtrace_id": "Afake",
    }
    if subcode is not None:
        body |= {"error_subcode": subcode, "error_user_title": message, "error_user_msg": message}
    return _json({"error": body}, status=status, headers=headers)


def _json(body: dict, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    return Reply(json.dumps(body).encode(), status, headers or {})


def main() -> None:
    """Serve as a process of its own."""
    options = make_parser(__doc__).parse_args()
    fake = FakeMeta(kept=options.kept, faults=from_arguments(options))
    serve_until_terminated(fake, options.port)


if __name__ == "__main__":
    main()
