"""What Google's answers make of rows in the ledger: every error of its documents, by name.

Each name has an account of its own, for a request holds the rows of one: so each is the answer to a
first attempt, however the others fare.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tenacity import stop_after_attempt, wait_none

from activation.ledger.database import Ledger
from activation.ledger.reports import standing_holds
from activation.ledger.tables import uploads
from activation.planning import plan
from activation.reading_back import Reader
from activation.retrying import RETRIES
from activation.sending import Sender
from activation.uploaders.google_ads_api import GoogleAdsApi
from activation.uploaders.google_ads_calls import GoogleAdsCallsUploader
from activation.uploaders.google_ads_clicks import GoogleAdsClicksUploader
from activation.uploaders.google_data_manager import DataManagerUploader
from activation.uploads import Uploader
from tests.activation.candidates import make_candidate
from tests.activation.google_factories import channel_to
from tests.activation.sender_process import ENDLESS
from tests.fakes.faults import Fault
from tests.fakes.google_accounts import GoogleAccounts
from tests.fakes.google_ads import FakeGoogleAds
from tests.fakes.google_data_manager import FakeDataManager
from tests.fakes.grpc_server import FakeGrpc, RequestRate

DATA_MANAGER, CLICKS, CALLS = "google_data_manager", "google_ads_clicks", "google_ads_calls"
DONE, NEVER = ("confirmed", None), ("refused", None)
IN_6_HOURS, IN_12_HOURS = ("planned", timedelta(hours=6)), ("planned", timedelta(hours=12))
SOON = ("planned", timedelta(minutes=5))

PAGE = {
    DATA_MANAGER: {
        "SUCCESS": DONE,
        "EVENT_TOO_OLD": NEVER,
        "DENIED_CONSENT": NEVER,
        "NO_CONSENT": NEVER,
        "UNKNOWN_CONSENT": NEVER,
        "DUPLICATE_GCLID": DONE,
        "DUPLICATE_TRANSACTION_ID": DONE,
        "INVALID_GCLID": NEVER,
        "INVALID_GBRAID": NEVER,
        "INVALID_WBRAID": NEVER,
        "CONVERSION_PRECEDES_CLICK": NEVER,
        "TOO_RECENT_CLICK": IN_6_HOURS,
        "CLICK_NOT_FOUND": NEVER,
        "INVALID_OPERATING_ACCOUNT_FOR_CLICK": NEVER,
        "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID": NEVER,
    },
    CLICKS: {
        "SUCCESS": DONE,
        "CLICK_CONVERSION_ALREADY_EXISTS": DONE,
        "ORDER_ID_ALREADY_IN_USE": DONE,
        "DUPLICATE_ORDER_ID": DONE,
        "TOO_RECENT_EVENT": IN_6_HOURS,
        "TOO_RECENT_CONVERSION_ACTION": IN_6_HOURS,
        "TRANSIENT_ERROR": SOON,
        "INTERNAL_ERROR": SOON,
        "DEADLINE_EXCEEDED": SOON,
        "RESOURCE_TEMPORARILY_EXHAUSTED": SOON,
        "EXPIRED_EVENT": NEVER,
        "EVENT_NOT_FOUND": NEVER,
        "INVALID_CUSTOMER_FOR_CLICK": NEVER,
        "UNPARSEABLE_GCLID": NEVER,
        "CONVERSION_PRECEDES_EVENT": NEVER,
        "GBRAID_WBRAID_BOTH_SET": NEVER,
        "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID": NEVER,
    },
    CALLS: {
        "SUCCESS": DONE,
        "CALL_CONVERSION_ALREADY_EXISTS": DONE,
        "TOO_RECENT_CALL": IN_12_HOURS,
        "CALL_NOT_FOUND": NEVER,
        "EXPIRED_CALL": NEVER,
    },
}
"""By destination and name: the state in the ledger, and the wait until the row goes again."""

NAMES = [(destination, name) for destination, names in PAGE.items() for name in names]


def number_of(caller_key: str) -> str:
    return f"+1800555{int(caller_key):04}"


@dataclass
class Desk:
    """A ledger, one destination, and a fake of its platform."""

    ledger: Ledger
    destination: str
    uploader: Uploader
    fake: FakeGrpc

    def plan(self, *names: str, **overrides: Any) -> None:
        """Plan a call for each name, which the platform will give as its error."""
        occurred_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
        times = {"occurred_at": occurred_at, "clicked_at": occurred_at - timedelta(days=1)}
        rows = [
            make_candidate(
                **{
                    "call_id": name,
                    "destination": self.destination,
                    "account_id": f"{1_000_000_000 + number}",
                    "conversion_action": "987",
                    "click_id": f"fake.{name}.1" if name != "SUCCESS" else "a-click",
                    "caller_key": str(number),
                    "identifier": "caller" if self.destination == CALLS else "click",
                }
                | times
                | overrides
            )
            for number, name in enumerate(names)
        ]
        limits = {self.destination: self.uploader.limits}
        plan(self.ledger, [rows], limits, now=datetime.now(UTC))

    def send(self, attempts: int = 2) -> str | None:
        """Send what is due; return why it stopped."""
        retries = RETRIES.copy(stop=stop_after_attempt(attempts), wait=wait_none())
        sender = Sender(
            self.ledger,
            self.destination,
            self.uploader,
            ENDLESS,
            lambda keys: {key: number_of(key) for key in keys},
            lambda: datetime.now(UTC),
            retries=retries,
        )
        return sender.send().stopped

    def read_back(self) -> None:
        """Ask what became of what was sent."""
        Reader(self.ledger, self.destination, self.uploader, lambda: datetime.now(UTC)).read_back()

    def rows(self) -> dict[str, Any]:
        """Every row by its call."""
        with self.ledger.read() as connection:
            return {row.call_id: row for row in connection.execute(select(uploads))}


class Desks(ExitStack):
    """Opens desks, and closes them in the end."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def open(self, destination: str, accounts: GoogleAccounts | None = None) -> Desk:
        """Open a desk of a destination, whose fake knows these accounts."""
        ledger = Ledger(f"sqlite:///{self.folder / destination}.db")
        self.callback(ledger.close)
        make_fake = FakeDataManager if destination == DATA_MANAGER else FakeGoogleAds
        fake = self.enter_context(make_fake(accounts=accounts))
        channel = self.enter_context(channel_to(fake))
        api = GoogleAdsApi(channel, "a-token")
        uploader = {
            DATA_MANAGER: lambda: DataManagerUploader(channel),
            CLICKS: lambda: GoogleAdsClicksUploader(api),
            CALLS: lambda: GoogleAdsCallsUploader(api),
        }[destination]()
        return Desk(ledger, destination, uploader, fake)


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    with Desks(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def fates(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Any]:
    """Every row that the page's names were the answer to."""
    found = {}
    with Desks(tmp_path_factory.mktemp("page")) as desks:
        for destination, names in PAGE.items():
            errors = {
                number_of(str(number)): name
                for number, name in enumerate(names)
                if name != "SUCCESS"
            }
            desk = desks.open(destination, GoogleAccounts(call_errors=errors))
            desk.plan(*names)
            assert desk.send() is None
            desk.read_back()
            found |= {(destination, name): row for name, row in desk.rows().items()}
    return found


@pytest.mark.parametrize(("destination", "name"), NAMES, ids=[":".join(it) for it in NAMES])
def test_every_error_of_the_documents_does_to_its_row_what_they_say(
    fates: dict, destination: str, name: str
) -> None:
    state, wait = PAGE[destination][name]
    row = fates[destination, name]
    assert (row.state, row.reason, row.attempts) == (state, name, 1)
    assert (row.not_before and row.not_before - row.changed_at) == wait
    # What the platform kept nothing of is like new: its window begins with the next attempt.
    assert (row.first_sent_at is None) == (state == "planned")


def test_an_account_that_is_not_on_the_allow_list_holds_the_destination(desks: Desks) -> None:
    name = "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE"
    desk = desks.open(CLICKS, GoogleAccounts(not_on_allow_list=frozenset({"1000000000"})))
    desk.plan("SUCCESS")

    assert desk.send() == name

    row = desk.rows()["SUCCESS"]
    assert (row.state, row.reason, row.first_sent_at) == ("planned", name, None)
    assert [hold.reason for hold in standing_holds(desk.ledger)] == [name]


@pytest.mark.parametrize(
    ("destination", "name"),
    [
        (DATA_MANAGER, "RESOURCE_EXHAUSTED"),
        (CLICKS, "RESOURCE_TEMPORARILY_EXHAUSTED"),
        (CALLS, "RESOURCE_TEMPORARILY_EXHAUSTED"),
    ],
)
def test_above_the_quota_rows_wait_as_long_as_the_platform_asks(
    desks: Desks, destination: str, name: str
) -> None:
    desk = desks.open(destination)
    desk.fake.rate = RequestRate(a_minute=10, a_day=1, clock=desk.fake.clock)
    desk.fake.rate.admit()
    desk.plan("SUCCESS")
    desk.send()
    row = desk.rows()["SUCCESS"]
    assert (row.state, row.reason) == ("sending", name)
    assert row.not_before - row.changed_at > timedelta(hours=23)


@pytest.mark.parametrize(
    "name",
    ["TRANSIENT_ERROR", "INTERNAL_ERROR", "DEADLINE_EXCEEDED", "RESOURCE_TEMPORARILY_EXHAUSTED"],
)
def test_a_request_that_is_to_back_off_leaves_its_rows_to_go_again(desks: Desks, name: str) -> None:
    errors: dict[str, str] = {"1000000000": name}
    desk = desks.open(CLICKS, GoogleAccounts(request_errors=errors))
    desk.plan("SUCCESS")

    assert desk.send() == f"try_again: {name}"
    row = desk.rows()["SUCCESS"]
    assert (row.state, row.reason) == ("sending", name)

    errors.clear()
    desk.send()
    desk.read_back()
    assert desk.rows()["SUCCESS"].state == "confirmed"


def test_a_repeat_that_failed_as_a_duplicate_is_not_refused(desks: Desks) -> None:
    """The answer to the first request is lost, and it is processed after the repeat has come in."""
    desk = desks.open(CLICKS)
    desk.fake.processing_seconds = 3_600
    desk.fake.faults.force(Fault.DROP_ANSWER)
    desk.plan("one", "other", click_id="a-click", account_id="1000000000")
    desk.send()
    assert {row.state for row in desk.rows().values()} == {"sent"}
    desk.fake.processing_seconds = 0

    desk.read_back()
    assert {row.state for row in desk.rows().values()} == {"sending"}
    desk.send()

    assert {(row.state, row.reason) for row in desk.rows().values()} == {
        ("confirmed", "ORDER_ID_ALREADY_IN_USE")
    }
    assert len(desk.fake.kept.conversions()) == 2


def test_a_single_repeat_that_failed_is_for_a_person(desks: Desks) -> None:
    desk = desks.open(CLICKS)
    desk.fake.processing_seconds = 3_600
    desk.fake.faults.force(Fault.DROP_ANSWER)
    desk.plan("SUCCESS")
    desk.send()
    desk.fake.processing_seconds = 0

    desk.read_back()

    row = desk.rows()["SUCCESS"]
    assert (row.state, row.reason) == ("held", "unsettled (FAILED: 1)")
