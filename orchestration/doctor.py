"""`ringtrail doctor`: what would stop a run here, and what to do about it."""

import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import duckdb
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from ingestion.contracts import LANDING_FEEDS
from ingestion.landing import list_landing
from orchestration.activation_setup import uploaders
from orchestration.settings import Settings
from orchestration.upload_settings import DESTINATIONS, WrongSetting

MIN_FREE_GB = 5.0
PACKAGES = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "dlt", "scikit-learn", "pandas")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    topic: str
    is_good: bool
    text: str
    advice: str = ""


def print_checkup(console: Console, settings: Settings) -> bool:
    """Print every finding; return False when one of them would stop a run."""
    findings = list(examine(settings))
    table = Table("", "what", "found", "what to do", title="ringtrail doctor", expand=False)
    for finding in findings:
        mark = "[green]ok[/]" if finding.is_good else "[red]!![/]"
        table.add_row(mark, finding.topic, finding.text, finding.advice)
    console.print(table)
    return all(finding.is_good for finding in findings)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what was found, in the order in which a run would trip over it."""
    yield _python()
    yield Finding("packages", True, ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    yield _landing(settings)
    yield _warehouse(settings)
    yield _secret(settings)
    yield from _uploads(settings)
    yield _disk(settings)
    yield _port(settings)


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    is_good = sys.version_info[:2] == (3, 11)
    return Finding("python", is_good, found, "" if is_good else "run it with Python 3.11")


def _landing(settings: Settings) -> Finding:
    try:
        _, files = list_landing(settings.landing_dir, LANDING_FEEDS)
    except (OSError, ValueError) as error:
        advice = f"ringtrail simulate --out {settings.landing_dir}, or set RINGTRAIL_LANDING_DIR"
        return Finding("landing", False, str(error), advice)
    feeds = sorted({file.feed for file in files})
    text = f"{settings.landing_dir}: {len(files)} files in {', '.join(feeds) or 'no feed folder'}"
    return Finding("landing", True, text)


def _warehouse(settings: Settings) -> Finding:
    path = settings.warehouse
    if not path.exists():
        return Finding("warehouse", True, f"{path} does not exist yet", "ringtrail run makes it")
    try:
        with duckdb.connect(str(path), read_only=True):
            pass
    except duckdb.Error as error:
        advice = "wait for the run that writes it, or close the tool that has it open"
        return Finding("warehouse", False, str(error).splitlines()[0], advice)
    return Finding("warehouse", True, f"{path}, {path.stat().st_size / 1e6:.0f} MB")


def _secret(settings: Settings) -> Finding:
    if settings.caller_secret is not None:
        return Finding("caller secret", True, "set by RINGTRAIL_CALLER_SECRET or ringtrail.toml")
    if settings.caller_secret_path.exists():
        advice = "back it up: with another secret every caller becomes a stranger"
        return Finding("caller secret", True, f"kept in {settings.caller_secret_path}", advice)
    return Finding("caller secret", True, "not set", "one is made and kept on the first run")


def _uploads(settings: Settings) -> Iterator[Finding]:
    """What is there of each destination's credentials, never what they are."""
    for name in DESTINATIONS:
        chosen = getattr(settings.uploads, name)
        if chosen is None:
            continue
        secrets = [
            field
            for field, value in chosen
            if isinstance(value, SecretStr) and value.get_secret_value()
        ]
        text = f"{'armed' if chosen.is_armed else 'not armed'}, {', '.join(secrets) or 'no secret'}"
        try:
            uploaders(settings)[name]()
        except WrongSetting as error:
            yield Finding(name, False, f"{text}; {error}", "see .env.example")
        else:
            yield Finding(name, True, text)


def _disk(settings: Settings) -> Finding:
    folder = _nearest_folder(settings.warehouse)
    free = shutil.disk_usage(folder).free / 1e9
    advice = "" if free >= MIN_FREE_GB else f"free at least {MIN_FREE_GB:.0f} GB on {folder}"
    return Finding("disk", free >= MIN_FREE_GB, f"{free:.0f} GB free at {folder}", advice)


def _nearest_folder(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.is_dir())


def _port(settings: Settings) -> Finding:
    address = f"{settings.ui_host}:{settings.ui_port}"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.ui_host, settings.ui_port))
        except OSError as error:
            advice = "another UI may be running; ringtrail ui --port takes another"
            return Finding("port", False, f"{address}: {error.strerror}", advice)
    return Finding("port", True, f"{address} is free")
