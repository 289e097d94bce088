"""Properties of ledger, planner and sender, whatever happens in whatever order.

The platform of these tests counts what it is sent and then answers, or loses its answer, or refuses
or postpones; the sender dies at will; the marts say something new at any time.
"""

import shutil
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import func, select, text
from tenacity import stop_after_attempt, wait_none

from activation.ledger.database import Ledger
from activation.ledger.erasing import erase_callers
from activation.ledger.tables import upload_events, uploads
from activation.planning import plan
from activation.retrying import RETRIES
from activation.safety import Safeguards
from activation.sending import Sender
from activation.uploads import Answer, BatchRefused, Operation, Result, State, TryAgain, Verdict
from tests.activation.candidates import LIMITS, NOW, make_candidate
from tests.activation.platforms import COUNTED, Clock, SmallPlatform

CALLS = ("A", "B", "C")
DESTINATIONS = tuple(LIMITS)
ENDLESS = Safeguards(is_armed=True, daily_cap=10**9, max_refusal_share=1.0, min_volume=10**9)
ANSWERS = ("count", "lose", "lose", "refuse", "later", "die", "drop", "odd")
CHANGES = st.fixed_dictionaries(
    {
        "call_id": st.sampled_from(CALLS),
        "destination": st.sampled_from(DESTINATIONS),
        "value": st.sampled_from([Decimal(1), Decimal(2), None]),
        "click": st.sampled_from(["click-1", "click-2"]),
        "is_eligible": st.sampled_from([True, True, False]),
        "is_there": st.sampled_from([True, True, True, False]),
    }
)
REFUSED = Result(Verdict.REFUSED, "CLICK_NOT_FOUND")
LATER = Result(Verdict.LATER, "TOO_RECENT_EVENT", timedelta(hours=6))


class Killed(BaseException):
    """The sender's process is gone."""


