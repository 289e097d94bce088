"""Tests of dbt in the process of the run: what it tells, how it fails, and that it lets go."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dbt.contracts.graph.manifest import Manifest

from orchestration.dbt_in_process import DbtFailed, run_dbt
from tests.project import WAREHOUSE, dbt_environment, parsed_project

pytestmark = pytest.mark.integration

OPEN_IT = "import duckdb, sys; duckdb.connect(sys.argv[1]).close()"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("in_process") / WAREHOUSE


@pytest.fixture(autouse=True)
def environment(warehouse: Path) -> Iterator[None]:
    with dbt_environment(warehouse.parent):
        yield


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return parsed_project()


def can_be_opened_elsewhere(warehouse: Path) -> bool:
    command = [sys.executable, "-c", OPEN_IT, str(warehouse)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_each_result_is_told_and_the_file_is_free_afterwards(
    warehouse: Path, manifest: Manifest
) -> None:
    folder = Path.cwd()
    told = []

    run_dbt(["--quiet", "seed", "--select", "us_states", "ivr_sources"], told.append, manifest)

    names = {result["data"]["node_info"]["node_name"] for result in told}
    assert names == {"us_states", "ivr_sources"}
    assert can_be_opened_elsewhere(warehouse)
    assert Path.cwd() == folder


def test_a_failure_says_what_dbt_said_and_the_file_is_free_afterwards(
    warehouse: Path, manifest: Manifest
) -> None:
    with pytest.raises(DbtFailed, match=r"landing_files\" does not exist"):
        run_dbt(["--quiet", "run", "--select", "stg_operations__build_window"], manifest=manifest)

    assert can_be_opened_elsewhere(warehouse)


def test_no_log_file_is_left(warehouse: Path, manifest: Manifest) -> None:
    folder = str(warehouse.parent)

    run_dbt(["--quiet", "seed", "--select", "us_states", "--log-path", folder], manifest=manifest)

    assert "dbt.log" not in os.listdir(warehouse.parent)
