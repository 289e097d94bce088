"""How the Google Ads API says that something failed: `GoogleAdsFailure`, of a row or a request."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import grpc
from google.ads.googleads.v26.errors.types.errors import GoogleAdsFailure
from google.rpc import status_pb2

from tests.fakes.grpc_server import Turned

FAILURE_KEY = "google.ads.googleads.v26.errors.googleadsfailure-bin"
FAILURE = type(GoogleAdsFailure.pb(GoogleAdsFailure()))
PREFERRED = ("conversion_upload_error", "conversion_adjustment_upload_error")


def _codes() -> dict[str, list[tuple[str, int]]]:
    codes: dict[str, list[tuple[str, int]]] = {}
    error_code = FAILURE.DESCRIPTOR.fields_by_name["errors"].message_type.fields_by_name[
        "error_code"
    ]
    for field in error_code.message_type.oneofs_by_name["error_code"].fields:
        for value in field.enum_type.values:
            codes.setdefault(value.name, []).append((field.name, value.number))
    return codes


CODES = _codes()
"""By name of an error: the enums that have it, and its number there."""


def failure(
    names: list[tuple[int | None, str]], preferred: str = "", triggers: Sequence[str] = ()
) -> Any:
    """Return errors by row (None: of the whole request) and name.

    Args:
        names: one error each; a row may have several.
        preferred: the enum to use where several know the name.
        triggers: what each error quotes of its row, as the platform may: even a phone number.
    """
    failed = FAILURE()
    for (index, name), trigger in zip_longest(names, triggers, fillvalue=""):
        error = failed.errors.add(message=f"{name} happened: {trigger}")
        error.trigger.string_value = trigger
        known = dict(CODES[name])
        field = next((it for it in (preferred, *PREFERRED) if it in known), next(iter(known)))
        setattr(error.error_code, field, known[field])
        if index is not None:
            error.location.field_path_elements.add(field_name="operations", index=index)
    return failed


def partial_failure(
    names: list[tuple[int | None, str]], preferred: str, triggers: Sequence[str]
) -> status_pb2.Status:
    """Return the status of a request of which some rows failed: one detail, many errors."""
    status = status_pb2.Status()
    if names:
        status.code = grpc.StatusCode.INVALID_ARGUMENT.value[0]
        status.message = "Multiple errors in 'details'."
        status.details.add().Pack(failure(names, preferred, triggers))
    return status


def whole_failure(code: grpc.StatusCode, name: str) -> Turned:
    """Return the failure of a whole request."""
    return Turned(code, "Request failed.", failure([(None, name)]), key=FAILURE_KEY)
