"""A fake platform, its ledger, and senders that are killed: for the test and the benchmark."""

import hashlib
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from activation.ledger.database import Ledger
from activation.ledger.tables import upload_events, uploads
from activation.planning import plan
from activation.uploads import Limits, Operation, State
from tests.activation.candidates import make_candidate
from tests.activation.sender_process import count_under_way, number_of, start
from tests.fakes import kept

FAULTS = "refuse=0.08,drop_answer=0.1,die=0.1,rate_limit=0.05,garbage=0.08,delay=0.3,pending=0.1"
LONGEST_TRIAL_SECONDS = 600.0


@dataclass(frozen=True)
class Destination:
    """One platform.

    Attributes:
        name: of the destination.
        fake: module that serves it, with options.
        action: conversion action that the fake knows.
        click: click id and its type, with `{}` for the call's number; None where only the caller's
            number identifies.
        bad: what a row that the platform refuses has instead.
        supports: the operations that the platform knows.
        batch: rows a request.
    """

    name: str
    fake: tuple[str, ...]
    action: str = "987"
    click: tuple[str, str] | None = ("Cj0KCQ{}", "gclid")
    bad: Mapping[str, str | None] = field(default_factory=dict)
    supports: frozenset[Operation] = frozenset(Operation)
    batch: int = 25

    def identity(self, row: Any) -> str:
        """By what the platform knows the conversion of a ledger's row."""
        if self.click is None:
            return hashlib.sha256(number_of(row.caller_key).encode()).hexdigest()
        return row.click_id if self.name == "microsoft_offline" else row.key

    def identity_there(self, conversion: kept.Conversion) -> str | None:
        """The same, of what the platform counted."""
        is_by_click = self.click is None or self.name == "microsoft_offline"
        return conversion.click if is_by_click else conversion.key


_CONVERT = frozenset({Operation.CONVERT})
QUICK = ("--requests-a-minute", "1000000", "--requests-a-day", "1000000")
DESTINATIONS = (
    Destination(
        "google_data_manager",
        ("tests.fakes.google_data_manager", "--processing-seconds", "0.1", *QUICK),
        bad={"click_id": "fake.CLICK_NOT_FOUND.{}"},
        supports=_CONVERT | {Operation.RESTATE},
    ),
    Destination(
        "google_ads_clicks",
        ("tests.fakes.google_ads", *QUICK),
        bad={"click_id": "fake.EVENT_NOT_FOUND.{}"},
    ),
    Destination(
        "google_ads_calls", ("tests.fakes.google_ads", *QUICK), click=None, supports=_CONVERT
    ),
    Destination(
        "meta_conversions",
        ("tests.fakes.meta",),
        action="Lead",
        click=("IwAR0fb_{}", "fbclid"),
        bad={"conversion_action": "Purchase", "value_amount": None, "value_currency": None},
        supports=_CONVERT,
    ),
    Destination(
        "microsoft_offline",
        ("tests.fakes.microsoft",),
        action="Qualified call",
        click=("{:032d}", "msclkid"),
        bad={"click_id": "fake-OfflineConversionNotFound-{}"},
    ),
)


@contextmanager
def fake_of(destination: Destination, truth: Path, faults: str, seed: int) -> Iterator[str]:
    """The fake in a process of its own; its address."""
    module, *options = destination.fake
    command = [sys.executable, "-m", module, "--port", "0", "--kept", str(truth), *options]
    command += ["--faults", faults, "--seed", str(seed), "--delay-seconds", "0.1"]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, **quiet) as process:
        assert process.stdout is not None
        try:
            yield f"127.0.0.1:{process.stdout.readline().strip().rpartition(':')[2]}"
        finally:
            # What it counted is in its file; a server that is asked to end may wait for clients.
            process.kill()


