"""Exactly once, counted at the platform: faults at random, senders killed at random moments.

`benchmarks/uploads.py` runs the same with ten thousand conversions a platform.
"""

from collections import Counter
from pathlib import Path

import pytest

from activation.ledger.database import Ledger
from tests.activation.exactly_once import (
    DESTINATIONS,
    FAULTS,
    Destination,
    Trial,
    calls,
    changed,
    fake_of,
)

pytestmark = pytest.mark.integration

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
