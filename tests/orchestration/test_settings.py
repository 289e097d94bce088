"""Tests of orchestration.settings: which source wins, what is refused, where state lives."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestration.settings import Settings


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("LANDING_DIR", "WAREHOUSE", "CALLER_SECRET", "UI_PORT", "MEMORY_LIMIT"):
        monkeypatch.delenv(f"RINGTRAIL_{name}", raising=False)
    return tmp_path


def test_flag_wins_over_environment_and_environment_over_file(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty_folder / "ringtrail.toml").write_text('warehouse = "file.duckdb"\nui_port = 3001\n')
    assert Settings().warehouse == empty_folder / "file.duckdb"

    monkeypatch.setenv("RINGTRAIL_WAREHOUSE", "environment.duckdb")
    assert Settings().warehouse == empty_folder / "environment.duckdb"
    assert Settings().ui_port == 3001

    assert Settings(warehouse=Path("flag.duckdb")).warehouse == empty_folder / "flag.duckdb"


def test_two_warehouses_in_one_folder_share_no_state(empty_folder: Path) -> None:
    one, two = (Settings(warehouse=Path(name)) for name in ("x.duckdb", "x.db"))

    assert one.state_dir == empty_folder / "x.duckdb.state"
    assert two.state_dir == empty_folder / "x.db.state"


def test_url_of_a_landing_folder_is_left_as_it_is() -> None:
    assert Settings(landing_dir="s3://bucket/landing").landing_dir == "s3://bucket/landing"


def test_unknown_name_in_the_file_is_refused_by_name(empty_folder: Path) -> None:
    (empty_folder / "ringtrail.toml").write_text('warehous = "typo.duckdb"\n')

    with pytest.raises(ValidationError, match="warehous"):
        Settings()


def test_folder_is_no_warehouse(empty_folder: Path) -> None:
    with pytest.raises(ValidationError, match="must be a file"):
        Settings(warehouse=empty_folder)


def test_memory_limit_without_its_unit_is_refused() -> None:
    assert Settings(memory_limit="6GB").memory_limit == "6GB"
    with pytest.raises(ValidationError, match="memory_limit"):
        Settings(memory_limit="6")


def test_secret_is_made_once_kept_and_readable_by_its_owner_only(empty_folder: Path) -> None:
    settings = Settings(warehouse=Path("x.duckdb"))

    first = settings.read_caller_secret()

    assert len(first) == 64
    assert Settings(warehouse=Path("x.duckdb")).read_caller_secret() == first
    assert settings.caller_secret_path.stat().st_mode & 0o077 == 0


def test_secret_that_is_set_is_used_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGTRAIL_CALLER_SECRET", "sixteen-characters-and-more")

    assert Settings().read_caller_secret() == "sixteen-characters-and-more"
    assert "sixteen" not in repr(Settings())


def test_short_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGTRAIL_CALLER_SECRET", "short")

    with pytest.raises(ValidationError, match="at least 16"):
        Settings()
