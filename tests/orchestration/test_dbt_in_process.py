"""Tests of dbt in the process of the run: what it tells, how it fails, and that it lets go."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.dbt_in_process import DbtFailed, run_dbt

pytestmark = pytest.mark.integration

OPEN_IT = "import duckdb, sys; duckdb.connect(sys.argv[1]).close()"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("in_process") / "x.duckdb"


@pytest.fixture(autouse=True)
def environment(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGTRAIL_WAREHOUSE", str(warehouse))
    monkeypatch.setenv("DBT_TARGET_PATH", str(warehouse.parent / "target"))


def can_be_opened_elsewhere(warehouse: Path) -> bool:
    command = [sys.executable, "-c", OPEN_IT, str(warehouse)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_each_result_is_told_and_the_file_is_free_afterwards(warehouse: Path) -> None:
    folder = Path.cwd()
    told = []

    run_dbt(["--quiet", "seed", "--select", "us_states", "ivr_sources"], told.append)

    names = {result["data"]["node_info"]["node_name"] for result in told}
    assert names == {"us_states", "ivr_sources"}
    assert can_be_opened_elsewhere(warehouse)
    assert Path.cwd() == folder


def test_a_failure_says_what_dbt_said_and_the_file_is_free_afterwards(warehouse: Path) -> None:
    with pytest.raises(DbtFailed, match=r"landing_files\" does not exist"):
        run_dbt(["--quiet", "run", "--select", "stg_operations__build_window"])

    assert can_be_opened_elsewhere(warehouse)


def test_no_log_file_is_left(warehouse: Path) -> None:
    run_dbt(["--quiet", "seed", "--select", "us_states", "--log-path", str(warehouse.parent)])

    assert "dbt.log" not in os.listdir(warehouse.parent)
