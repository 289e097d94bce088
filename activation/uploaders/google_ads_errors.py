"""What each error of the Google Ads API means for the uploads it befell.

The API answers a request of which some rows fail (`partial_failure`) with a status whose `details`
hold one `GoogleAdsFailure` with many errors, each at `operations[index]`; the results of failed
rows are empty. A request that fails as a whole has its `GoogleAdsFailure` in the trailing metadata.

Only the names of errors leave this module: `message` and `trigger` may quote a phone number.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NoReturn

from google.ads.googleads.v26.errors.types.errors import GoogleAdsFailure
from google.api_core import exceptions

from activation.uploaders.google_rpc import raise_for_call
from activation.uploads import BatchRefused, Operation, Refused, Result, TryAgain, Upload, Verdict

FAILURE_KEY = "google.ads.googleads.v26.errors.googleadsfailure-bin"
FAILURE = type(GoogleAdsFailure.pb(GoogleAdsFailure()))
NOT_ALLOWLISTED = "CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE"

DONE = frozenset(
    {
        "CALL_CONVERSION_ALREADY_EXISTS",
        "CLICK_CONVERSION_ALREADY_EXISTS",
        "CONVERSION_ALREADY_RETRACTED",
        "DUPLICATE_ORDER_ID",
        "ORDER_ID_ALREADY_IN_USE",
        "RESTATEMENT_ALREADY_EXISTS",
    }
)
"""The platform's documents: count as done. It is there since an earlier attempt."""

LATER = {
    "TOO_RECENT_EVENT": timedelta(hours=6),
    "TOO_RECENT_CONVERSION_ACTION": timedelta(hours=6),
    "TOO_RECENT_CALL": timedelta(hours=12),
    "TOO_RECENT_CONVERSION": timedelta(hours=24),
}
"""The platform's documents: retry after so long; nothing of it was kept."""

BACK_OFF = frozenset(
    {
        "DEADLINE_EXCEEDED",
        "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION",
        "INTERNAL_ERROR",
        "RESOURCE_EXHAUSTED",
        "RESOURCE_TEMPORARILY_EXHAUSTED",
        "TRANSIENT_ERROR",
    }
)
"""The platform's documents: back off. Of a request it is sent again as it is, of a row later."""

BACK_OFF_OF_A_ROW = timedelta(minutes=5)

HOLD = frozenset(
    {
        # Somebody else has adjusted this conversion, later than we: what it is worth is not ours.
        "MORE_RECENT_RESTATEMENT_FOUND",
        # Terms, settings and rights: somebody has to mend the account, then the row can go.
        "CUSTOMER_DATA_POLICY_PROHIBITS_ENHANCED_CONVERSIONS",
        "CUSTOMER_NOT_ACCEPTED_CUSTOMER_DATA_TERMS",
        "CUSTOMER_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS",
        "INVALID_CONVERSION_ACTION_TYPE",
        "NO_CONVERSION_ACTION_FOUND",
        "UNAUTHORIZED_CUSTOMER",
        NOT_ALLOWLISTED,
        # Two rows of one request that the platform cannot tell apart: at most one has counted.
        "DUPLICATE_ADJUSTMENT_IN_REQUEST",
        "DUPLICATE_CALL_CONVERSION_IN_REQUEST",
        "DUPLICATE_CLICK_CONVERSION_IN_REQUEST",
        # A reason newer than this client.
        "ERROR_CODE_NOT_PUBLISHED",
        "UNKNOWN",
        "UNSPECIFIED",
    }
)

TOO_MANY_ROWS = frozenset({"TOO_MANY_ADJUSTMENTS_IN_REQUEST", "TOO_MANY_CONVERSIONS_IN_REQUEST"})

PRECEDENCE = (Verdict.COUNTED, Verdict.REFUSED, Verdict.HOLD, Verdict.LATER)
"""Of several errors on one row: it is there, it never will be, a person must look, or later."""


