"""A channel to one of Google's APIs, from the settings of a destination.

Whatever is wrong with credentials is told by the setting's name alone: parsers quote what they
could not read, and that is a secret.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.upload_settings import DataManagerSettings, GoogleAdsSettings, WrongSetting

if TYPE_CHECKING:
    import grpc


def google_channel(
    destination: str, chosen: DataManagerSettings | GoogleAdsSettings, endpoint: str, scope: str
) -> "grpc.Channel":
    """Open the channel that a destination's settings ask for.

    Args:
        destination: whose settings they are.
        chosen: the settings.
        endpoint: of the platform, unless the settings name another.
        scope: of the API, which its credentials must have.

    Raises:
        WrongSetting: the credentials are missing, or none.
    """
    from activation.uploaders.google_rpc import credentials_for, open_channel  # noqa: PLC0415

    setting, endpoint = f"{destination}.credentials", chosen.endpoint or endpoint
    if chosen.credentials is None:
        try:
            return open_channel(endpoint, None)
        except ValueError:
            raise WrongSetting(setting, f"not set, and needed for {endpoint}") from None
    info = _read(setting, chosen.credentials.get_secret_value())
    try:
        credentials = credentials_for(info, scope)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # Google's own words on what is missing are names of fields; its others may quote the key.
        problem = str(error) if "missing fields" in str(error) else "the key in it cannot be read"
        raise WrongSetting(setting, problem) from None
    return open_channel(endpoint, credentials)


def _read(setting: str, given: str) -> dict[str, Any]:
    if not given.lstrip().startswith("{"):
        try:
            given = Path(given.strip()).expanduser().read_text()
        except (OSError, ValueError):
            problem = "neither JSON nor the path of a file that can be read"
            raise WrongSetting(setting, problem) from None
    try:
        info = json.loads(given)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise WrongSetting(setting, f"not JSON: {error.msg} at {where}") from None
    if not isinstance(info, dict):
        raise WrongSetting(setting, f"must be a JSON object, got a {type(info).__name__}")
    return info
