"""The ledger and the uploaders, from the settings: the one place that knows both.

Clients are heavy (Google's alone a second and more), so every uploader is made by a function, when
something is to be sent or its limits are asked for.
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from activation.ledger.database import Ledger
from activation.safety import Safeguards
from activation.uploads import Limits, Operation, Uploader
from orchestration.settings import Settings
from orchestration.upload_settings import DESTINATIONS, GoogleAdsSettings

if TYPE_CHECKING:
    import grpc
    from pydantic import SecretStr

    from activation.uploaders.google_ads_api import GoogleAdsApi

MakeUploader = Callable[[], Uploader]

NOT_SET_UP = Limits(
    batch_size=1,
    deduplicates_for=None,
    supports=frozenset(Operation),
)
"""Of a destination that is not set up: whatever is planned waits, corrections too. Were they taken
for impossible, money that can be taken back would be written off."""


def open_ledger(settings: Settings) -> Ledger:
    """Open the ledger, making it when it is not there."""
    return Ledger(settings.ledger_url)


def uploaders(settings: Settings) -> Mapping[str, MakeUploader]:
    """How to make the uploader of every destination that is set up."""
    makers: dict[str, Callable[[Settings], Uploader]] = {
        "google_data_manager": _data_manager,
        "google_ads_clicks": _google_ads_clicks,
        "google_ads_calls": _google_ads_calls,
        "meta_conversions": _meta,
        "microsoft_offline": _microsoft,
        "file": _file,
    }
    return {
        name: (lambda make=make: make(settings))  # type: ignore[misc]
        for name, make in makers.items()
        if getattr(settings.uploads, name) is not None
    }


def limits(settings: Settings) -> dict[str, Limits]:
    """What every destination demands."""
    made = uploaders(settings)
    return {name: made[name]().limits if name in made else NOT_SET_UP for name in DESTINATIONS}


def safeguards(settings: Settings, destination: str) -> Safeguards:
    """Bounds of a destination; unarmed unless a person armed it."""
    chosen = getattr(settings.uploads, destination)
    if chosen is None:
        return Safeguards()
    return Safeguards(
        is_armed=chosen.is_armed,
        daily_cap=chosen.daily_cap,
        max_refusal_share=chosen.max_refusal_share,
        max_volume_ratio=chosen.max_volume_ratio,
    )


def _data_manager(settings: Settings) -> Uploader:
    from activation.uploaders.google_data_manager import (  # noqa: PLC0415
        ENDPOINT,
        SCOPE,
        DataManagerUploader,
    )

    chosen = settings.uploads.google_data_manager
    assert chosen is not None  # noqa: S101  (made only where it is set up)
    return DataManagerUploader(
        channel=_channel(chosen.endpoint or ENDPOINT, chosen.credentials, SCOPE),
        login_account_id=chosen.login_account_id,
        sends_unknown_consent=chosen.sends_unknown_consent,
        retractions=_google_ads_clicks(settings) if chosen.retracts_through_google_ads else None,
    )


def _google_ads_clicks(settings: Settings) -> Uploader:
    from activation.uploaders.google_ads_clicks import (  # noqa: PLC0415
        GoogleAdsClicksUploader,
    )

    chosen = settings.uploads.google_ads_clicks
    if chosen is None:
        raise ValueError("retracts_through_google_ads needs uploads.google_ads_clicks set up")
    return GoogleAdsClicksUploader(
        api=_google_ads(chosen), sends_unknown_consent=chosen.sends_unknown_consent
    )


def _google_ads_calls(settings: Settings) -> Uploader:
    from activation.uploaders.google_ads_calls import GoogleAdsCallsUploader  # noqa: PLC0415

    chosen = settings.uploads.google_ads_calls
    assert chosen is not None  # noqa: S101  (made only where it is set up)
    return GoogleAdsCallsUploader(
        api=_google_ads(chosen), sends_unknown_consent=chosen.sends_unknown_consent
    )


def _google_ads(chosen: GoogleAdsSettings) -> "GoogleAdsApi":
    from activation.uploaders.google_ads_api import (  # noqa: PLC0415
        ENDPOINT,
        SCOPE,
        GoogleAdsApi,
    )

    return GoogleAdsApi(
        channel=_channel(chosen.endpoint or ENDPOINT, chosen.credentials, SCOPE),
        developer_token=chosen.developer_token.get_secret_value(),
        login_customer_id=chosen.login_customer_id,
    )


def _channel(endpoint: str, credentials: "SecretStr | None", scope: str) -> "grpc.Channel":
    from activation.uploaders.google_rpc import credentials_for, open_channel  # noqa: PLC0415

    if credentials is None:
        return open_channel(endpoint, None)
    return open_channel(
        endpoint, credentials_for(json.loads(credentials.get_secret_value()), scope)
    )


def _meta(settings: Settings) -> Uploader:
    from activation.uploaders.meta import GRAPH_URL, MetaUploader  # noqa: PLC0415

    chosen = settings.uploads.meta_conversions
    assert chosen is not None  # noqa: S101  (made only where it is set up)
    return MetaUploader(
        access_token=chosen.access_token.get_secret_value(),
        app_secret=chosen.app_secret.get_secret_value() if chosen.app_secret else None,
        base_url=chosen.endpoint or GRAPH_URL,
        sends_unknown_consent=chosen.sends_unknown_consent,
    )


def _microsoft(settings: Settings) -> Uploader:
    from bingads.authorization import OAuthTokens, OAuthWebAuthCodeGrant  # noqa: PLC0415

    from activation.uploaders.microsoft import SERVICE_URL, MicrosoftUploader  # noqa: PLC0415

    chosen = settings.uploads.microsoft_offline
    assert chosen is not None  # noqa: S101  (made only where it is set up)
    authentication = OAuthWebAuthCodeGrant(
        chosen.client_id,
        chosen.client_secret.get_secret_value(),
        "https://login.microsoftonline.com/common/oauth2/nativeclient",
        # Expired from the start: the client renews it before its first request.
        oauth_tokens=OAuthTokens("", 0, chosen.refresh_token.get_secret_value()),
    )
    return MicrosoftUploader(
        authentication=authentication,
        developer_token=chosen.developer_token.get_secret_value(),
        customer_id=chosen.customer_id,
        service_url=chosen.endpoint or SERVICE_URL,
        sends_unknown_consent=chosen.sends_unknown_consent,
    )


def _file(settings: Settings) -> Uploader:
    from activation.uploaders.file import FileUploader  # noqa: PLC0415

    chosen = settings.uploads.file
    assert chosen is not None  # noqa: S101  (made only where it is set up)
    return FileUploader(folder=chosen.folder, sends_unknown_consent=chosen.sends_unknown_consent)
