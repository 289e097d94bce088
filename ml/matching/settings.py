"""Settings of the matcher, each with its unit, and the classes that its pairs fall into."""

from dataclasses import asdict, dataclass

CODE_VERSION = "6"
"""Raised whenever the same data would give other probabilities: part of `model_version`."""

DEVICES = ("mobile", "desktop", "tablet", "unknown")

PAIR_CLASSES = (
    ("pool", "leased"),
    ("pool", "lapsed"),
    ("fallback", "leased"),
    ("fallback", "lapsed"),
    ("fallback", "overflow"),
    ("fallback", "none"),
    ("fallback", "unseen"),
)
"""(dialled number, what the touch had seen of numbers when the call came), in the order of ids.

`overflow` saw the fallback number, `none` had a session without a number, `unseen` is a click
without a session. Each class has its own share of the calls that its touches bring.
"""

POOL_LEASED, POOL_LAPSED, LEAKED, LAPSED, OVERFLOW, NONE, UNSEEN = range(len(PAIR_CLASSES))
SEES_NUMBER = (POOL_LEASED, OVERFLOW)
"""Classes whose visitor may tap the dialled number on the page."""


@dataclass(frozen=True)
class MatcherSettings:
    """What an installation may choose. The defaults are those of `dbt_project.yml`.

    Parameters
    ----------
    lookback_days : int, default=30
        How far back a call looks for its touch, in days (var `attribution_lookback_days`).
    business_timezone : str, default="America/New_York"
        IANA zone of the hour of the day.
    minimum_probability : float, default=1e-4
        Candidates below it are summed into one remainder per campaign.
    maximum_candidates : int, default=500
        At most so many candidates a call are kept by name.
    iterations : int, default=30
        Most leaps of expectation and maximisation, three rounds each.
    refit_days : int, default=7
        Days of data after which the model is fitted anew (var `matcher_refit_days`).
    evidence_prior : tuple of float, default=(4.0, 1.0)
        How often evidence counts as right and wrong before it was checked (vars
        `evidence_prior_right`, `evidence_prior_wrong`); the SQL applies it, the model keeps it.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    lookback_days: int = 30
    business_timezone: str = "America/New_York"
    minimum_probability: float = 1e-4
    maximum_candidates: int = 500
    iterations: int = 30
    refit_days: int = 7
    evidence_prior: tuple[float, float] = (4.0, 1.0)

    def __post_init__(self) -> None:
        if self.lookback_days < 1:
            raise ValueError(f"lookback_days must be >= 1, got {self.lookback_days}")
        if not 0 < self.minimum_probability < 1:
            raise ValueError(
                f"minimum_probability must be within (0, 1), got {self.minimum_probability}"
            )
        if self.maximum_candidates < 1:
            raise ValueError(f"maximum_candidates must be >= 1, got {self.maximum_candidates}")
        if self.refit_days < 1:
            raise ValueError(f"refit_days must be >= 1, got {self.refit_days}")
        if self.iterations < 1:
            raise ValueError(f"iterations must be >= 1, got {self.iterations}")

    @property
    def lookback_seconds(self) -> float:
        """The lookback in seconds."""
        return self.lookback_days * 86_400.0

    def as_text(self) -> str:
        """Return the settings in a form that is equal when they are equal."""
        return repr(sorted(asdict(self).items()))
