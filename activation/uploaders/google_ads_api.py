"""Calls of the Google Ads API that uploads need, over a channel that is given.

The clients of the package's services are used directly, not through its `GoogleAdsClient`: that one
opens its own channel and logs requests, with clear phone numbers in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import grpc
from google.ads.googleads.v26.enums.types.consent_status import ConsentStatusEnum
from google.ads.googleads.v26.services.services.conversion_adjustment_upload_service import (
    ConversionAdjustmentUploadServiceClient,
)
from google.ads.googleads.v26.services.services.conversion_adjustment_upload_service import (
    transports as adjustment_transports,
)
from google.ads.googleads.v26.services.services.conversion_upload_service import (
    ConversionUploadServiceClient,
)
from google.ads.googleads.v26.services.services.conversion_upload_service import (
    transports as upload_transports,
)
from google.ads.googleads.v26.services.services.google_ads_service import GoogleAdsServiceClient
from google.ads.googleads.v26.services.services.google_ads_service import (
    transports as search_transports,
)
from google.api_core import exceptions
from google.api_core.retry import Retry

from activation.uploaders.google_ads_errors import raise_for_failure
from activation.uploaders.google_rpc import READ_RETRY, keep_clients_quiet
from activation.uploads import Upload

ENDPOINT = "googleads.googleapis.com:443"
SCOPE = "https://www.googleapis.com/auth/adwords"
MAX_ROWS = 2_000
REQUEST_SECONDS = 120.0

CONSENT = {
    "granted": ConsentStatusEnum.ConsentStatus.GRANTED,
    "denied": ConsentStatusEnum.ConsentStatus.DENIED,
    "unknown": ConsentStatusEnum.ConsentStatus.UNSPECIFIED,
}


@dataclass(frozen=True)
class GoogleAdsApi:
    """A connection on behalf of one developer token.

    Attributes:
        channel: to the API, or to a stand-in.
        developer_token: of the manager account that was granted API access.
        login_customer_id: the manager through which accounts are reached, None without one.
        request_seconds: after which an answer is no longer waited for.
        read_retry: when a query that failed is asked again.
    """

    channel: grpc.Channel
    developer_token: str = field(repr=False)
    login_customer_id: str | None = None
    request_seconds: float = REQUEST_SECONDS
    read_retry: Retry = READ_RETRY

    def upload_clicks(self, request: Any) -> Any:
        """Upload click conversions."""
        transport = upload_transports.ConversionUploadServiceGrpcTransport(channel=self.channel)
        client = ConversionUploadServiceClient(transport=transport)
        return self._call(client.upload_click_conversions, request)

    def upload_calls(self, request: Any) -> Any:
        """Upload call conversions."""
        transport = upload_transports.ConversionUploadServiceGrpcTransport(channel=self.channel)
        client = ConversionUploadServiceClient(transport=transport)
        return self._call(client.upload_call_conversions, request)

    def upload_adjustments(self, request: Any) -> Any:
        """Upload retractions and restatements."""
        transport = adjustment_transports.ConversionAdjustmentUploadServiceGrpcTransport(
            channel=self.channel
        )
        client = ConversionAdjustmentUploadServiceClient(transport=transport)
        return self._call(client.upload_conversion_adjustments, request)

    def search(self, request: Any) -> Sequence[Any]:
        """Return the rows of the first page of a query."""
        transport = search_transports.GoogleAdsServiceGrpcTransport(channel=self.channel)
        client = GoogleAdsServiceClient(transport=transport)
        return self._call(client.search, request, self.read_retry).results

    def _call(self, method: Any, request: Any, retry: Retry | None = None) -> Any:
        """Call once, unless only to read: repeating is the sender's, which writes it down."""
        keep_clients_quiet()
        metadata = [("developer-token", self.developer_token)]
        if self.login_customer_id:
            metadata.append(("login-customer-id", digits(self.login_customer_id)))
        try:
            reply = method(request, retry=retry, timeout=self.request_seconds, metadata=metadata)
        except exceptions.GoogleAPIError as error:
            raise_for_failure(error)
        return type(reply).pb(reply) if hasattr(type(reply), "pb") else reply


def digits(customer_id: str) -> str:
    """Return a customer id as the API wants it.

    >>> digits("123-456-7890")
    '1234567890'
    """
    return customer_id.replace("-", "")


def date_time(moment: datetime) -> str:
    """Return a moment as `yyyy-mm-dd hh:mm:ss+hh:mm`; the zone is mandatory.

    >>> date_time(datetime(2026, 3, 8, 9, 5, tzinfo=UTC))
    '2026-03-08 09:05:00+00:00'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")


def action_name(upload: Upload) -> str:
    """Return the resource name of an upload's conversion action, which is given by its id."""
    return f"customers/{digits(upload.account_id)}/conversionActions/{upload.conversion_action}"


def set_consent(consent: Any, upload: Upload) -> None:
    """Say what the person agreed to: consent goes with every conversion."""
    consent.ad_user_data = CONSENT[upload.consent_ad_user_data]
    consent.ad_personalization = CONSENT[upload.consent_ad_personalization]
