"""Microsoft's campaign management service on 127.0.0.1: SOAP over HTTP.

    python -m tests.fakes.microsoft --port 0 --kept kept.sqlite --goal "Qualified call"

    GetConversionGoalsByIds  ApplyOfflineConversions  ApplyOfflineConversionAdjustments

Conversions are known by click and time: a second one is ignored without a word, and so is what
names a goal that does not exist, and what adjusts a conversion that does not.
A click id `fake-SomeErrorCode-1` makes the fake give that error for its row, so that a test can
provoke what no rule here would produce.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.fakes.faults import Fault, counted_part, from_arguments
from tests.fakes.http_server import (
    FakeHttp,
    Reply,
    Request,
)
from tests.fakes.kept import Conversion
from tests.fakes.microsoft_rules import Row, wrong_adjustment, wrong_conversion
from tests.fakes.serving import make_parser, serve_until_terminated

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACE = "https://bingads.microsoft.com/CampaignManagement/v13"
ADAPI = "https://adapi.microsoft.com"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MAX_ROWS = 1_000
GOAL_WAIT_SECONDS = 2 * 3_600
SCRIPTED = re.compile(r"fake-([A-Za-z]+)-")


@dataclass(frozen=True)
class Goal:
    """A conversion goal; `made_at` in Unix seconds."""

    name: str
    made_at: float = 0.0
    status: str = "Active"


class Turned(Exception):
    """A request that is answered with a SOAP fault."""

    def __init__(self, code: int, name: str, detail: str = "AdApiFaultDetail") -> None:
        super().__init__(name)
        self.reply = soap_fault(code, name, detail)


class FakeMicrosoft(FakeHttp):
    """The platform; `kept` is its truth, where a conversion's key is its click and time."""

    def __init__(
        self,
        *,
        goals: Iterable[Goal] = (Goal("Qualified call"),),
        tokens: Collection[str] | None = None,
        clicks: Mapping[str, float] | None = None,
        compares_fractions: bool = True,
        **options: Any,
    ) -> None:
        """Make one whose accounts have these goals and whose clicks were at these Unix seconds.

        Args:
            goals: of every account.
            tokens: the only authentication tokens it takes; None for all.
            clicks: Unix seconds by click id; every other click is taken for one long ago.
            compares_fractions: whether two conversions in one second differ; unconfirmed.
            options: of `FakeHttp`.
        """
        super().__init__(**options)
        self.goals = {goal.name: goal for goal in goals}
        self.tokens = tokens
        self.clicks = clicks or {}
        self.compares_fractions = compares_fractions
        self._seen = {(row.account_id, row.key) for row in self.kept.conversions()}

    def answer(self, request: Request, fault: Fault) -> Reply:
        """Answer one operation."""
        envelope = ElementTree.fromstring(request.body)
        operation = envelope.find(f"{{{SOAP}}}Body")[0]
        name = operation.tag.removeprefix(f"{{{NAMESPACE}}}").removesuffix("Request")
        try:
            account = self._admitted(envelope)
            if name == "GetConversionGoalsByIds":
                return self.answer_to_goals(self.goals.values())
            apply = {
                "ApplyOfflineConversions": self._convert,
                "ApplyOfflineConversionAdjustments": self._adjust,
            }[name]
            return _envelope(name, self._applied(account, operation, fault, apply))
        except Turned as turned:
            return turned.reply

    def unavailable(self) -> Reply:
        return Reply(b"The service is unavailable.", 503, content_type="text/plain")

    def too_many_requests(self) -> Reply:
        return soap_fault(117, "CallRateExceeded")

    def _admitted(self, envelope: ElementTree.Element) -> str:
        header = envelope.find(f"{{{SOAP}}}Header")
        said = {child.tag.rpartition("}")[2]: child.text or "" for child in header}
        if self.tokens is not None and said.get("AuthenticationToken") not in self.tokens:
            raise Turned(105, "InvalidCredentials")
        if not said.get("DeveloperToken"):
            raise Turned(105, "InvalidCredentials")
        if not said.get("CustomerId"):
            raise Turned(1029, "CampaignServiceCustomerIdHasToBeSpecified", "ApiFaultDetail")
        return said["CustomerAccountId"]

    def answer_to_goals(self, goals: Iterable[Goal]) -> Reply:
        """Return the answer to `GetConversionGoalsByIds` that lists these."""
        listed = "".join(
            f'<ConversionGoal i:type="OfflineConversionGoal"><Id>{number}</Id>'
            f"<Name>{escape(goal.name)}</Name><Status>{goal.status}</Status>"
            "<Type>OfflineConversion</Type></ConversionGoal>"
            for number, goal in enumerate(goals, 1)
        )
        content = f"<ConversionGoals>{listed}</ConversionGoals><PartialErrors/>"
        return _envelope("GetConversionGoalsByIds", content)

    def _applied(
        self, account: str, operation: ElementTree.Element, fault: Fault, apply: Any
    ) -> str:
        rows = [Row(element) for element in operation[0]]
        if not 1 <= len(rows) <= MAX_ROWS:
            raise Turned(4400, "OfflineConversionBatchSizeExceedsLimit", "ApiFaultDetail")
        with self.kept.at_once():
            counted = counted_part(fault, rows)
            errors = {index: apply(account, row) for index, row in enumerate(counted)}
        return _partial_errors({index: code for index, code in errors.items() if code})

    def _convert(self, account: str, row: Row) -> str | None:
        if code := self._error_of(row) or wrong_conversion(row, self.clock()):
            return code
        at = row.time("ConversionTime")
        if self.clicks.get(row.click, 0.0) > at.timestamp():
            return "ConversionTimeEarlierThanClickTime"
        if (account, self._key(row, at)) in self._seen or not self._is_active(row.goal):
            return None
        self._seen.add((account, self._key(row, at)))
        counted = Conversion(
            account_id=account,
            action=row.goal,
            key=self._key(row, at),
            click=row.click,
            occurred_at=at.isoformat(),
            value=row.number("ConversionValue"),
            currency=row.text("ConversionCurrencyCode"),
            state="counted",
            counted_at=self.clock(),
        )
        self.kept.count([counted])
        return None

    def _adjust(self, account: str, row: Row) -> str | None:
        if code := self._error_of(row) or wrong_adjustment(row, self.clock()):
            return code
        key = self._key(row, row.time("ConversionTime"))
        found = self.kept.find(account, row.goal, key=key)
        if found is None or found.state == "retracted" or not self._is_active(row.goal):
            return None
        if row.text("AdjustmentType") == "Retract":
            self.kept.change(account, row.goal, key, state="retracted")
        else:
            value = row.number("AdjustmentValue")
            currency = row.text("AdjustmentCurrencyCode") or found.currency
            self.kept.change(account, row.goal, key, value=value, currency=currency)
        return None

    def _error_of(self, row: Row) -> str | None:
        if scripted := SCRIPTED.match(row.click):
            return scripted[1]
        goal = self.goals.get(row.goal)
        if goal and self.clock() - goal.made_at < GOAL_WAIT_SECONDS:
            return "OfflineConversionGoalTooRecent"
        return None

    def _is_active(self, name: str) -> bool:
        return name in self.goals and self.goals[name].status == "Active"

    def _key(self, row: Row, at: datetime) -> str:
        return f"{row.click}@{(at if self.compares_fractions else at.replace(microsecond=0))}"


