"""Tests of orchestration.activation_setup: what settings make, and that no secret shows."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from activation.safety import Safeguards
from activation.uploads import Operation
from orchestration.activation_setup import NOT_SET_UP, limits, open_ledger, safeguards, uploaders
from orchestration.cli import app
from orchestration.settings import Settings
from orchestration.upload_settings import DESTINATIONS

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
    assert set(limits(settings).values()) == {NOT_SET_UP}


def test_every_destination_is_made_from_its_settings(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, **ALL, file={"folder": tmp_path / "out"})

    made = {name: make() for name, make in uploaders(settings).items()}

    assert list(made) == [*ALL, "file"]
    assert SECRET not in repr(made)
    assert SECRET not in repr(settings)
    supports = {name: known.supports for name, known in limits(settings).items()}
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