class Sending(RuleBasedStateMachine):
    """Marts, senders and platforms that do as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.ledger = Ledger(f"sqlite:///{self.folder / 'uploads.db'}")
        self.clock = Clock(NOW)
        self.platforms = {name: SmallPlatform(limits=LIMITS[name]) for name in DESTINATIONS}
        self.candidates: dict[tuple[str, str], dict[str, Any]] = {}
        self.erased: set[str] = set()

    def teardown(self) -> None:
        self.ledger.close()
        shutil.rmtree(self.folder)

    @initialize()
    def begin_with_eligible_calls(self) -> None:
        for call_id in CALLS:
            for name in DESTINATIONS:
                self.candidates[call_id, name] = make_candidate(
                    call_id=call_id, destination=name, caller_key=f"caller of {call_id}"
                )

    def _change(self, changes: list[dict[str, Any]]) -> None:
        for change in changes:
            call_id, destination = change["call_id"], change["destination"]
            self.candidates.pop((call_id, destination), None)
            if change["is_there"]:
                self.candidates[call_id, destination] = make_candidate(
                    call_id=call_id,
                    destination=destination,
                    value_amount=change["value"],
                    value_currency="USD" if change["value"] is not None else None,
                    click_id=change["click"],
                    is_eligible=change["is_eligible"],
                    reason=None if change["is_eligible"] else "refunded",
                    caller_key=None if call_id in self.erased else f"caller of {call_id}",
                )

    def _plan_twice(self) -> None:
        rows = [list(self.candidates.values())]
        would = plan(self.ledger, rows, LIMITS, now=self.clock(), dry_run=True)
        assert plan(self.ledger, rows, LIMITS, now=self.clock()) == would
        assert plan(self.ledger, rows, LIMITS, now=self.clock()) == []

    @rule(
        destination=st.sampled_from(DESTINATIONS),
        what=st.lists(st.sampled_from(ANSWERS), min_size=2, max_size=6),
        changes=st.lists(CHANGES, max_size=4),
        hours=st.integers(min_value=0, max_value=30),
    )
    def marts_change_and_senders_run(
        self, *, destination: str, what: list[str], changes: list[dict[str, Any]], hours: int
    ) -> None:
        self.clock.now += timedelta(hours=hours)
        self._change(changes)
        self._plan_twice()
        self._send(destination, what)

    def _send(self, destination: str, what: list[str]) -> None:
        platform, answers = self.platforms[destination], iter(what)

        def answer(batch: Any) -> Answer | Exception | None:
            return self._answer(platform, batch, next(answers, "count"))

        platform.script = answer
        sender = Sender(
            self.ledger,
            destination,
            platform,
            ENDLESS,
            lambda keys: {},
            self.clock,
            retries=RETRIES.copy(stop=stop_after_attempt(2), wait=wait_none()),
        )
        try:
            sender.send()
        except Killed:
            self._forget_the_lease()

    # Hypothesis likes the short rule: without a bound nine steps of ten erased, and few sent.
    @precondition(lambda self: len(self.erased) < len(CALLS))
    @rule(call_id=st.sampled_from(CALLS))
    def caller_is_erased(self, call_id: str) -> None:
        self.erased.add(call_id)
        for (their_call, _), candidate in self.candidates.items():
            if their_call == call_id:
                candidate["caller_key"] = None
        erase_callers(self.ledger, [f"caller of {call_id}"], now=self.clock())

    def _answer(self, platform: SmallPlatform, batch: Any, what: str) -> Answer | Exception | None:
        verdicts = {"refuse": REFUSED, "later": LATER}
        if what in verdicts:
            # A platform that counted it says so again, whatever it would say of a new one.
            return Answer({it.key: self._known(platform, it) or verdicts[what] for it in batch})
        if what == "odd" and not any(self._known(platform, it) for it in batch):
            return BatchRefused("INVALID_ARGUMENT")
        if what in {"lose", "die"}:
            for upload in batch:
                platform.count(upload)
        if what == "die":
            raise Killed
        return TryAgain("timeout") if what in {"lose", "drop"} else None

    @staticmethod
    def _known(platform: SmallPlatform, upload: Any) -> Result | None:
        is_counted = upload.key in platform.values or upload.key in platform.corrections
        return COUNTED if is_counted else None

    def _forget_the_lease(self) -> None:
        """As after a kill -9: the rows are leased to nobody alive, until the lease lapses."""
        with self.ledger.write() as connection:
            connection.execute(text("update uploads set lease_until = null"))

    @invariant()
    def every_state_is_that_of_the_last_event(self) -> None:
        latest = (
            select(upload_events.c.upload_id, func.max(upload_events.c.event_id).label("event_id"))
            .group_by(upload_events.c.upload_id)
            .subquery()
        )
        columns = ("state", "reason", "step", "version")
        query = (
            select(
                *(uploads.c[name] for name in columns),
                *(upload_events.c[name].label(f"event_{name}") for name in columns),
            )
            .select_from(uploads.outerjoin(latest, latest.c.upload_id == uploads.c.upload_id))
            .outerjoin(upload_events, upload_events.c.event_id == latest.c.event_id)
        )
        with self.ledger.read() as connection:
            for row in connection.execute(query):
                assert row[:4] == row[4:]

    @invariant()
    def what_the_ledger_is_sure_of_is_true_at_the_platform(self) -> None:
        with self.ledger.read() as connection:
            rows = connection.execute(
                select(uploads).where(uploads.c.operation == Operation.CONVERT)
            ).all()
            busy = set(
                connection.scalars(
                    select(uploads.c.target_key).where(
                        uploads.c.state.in_((State.SENDING, State.HELD))
                    )
                )
            )
        counted = {key for platform in self.platforms.values() for key in platform.values}
        assert counted <= {row.key for row in rows}
        for row in rows:
            values = self.platforms[row.destination].values
            if row.state in (State.CONFIRMED, State.RETRACTION_UNSUPPORTED) and row.key not in busy:
                assert values[row.key] == row.value_micros
            if row.state in (State.PLANNED, State.REFUSED, State.NOT_ELIGIBLE, State.RETRACTED):
                assert row.key not in values

    @invariant()
    def every_conversion_counts_at_most_once(self) -> None:
        with self.ledger.read() as connection:
            keys = connection.execute(
                select(uploads.c.key, uploads.c.call_id, uploads.c.destination).where(
                    uploads.c.operation == Operation.CONVERT
                )
            )
            conversion = {row.key: (row.call_id, row.destination) for row in keys}
        for platform in self.platforms.values():
            counting = [conversion[key] for key in platform.values]
            assert len(counting) == len(set(counting))

    @invariant()
    def nothing_identifies_an_erased_caller(self) -> None:
        with self.ledger.read() as connection:
            keys = set(connection.scalars(select(uploads.c.caller_key)))
        assert not keys & {f"caller of {call_id}" for call_id in self.erased}


TestSending = Sending.TestCase
TestSending.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
