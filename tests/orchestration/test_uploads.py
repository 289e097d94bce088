"""Tests of the upload assets: every destination its turn, checks that find what is wrong."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextvars import copy_context
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from rich.console import Console

from activation.planning import COLUMNS
from activation.uploads import Answer, Result, TryAgain, Uploader, Verdict
from orchestration.defs.activation.assets import (
    FEW_REFUSALS,
    NOTHING_STUCK,
    PLATFORMS_AGREE,
    upload_plan,
    upload_states,
    uploads_to_platforms,
)
from orchestration.defs.schedules.schedules import uploads_hourly
from orchestration.resources.warehouse import Warehouse
from orchestration.settings import Settings
from orchestration.summary import print_summary
from orchestration.upload_settings import WrongSetting
from orchestration.uploading import number_reader
from tests.activation.candidates import ADJUSTABLE, NOW, make_candidate
from tests.activation.installation import CLOCK, PLATFORMS, SmallUploads
from tests.activation.platforms import SmallPlatform
from tests.conftest import REPO_ROOT
from tests.warehouse import query

pytestmark = pytest.mark.integration

CLICKS, META = "google_ads_clicks", "meta_conversions"
CALLS = 30


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A warehouse of nothing but thirty candidates for either destination."""
    rows = [
        make_candidate(call_id=f"CA{number:02d}", destination=destination)
        for number in range(CALLS)
        for destination in (CLICKS, META)
    ]
    macro = (REPO_ROOT / "dbt_project" / "macros" / "make_upload_states.sql").read_text()
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute(macro.split("-%}")[1].split("{%-")[0])
        connection.execute("create schema marts; create schema restricted")
        connection.execute(
            "create table restricted.callers as select 'key' as caller_key, '+1' as caller_number"
        )
        connection.execute(
            "create table marts.upload_candidates (call_id varchar, destination varchar,"
            " account_id varchar, conversion_action varchar, is_eligible boolean, reason varchar,"
            " value_amount decimal(18, 2), value_currency varchar, occurred_at timestamp,"
            " click_id varchar, click_id_type varchar, clicked_at timestamp,"
            " consent_ad_user_data varchar, consent_ad_personalization varchar, caller_key varchar,"
            " is_limited_data_use boolean, identifier varchar, sends_phone boolean,"
            " is_caller_erased boolean default false)"
        )
        names = ", ".join(COLUMNS)
        marks = ", ".join("?" for _ in COLUMNS)
        connection.executemany(
            f"insert into marts.upload_candidates ({names}) values ({marks})",
            [[row[name] for name in COLUMNS] for row in rows],
        )
    CLOCK.now = NOW
    PLATFORMS.clear()
    PLATFORMS.update({CLICKS: SmallPlatform(), META: SmallPlatform()})
    yield tmp_path
    PLATFORMS.clear()


def run(folder: Path, *, is_armed: bool = True) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [upload_plan, uploads_to_platforms, upload_states],
        resources={
            "warehouse": Warehouse(path=str(folder / "w.duckdb")),
            "uploads": SmallUploads(folder=str(folder), is_armed=is_armed),
        },
        raise_on_error=False,
    )


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    (event,) = (result.asset_materializations_for_node("uploads_to_platforms"),)
    found = {one.asset_key.path[-1]: one.metadata for one in event}
    return {name: value.value for name, value in found[asset].items()}


class HalfSetUp(SmallUploads):
    """One destination's credentials cannot be read."""

    def uploaders(self) -> Mapping[str, Callable[[], Uploader]]:
        def fail() -> Uploader:
            raise WrongSetting(f"{CLICKS}.credentials", "not JSON")

        return {**super().uploaders(), CLICKS: fail}


def test_destination_that_fails_leaves_the_others_their_turn(folder: Path) -> None:
    resources = {
        "warehouse": Warehouse(path=str(folder / "w.duckdb")),
        "uploads": HalfSetUp(folder=str(folder), is_armed=True),
    }
    named = rf"{CLICKS} \(setting uploads.{CLICKS}.credentials: not JSON\)"
    with dg.build_asset_context() as context:
        upload_plan(context, **resources)
    with dg.build_asset_context() as context, pytest.raises(RuntimeError, match=named):
        list(uploads_to_platforms(context, **resources))

    assert PLATFORMS[CLICKS].values == {}
    assert len(PLATFORMS[META].values) == CALLS


def test_everything_that_went_well_passes_every_check(folder: Path) -> None:
    result = run(folder)

    assert checks(result) == {NOTHING_STUCK: True, FEW_REFUSALS: True, PLATFORMS_AGREE: True}
    assert metadata(result, META)["sent/counted"] == CALLS
    assert query(
        folder / "w.duckdb", "select distinct state, attempts from activation.upload_states"
    ) == [("confirmed", 1)]