def soap_fault(code: int, name: str, detail: str = "AdApiFaultDetail") -> Reply:
    """Return a SOAP fault as the service words it."""
    namespace, holder, item = {
        "AdApiFaultDetail": (ADAPI, "Errors", "AdApiError"),
        "ApiFaultDetail": (NAMESPACE, "OperationErrors", "OperationError"),
    }[detail]
    body = (
        "<s:Fault><faultcode>s:Server</faultcode><faultstring>Invalid client data.</faultstring>"
        f'<detail><{detail} xmlns="{namespace}"><TrackingId>fake</TrackingId><{holder}><{item}>'
        f"<Code>{code}</Code><ErrorCode>{name}</ErrorCode><Message>{name}</Message>"
        f"</{item}></{holder}></{detail}></detail></s:Fault>"
    )
    return _soap(body, status=500)


def _partial_errors(codes: Mapping[int, str]) -> str:
    errors = "".join(
        f"<BatchError><Code>1</Code><ErrorCode>{code}</ErrorCode><Index>{index}</Index>"
        f"<Message>{code}</Message></BatchError>"
        for index, code in codes.items()
    )
    return f"<PartialErrors>{errors}</PartialErrors>"


def _envelope(operation: str, content: str) -> Reply:
    response = f"{operation}Response"
    return _soap(f'<{response} xmlns="{NAMESPACE}">{content}</{response}>')


def _soap(body: str, status: int = 200) -> Reply:
    text = (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:i="{XSI}"><s:Header>'
        f'<h:TrackingId xmlns:h="{NAMESPACE}">fake</h:TrackingId></s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )
    return Reply(text.encode(), status, content_type="text/xml; charset=utf-8")


def main() -> None:
    """Serve as a process of its own."""
    parser = make_parser(__doc__)
    parser.add_argument("--goal", action="append", help="name of a goal that every account has")
    options = parser.parse_args()
    fake = FakeMicrosoft(
        goals=[Goal(name) for name in options.goal or ["Qualified call"]],
        kept=options.kept,
        faults=from_arguments(options),
    )
    serve_until_terminated(fake, options.port)


if __name__ == "__main__":
    main()
