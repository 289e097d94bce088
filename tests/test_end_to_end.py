"""The main job as users run it: real files in, published marts out, whatever happens on the way."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from tests.clear_numbers import (
    RESTRICTED_SCHEMAS,
    caller_digits,
    files_with_callers,
    holds_one,
    tables_with_callers,
)
from tests.conftest import REPO_ROOT, Ringtrail
from tests.project import WAREHOUSE, dbt, lend_manifest, parsed_project
from tests.warehouse import marts_fingerprint, query

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

SMALL_WORLD = ("--days", 10, "--clicks-per-day", 200, "--seed", 11)


@pytest.fixture(scope="module")
def small_world(tmp_path_factory: pytest.TempPathFactory, ringtrail: Ringtrail) -> Path:
    landing = tmp_path_factory.mktemp("world") / "landing"
    ringtrail("simulate", "--out", landing, *SMALL_WORLD)
    return landing


@pytest.fixture(scope="module")
def finished(small_world: Path, tmp_path_factory: pytest.TempPathFactory, ringtrail: Ringtrail):
    warehouse = tmp_path_factory.mktemp("finished") / WAREHOUSE
    done = ringtrail("run", "--landing", small_world, "--warehouse", warehouse)
    return warehouse, done.stdout


@pytest.fixture(scope="class")
def real_day(
    tmp_path_factory: pytest.TempPathFactory, shared_data: Path, ringtrail: Ringtrail
) -> Path:
    warehouse = tmp_path_factory.mktemp("real_day") / WAREHOUSE
    lend_manifest(warehouse)
    ringtrail("run", "--landing", shared_data / "ga360_day" / "landing", "--warehouse", warehouse)
    return warehouse


class TestRealDay:
    """A real shop's day, against the sessions that Google Analytics itself made of it."""

    def test_sessions_equal_those_of_google_analytics(
        self, real_day: Path, shared_data: Path
    ) -> None:
        expected = shared_data / "ga360_day" / "expected_sessions.csv"
        ((share,),) = query(
            real_day,
            f"""
            with expected as (
                select * from read_csv('{expected}', types = {{'visitor_id': 'varchar'}})
            )
            select count(session.session_id) / count(*)
            from expected
            left join marts.fct_sessions as session
                on session.visitor_id = expected.visitor_id
                and session.session_start_at = expected.session_start_at::timestamp
                and session.session_end_at = expected.session_end_at::timestamp
                and session.page_views = expected.page_views
            """,
        )
        assert share >= 0.984

    def test_every_session_with_a_gclid_is_paid_search(self, real_day: Path) -> None:
        rows = query(
            real_day,
            "select channel, count(*) from marts.fct_sessions"
            " where click_id_type = 'gclid' group by 1",
        )
        assert rows == [("Paid Search", rows[0][1])]
        assert rows[0][1] >= 30

    def test_missing_feeds_give_empty_tables(self, real_day: Path) -> None:
        assert query(real_day, "select count(*) from marts.fct_calls") == [(0,)]
        assert query(real_day, "select count(*) from ml.call_candidates") == [(0,)]


def test_every_call_is_credited_once_and_the_marts_are_published(
    finished: tuple[Path, str],
) -> None:
    warehouse, summary = finished
    serving = warehouse.with_name("w.duckdb.state") / "serving.duckdb"

    published = marts_fingerprint(serving)
    # Views of the warehouse are tables of the published copy, but for the largest.
    assert published.pop("conversion_uploads")[0] > 0
    for view in ("call_segments", "session_segments_daily"):
        assert published.pop(view)[0] > 0
        rows = f"select count(*), bit_xor(hash(v)) from marts.{view} as v"
        assert query(serving, rows) == query(warehouse, rows)
    assert published == marts_fingerprint(warehouse)
    for_models = "select count(*), bit_xor(hash(c)) from marts.fct_multi_touch_credits as c"
    assert query(serving, for_models) == query(warehouse, for_models)
    explained = "select count(*), bit_xor(hash(e)) from marts.fct_call_explanations as e"
    assert query(serving, explained) == query(warehouse, explained)
    assert [query(serving, explained)[0][:1]] == query(
        warehouse, "select count(*) from ml.call_candidates where not is_remainder"
    )
    assert query(
        serving,
        "select count(*) from (select call_id from marts.fct_call_credits"
        " group by 1 having abs(sum(credit) - 1) > 1e-9)",
    ) == [(0,)]
    assert "Cost per call by channel" in summary


