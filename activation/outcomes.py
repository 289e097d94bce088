"""What a run of a sender or reader came to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from activation.uploads import Result, Verdict


@dataclass
class Outcome:
    """What came of one run at one destination.

    Attributes:
        destination: where to.
        verdicts: how many uploads got which.
        reasons: how often each reason was given.
        would_go: planned uploads that were not sent because the destination is not armed.
        stopped: why it ended before everything due was done (of an account that has to wait: the
            others went on); None where nothing was left.
    """

    destination: str
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    would_go: int = 0
    stopped: str | None = None

    def count(self, results: Iterable[Result]) -> None:
        """Add what was answered."""
        for result in results:
            self.verdicts[result.verdict] += 1
            self.reasons[result.reason] += 1
