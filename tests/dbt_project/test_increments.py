"""Whatever the order in which rows arrive, the warehouse ends as if they had come at once.

A world is cut into batches of landed files, with late rows and corrections that reopen what was
built (a call's caller, number, time and direction; a campaign's name; what a number stands for).
Built batch by batch it must equal a full refresh of the same files, row for row, under the same
model.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestration.dbt_in_process import DbtFailed
from tests.batches import split_into_batches
from tests.builds import Build
from tests.project import parsed_project
from tests.warehouse import query

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A world in its raw tables."""
    build = Build(tmp_path_factory.mktemp("world"))
    build.simulate(days=12, clicks_per_day=300, seed=6)
    return build


def begin(folder: Path) -> Build:
    folder.mkdir(parents=True)
    return Build(folder)


def kept(build: Build) -> dict[str, tuple[int, str]]:
    """What every table holds, but for those that hold an increment alone."""
    delta = {
        f"{node.schema}.{node.name}"
        for node in parsed_project().nodes.values()
        if node.resource_type == "model" and "delta" in node.tags
    }
    contents = build.contents("staging", "intermediate", "marts")
    return {
        table: digest
        for table, digest in contents.items()
        if table not in delta | {"staging.stg_operations__build_window"}
    }


@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    batches=st.integers(2, 4),
    late_share=st.sampled_from([0.03, 0.2, 1.0]),
    seed=st.integers(0, 1000),
)
def test_batches_in_any_order_equal_a_full_refresh(
    world: Build,
    tmp_path_factory: pytest.TempPathFactory,
    batches: int,
    late_share: float,
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("batches")
    landings = split_into_batches(
        world.warehouse, folder, batches=batches, seed=seed, late_share=late_share
    )
    build = begin(folder / "build")
    build.dbt("seed", "--quiet")
    for landing in landings:
        build.load(landing)
        build.run()
    step_by_step = kept(build)
    touched = query(build.warehouse, "select count(*) from intermediate.int_visitors_touched")

    build.run(full_refresh=True)

    at_once = kept(build)
    assert touched > [(0,)]
    assert at_once["marts.fct_calls"][0] > 100
    assert {table for table in at_once if at_once[table] != step_by_step.get(table)} == set()


@pytest.fixture(scope="module")
def recovered(world: Build, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Half of the models see the second batch, then the build dies; the next one sees it all."""
    folder = tmp_path_factory.mktemp("recovered")
    first, second = split_into_batches(world.warehouse, folder, batches=2, seed=1, late_share=0.1)
    build = begin(folder / "build")
    build.dbt("seed", "--quiet")
    build.load(first)
    build.run()
    build.load(second)
    build.dbt("run", "--quiet", "--select", "+int_number_leases +int_contact_events")
    build.run()
    return build


def test_build_without_new_files_touches_nothing(recovered: Build) -> None:
    before = kept(recovered)

    recovered.run()

    credited = query(recovered.warehouse, "select count(*) from intermediate.int_calls_recredited")
    assert credited == [(0,)]
    assert kept(recovered) == before


def test_full_refresh_of_one_model_alone_is_refused(recovered: Build) -> None:
    """It would be rebuilt from the rows of the last increment, and lose all others."""
    with pytest.raises(DbtFailed, match="dbt build --full-refresh"):
        recovered.dbt("run", "--full-refresh", "--select", "int_sessions")


def test_build_that_was_killed_is_begun_again_from_its_last_finished_model(
    recovered: Build,
) -> None:
    after_the_crash = kept(recovered)

    recovered.run(full_refresh=True)

    at_once = kept(recovered)
    assert {table for table in at_once if at_once[table] != after_the_crash.get(table)} == set()
