"""The dbt project of a test run: parsed once for all its processes, and used in each as it is.

A `dbt` of its own costs a test 11 s of processor time, 4 of them to start and 7 to parse. So the
first process that needs the project parses it, the others read what that left (1 s), and dbt runs
inside the test's process. Whatever is built must be called `w.duckdb`: relations are known by the
name of their database, which is the file's.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from orchestration.dbt_in_process import run_dbt
from orchestration.settings import Settings
from tests.conftest import REPO_ROOT

WAREHOUSE = "w.duckdb"


@cache
def parsed_project() -> Manifest:
    """The project as dbt holds it; what it is built into comes with each call."""
    with _alone_in(_shared_folder()) as folder, dbt_environment(folder):
        flags = ["--quiet", "--log-level-file", "none", "--project-dir", str(REPO_ROOT)]
        if (folder / "target" / "manifest.json").exists():
            flags.append("--no-write-json")
        parsed = dbtRunner().invoke(["parse", *flags])
    assert isinstance(parsed.result, Manifest), parsed.exception
    return parsed.result


def artifact(name: str) -> Path:
    """A file that dbt writes when it parses, such as `manifest.json`."""
    parsed_project()
    return _shared_folder() / "target" / name


def manifest_json() -> dict[str, Any]:
    """The project as it stands in `manifest.json`; a copy of the caller's own."""
    return json.loads(artifact("manifest.json").read_text())


def lend_manifest(warehouse: Path) -> None:
    """Spare the first run on `warehouse` the parsing that any other run does."""
    target = Settings(warehouse=warehouse).dbt_target
    target.mkdir(parents=True)
    for name in ("manifest.json", "semantic_manifest.json"):
        shutil.copy(artifact(name), target)


def dbt(folder: Path, *arguments: str) -> Any:
    """Run dbt as a run of the pipeline does, on `w.duckdb` in `folder`; a failure raises.

    Returns:
        What dbt's own runner gives.
    """
    with dbt_environment(folder):
        return run_dbt(["--log-level", "none", *arguments], manifest=parsed_project())


def compiled(folder: Path, *arguments: str) -> dict[str, str]:
    """The SQL that DuckDB would get of what `arguments` select or hold, by name."""
    done = dbt(folder, "compile", *arguments)
    return {result.node.name: result.node.compiled_code for result in done.results}


def compiled_inline(folder: Path, sql: str) -> str:
    """The SQL that DuckDB would get of `sql`, which is in no file."""
    (code,) = compiled(folder, "--inline", sql).values()
    return code


@contextmanager
def dbt_environment(folder: Path) -> Iterator[None]:
    """Where dbt finds the warehouse and leaves its files: all in `folder`."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RINGTRAIL_WAREHOUSE", str(folder / WAREHOUSE))
        environment.setenv("DBT_TARGET_PATH", str(folder / "target"))
        environment.setenv("DBT_LOG_PATH", str(folder / "logs"))
        yield


def _shared_folder() -> Path:
    """One folder for all processes of this test run; `tests/conftest.py` says which."""
    folder = Path(os.environ["PYTEST_SHARED_FOLDER"]) / "project"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def _alone_in(folder: Path) -> Iterator[Path]:
    """Keep the other processes out of `folder` meanwhile."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
