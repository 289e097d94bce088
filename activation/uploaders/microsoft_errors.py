"""What the answers and faults of Microsoft's campaign management service mean.

Errors come at three places: by row in `PartialErrors`, as a SOAP fault with codes, or as whatever a
proxy says. Only codes are kept, no message: messages may quote the request.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from activation.uploads import BatchRefused, Operation, Refused, Result, TryAgain, Verdict

TAKEN = Result(Verdict.COUNTED, "applied")

WAIT_FOR_GOAL = timedelta(hours=2)
"""The platform's documents: conversions are taken two hours after their goal was made."""

LATER = {
    "OfflineConversionGoalTooRecent": WAIT_FOR_GOAL,
    # Our clock was compared before; what is left is a clock that differs.
    "FutureConversionTimeCannotBeSet": timedelta(hours=1),
    "OfflineConversionFutureAdjustmentTimeCannotBeSet": timedelta(hours=1),
}

DONE = {
    Operation.CONVERT: frozenset({"DuplicateConversionKey"}),
    Operation.RETRACT: frozenset({"ConversionAlreadyRetracted"}),
    Operation.RESTATE: frozenset[str](),
}
"""Errors that say that it has been done before."""

TURN_WITH_TIME = frozenset(
    {
        "ClickIdDateTimeOutsideGoalConversionWindow",
        "OfflineConversionAdjustmentTimeOutOfWindow",
        "OfflineConversionTimeOutOfWindow",
    }
)
"""Refusals for age. They say nothing about an earlier attempt of unknown fate, which may have been
in time: the sender knows such a reason by `too_old` and holds the row."""

BATCH_TOO_LARGE = "OfflineConversionBatchSizeExceedsLimit"

INTERNAL_ERROR = "0"
RATE_LIMITS = {"117": timedelta(seconds=60), "207": None}
"""CallRateExceeded, whose documents ask for up to a minute, and ConcurrentRequestOverLimit."""

PASSING_STATUS = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


def tracking_id(document: Any, operation: str) -> str | None:
    """Return under which number the platform knows a request; support asks for it.

    Raises:
        TryAgain: this is no answer to it. suds takes an empty body for one, and no errors in it for
            rows that were all taken.
    """
    answer = _child(document, "Envelope", "Body", f"{operation}Response")
    if answer is None:
        raise TryAgain("unreadable_answer")
    told = _child(document, "Envelope", "Header", "TrackingId")
    return None if told is None else str(told.getText())


def verdicts(answer: Any, size: int, operation: Operation) -> list[Result]:
    """Return a verdict for every row of a request, by its place in it.

    Raises:
        TryAgain: an error names no row of ours, so that no row is known to be taken.
    """
    results = [TAKEN] * size
    for error in _listed(answer, "BatchError"):
        index = getattr(error, "Index", None)
        if index is None or not 0 <= int(index) < size:
            raise TryAgain("partial_error_without_row")
        results[int(index)] = verdict(_code(error), operation)
    return results


def verdict(code: str, operation: Operation) -> Result:
    """Return what an error of one row means."""
    if code in DONE[operation]:
        return Result(Verdict.COUNTED, code)
    if code in LATER:
        return Result(Verdict.LATER, code, LATER[code])
    return Result(Verdict.REFUSED, f"too_old: {code}" if code in TURN_WITH_TIME else code)


def goals(answer: Any) -> Mapping[str, str]:
    """Return the status of every goal by its name.

    Raises:
        TryAgain: the answer is not a list of goals.
    """
    found = getattr(answer, "ConversionGoals", None)
    if found is None:
        raise TryAgain("unreadable_answer")
    return {
        str(goal.Name): str(goal.Status) for goal in getattr(found, "ConversionGoal", []) if goal
    }


def meaning_of(fault: Any) -> Exception:
    """Return what a SOAP fault stands for: `TryAgain`, `Refused` or `BatchRefused`."""
    detail = getattr(fault.fault, "detail", None)
    codes = list(_fault_codes(detail))
    if not codes:
        return TryAgain("fault_without_code")
    number, name = codes[0]
    if name == BATCH_TOO_LARGE:
        return BatchRefused(name)
    if number in RATE_LIMITS:
        return TryAgain(name, RATE_LIMITS[number])
    if number == INTERNAL_ERROR:
        return TryAgain(name)
    # Credentials (105, 109), permissions (106), accounts: only a person can mend them.
    return Refused(name)


def meaning_of_status(status: int) -> Exception:
    """Return what an answer without a fault stands for, by its HTTP status."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in PASSING_STATUS:
        return TryAgain(f"http_{status}")
    if status >= HTTPStatus.BAD_REQUEST:
        return Refused(f"http_{status}")
    return TryAgain("unreadable_answer")


def meaning_of_bare(error: Exception) -> Exception:
    """Return what an exception of the client without a type of its own stands for."""
    said = error.args[0] if error.args else None
    if isinstance(said, tuple) and said and isinstance(said[0], int):
        return meaning_of_status(said[0])
    return TryAgain("unreadable_answer")


def _fault_codes(detail: Any) -> Iterable[tuple[str, str]]:
    for name, holder, item in (
        ("AdApiFaultDetail", "Errors", "AdApiError"),
        ("ApiFaultDetail", "OperationErrors", "OperationError"),
        ("ApiFaultDetail", "BatchErrors", "BatchError"),
    ):
        errors = getattr(getattr(detail, name, None), holder, None)
        found = getattr(errors, item, None) or []
        # The details of a fault have no type, so that one alone is no list.
        for error in found if isinstance(found, list) else [found]:
            yield str(getattr(error, "Code", "")), _code(error)


def _child(element: Any, *names: str) -> Any:
    for name in names:
        # Compared with None: an element without children is false.
        element = None if element is None else element.getChild(name)
    return element


def _listed(answer: Any, item: str) -> list[Any]:
    """Return the errors of an answer, which is the bare list where nothing else is in it."""
    errors = getattr(answer, "PartialErrors", answer)
    return [error for error in getattr(errors, item, None) or [] if error]


def _code(error: Any) -> str:
    return str(getattr(error, "ErrorCode", None) or f"microsoft_error_{error.Code}")
