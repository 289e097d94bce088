"""Tests of `ringtrail uploads`: from the marts to a platform and back, as a user does it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from activation.ledger.database import Ledger
from activation.ledger.erasing import erase_callers
from activation.ledger.holds import hold_destination
from activation.planning import COLUMNS
from ingestion.caller_keys import CallerKeys
from ingestion.forgetting import erase_caller
from ingestion.phone_numbers import Caller
from orchestration.cli import app
from orchestration.settings import Settings
from orchestration.stores import UploadLedger
from tests.activation.candidates import make_candidate
from tests.fakes.meta import FakeMeta

pytestmark = pytest.mark.integration

TOKEN = "a-token-that-must-not-show"
NUMBER = "+15125550123"
cli = CliRunner()


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A warehouse with two eligible calls, one of them known by its caller's number only."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "w.duckdb"
    monkeypatch.setenv("RINGTRAIL_WAREHOUSE", str(path))
    at = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)
    times = {"occurred_at": at, "clicked_at": at - timedelta(hours=1)}
    common = {"destination": "meta_conversions", "account_id": "77", "conversion_action": "Lead"}
    no_click = {"click_id": None, "click_id_type": None, "clicked_at": None}
    rows = [
        make_candidate(call_id="A", click_id="IwAR1", click_id_type="fbclid", **common, **times),
        make_candidate(
            call_id="B",
            identifier="phone",
            caller_key="b" * 64,
            sends_phone=True,
            **common,
            **times | no_click,
        ),
    ]
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema restricted")
        connection.execute(
            "create table marts.upload_candidates (call_id text, destination text,"
            " account_id text, conversion_action text, is_eligible boolean, reason text,"
            " value_amount decimal(18, 6), value_currency text, occurred_at timestamp,"
            " click_id text, click_id_type text, clicked_at timestamp,"
            " consent_ad_user_data text, consent_ad_personalization text, caller_key text,"
            " is_limited_data_use boolean, identifier text, sends_phone boolean,"
            " is_caller_erased boolean default false)"
        )
        places = ", ".join("?" for _ in COLUMNS)
        connection.executemany(
            f"insert into marts.upload_candidates ({', '.join(COLUMNS)}) values ({places})",
            [[row[name] for name in COLUMNS] for row in rows],
        )
        connection.execute("create table restricted.callers (caller_key text, caller_number text)")
        connection.execute("insert into restricted.callers values (?, ?)", ["b" * 64, NUMBER])
    return path


@pytest.fixture
def meta(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMeta]:
    with FakeMeta(tokens=[TOKEN]) as fake:
        prefix = "RINGTRAIL_UPLOADS__META_CONVERSIONS__"
        monkeypatch.setenv(f"{prefix}ACCESS_TOKEN", TOKEN)
        monkeypatch.setenv(f"{prefix}ENDPOINT", fake.url)
        yield fake


def uploads(*arguments: str, exit_code: int = 0) -> str:
    done = cli.invoke(app, ["uploads", *arguments])
    assert done.exit_code == exit_code, done.output
    assert TOKEN not in done.output
    assert NUMBER.removeprefix("+") not in done.output
    return " ".join(done.output.split())


def arm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGTRAIL_UPLOADS__META_CONVERSIONS__IS_ARMED", "true")


def test_nothing_is_sent_until_a_destination_is_armed(
    warehouse: Path, meta: FakeMeta, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Nothing was changed" in uploads("plan", "--dry-run")
    assert "Armed: none" in uploads("status")
    assert "eligible" in uploads("plan")
    assert "ledger agrees with the marts" in uploads("plan")
    assert "not armed, 2 would go" in uploads("send")
    assert meta.kept.conversions() == []

    arm(monkeypatch)

    assert "2 counted" in uploads("send")
    assert len(meta.kept.conversions()) == 2
    assert "confirmed" in uploads("status")
    uploads("send")
    assert len(meta.kept.conversions()) == 2


def test_caller_who_was_forgotten_is_not_planned_although_the_marts_are_of_before(
    warehouse: Path,
) -> None:
    erase_caller(warehouse, Caller("+15125550100", "k" * 64), erased_at=datetime.now(UTC))

    uploads("plan")

    told = uploads("explain", "A")
    assert "knows no upload" in told
    assert "erased" in told
    assert "eligible" in uploads("explain", "B")


def test_call_is_explained_and_taken_back(
    warehouse: Path, meta: FakeMeta, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm(monkeypatch)
    uploads("plan")
    uploads("send")

    assert "will be taken back" in uploads("retract", "A", "--because", "a test call")
    assert "already" in uploads("retract", "A", "--because", "again")
    uploads("plan")

    told = uploads("explain", "A")
    assert "a test call" in told
    assert "retraction_unsupported platform_cannot_retract 40.50 USD" in told
    told = uploads("explain", "unknown", exit_code=1)
    assert "knows no upload" in told
    assert "knows no call unknown" in told


def test_unknown_consent_is_explained_by_what_did_not_let_it_go(
    warehouse: Path, meta: FakeMeta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The seed for call A, the destination's setting for B, whose action the seed lets go."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "update marts.upload_candidates set consent_ad_user_data = 'unknown',"
            " is_eligible = call_id = 'B', reason = case call_id when 'A' then 'no_consent' end"
        )
    arm(monkeypatch)
    uploads("plan")
    uploads("send")

    told = uploads("explain", "A")
    assert "knows no upload" in told
    assert "Lead: no_consent (unknown consent: sends_unknown_consent of the seed" in told
    told = uploads("explain", "B")
    assert "(unknown consent: the setting uploads.meta_conversions.sends_unknown_consent)" in told
    assert "Lead: eligible" in told
    assert meta.kept.conversions() == []


def test_explaining_does_without_marts_that_cannot_be_read(warehouse: Path, meta: FakeMeta) -> None:
    uploads("plan")
    warehouse.unlink()

    told = uploads("explain", "A")
    assert "planned" in told
    assert "there is no warehouse" in told


def test_held_destination_says_so_and_is_released(
    warehouse: Path, meta: FakeMeta, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm(monkeypatch)
    uploads("plan")
    ledger = Ledger(Settings().ledger_url)
    with ledger.write() as connection:
        hold_destination(connection, "meta_conversions", "refusal_share", now=datetime.now(UTC))
    ledger.close()

    assert "stopped, refusal_share" in uploads("send")
    assert "is held" in uploads("status")
    assert "meta_conversions is held" in cli.invoke(app, ["status"]).output
    assert "goes on" in uploads("release", "meta_conversions")
    uploads("release", "meta_conversions", exit_code=1)
    assert "2 counted" in uploads("send")


def test_ledger_that_was_lost_sends_nothing_again(
    warehouse: Path, meta: FakeMeta, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm(monkeypatch)
    uploads("plan")
    uploads("send")
    for file in warehouse.parent.glob("w.duckdb.uploads.db*"):
        file.unlink()

    assert "stopped, ledger_behind" in uploads("send")
    assert "goes on" in uploads("release", "meta_conversions")

    assert "counted" not in uploads("send")
    assert "held ledger_behind" in uploads("status")


@pytest.mark.parametrize(
    ("flag", "state"), [("--counted", "confirmed"), ("--not-counted", "planned")]
)
def test_person_resolves_what_is_held(
    warehouse: Path, meta: FakeMeta, flag: str, state: str
) -> None:
    uploads("plan")
    ledger = Ledger(Settings().ledger_url)
    with ledger.write() as connection:
        connection.exec_driver_sql(
            "update uploads set state = 'held', reason = 'deduplication_window_passed',"
            " first_sent_at = changed_at, version = version + 1 where call_id = 'A'"
        )
    ledger.close()
    assert "agrees" in uploads("plan")

    assert "held upload is" in uploads("resolve", "A", "meta_conversions", flag)

    assert f"resolved {state}" in uploads("explain", "A")
    uploads("resolve", "A", "meta_conversions", flag, exit_code=1)


def test_plan_without_a_warehouse_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "ringtrail run" in uploads("plan", "--warehouse", "none.duckdb", exit_code=2)
    duckdb.connect("empty.duckdb").close()
    assert "not built yet" in uploads("plan", "--warehouse", "empty.duckdb", exit_code=2)


def test_destination_with_wrong_settings_is_named_and_the_others_go_on(
    warehouse: Path, meta: FakeMeta, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm(monkeypatch)
    prefix = "RINGTRAIL_UPLOADS__GOOGLE_DATA_MANAGER__"
    monkeypatch.setenv(f"{prefix}RETRACTS_THROUGH_GOOGLE_ADS", "true")
    monkeypatch.setenv(f"{prefix}ENDPOINT", "127.0.0.1:1")
    named = "setting uploads.google_data_manager.retracts_through_google_ads"

    told = uploads("plan", exit_code=2)
    assert named in told
    assert "eligible" in told
    told = uploads("send", exit_code=2)
    assert named in told
    assert "2 counted" in told
    assert len(meta.kept.conversions()) == 2


def test_unknown_destination_is_refused(warehouse: Path) -> None:
    assert "none of" in uploads("release", "bing", exit_code=2)


def test_doctor_sees_credentials_and_shows_none(warehouse: Path, meta: FakeMeta) -> None:
    told = cli.invoke(app, ["doctor"]).output
    assert "meta_conversions" in told
    assert "access_token" in told
    assert TOKEN not in told


def test_store_erases_a_caller_from_the_ledger(warehouse: Path, meta: FakeMeta) -> None:
    uploads("plan")
    url = Settings().ledger_url
    caller = Caller.of(NUMBER, CallerKeys.of("a-secret-of-the-tests-only"))
    keyed = Caller(caller.number, "b" * 64)
    store, at = UploadLedger(url), datetime.now(UTC)

    assert store.erase(keyed, erased_at=at, dry_run=True) == {"upload ledger: uploads": 1}
    assert store.erase(keyed, erased_at=at, dry_run=False) == {"upload ledger: uploads": 1}
    assert store.erase(keyed, erased_at=at, dry_run=False) == {}
    assert "not_eligible erased" in uploads("explain", "B")
    ledger = Ledger(url)
    assert erase_callers(ledger, ["b" * 64], now=at) == 0
    ledger.close()
