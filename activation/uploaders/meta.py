"""Meta's Conversions API: calls as server events of a dataset (pixel).

    send  POST /{dataset}/events  ->  events_received      (counted, or the request is refused)

An upload's `account_id` is the dataset, its `conversion_action` the event's name. The platform's
documents, as followed here:
- At most 1,000 events a request; one event older than 7 days refuses the whole request. Such rows
  are refused before (`_unsendable`); what the platform refuses all the same is a `BatchRefused`.
- An event is known by its name and `event_id`: a repeat within 48 hours counts nothing. After that
  it would count again, so that a row of unknown fate then waits for a person.
- There is no adjustment and no retraction: a conversion that ought not to count is shown with its
  money (`retraction_unsupported`).
- There is nothing to read back event by event: `events_received` is the last word.

The access token goes into the request's body, as the client's own event request does it, and not
into the address, where the client's session would put it and where logs would find it. The client's
exceptions quote the whole request with the token: none of them leaves this module.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.user_data import UserData
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookError, FacebookRequestError
from facebook_business.session import FacebookSession

from activation.consent import consent_refusal
from activation.identifiers import Platform, UnusableIdentifier, hashed_phone
from activation.uploaders.meta_errors import meaning_of, meaning_of_status
from activation.uploads import (
    Answer,
    Limits,
    Operation,
    Result,
    SentRequest,
    TryAgain,
    Upload,
    Verdict,
)

GRAPH_URL = "https://graph.facebook.com"
MAX_EVENTS = 1_000
OLDEST_EVENT = timedelta(days=7)
REQUEST_SECONDS = 60.0
FBCLID = re.compile(r"[A-Za-z0-9_.\-]+")


@dataclass(frozen=True)
class MetaUploader:
    """Sends conversions as events; there is nothing to correct and nothing to read back.

    Attributes:
        access_token: of a system user that may send to the dataset; never logged.
        app_secret: where the app asks for proof that the token is its own.
        base_url: of the Graph API, or of a stand-in.
        sends_unknown_consent: whether the law allows what nobody asked about.
        request_seconds: after which an answer is no longer waited for.
        clock: the time now, UTC.
    """

    access_token: str = field(repr=False)
    app_secret: str | None = field(default=None, repr=False)
    base_url: str = GRAPH_URL
    sends_unknown_consent: bool = False
    request_seconds: float = REQUEST_SECONDS
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)

    limits = Limits(
        batch_size=MAX_EVENTS,
        # By event_name and event_id, for 48 hours.
        deduplicates_for=timedelta(hours=48),
        supports=frozenset({Operation.CONVERT}),
    )

    def send(self, uploads: Sequence[Upload]) -> Answer:
        """See `Uploader.send`."""
        now = self.clock()
        results: dict[str, Result] = {}
        events: dict[str, Event] = {}
        for upload in uploads:
            built = self._unsendable(upload, now) or event(upload)
            if isinstance(built, Result):
                results[upload.key] = built
            else:
                events[upload.key] = built
        if not events:
            return Answer(results)
        body = self._post(uploads[0].account_id, list(events.values()))
        counted = Result(Verdict.COUNTED, "events_received")
        return Answer(results | dict.fromkeys(events, counted), body.get("fbtrace_id"))

    def read_back(self, request: SentRequest) -> Answer | None:
        """See `Uploader.read_back`: never asked, for nothing of ours is ever only `sent`."""
        raise NotImplementedError("Meta says at once what it received")

    def _unsendable(self, upload: Upload, now: datetime) -> Result | None:
        if upload.operation not in self.limits.supports:
            return Result(Verdict.REFUSED, "operation_not_supported")
        if reason := consent_refusal(upload, sends_unknown=self.sends_unknown_consent):
            return Result(Verdict.REFUSED, reason)
        if now - upload.occurred_at > OLDEST_EVENT:
            return Result(Verdict.REFUSED, "event_too_old")
        if upload.occurred_at > now:
            return Result(Verdict.LATER, "event_in_the_future", upload.occurred_at - now)
        return None

    def _post(self, dataset: str, events: list[Event]) -> dict[str, Any]:
        """Send one request and return its answer.

        Raises:
            BatchRefused, TryAgain, Refused: see `meta_errors`. They are raised outside of the
                `except`, so that no traceback of ours holds the client's exception and the token.
        """
        session = self._session()
        parameters = EventRequest(pixel_id=dataset, events=events).get_params()
        parameters |= session.requests.params
        session.requests.params = {}
        failure: Exception
        try:
            response = FacebookAdsApi(session).call("POST", (dataset, "events"), parameters)
        except FacebookRequestError as error:
            failure = meaning_of(error)
        except requests.RequestException as error:
            failure = TryAgain(type(error).__name__)
        except (FacebookError, AttributeError, TypeError, ValueError, KeyError):
            # What is no answer of Meta's makes the client stumble while it builds its exception.
            failure = TryAgain("unreadable_answer")
        else:
            # The client takes a page of a proxy for a success, even with status 502.
            body = response.json()
            if not isinstance(body, dict) or "events_received" not in body:
                failure = meaning_of_status(response.status(), response.headers())
            elif body["events_received"] != len(events):
                failure = TryAgain("events_received_differs")
            else:
                return body
        finally:
            session.requests.close()
        raise failure

    def _session(self) -> FacebookSession:
        """Make a session of our own: no default of the client is set for others."""
        session = FacebookSession(
            app_secret=self.app_secret,
            access_token=self.access_token,
            timeout=self.request_seconds,
        )
        session.GRAPH = self.base_url
        return session


def event(upload: Upload) -> Event | Result:
    """Build the event of one call, or say why it cannot be one.

    The phone number goes out hashed, and only where there is no click id.
    """
    try:
        user = UserData(fbc=fbc(upload)) if upload.click_id else UserData(phone=_phone(upload))
    except UnusableIdentifier as unusable:
        return Result(Verdict.REFUSED, unusable.reason)
    built = Event(
        event_name=upload.conversion_action,
        event_time=int(upload.occurred_at.timestamp()),
        event_id=upload.key,
        action_source=ActionSource.PHONE_CALL,
        user_data=user,
        custom_data=CustomData(
            value=None if upload.value is None else float(upload.value),
            currency=upload.currency,
        ),
    )
    if upload.is_limited_data_use:
        # Limited data use, with the state left to Meta to find: country 0 and state 0.
        built.data_processing_options = ["LDU"]
        built.data_processing_options_country = 0
        built.data_processing_options_state = 0
    return built


def fbc(upload: Upload) -> str:
    """Return Meta's click parameter: `fb.1.<milliseconds of the click>.<fbclid>`.

    Raises:
        UnusableIdentifier: the click id is not Meta's, is none, or its time is not known.

    >>> fbc(Upload("k", Operation.CONVERT, "k", "1", "Lead", datetime(2026, 3, 8, tzinfo=UTC),
    ...     click_id="AbC_1", click_id_type="fbclid", clicked_at=datetime(2026, 3, 7, tzinfo=UTC)))
    'fb.1.1772841600000.AbC_1'
    """
    if upload.click_id_type != "fbclid":
        raise UnusableIdentifier("click_id_of_another_platform")
    if not upload.click_id or not FBCLID.fullmatch(upload.click_id):
        raise UnusableIdentifier("unreadable_click_id")
    if upload.clicked_at is None:
        raise UnusableIdentifier("time_of_click_unknown")
    milliseconds = (upload.clicked_at - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)
    return f"fb.1.{milliseconds}.{upload.click_id}"


def _phone(upload: Upload) -> str:
    if not upload.caller_number:
        raise UnusableIdentifier("no_identifier")
    return hashed_phone(upload.caller_number, Platform.META)
