"""Tests of `ringtrail forget`: the digits are nowhere, the totals are as they were."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.publishing import publish_marts
from orchestration.settings import Settings
from tests.ingestion.landing_files import Warehouse, make_call, make_event
from tests.warehouse import query

pytestmark = pytest.mark.integration

DIGITS = "5125550177"
NUMBER = f"+1{DIGITS}"
cli = CliRunner()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return Settings(warehouse=tmp_path / "w" / "x.duckdb", landing_dir=str(tmp_path / "landing"))


@pytest.fixture
def installation(settings: Settings, tmp_path: Path) -> Settings:
    """A loaded warehouse with a mart, its published copy, a run's history and its logs."""
    landed = Warehouse(tmp_path)
    landed.file, landed.state_dir = settings.warehouse, settings.state_dir
    page = f"https://a.example.com/?gclid=abc&tel=%2B1{DIGITS}"
    landed.land("cdr/a.jsonl", [make_call(from_number=NUMBER), make_call(call_id="CA2", cost="2")])
    landed.land("cdr/b.jsonl", [make_call(call_id="CA3", from_number=NUMBER, status="ringing")])
    landed.land("web_events/a.jsonl", [make_event(form_phone=NUMBER), make_event(page_url=page)])
    landed.load()
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.fct_calls as"
            " select call_id, caller_key, caller_area_code, cost from raw_landing.cdr"
        )
    publish_marts(settings.warehouse, settings.serving_path)
    settings.run_log.write_text(f"dialled (512) 555-0177, that is {NUMBER}\n")
    settings.dagster_home.mkdir()
    with sqlite3.connect(settings.dagster_home / "index.db") as connection:
        connection.execute("create table event_logs (event text)")
        connection.execute("insert into event_logs values (?)", [f'{{"message": "{NUMBER}"}}'])
    return settings


def forget(settings: Settings, *more: str, number: str = NUMBER) -> str:
    places = ["--warehouse", str(settings.warehouse), "--landing", settings.landing_dir]
    done = cli.invoke(app, ["forget", "--caller", "-", *places, *more], input=number)
    assert done.exit_code == 0, done.output
    assert DIGITS not in done.output
    return " ".join(done.output.split())


def places_with_digits(settings: Settings) -> Iterator[str]:
    for path in settings.warehouse.parent.rglob("*"):
        if path.is_file() and (DIGITS.encode() in path.read_bytes()):
            yield path.name
    for file in (settings.warehouse, settings.serving_path):
        with duckdb.connect(str(file), read_only=True) as connection:
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall():
                rows = f'select cast(row_of as varchar) as line from "{schema}"."{table}" as row_of'
                if connection.execute(
                    f"select 1 from ({rows}) where line like '%{DIGITS}%'"
                ).fetchone():
                    yield f"{file.name}: {schema}.{table}"


def totals(settings: Settings) -> list[tuple]:
    return [
        query(file, "select count(*), sum(cost) from marts.fct_calls")
        for file in (settings.warehouse, settings.serving_path)
    ]


def test_digits_are_nowhere_and_the_totals_are_as_they_were(installation: Settings) -> None:
    before, found = totals(installation), set(places_with_digits(installation))
    assert {"run.log", "index.db", "x.duckdb: raw_landing.cdr"} <= found

    forget(installation)

    assert list(places_with_digits(installation)) == []
    assert totals(installation) == before
    assert query(installation.serving_path, "select caller_key is null from marts.fct_calls") == [
        (True,),
        (False,),
    ]


def test_record_says_when_who_and_how_much_but_not_whom(installation: Settings) -> None:
    forget(installation, "--asked-by", "the privacy officer")

    ((erased_at, asked_by, key, touched),) = query(
        installation.warehouse, "from restricted.erasures"
    )
    assert erased_at is not None
    assert asked_by == "the privacy officer"
    assert len(key) == 64
    assert json.loads(touched)["x.duckdb: raw_landing.cdr"] == 1


def test_second_call_says_so_and_records_nothing(installation: Settings) -> None:
    forget(installation)

    again = forget(installation)

    assert "Nothing holds this number" in again
    assert "was forgotten before" in again
    assert query(installation.warehouse, "select count(*) from restricted.erasures") == [(1,)]


def test_dry_run_shows_what_would_go_and_leaves_it(installation: Settings) -> None:
    before = set(places_with_digits(installation))

    shown = forget(installation, "--dry-run")

    assert "raw_landing.cdr" in shown
    assert set(places_with_digits(installation)) == before
    assert not (Path(installation.landing_dir) / "_erasures").exists()


def test_new_file_with_the_number_is_loaded_without_it(installation: Settings) -> None:
    forget(installation)
    landed = Warehouse(Path(installation.landing_dir).parent)
    landed.file, landed.state_dir = installation.warehouse, installation.state_dir
    landed.land("cdr/c.jsonl", [make_call(call_id="CA9", from_number=NUMBER)])

    landed.load()

    assert query(
        installation.warehouse, "select from_number from raw_landing.cdr where call_id = 'CA9'"
    ) == [(None,)]
    assert list(places_with_digits(installation)) == []


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        pytest.param("512555", "8 to 15 digits", id="unreadable"),
        pytest.param("+18885550199", "tracking numbers", id="one of our own"),
    ],
)
def test_what_is_no_caller_is_refused_and_nothing_changes(
    installation: Settings, number: str, reason: str
) -> None:
    before = set(places_with_digits(installation))

    refused = cli.invoke(
        app, ["forget", "--caller", number, "--warehouse", str(installation.warehouse)]
    )

    assert refused.exit_code == 2
    assert reason in " ".join(refused.output.split())
    assert set(places_with_digits(installation)) == before