@dataclass
class Trial:
    """One platform's run.

    Attributes:
        destination: which.
        ledger: what was, is and will be sent.
        endpoint: of the fake.
        truth: file of what the fake counted.
        lease_seconds: short, so that a killed sender's rows are taken up soon.
        chance: of the moments of the kills.
        kills: how many senders were killed while something was under way.
    """

    destination: Destination
    ledger: Ledger
    endpoint: str
    truth: Path
    lease_seconds: float = 1.0
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    kills: int = 0

    def plan(self, candidates: list[dict[str, Any]]) -> None:
        """Plan these calls."""
        limits = Limits(
            batch_size=self.destination.batch,
            deduplicates_for=None,
            supports=self.destination.supports,
            adjustable_for=timedelta(days=54),
        )
        plan(self.ledger, [candidates], {self.destination.name: limits}, now=datetime.now(UTC))

    def send_and_kill(self, kills: int, longest_seconds: float) -> None:
        """Have two senders at once send everything, and kill `kills` of them on the way."""
        wanted = self.kills + kills
        senders = [self._start(), self._start()]
        deadline = time.monotonic() + LONGEST_TRIAL_SECONDS
        while under_way := count_under_way(self.ledger):
            assert time.monotonic() < deadline, Counter(self.states().values())
            # However fast the machine is, enough is left for the kills that are still to come.
            share = under_way / (max(wanted - self.kills, 0) + 1)
            self._wait(self.chance.uniform(0, longest_seconds), until_left=under_way - share)
            if self.kills < wanted:
                victim = self.chance.choice(senders)
                if victim.is_alive() and count_under_way(self.ledger):
                    victim.kill()
                    victim.join()
                    self.kills += 1
            senders = [each if each.is_alive() else self._start() for each in senders]
        for sender in senders:
            sender.join()

    def _wait(self, seconds: float, until_left: float) -> None:
        """Wait so long, or until no more than so many rows are under way."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and count_under_way(self.ledger) > until_left:
            time.sleep(min(0.01, seconds))

    def _start(self) -> Any:
        return start(
            self.ledger.url.render_as_string(hide_password=False),
            self.destination.name,
            self.endpoint,
            self.destination.batch,
            self.lease_seconds,
        )

    def rows(self) -> list[Any]:
        """The conversions in the ledger."""
        with self.ledger.read() as connection:
            conversions = select(uploads).where(uploads.c.operation == Operation.CONVERT)
            return list(connection.execute(conversions))

    def states(self) -> dict[str, str]:
        """State of every conversion's latest generation, by call."""
        return {row.call_id: row.state for row in self.rows() if row.is_current}

    def counted_by_ledger(self) -> dict[str | None, Decimal | None]:
        """What counts, as the ledger believes."""
        counting = (State.CONFIRMED, State.RETRACTION_UNSUPPORTED)
        return {
            self.destination.identity(row): row.value_micros
            for row in self.rows()
            if row.state in counting
        }

    def counted_by_platform(self) -> dict[str | None, Decimal]:
        """What counts, as the platform says; fails where anything counts twice."""
        counted = [row for row in kept.read(self.truth) if row.state == "counted"]
        identities = [self.destination.identity_there(row) for row in counted]
        twice = {identity for identity, times in Counter(identities).items() if times > 1}
        assert not twice, f"counted twice: {sorted(map(str, twice))}"
        return {
            identity: Decimal(str(row.value))
            for identity, row in zip(identities, counted, strict=True)
        }

    def attempts(self) -> int:
        """How many rows were sent again after an unknown fate."""
        with self.ledger.read() as connection:
            again = select(func.count()).where(upload_events.c.step == "sending_again")
            return connection.scalar(again) or 0


def calls(destination: Destination, count: int, *, bad_every: int = 11) -> list[dict[str, Any]]:
    """Eligible calls of the last days; where the platform can refuse one row, some that it will."""
    occurred_at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    click_id, click_id_type = destination.click or (None, None)
    rows = []
    for number in range(count):
        at = occurred_at - timedelta(seconds=number)
        is_bad = bool(destination.bad) and number % bad_every == 0
        values = {
            "call_id": f"call-{number}",
            "destination": destination.name,
            "account_id": "1234567890",
            "conversion_action": destination.action,
            "occurred_at": at,
            "value_amount": Decimal(number % 500 + 1),
            "click_id": click_id and click_id.format(number),
            "click_id_type": click_id_type,
            "clicked_at": click_id and at - timedelta(days=1),
            "caller_key": f"caller-{number}",
            "identifier": "click" if click_id else "phone",
        }
        wrong = {name: text and text.format(number) for name, text in destination.bad.items()}
        rows.append(make_candidate(**values | (wrong if is_bad else {})))
    return rows


def changed(candidates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same calls later: some refunded, some worth something else, some by another click."""
    rows = []
    for number, row in enumerate(candidates):
        change: dict[str, Any] = {}
        if number % 5 == 1:
            change = {"is_eligible": False, "reason": "refunded"}
        elif number % 5 == 2 and row["value_amount"] is not None:
            change = {"value_amount": row["value_amount"] + 1000}
        rows.append(row | change)
    return rows
