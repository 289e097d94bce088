"""What Google's two APIs have in common: channels, quiet clients, and what a failed call means."""

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NoReturn

import google.auth.credentials
import grpc
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.auth.transport.grpc import secure_authorized_channel
from google.auth.transport.requests import Request
from google.oauth2 import credentials as oauth
from google.oauth2 import service_account
from google.rpc.error_details_pb2 import RetryInfo

from activation.uploads import Refused, TryAgain

CLIENT_LOGGERS = (
    "google.ads.datamanager_v1.services.ingestion_service",
    "google.ads.googleads.v26.services.services.conversion_adjustment_upload_service",
    "google.ads.googleads.v26.services.services.conversion_upload_service",
    "google.ads.googleads.v26.services.services.google_ads_service",
)
"""At DEBUG the clients log every request whole, with hashed and clear phone numbers."""

POINTLESS_AGAIN = frozenset(
    {
        "FAILED_PRECONDITION",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "OUT_OF_RANGE",
        "PERMISSION_DENIED",
        "UNAUTHENTICATED",
        "UNIMPLEMENTED",
    }
)

READ_RETRY = Retry(
    predicate=if_exception_type(exceptions.ServiceUnavailable, exceptions.InternalServerError),
    initial=0.1,
    maximum=4.0,
    timeout=15.0,
)
"""For reading only, which may be repeated without a thought: exponential back-off with jitter. What
is sent is repeated by the sender, which writes down every attempt."""


class _OnlyWarnings(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


_ONLY_WARNINGS = _OnlyWarnings()


def keep_clients_quiet(loggers: Iterable[str] = CLIENT_LOGGERS) -> None:
    """Let Google's clients log warnings only, at whatever level logging is set.

    A filter on the very loggers that write requests: unlike a level, it survives
    `logging.config.dictConfig` of whoever runs us, and filters of a parent would not be asked.
    """
    for name in loggers:
        for part in ("client", "transports.grpc"):
            logging.getLogger(f"{name}.{part}").addFilter(_ONLY_WARNINGS)


def credentials_for(info: Mapping[str, str], scope: str) -> google.auth.credentials.Credentials:
    """Return credentials from what Google gives to download, for one API.

    Args:
        info: of a service account (its `type` says so), or `client_id`, `client_secret` and
            `refresh_token` of an OAuth client.
        scope: the API's; each has its own.
    """
    if info.get("type") == "service_account":
        return service_account.Credentials.from_service_account_info(info, scopes=[scope])
    return oauth.Credentials.from_authorized_user_info(info, scopes=[scope])


def open_channel(
    endpoint: str, credentials: google.auth.credentials.Credentials | None
) -> grpc.Channel:
    """Open a channel to one of Google's APIs, or without credentials to a server on this machine.

    Args:
        endpoint: `datamanager.googleapis.com:443`, or `127.0.0.1:PORT`.
        credentials: of an OAuth client or a service account, with the API's scope.

    Raises:
        ValueError: without credentials only a server on this machine is spoken to, because such a
            channel is not encrypted.
    """
    if credentials is not None:
        return secure_authorized_channel(credentials, Request(), endpoint)
    if endpoint.rsplit(":", 1)[0] not in {"127.0.0.1", "localhost"}:
        raise ValueError(f"no credentials are given for {endpoint}")
    return grpc.insecure_channel(endpoint)


def raise_for_call(error: exceptions.GoogleAPIError) -> NoReturn:
    """Raise what a failed call means, where its status says so on its own.

    The error itself is dropped (`from None`): its text may quote the field that was wrong, and a
    field may be a phone number.

    Raises:
        Refused: of credentials, permissions, and whatever another attempt would not change.
        TryAgain: of everything else; of RESOURCE_EXHAUSTED with the wait that the server names.
            What cannot be read as an answer comes as INTERNAL, a cut connection as UNAVAILABLE.
    """
    while isinstance(error, exceptions.RetryError):
        error = error.cause
    status = status_name(error)
    if status in POINTLESS_AGAIN:
        raise Refused(status) from None
    raise TryAgain(status, retry_delay(error)) from None


def status_name(error: exceptions.GoogleAPIError) -> str:
    """Return the gRPC status of a failed call, such as `UNAVAILABLE`."""
    status = getattr(error, "grpc_status_code", None)
    return status.name if status is not None else type(error).__name__


def retry_delay(error: exceptions.GoogleAPIError) -> timedelta | None:
    """Return how long the server asks to wait, None where it does not say."""
    for detail in getattr(error, "details", ()):
        if isinstance(detail, RetryInfo):
            return detail.retry_delay.ToTimedelta()
    return None