def verdict_on(name: str, operation: Operation) -> Result:
    """Return what an error means for a row.

    What no table here names is refused for good: `EXPIRED_EVENT`, `EVENT_NOT_FOUND`,
    `INVALID_CUSTOMER_FOR_CLICK`, `UNPARSEABLE_GCLID`, `CONVERSION_PRECEDES_EVENT`,
    `CALL_NOT_FOUND`, `EXPIRED_CALL`, `GBRAID_WBRAID_BOTH_SET`, ...
    """
    if name == "CONVERSION_ALREADY_RETRACTED" and operation is Operation.RESTATE:
        # What is retracted has no value to change: this is not the restatement that was asked for.
        return Result(Verdict.REFUSED, name)
    if name in DONE:
        return Result(Verdict.COUNTED, name)
    if name in LATER:
        return Result(Verdict.LATER, name, LATER[name])
    if name in BACK_OFF:
        return Result(Verdict.LATER, name, BACK_OFF_OF_A_ROW)
    return Result(Verdict.HOLD if name in HOLD else Verdict.REFUSED, name)


def row_results(uploads: Sequence[Upload], response: Any, success: Result) -> dict[str, Result]:
    """Return the verdict on every row of a request that was answered.

    Args:
        uploads: in the order in which they were sent.
        response: of an upload with `partial_failure`.
        success: the verdict on rows with a result.

    Raises:
        Refused: none of the rows may be uploaded, because this account may not upload any.
        TryAgain: the answer leaves a row out.
    """
    names: dict[int, list[str]] = {}
    for detail in response.partial_failure_error.details:
        failure = FAILURE()
        if detail.Unpack(failure):
            for index, name in _located(failure):
                names.setdefault(index, []).append(name)
    if set(names) == set(range(len(uploads))) and all(NOT_ALLOWLISTED in n for n in names.values()):
        _raise_not_allowlisted()
    results = {}
    for index, upload in enumerate(uploads):
        if index in names:
            verdicts = [verdict_on(name, upload.operation) for name in names[index]]
            results[upload.key] = min(verdicts, key=lambda it: PRECEDENCE.index(it.verdict))
        elif index < len(response.results) and response.results[index].ByteSize():
            results[upload.key] = success
        else:
            # Neither an error nor a result: not an answer. The same keys again count nothing twice.
            raise TryAgain("row_without_result")
    return results


def raise_for_failure(error: exceptions.GoogleAPIError) -> NoReturn:
    """Raise what a failed request means, by the errors in its trailing metadata.

    Raises:
        Refused: the account may not do this.
        BatchRefused: rows are at fault, and nothing was counted.
        TryAgain: nothing is known of the request.
    """
    failure = _failure_of_request(error)
    rows_at_fault = {name for _, name in _located(failure)}
    for one in failure.errors:
        name = _name(one)
        if name == NOT_ALLOWLISTED:
            _raise_not_allowlisted()
        if name in BACK_OFF:
            raise TryAgain(name, _retry_delay(one)) from None
        if name in TOO_MANY_ROWS or name in rows_at_fault:
            raise BatchRefused(name) from None
        raise Refused(name) from None
    raise_for_call(error)


def _raise_not_allowlisted() -> NoReturn:
    """Since 2026-06-15 accounts that never uploaded clicks here are turned away."""
    advice = "this account cannot upload here: use the destination google_data_manager"
    raise Refused(NOT_ALLOWLISTED, advice) from None


def _retry_delay(error: Any) -> timedelta | None:
    if error.details.HasField("quota_error_details"):
        return error.details.quota_error_details.retry_delay.ToTimedelta()
    return None


def _failure_of_request(error: exceptions.GoogleAPIError) -> Any:
    for call in getattr(error, "errors", ()):
        for key, value in getattr(call, "trailing_metadata", lambda: ())() or ():
            if key == FAILURE_KEY:
                return FAILURE.FromString(value)
    return FAILURE()


def _located(failure: Any) -> Iterator[tuple[int, str]]:
    for error in failure.errors:
        for element in error.location.field_path_elements[:1]:
            if element.HasField("index"):
                yield element.index, _name(error)


def _name(error: Any) -> str:
    """Return the error's name, whichever of the API's two hundred enums it is from."""
    field = error.error_code.WhichOneof("error_code")
    if field is None:
        return "UNKNOWN"
    values = error.error_code.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    number = getattr(error.error_code, field)
    return values[number].name if number in values else "UNKNOWN"
