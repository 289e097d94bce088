"""What goes wrong between a sender and a platform, drawn by a seed: shared by every fake.

A fake asks `faults.next()` once a request and does what it is told:

    fault = faults.next()                     # Fault.NONE most of the time
    if fault is Fault.REFUSE: ...             # a passing error, nothing counted
    faults.wait_if(fault)                     # Fault.DELAY sleeps here, then all is well
    ...count the rows (half of them for Fault.DIE)...
    if fault in CUTS: close the connection without an answer

Which status or body a fault becomes is the fake's part, for every platform says it in its own way.
"""

import argparse
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from enum import StrEnum


class Fault(StrEnum):
    """What happens to one request."""

    NONE = "none"
    REFUSE = "refuse"
    """A passing error of the server before it counted anything (UNAVAILABLE, 503)."""
    DELAY = "delay"
    """The answer is late, and right."""
    DROP_ANSWER = "drop_answer"
    """Everything is counted, then the connection is cut: the sender cannot know."""
    DIE = "die"
    """The server dies in the middle: the first half is counted, and there is no answer."""
    RATE_LIMIT = "rate_limit"
    """Nothing is counted; the platform asks to wait."""
    GARBAGE = "garbage"
    """Everything is counted and the answer is not one (a proxy's page, half a message)."""
    PENDING = "pending"
    """Asked what became of a request, the platform is still at it; else nothing happens."""


CUTS = frozenset({Fault.DROP_ANSWER, Fault.DIE})
"""Faults after which the connection is cut without an answer."""

HARMLESS = frozenset({Fault.NONE, Fault.DELAY, Fault.PENDING})
"""Faults under which what was sent is answered rightly."""

COUNTS_NOTHING = frozenset({Fault.REFUSE, Fault.RATE_LIMIT})
"""Faults before which no row was counted."""


class Faults:
    """Draws one fault a request; the same seed gives the same sequence. Safe between threads."""

    def __init__(
        self,
        shares: Mapping[str, float] | None = None,
        *,
        seed: int = 0,
        delay_seconds: float = 0.2,
    ) -> None:
        """Remember the shares, by the fault's name, of the requests that each fault befalls."""
        self.shares = {Fault(name): share for name, share in (shares or {}).items()}
        if sum(self.shares.values()) > 1:
            raise ValueError(f"the shares of the faults must not exceed 1, got {shares}")
        self.delay_seconds = delay_seconds
        self.drawn: Counter[Fault] = Counter()
        self._random = random.Random(seed)
        self._next: deque[Fault] = deque()
        self._lock = threading.Lock()

    def force(self, *faults: str) -> None:
        """Let the next requests meet exactly these faults, before any is drawn again."""
        with self._lock:
            self._next.extend(Fault(fault) for fault in faults)

    def next(self) -> Fault:
        """Return what happens to the request that has just come in."""
        with self._lock:
            fault = self._next.popleft() if self._next else self._draw()
            self.drawn[fault] += 1
            return fault

    def wait_if(self, fault: Fault) -> None:
        """Sleep where the fault is a delay."""
        if fault is Fault.DELAY:
            time.sleep(self.delay_seconds)

    def _draw(self) -> Fault:
        chance = self._random.random()
        for fault, share in self.shares.items():
            chance -= share
            if chance < 0:
                return fault
        return Fault.NONE


def counted_part(fault: Fault, rows: list) -> list:
    """Return those of a request's rows that the platform counts under this fault."""
    if fault in COUNTS_NOTHING:
        return []
    return rows[: len(rows) // 2] if fault is Fault.DIE else rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--faults refuse=0.1,die=0.05`, `--seed 7` and `--delay-seconds 0.2` to the options."""
    parser.add_argument("--faults", default="", help="shares by name: refuse=0.1,die=0.05")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--delay-seconds", type=float, default=0.2)


def from_arguments(arguments: argparse.Namespace) -> Faults:
    """Read what `add_arguments` added."""
    named: Iterable[str] = filter(None, arguments.faults.split(","))
    shares = {name: float(share) for name, share in (pair.split("=") for pair in named)}
    return Faults(shares, seed=arguments.seed, delay_seconds=arguments.delay_seconds)