def test_uploads_that_nobody_asks_after_are_found(folder: Path) -> None:
    PLATFORMS[META].script = lambda batch: TryAgain("maintenance", timedelta(hours=1))
    run(folder)
    CLOCK.now = NOW + timedelta(minutes=10)
    assert checks(run(folder))[NOTHING_STUCK]

    CLOCK.now = NOW + timedelta(hours=5)

    assert not checks(run(folder, is_armed=False))[NOTHING_STUCK]


def test_many_refusals_are_found(folder: Path) -> None:
    refused = Result(Verdict.REFUSED, "CLICK_NOT_FOUND")
    PLATFORMS[CLICKS].script = lambda batch: Answer({upload.key: refused for upload in batch})

    result = run(folder)

    assert checks(result) == {NOTHING_STUCK: True, FEW_REFUSALS: False, PLATFORMS_AGREE: True}
    assert metadata(result, CLICKS)["sent/reason/CLICK_NOT_FOUND"] == CALLS


def test_platform_that_does_not_decide_is_found(folder: Path) -> None:
    from dataclasses import replace  # noqa: PLC0415

    PLATFORMS[CLICKS].limits = replace(ADJUSTABLE, is_confirmed_later=True)
    PLATFORMS[CLICKS].answers_to_read_back = [None] * 9
    run(folder)
    CLOCK.now = NOW + timedelta(days=2)
    assert checks(run(folder))[PLATFORMS_AGREE]

    CLOCK.now = NOW + timedelta(days=4)

    assert not checks(run(folder))[PLATFORMS_AGREE]


def test_call_that_is_not_eligible_any_more_is_seen_although_most_rows_are_left_out(
    folder: Path,
) -> None:
    run(folder)
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        connection.execute(
            "update marts.upload_candidates set is_eligible = false, reason = 'refunded'"
            " where call_id = 'CA07'"
        )

    run(folder)

    states = query(
        folder / "w.duckdb",
        "select destination, state, reason from activation.upload_states"
        " where call_id = 'CA07' order by destination",
    )
    assert states == [(CLICKS, "retracted", "refunded"), (META, "retracted", "refunded")]


def test_numbers_are_read_once_a_build_has_let_the_file_go(folder: Path) -> None:
    file = str(folder / "w.duckdb")
    hold = (
        f"import duckdb, time; held = duckdb.connect({file!r});"
        " print('held', flush=True); time.sleep(2)"
    )
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as build:
        assert build.stdout is not None
        assert build.stdout.readline() == b"held\n"
        assert number_reader(Warehouse(path=file))({"key", "another"}) == {"key": "+1"}


@pytest.mark.parametrize(
    ("is_armed", "line"),
    [(False, "60 planned (2,430 USD); nothing was sent"), (True, "60 confirmed (2,430 USD).")],
)
def test_summary_says_in_a_line_what_became_of_uploads(
    folder: Path, is_armed: bool, line: str
) -> None:
    run(folder, is_armed=is_armed)
    console = Console(width=200, record=True, quiet=False)

    print_summary(console, Settings(warehouse=folder / "w.duckdb", landing_dir=str(folder)))

    assert line in console.export_text()


def hourly(uploads: SmallUploads, *runs: dg.DagsterRun) -> dg.RunRequest | dg.SkipReason:
    """What the schedule says while these runs are known.

    Asked in a context of its own: a schedule's context and its instance close in an order that
    leaves Dagster's state behind for the tests that follow.
    """

    def ask() -> Any:
        with dg.DagsterInstance.local_temp(uploads.folder) as instance:
            for run in runs:
                instance.add_run(run)
            return uploads_hourly(dg.build_schedule_context(instance=instance), uploads=uploads)

    return copy_context().run(ask)


def test_hourly_uploads_wait_while_another_run_is_under_way(folder: Path) -> None:
    uploads = SmallUploads(folder=str(folder), is_armed=True)
    under_way = dg.DagsterRun("refresh_job", status=dg.DagsterRunStatus.STARTED)

    assert isinstance(hourly(uploads), dg.RunRequest)
    assert isinstance(hourly(uploads, under_way), dg.SkipReason)


def test_hourly_uploads_do_not_run_for_nothing(folder: Path) -> None:
    PLATFORMS.clear()

    tick = hourly(SmallUploads(folder=str(folder), is_armed=True))

    assert tick == dg.SkipReason("no destination is set up")
