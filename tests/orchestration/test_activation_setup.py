"""Tests of orchestration.activation_setup: what settings make, and that no secret shows."""

import json
import traceback
from pathlib import Path

import pytest
from typer.testing import CliRunner

from activation.safety import Safeguards
from activation.uploads import Operation
from orchestration.activation_setup import NOT_SET_UP, limits, open_ledger, safeguards, uploaders
from orchestration.cli import app
from orchestration.doctor import examine
from orchestration.settings import Settings
from orchestration.upload_settings import DESTINATIONS, WrongSetting

SECRET = "do-not-show-me"
ALL = {
    "google_data_manager": {"endpoint": "127.0.0.1:1", "retracts_through_google_ads": True},
    "google_ads_clicks": {"endpoint": "127.0.0.1:1", "developer_token": SECRET},
    "google_ads_calls": {"endpoint": "127.0.0.1:1", "developer_token": SECRET},
    "meta_conversions": {"access_token": SECRET, "app_secret": SECRET},
    "microsoft_offline": {
        "customer_id": "7",
        "developer_token": SECRET,
        "client_id": "app",
        "client_secret": SECRET,
        "refresh_token": SECRET,
    },
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_settings(folder: Path, **uploads: object) -> Settings:
    return Settings(warehouse=folder / "w.duckdb", uploads=uploads)  # type: ignore[arg-type]


def test_nothing_is_set_up_or_armed_by_default(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)

    assert uploaders(settings) == {}
    assert safeguards(settings, "meta_conversions") == Safeguards(is_armed=False)
    assert set(limits({})[0].values()) == {NOT_SET_UP}


def test_every_destination_is_made_from_its_settings(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, **ALL, file={"folder": tmp_path / "out"})

    made = {name: make() for name, make in uploaders(settings).items()}

    assert list(made) == [*ALL, "file"]
    assert SECRET not in repr(made)
    assert SECRET not in repr(settings)
    known, wrong = limits(uploaders(settings))
    assert wrong == []
    supports = {name: demanded.supports for name, demanded in known.items()}
    assert supports["google_data_manager"] == frozenset(Operation)
    assert supports["meta_conversions"] == {Operation.CONVERT}


def test_destination_is_set_up_and_armed_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGTRAIL_UPLOADS__META_CONVERSIONS__ACCESS_TOKEN", SECRET)
    monkeypatch.setenv("RINGTRAIL_UPLOADS__META_CONVERSIONS__IS_ARMED", "true")
    monkeypatch.setenv("RINGTRAIL_UPLOADS__META_CONVERSIONS__DAILY_CAP", "50")
    settings = Settings(warehouse=tmp_path / "w.duckdb")

    assert list(uploaders(settings)) == ["meta_conversions"]
    assert safeguards(settings, "meta_conversions") == Safeguards(is_armed=True, daily_cap=50)


KEY = {"type": "service_account", "private_key": SECRET, "client_email": "a@b"}
WRONG = {
    "retractions without the other API": (
        {"google_data_manager": ALL["google_data_manager"]},
        "google_data_manager.retracts_through_google_ads: is true, but uploads.google_ads_clicks"
        " is not set up",
    ),
    "no credentials": (
        {"google_data_manager": {}},
        "google_data_manager.credentials: not set, and needed for datamanager.googleapis.com:443",
    ),
    "half a JSON": (
        {"google_data_manager": {"credentials": f'{{"key": "{SECRET}"'}},
        "google_data_manager.credentials: not JSON: Expecting ',' delimiter at line 1 column 25",
    ),
    "a file that is not there": (
        {"google_data_manager": {"credentials": f"/nowhere/{SECRET}.json"}},
        "google_data_manager.credentials: neither JSON nor the path of a file that can be read",
    ),
    "a list in a file": (
        {"google_data_manager": {"credentials": "list.json"}},
        "google_data_manager.credentials: must be a JSON object, got a list",
    ),
    "fields missing": (
        {"google_data_manager": {"credentials": json.dumps(KEY)}},
        "google_data_manager.credentials: Service account info was not in the expected format,"
        " missing fields token_uri.",
    ),
    "no key": (
        {"google_data_manager": {"credentials": json.dumps(KEY | {"token_uri": "https://t"})}},
        "google_data_manager.credentials: the key in it cannot be read",
    ),
    "the other API's credentials": (
        {
            "google_data_manager": ALL["google_data_manager"],
            "google_ads_clicks": {"credentials": "?", "developer_token": SECRET},
        },
        "google_ads_clicks.credentials: neither JSON nor the path of a file that can be read",
    ),
    "a file for a folder": (
        {"file": {"folder": "list.json"}},
        "file.folder: must be a folder, got the file list.json",
    ),
}


@pytest.mark.parametrize(("chosen", "message"), WRONG.values(), ids=list(WRONG))
def test_what_cannot_be_made_names_its_setting_and_no_secret(
    tmp_path: Path, chosen: dict, message: str
) -> None:
    (tmp_path / "list.json").write_text(json.dumps([SECRET]))
    settings = make_settings(tmp_path, **chosen)
    name = next(iter(chosen))

    with pytest.raises(WrongSetting) as wrong:
        uploaders(settings)[name]()

    assert str(wrong.value) == f"setting uploads.{message}"
    assert SECRET not in "".join(traceback.format_exception(wrong.value))


def test_doctor_names_the_setting_that_is_wrong(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, google_data_manager={"credentials": SECRET})

    (finding,) = [one for one in examine(settings) if one.topic == "google_data_manager"]

    assert not finding.is_good
    assert "not armed, credentials; setting uploads.google_data_manager.cred" in finding.text
    assert SECRET not in finding.text


def test_credentials_may_stand_in_a_file(tmp_path: Path) -> None:
    user = {"client_id": "id", "client_secret": SECRET, "refresh_token": SECRET}
    (tmp_path / "user.json").write_text(json.dumps(user))
    settings = make_settings(tmp_path, google_data_manager={"credentials": "user.json"})

    assert uploaders(settings)["google_data_manager"]().limits.is_confirmed_later


def test_one_destination_that_cannot_be_made_leaves_the_limits_of_the_others(
    tmp_path: Path,
) -> None:
    settings = make_settings(tmp_path, **ALL | {"google_data_manager": {}})

    known, wrong = limits(uploaders(settings))

    assert [str(error).split(":")[0] for error in wrong] == [
        "setting uploads.google_data_manager.credentials"
    ]
    assert known["google_data_manager"] == NOT_SET_UP
    assert known["meta_conversions"].supports == {Operation.CONVERT}


def test_unknown_consent_is_a_setting_of_every_destination_alike(tmp_path: Path) -> None:
    allowed = {name: values | {"sends_unknown_consent": True} for name, values in ALL.items()}
    settings = make_settings(
        tmp_path, **allowed, file={"folder": tmp_path, "sends_unknown_consent": True}
    )

    made = [make() for make in uploaders(settings).values()]

    assert [uploader.sends_unknown_consent for uploader in made] == [True] * len(DESTINATIONS)


def test_ledger_outlives_the_state_folder(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    open_ledger(settings).close()

    assert (tmp_path / "w.duckdb.uploads.db").exists()
    assert not settings.state_dir.exists()


def test_wrong_setting_is_named_and_no_secret_beside_it_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RINGTRAIL_UPLOADS__META_CONVERSIONS__APP_SECRET", SECRET)
    monkeypatch.setenv("RINGTRAIL_UPLOADS__META_CONVERSIONS__ARMED", "true")

    done = CliRunner().invoke(app, ["status"])

    assert done.exit_code == 2
    assert "uploads.meta_conversions.access_token" in done.output
    assert SECRET not in done.output


@pytest.mark.parametrize("url", [f"postgres://u:{SECRET}@host/db", SECRET])
def test_ledger_url_that_is_none_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("RINGTRAIL_UPLOADS__LEDGER_URL", url)

    done = CliRunner().invoke(app, ["uploads", "plan"])

    assert done.exit_code == 2
    assert "setting uploads.ledger_url" in done.output
    assert "must be a SQLAlchemy URL" in done.output
    assert SECRET not in done.output
