"""What each error of the Data Manager API means for the uploads it befell.

One table for results (`ProcessingErrorReason`, read back per reason and count) and one for requests
(`ErrorReason`, refused at once). The names are the platform's.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import NoReturn

from google.ads.datamanager_v1 import ProcessingErrorReason, RequestStatusPerDestination
from google.api_core import exceptions
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from activation.uploads import BatchRefused, Refused, Result, Unsettled, Verdict

PREFIX = "PROCESSING_ERROR_REASON_"

DONE = frozenset({"DUPLICATE_GCLID", "DUPLICATE_TRANSACTION_ID"})
"""The platform has it already, since an earlier attempt: a repeat is not counted again."""

LATER = {
    "TOO_RECENT_CLICK": timedelta(hours=6),
    "INTERNAL_ERROR": timedelta(minutes=30),
}
"""Not counted and worth another attempt. Six hours as the Google Ads API says of recent events;
results are worth asking for after half an hour, which an inner error of theirs gets as well."""

HOLD = frozenset(
    {
        # A person has to sign, or to mend a key, before any such event can count.
        "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED",
        "AWS_AUTH_FAILED",
        "DECRYPTION_ERROR",
        "DEK_DECRYPTION_ERROR",
        "INVALID_KEK",
        "INVALID_WIP",
        "KEK_PERMISSION_DENIED",
        "USER_IDENTIFIER_DECRYPTION_ERROR",
        "WIP_AUTH_FAILED",
        # Without a name. What no table here knows is held as well: it is newer than this client.
        "UNSPECIFIED",
    }
)

REFUSED = frozenset(
    {
        "CLICK_NOT_FOUND",
        "CONVERSION_PRECEDES_CLICK",
        "CUSTOM_VARIABLE_NOT_ENABLED",
        "DENIED_CONSENT",
        "EVENT_ID_DECODE_ERROR",
        "EVENT_TOO_OLD",
        "EXTERNAL_ATTRIBUTION_DATA_MISSING",
        "INSUFFICIENT_MATCHED_TRANSACTIONS",
        "INSUFFICIENT_TRANSACTIONS",
        "INVALID_AD_IDENTIFIERS",
        "INVALID_CLICK",
        "INVALID_CUSTOM_VARIABLE",
        "INVALID_EVENT",
        "INVALID_FORMAT",
        "INVALID_GBRAID",
        "INVALID_GCLID",
        "INVALID_MERCHANT_ID",
        "INVALID_MOBILE_ID_FORMAT",
        "INVALID_OPERATING_ACCOUNT_FOR_CLICK",
        "INVALID_WBRAID",
        "MATCH_ID_NOT_FOUND",
        "NO_CONSENT",
        "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID",
        "OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER",
        "ORIGINAL_CONVERSIONS_NOT_FOUND",
        "UNKNOWN_CONSENT",
        "USER_ID_NOT_FOUND",
        "USER_ID_NOT_FOUND_FOR_DCLID",
        "USER_ID_NOT_FOUND_FOR_GCLID",
        "USER_ID_NOT_FOUND_FOR_IMPRESSION_ID",
        "USER_ID_NOT_FOUND_FOR_MATCH_ID",
    }
)
"""Never, as it is."""

ACCOUNT_AT_FAULT = frozenset(
    {
        "DESTINATION_ACCOUNT_DATA_POLICY_PROHIBITS_ENHANCED_CONVERSIONS",
        "DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED",
        "DESTINATION_ACCOUNT_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS",
        "EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED",
        "INVALID_CONVERSION_ACTION_ID",
        "INVALID_CONVERSION_ACTION_TYPE",
        "INVALID_DESTINATION",
        "NOT_ALLOWLISTED",
        "OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH",
        "PERMISSION_DENIED",
        "TERMS_AND_CONDITIONS_NOT_SIGNED",
    }
)
"""Of a refused request: no event is at fault, and halving it would find none."""


def verdict_on(reason: str) -> Result:
    """Return what one processing error means, by its name with or without the prefix."""
    name = reason.removeprefix(PREFIX).removeprefix("PROCESSING_ERROR_")
    if name in DONE:
        return Result(Verdict.COUNTED, name)
    if name in LATER:
        return Result(Verdict.LATER, name, LATER[name])
    if name in REFUSED:
        return Result(Verdict.REFUSED, name)
    return Result(Verdict.HOLD, name)


def common_verdict(statuses: Iterable[RequestStatusPerDestination]) -> Result | None:
    """Return the one verdict on every event of a request, None while it is being processed.

    Raises:
        Unsettled: some counted and some did not, or for different reasons, and which is not said.
    """
    outcomes: Counter[Result] = Counter()
    for status in statuses:
        of_destination = _outcomes(status)
        if of_destination is None:
            return None
        outcomes.update(of_destination)
    if not outcomes:
        return None
    if len(outcomes) == 1:
        return next(iter(outcomes))
    if all(result.verdict is Verdict.COUNTED for result in outcomes):
        return Result(Verdict.COUNTED, "SUCCESS")
    raise Unsettled({result.reason: count for result, count in outcomes.items()})


def _outcomes(status: RequestStatusPerDestination) -> Counter[Result] | None:
    """Return how many events of one destination met which fate, None while it is not known."""
    known = RequestStatusPerDestination.RequestStatus
    size = status.events_ingestion_status.record_count
    failed = Counter(
        {
            _name(error.reason): error.record_count
            for error in status.error_info.error_counts
            if error.record_count
        }
    )
    counted = {Result(Verdict.COUNTED, "SUCCESS"): size - failed.total()}
    if status.request_status == known.SUCCESS:
        return Counter({Result(Verdict.COUNTED, "SUCCESS"): max(size, 1)})
    if status.request_status in (known.PARTIAL_SUCCESS, known.FAILED):
        if not failed:
            # The platform may leave the counts out. All failed, or some: no more is known.
            counted = {} if status.request_status == known.FAILED else counted
            return Counter({Result(Verdict.HOLD, "FAILED"): max(size, 1)} | counted)
        outcomes: Counter[Result] = Counter()
        for reason, count in failed.items():
            outcomes[verdict_on(reason)] += count
        if status.request_status == known.PARTIAL_SUCCESS:
            outcomes.update({result: count for result, count in counted.items() if count > 0})
        return outcomes
    return None


def _name(reason: int) -> str:
    """Return a reason's name; the platform may add some that this client does not know."""
    try:
        return ProcessingErrorReason(reason).name
    except ValueError:
        return f"REASON_{int(reason)}"


def raise_for_invalid_request(error: exceptions.InvalidArgument) -> NoReturn:
    """Raise what a refused request means, by the reasons of its field violations.

    Raises:
        Refused: the account, its terms or a conversion action is at fault.
        BatchRefused: an event is. The platform's documents: one invalid field refuses the whole
            request, and nothing of it was counted.
    """
    reasons = []
    for detail in error.details:
        if isinstance(detail, ErrorInfo) and detail.reason in ACCOUNT_AT_FAULT:
            raise Refused(detail.reason) from None
        if isinstance(detail, BadRequest):
            for violation in detail.field_violations:
                if violation.reason in ACCOUNT_AT_FAULT or violation.field.startswith("destin"):
                    raise Refused(violation.reason or "INVALID_DESTINATION") from None
                reasons.append(violation.reason)
    raise BatchRefused(next(filter(None, reasons), "INVALID_ARGUMENT")) from None
