"""The ledger and the uploaders, from the settings: the one place that knows both.

Clients are heavy (Google's alone a second and more), so every uploader is made by a function, when
something is to be sent or its limits are asked for.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from activation.ledger.database import Ledger
from activation.safety import Safeguards
from activation.uploads import Limits, Operation, Uploader
from orchestration.google_channel import google_channel
from orchestration.settings import Settings
from orchestration.upload_settings import DESTINATIONS, GoogleAdsSettings, WrongSetting

if TYPE_CHECKING:
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
    return Ledger(settings.ledger_url, marks=settings.state_dir / "upload_marks")


def uploaders(settings: Settings) -> Mapping[str, MakeUploader]:
    """How to make the uploader of each destination that is set up; may raise `WrongSetting`."""
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


def limits(makers: Mapping[str, MakeUploader]) -> tuple[dict[str, Limits], list[WrongSetting]]:
    """What every destination demands, and why some cannot be made.

    What is planned for those waits, as for those that are not set up.
    """
    known, wrong = dict.fromkeys(DESTINATIONS, NOT_SET_UP), []
    for name, make in makers.items():
        try:
            known[name] = make().limits
        except WrongSetting as error:
            wrong.append(error)
    return known, wrong


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
        channel=google_channel("google_data_manager", chosen, ENDPOINT, SCOPE),
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
        raise WrongSetting(
            "google_data_manager.retracts_through_google_ads",
            "is true, but uploads.google_ads_clicks is not set up",
        )
    return GoogleAdsClicksUploader(
        api=_google_ads("google_ads_clicks", chosen),
        sends_unknown_consent=chosen.sends_unknown_consent,
    )


def _google_ads_calls(settings: Settings) -> Uploader:
    from activation.uploaders.google_ads_calls import GoogleAdsCallsUploader  # noqa: PLC0415

    chosen = settings.uploads.google_ads_calls
    assert chosen is not None  # noqa: S101  (made only where it is set up)
    return GoogleAdsCallsUploader(
        api=_google_ads("google_ads_calls", chosen),
        sends_unknown_consent=chosen.sends_unknown_consent,
    )


def _google_ads(destination: str, chosen: GoogleAdsSettings) -> "GoogleAdsApi":
    from activation.uploaders.google_ads_api import (  # noqa: PLC0415
        ENDPOINT,
        SCOPE,
        GoogleAdsApi,
    )

    return GoogleAdsApi(
        channel=google_channel(destination, chosen, ENDPOINT, SCOPE),
        developer_token=chosen.developer_token.get_secret_value(),
        login_customer_id=chosen.login_customer_id,
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
    if chosen.folder.exists() and not chosen.folder.is_dir():
        raise WrongSetting("file.folder", f"must be a folder, got the file {chosen.folder}")
    return FileUploader(folder=chosen.folder, sends_unknown_consent=chosen.sends_unknown_consent)
