"""Tests of orchestration.event_log: Dagster's own log, in Dagster's own place, written faster."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from orchestration.event_log import EVENT_LOG_IN_HOME, PooledSqliteEventLogStorage
from orchestration.settings import INSTANCE_CONFIG

pytestmark = pytest.mark.integration


@dg.asset(check_specs=[dg.AssetCheckSpec("is_good", asset="calls")])
def calls() -> dg.MaterializeResult:
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text(INSTANCE_CONFIG.read_text())
    return tmp_path


def test_method_that_is_overridden_is_still_there() -> None:
    assert "_connect" in vars(SqliteEventLogStorage)


def test_dagsters_own_storage_reads_what_a_run_wrote(home: Path) -> None:
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, PooledSqliteEventLogStorage)
        run_id = dg.materialize([calls], instance=instance).run_id
        written = [log.dagster_event_type for log in instance.all_logs(run_id)]

    theirs = SqliteEventLogStorage(str(home / EVENT_LOG_IN_HOME))
    assert [log.dagster_event_type for log in theirs.get_logs_for_run(run_id)] == written
    assert dg.DagsterEventType.ASSET_CHECK_EVALUATION in written
    assert theirs.has_asset_key(dg.AssetKey("calls"))


def test_history_that_dagsters_own_storage_wrote_goes_on(home: Path) -> None:
    configured = (home / "dagster.yaml").read_text()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.get() as instance:
        before = dg.materialize([calls], instance=instance).run_id

    (home / "dagster.yaml").write_text(configured)
    with dg.DagsterInstance.get() as instance:
        assert instance.all_logs(before)
        dg.materialize([calls], instance=instance)
        records = instance.fetch_materializations(dg.AssetKey("calls"), limit=10).records
        assert len(records) == 2
