"""What an error of Meta's Graph API means for the request that met it.

Nothing that Meta writes in words is kept: messages may quote what was sent. The reason is made of
the code and subcode, which its documents list.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from facebook_business.exceptions import FacebookRequestError

from activation.uploads import BatchRefused, Refused, TryAgain

RATE_LIMITS = frozenset({4, 17, 32, 341, 613, *range(80_000, 80_015)})
"""Of the app, the user, the account and the business use case."""

PASSING = frozenset({1, 2})
"""Unknown error and service unavailable: Meta's documents ask to try again."""

INVALID_PARAMETER = 100
"""One bad event refuses the whole request."""

SUBCODES = {2804003: "event_too_old"}
"""Names for subcodes of `INVALID_PARAMETER`; others are told by their number."""

BUSY = frozenset({408, 429})
FIRST_ERROR, FIRST_SERVER_ERROR = 400, 500


def meaning_of(error: FacebookRequestError) -> Exception:
    """Return the `BatchRefused`, `TryAgain` or `Refused` that an error of the API stands for."""
    code = error.api_error_code()
    status = error.http_status() or 0
    if code in RATE_LIMITS:
        return TryAgain(f"rate_limit_{code}", wait_asked_for(error.http_headers()))
    if code in PASSING or error.api_transient_error():
        return TryAgain(f"passing_error_{code}", wait_asked_for(error.http_headers()))
    if status >= FIRST_SERVER_ERROR or status in BUSY:
        return meaning_of_status(status, error.http_headers())
    if code == INVALID_PARAMETER:
        subcode = error.api_error_subcode()
        return BatchRefused(SUBCODES.get(subcode, f"invalid_parameter_{subcode or 'unnamed'}"))
    if isinstance(code, int):
        # Tokens (190), permissions (10, 200 to 299) and whatever else only a person can mend.
        return Refused(f"meta_error_{code}")
    return TryAgain("unreadable_answer")


def meaning_of_status(status: int, headers: Mapping[str, str]) -> TryAgain:
    """Return what an answer stands for that is not of Meta's making: a proxy's, or half a one."""
    reason = f"http_{status}" if status >= FIRST_ERROR else "unreadable_answer"
    return TryAgain(reason, wait_asked_for(headers))


def wait_asked_for(headers: Mapping[str, str]) -> timedelta | None:
    """Return the longest wait that the headers name: `Retry-After`, or the business use case's."""
    waits = [_retry_after(headers), *_minutes_to_regain_access(headers)]
    return max((wait for wait in waits if wait), default=None)


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    seconds = headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if seconds.isdecimal() else None


def _minutes_to_regain_access(headers: Mapping[str, str]) -> list[timedelta]:
    """Read `{"<business>": [{"estimated_time_to_regain_access": minutes, ...}]}`."""
    try:
        usage: Any = json.loads(headers.get("X-Business-Use-Case-Usage", "{}"))
        return [
            timedelta(minutes=use["estimated_time_to_regain_access"])
            for uses in usage.values()
            for use in uses
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []
