"""Tests of the asset graph: every table has its place, its owner, and one writer at a time."""

from pathlib import Path

import dagster as dg
import pytest
from dagster_dbt import DbtCliResource

from ingestion.contracts import LANDING_FEEDS
from orchestration.landing_digest import LANDING_TAG, landing_digest
from orchestration.resources.warehouse import WRITER_POOL, RingtrailPaths
from orchestration.upload_settings import DESTINATIONS
from tests.project import WAREHOUSE, lend_manifest

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    with pytest.MonkeyPatch.context() as environment:
        warehouse = tmp_path_factory.mktemp("definitions") / WAREHOUSE
        lend_manifest(warehouse)
        environment.setenv("RINGTRAIL_WAREHOUSE", str(warehouse))
        from orchestration.definitions import defs  # noqa: PLC0415

        return defs()


def test_graph_runs_from_every_feed_to_the_published_marts(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    upstream = graph.get_ancestor_asset_keys(dg.AssetKey(["serving", "marts"]))

    assert {dg.AssetKey(["raw_landing", feed]) for feed in LANDING_FEEDS} <= upstream
    assert dg.AssetKey(["ml", "call_candidates"]) in upstream


def test_every_asset_is_grouped_by_layer_described_and_owned(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    lacking = [
        key.to_user_string()
        for key in graph.materializable_asset_keys
        for node in [graph.get(key)]
        if not node.description or not node.owners or node.group_name != key.path[0]
    ]

    assert lacking == []


def test_everything_that_opens_the_warehouse_takes_the_one_writer_slot(
    definitions: dg.Definitions,
) -> None:
    graph = definitions.resolve_asset_graph()
    pools = {key: graph.get(key).pools for key in graph.materializable_asset_keys}

    others = {key for key, found in pools.items() if found != {WRITER_POOL}}
    # A platform may take an hour to answer; numbers are read in moments, and wait for a build.
    assert others == {dg.AssetKey(["activation", name]) for name in DESTINATIONS}


def test_uploads_follow_the_tested_marts_and_are_published(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    plan, states = dg.AssetKey(["activation", "plan"]), dg.AssetKey(["activation", "upload_states"])
    for destination in DESTINATIONS:
        sent = dg.AssetKey(["activation", destination])
        assert plan in graph.get_ancestor_asset_keys(sent)
        assert sent in graph.get_ancestor_asset_keys(states)

    assert dg.AssetKey(["marts", "upload_candidates"]) in graph.get_ancestor_asset_keys(plan)
    assert states in graph.get_ancestor_asset_keys(dg.AssetKey(["serving", "marts"]))


def test_marts_are_built_in_one_step(definitions: dg.Definitions) -> None:
    job = definitions.resolve_implicit_global_asset_job_def()

    assert [node.name for node in job.nodes if node.name.startswith("dbt_marts")] == ["dbt_marts"]


def test_what_our_dbt_leaves_out_is_still_there_to_be_left_out() -> None:
    assert {"_cli_version", "_initialize_dbt_core_adapter"} <= set(vars(DbtCliResource))


def test_sensor_asks_for_a_run_once_and_not_for_what_a_run_has_seen(
    definitions: dg.Definitions, tmp_path: Path
) -> None:
    sensor = definitions.resolve_sensor_def("new_landing_files")
    (tmp_path / "cdr").mkdir()
    (tmp_path / "cdr" / "calls.jsonl").write_text("{}\n")
    paths = RingtrailPaths(landing_dir=str(tmp_path), state_dir="", serving_path="")
    with dg.DagsterInstance.ephemeral() as instance:

        def look(cursor: str | None) -> dg.SensorResult | dg.SkipReason:
            context = dg.build_sensor_context(
                instance=instance, cursor=cursor, resources={"paths": paths}
            )
            return sensor(context)

        first = look(cursor=None)
        assert first.run_requests[0].tags[LANDING_TAG] == landing_digest(str(tmp_path))
        assert isinstance(look(cursor=first.cursor), dg.SkipReason)

        (tmp_path / "cdr" / "more.jsonl").write_text("{}\n")
        assert len(look(cursor=first.cursor).run_requests) == 1
