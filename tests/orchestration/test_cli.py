"""Tests of the command line: what it refuses, and that it says what to do instead."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app

cli = CliRunner()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("RINGTRAIL_LANDING_DIR", "RINGTRAIL_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_help_names_every_command() -> None:
    shown = cli.invoke(app, ["--help"]).output

    made = ("simulate", "run", "query", "explain", "dev", "compare", "forget")
    shows = ("ui", "status", "model", "doctor")
    assert all(name in shown for name in made + shows)


def test_run_without_a_landing_folder_says_how_to_make_one(empty_folder: Path) -> None:
    refused = cli.invoke(app, ["run", "--landing", "nowhere", "--warehouse", "x.duckdb"])

    assert refused.exit_code == 2
    assert "ringtrail simulate --out" in refused.output.replace("\n", " ")
    assert not (empty_folder / "x.duckdb").exists()


def test_setting_that_cannot_be_read_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RINGTRAIL_UI_PORT", "many")

    refused = cli.invoke(app, ["status"])

    assert refused.exit_code == 2
    assert "ui_port" in refused.output
    assert "many" in refused.output


def test_status_without_a_warehouse_says_what_makes_one() -> None:
    shown = cli.invoke(app, ["status", "--warehouse", "x.duckdb"])

    assert shown.exit_code == 1
    assert "ringtrail run" in shown.output


def test_card_of_a_model_without_a_warehouse_says_what_makes_one() -> None:
    refused = cli.invoke(app, ["model", "--warehouse", "x.duckdb"])

    assert refused.exit_code == 2
    assert "ringtrail run" in refused.output


def test_simulate_never_writes_over_a_landing_folder(empty_folder: Path) -> None:
    (empty_folder / "landing" / "cdr").mkdir(parents=True)

    refused = cli.invoke(app, ["simulate", "--out", "landing"])

    assert refused.exit_code == 2
    assert "cdr" in refused.output


def test_doctor_finds_a_missing_landing_folder_and_never_prints_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RINGTRAIL_CALLER_SECRET", "never-to-be-printed-anywhere")

    shown = cli.invoke(app, ["doctor", "--landing", "nowhere", "--warehouse", "x.duckdb"])

    assert shown.exit_code == 1
    assert "never-to-be-printed-anywhere" not in shown.output
    assert "ringtrail simulate" in " ".join(shown.output.split())


@pytest.mark.parametrize(
    "arguments",
    [["query", "--metrics", "calls"], ["explain", "CA1"], ["pictures", "--out", "here"], ["dev"]],
)
def test_what_needs_a_finished_warehouse_says_what_makes_one(arguments: list[str]) -> None:
    refused = cli.invoke(app, [*arguments, "--warehouse", "x.duckdb"])

    assert refused.exit_code == 2
    assert "ringtrail run" in " ".join(refused.output.split())


def test_compare_names_the_file_that_is_missing(empty_folder: Path) -> None:
    (empty_folder / "a.duckdb").touch()

    refused = cli.invoke(app, ["compare", "a.duckdb", "b.duckdb"])

    assert refused.exit_code == 2
    assert "b.duckdb" in refused.output