def test_clear_caller_numbers_stay_in_raw_quarantine_and_restricted(
    finished: tuple[Path, str],
) -> None:
    """In no text of any other table, and in no log, artifact or published file beside it."""
    warehouse, summary = finished
    callers, state = caller_digits(warehouse), warehouse.with_name("w.duckdb.state")

    assert tables_with_callers(warehouse, callers) != []
    assert tables_with_callers(warehouse, callers, all_but=RESTRICTED_SCHEMAS) == []
    assert tables_with_callers(state / "serving.duckdb", callers) == []
    assert files_with_callers(state, callers) == []
    assert not holds_one(summary.encode(), callers)


def test_second_run_loads_nothing_says_so_and_changes_no_mart(
    finished: tuple[Path, str], small_world: Path, ringtrail: Ringtrail
) -> None:
    warehouse, _ = finished
    before = marts_fingerprint(warehouse)

    again = ringtrail("run", "--landing", small_world, "--warehouse", warehouse)

    assert "Nothing new to load" in again.stdout
    assert marts_fingerprint(warehouse) == before


def test_run_after_kill_9_ends_in_the_same_marts(
    finished: tuple[Path, str], small_world: Path, tmp_path: Path, ringtrail: Ringtrail
) -> None:
    """Killed twice, the second time deeper into the run, then left to finish."""
    warehouse = tmp_path / WAREHOUSE
    lend_manifest(warehouse)
    args = ("run", "--landing", str(small_world), "--warehouse", str(warehouse))
    for reached in ("raw_landing", "intermediate"):
        _kill_when(warehouse, args, reached)

    ringtrail(*args)

    assert marts_fingerprint(warehouse) == marts_fingerprint(finished[0])


def _kill_when(warehouse: Path, args: tuple[str, ...], reached: str) -> None:
    """Start a run and kill its whole process group once the file grew or `reached` was logged."""
    executable = Path(sys.executable).with_name("ringtrail")
    log = warehouse.with_name(f"{reached}.log")
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(executable), *args],
            stdout=output,
            stderr=output,
            cwd=REPO_ROOT,
            start_new_session=True,
            env=os.environ,
        )
        deadline = time.monotonic() + 240
        while process.poll() is None and time.monotonic() < deadline:
            if _has_reached(warehouse, reached):
                break
            time.sleep(0.1)
        assert process.poll() is None, f"finished before {reached}:\n{log.read_text()}"
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _has_reached(warehouse: Path, reached: str) -> bool:
    """Say whether the run is inside the phase; seen from outside, by the traces it leaves."""
    state = warehouse.with_name(warehouse.name + ".state")
    if reached == "raw_landing":
        return any((state / "dlt").rglob("*.parquet"))
    run_log = state / "run.log"
    return run_log.exists() and f"model {reached}." in run_log.read_text()


def test_every_unit_test_of_the_sql_passes(finished: tuple[Path, str]) -> None:
    """The examples beside the models; they need the tables' columns, so a finished warehouse."""
    warehouse, _ = finished

    done = dbt(warehouse.parent, "test", "--select", "test_type:unit")

    passed = [result for result in done.results if result.status == "pass"]
    assert len(passed) == len(parsed_project().unit_tests) > 100


def _blocks(language: str) -> list[str]:
    """Return the fenced blocks of docs/questions.md in `language`."""
    text = (REPO_ROOT / "docs" / "questions.md").read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_every_question_of_the_docs_is_answered(finished: tuple[Path, str]) -> None:
    """In this process, since a process each would cost a minute."""
    warehouse, _ = finished
    serving = warehouse.with_name("w.duckdb.state") / "serving.duckdb"
    queries, lines = _blocks("sql"), _blocks("sh")
    unanswered = [sql for sql in queries if not query(serving, sql)]
    for line in lines:
        ringtrail, *arguments = shlex.split(line.replace("\\\n", " "))
        asked = CliRunner().invoke(
            app, [*arguments, "--format", "json", "--warehouse", str(warehouse)]
        )
        assert ringtrail == "ringtrail"
        assert asked.exit_code == 0, f"{line}\n{asked.output}"
        if not json.loads(asked.output):
            unanswered.append(line)

    assert len(queries) + len(lines) == 20
    assert unanswered == []


def test_documentation_of_every_table_can_be_made(finished: tuple[Path, str]) -> None:
    warehouse, _ = finished

    dbt(warehouse.parent, "docs", "generate")

    catalog = json.loads((warehouse.parent / "target" / "catalog.json").read_text())
    described = {node for node in parsed_project().nodes if node.startswith("model.")}
    assert described <= set(catalog["nodes"])
