"""Fixtures for every test: no telemetry, and a `ringtrail` that runs as users run it."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

REPO_ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = REPO_ROOT.parent / "shared" / "data"
"""Data that nobody here wrote; it stands beside the checkout and is never copied into it."""

CALLER_SECRET = "a-secret-of-the-tests-only"
"""One secret for every test, so that two warehouses give the same caller keys."""

os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ["RINGTRAIL_CALLER_SECRET"] = CALLER_SECRET

Ringtrail = Callable[..., subprocess.CompletedProcess]


@pytest.fixture(scope="session", autouse=True)
def _tests_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Say where the processes of this test run keep what they share."""
    own = tmp_path_factory.getbasetemp()
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    os.environ["PYTEST_SHARED_FOLDER"] = str(own.parent if is_worker else own)


@event.listens_for(Pool, "checkout")
def _spare_the_disk(connection: Any, _record: object, _proxy: object) -> None:
    """No test pulls the plug, and waiting for the disk at each commit was half of some tests' time.

    That a ledger asks for it says `tests/activation/test_ledger.py`.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = off")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.fail(f"{SHARED_DATA} is missing: these tests read other projects' cases from there")
    return SHARED_DATA


@pytest.fixture(scope="session")
def ringtrail() -> Ringtrail:
    """Run `ringtrail ARGS` in a process of its own, as a user does."""
    executable = Path(sys.executable).with_name("ringtrail")

    def run(*args: object, check: bool = True) -> subprocess.CompletedProcess:
        command = [str(executable), *(str(argument) for argument in args)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(command)} exited {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules first: one that begins last is waited for by an idle second worker."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
