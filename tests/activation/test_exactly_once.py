"""Exactly once, counted at the platform: faults at random, senders killed at random moments.

`benchmarks/uploads.py` runs the same with ten thousand conversions a platform.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from activation.ledger.database import Ledger
from activation.ledger.tables import uploads
from tests.activation.exactly_once import (
    DESTINATIONS,
    FAULTS,
    Destination,
    Trial,
    calls,
    changed,
    fake_of,
)

pytestmark = [pytest.mark.integration, pytest.mark.slow]

CONVERSIONS, KILLS = 300, 5


@pytest.mark.parametrize("destination", DESTINATIONS, ids=lambda destination: destination.name)
def test_platform_and_ledger_agree_row_by_row_however_senders_die(
    destination: Destination, tmp_path: Path
) -> None:
    ledger, truth = Ledger(f"sqlite:///{tmp_path}/uploads.db"), tmp_path / "truth.db"
    with fake_of(destination, truth, FAULTS, seed=3) as endpoint:
        trial = Trial(destination, ledger, endpoint, truth)
        candidates = calls(destination, CONVERSIONS)
        trial.plan(candidates)
        trial.send_and_kill(KILLS, longest_seconds=0.4)

        assert trial.kills >= KILLS
        assert trial.counted_by_platform() == trial.counted_by_ledger()
        bad = len(range(0, CONVERSIONS, 11)) if destination.bad else 0
        expected = Counter({"confirmed": CONVERSIONS - bad, "refused": bad})
        assert Counter(trial.states().values()) == +expected

        trial.plan(changed(candidates))
        trial.send_and_kill(2, longest_seconds=0.3)

        assert trial.counted_by_platform() == trial.counted_by_ledger()
    ledger.close()


def test_two_senders_at_once_send_no_row_twice(ledger_url: str, tmp_path: Path) -> None:
    destination = next(it for it in DESTINATIONS if it.name == "meta_conversions")
    ledger, truth = Ledger(ledger_url), tmp_path / "truth.db"
    with fake_of(destination, truth, "delay=0.5", seed=1) as endpoint:
        trial = Trial(destination, ledger, endpoint, truth, lease_seconds=60)
        trial.plan(calls(replace(destination, bad={}), CONVERSIONS))
        trial.send_and_kill(0, longest_seconds=0.2)

    with ledger.read() as connection:
        attempts = connection.execute(
            select(uploads.c.attempts, func.count()).group_by(uploads.c.attempts)
        )
        assert [tuple(row) for row in attempts] == [(1, CONVERSIONS)]
    assert len(trial.counted_by_platform()) == CONVERSIONS
    ledger.close()
