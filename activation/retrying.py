"""When a request of unknown fate is sent again: exponential back-off with jitter."""

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from activation.uploads import TryAgain

LONGEST_WAIT_SECONDS = 120.0
"""A platform that asks for more is asked again by a later run."""


def wait_as_asked(attempt: RetryCallState) -> float:
    """Back off with jitter, and at least as long as the platform asked for."""
    error = attempt.outcome.exception() if attempt.outcome else None
    asked = error.after.total_seconds() if isinstance(error, TryAgain) and error.after else 0.0
    return asked + wait_random_exponential(multiplier=0.5, max=30)(attempt)


def is_worth_waiting(error: BaseException) -> bool:
    """Whether to send again in this run."""
    return isinstance(error, TryAgain) and (
        error.after is None or error.after.total_seconds() <= LONGEST_WAIT_SECONDS
    )


RETRIES = Retrying(
    stop=stop_after_attempt(5),
    wait=wait_as_asked,
    retry=retry_if_exception(is_worth_waiting),
    reraise=True,
)
