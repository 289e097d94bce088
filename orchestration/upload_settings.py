"""Settings of the upload destinations; a destination without its own part is not set up.

In the environment every level is joined by two underscores, in `ringtrail.toml` it is a table:

    RINGTRAIL_UPLOADS__META_CONVERSIONS__ACCESS_TOKEN=...     [uploads.meta_conversions]
    RINGTRAIL_UPLOADS__META_CONVERSIONS__IS_ARMED=true        is_armed = true

Secrets never show: not in `doctor`, not in an error, not in a `repr`.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class WrongSetting(ValueError):
    """A destination cannot be made: which setting is wrong, and its value if it is no secret."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"setting uploads.{setting}: {problem}")


class DestinationSettings(BaseModel):
    """What every destination has."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    is_armed: bool = Field(
        default=False, description="Whether anything is sent at all; until then `send` only counts."
    )
    daily_cap: int = Field(
        default=10_000, ge=1, description="Uploads a day (UTC); more wait for the next one."
    )
    max_refusal_share: float = Field(
        default=0.5, gt=0, le=1, description="Above it the destination is held."
    )
    max_volume_ratio: float = Field(
        default=4.0, gt=1, description="Today against a mean day before; above it it is held."
    )
    sends_unknown_consent: bool = Field(
        default=False,
        description="Send what nobody was asked about, where the law allows it: the last gate,"
        " beside the same word of each conversion action in the seed.",
    )
    endpoint: str | None = Field(default=None, description="Another address than the platform's.")


class _GoogleSettings(DestinationSettings):
    credentials: SecretStr | None = Field(
        default=None,
        description="JSON of a service account or of an authorized user, or the path of its file;"
        " unset: a local endpoint.",
    )


class DataManagerSettings(_GoogleSettings):
    """Google's Data Manager API."""

    login_account_id: str | None = Field(default=None, description="The manager account, if any.")
    retracts_through_google_ads: bool = Field(
        default=False, description="Retract by google_ads_clicks, which must be set up too."
    )


class GoogleAdsSettings(_GoogleSettings):
    """The Google Ads API, for accounts on its allow-list."""

    developer_token: SecretStr
    login_customer_id: str | None = Field(default=None, description="The manager account, if any.")


class MetaSettings(DestinationSettings):
    """Meta's Conversions API."""

    access_token: SecretStr
    app_secret: SecretStr | None = None


class MicrosoftSettings(DestinationSettings):
    """Microsoft's offline conversions."""

    customer_id: str
    developer_token: SecretStr
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr


class FileSettings(DestinationSettings):
    """CSV files for the platforms' own upload pages."""

    folder: Path


class UploadSettings(BaseModel):
    """The ledger, and the destinations by the names that seeds and marts use."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    ledger_url: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy URL of the ledger; unset: <warehouse>.uploads.db beside it.",
    )
    google_data_manager: DataManagerSettings | None = None
    google_ads_clicks: GoogleAdsSettings | None = None
    google_ads_calls: GoogleAdsSettings | None = None
    meta_conversions: MetaSettings | None = None
    microsoft_offline: MicrosoftSettings | None = None
    file: FileSettings | None = None

    @field_validator("ledger_url")
    @classmethod
    def _check_ledger_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            # Imported where it is needed: it takes half a second.
            from sqlalchemy import make_url  # noqa: PLC0415
            from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

            try:
                make_url(url.get_secret_value()).get_dialect()
            except ArgumentError:
                # Its text quotes the URL, which may hold a password.
                raise ValueError(
                    "must be a SQLAlchemy URL, such as postgresql+psycopg://user@host/database"
                ) from None
        return url


DESTINATIONS = (
    "google_data_manager",
    "google_ads_clicks",
    "google_ads_calls",
    "meta_conversions",
    "microsoft_offline",
    "file",
)
"""Every destination that a conversion action may name."""
