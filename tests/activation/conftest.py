"""A ledger on SQLite and, where PostgreSQL's programs are installed, on a server of the tests'."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from activation.ledger.database import Ledger
from tests.activation.candidates import NOW
from tests.activation.platforms import Clock


def _find_initdb() -> Path | None:
    on_path = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(on_path) if on_path else installed[-1] if installed else None


def _as_other_user() -> dict:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A server of its own in a folder of its own, on a free port of 127.0.0.1."""
    initdb = _find_initdb()
    if initdb is None:
        pytest.skip("PostgreSQL is not installed here (no initdb): only SQLite is tested")
    folder = Path(tempfile.mkdtemp(prefix="ringtrail-postgresql-"))
    user = _as_other_user()
    if user:
        os.chown(folder, user["user"], user["group"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data, control = folder / "data", str(initdb.with_name("pg_ctl"))
    quiet = {"capture_output": True, "cwd": folder, **user}
    try:
        subprocess.run(
            [str(initdb), "-D", str(data), "-U", "ringtrail", "--auth=trust", "-E", "UTF8"],
            check=True,
            **quiet,
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        log = str(folder / "log")
        subprocess.run(
            [control, "-D", str(data), "-o", options, "-l", log, "-w", "start"], check=True, **quiet
        )
        yield f"postgresql+psycopg://ringtrail@127.0.0.1:{port}/postgres"
        subprocess.run(
            [control, "-D", str(data), "-m", "immediate", "-w", "stop"], check=True, **quiet
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'uploads.db'}"
    url = request.getfixturevalue("postgresql_url")
    name = f"ledger_{uuid.uuid4().hex}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    engine.dispose()
    return url.replace("/postgres", f"/{name}")


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = Ledger(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)
