"""The dbt project's promises, read from its manifest: described, tested, layered."""

from pathlib import Path

import pytest

from tests.project import manifest_json

LAYERS = ("staging", "intermediate", "marts")
STEPS_OF_REPORTS = {"people", "journeys", "bidding", "reports", "activation"}
KEY_TESTS = {"unique", "unique_combination"}

Manifest = dict


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return manifest_json()


def models_of(manifest: Manifest) -> list[dict]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def layer_of(node: dict) -> str:
    return Path(node["original_file_path"]).parts[2]


def test_every_model_says_its_grain_first(manifest: Manifest) -> None:
    silent = [
        model["name"]
        for model in models_of(manifest)
        if not model["description"].strip().startswith("One row per")
    ]
    assert silent == []


def test_every_column_in_a_yml_is_described_and_every_mart_has_a_contract(
    manifest: Manifest,
) -> None:
    silent = [
        f"{model['name']}.{column['name']}"
        for model in models_of(manifest)
        for column in model["columns"].values()
        if not column["description"].strip()
    ]
    loose = [
        model["name"]
        for model in models_of(manifest)
        if layer_of(model) == "marts" and not model["config"]["contract"]["enforced"]
    ]
    assert silent == []
    assert loose == []


def test_every_table_has_its_key_tested_or_hands_it_to_models_that_do(manifest: Manifest) -> None:
    """A step that only others of its layer read may leave the test to what they make of it."""
    tested = {
        test["attached_node"]
        for test in manifest["nodes"].values()
        if test["resource_type"] == "test"
        and test.get("attached_node")
        and test["test_metadata"]["name"] in KEY_TESTS
    }
    models = {model["unique_id"]: model for model in models_of(manifest)}

    def has_key(unique_id: str) -> bool:
        if unique_id in tested:
            return True
        readers = [child for child in manifest["child_map"][unique_id] if child in models]
        is_step = layer_of(models[unique_id]) != "marts"
        return is_step and bool(readers) and all(has_key(reader) for reader in readers)

    assert [models[unique_id]["name"] for unique_id in models if not has_key(unique_id)] == []


def test_only_staging_reads_sources(manifest: Manifest) -> None:
    offenders = [
        model["name"]
        for model in models_of(manifest)
        if layer_of(model) != "staging"
        and any(parent.startswith("source.") for parent in model["depends_on"]["nodes"])
    ]
    assert offenders == []


def test_no_model_reads_a_later_layer(manifest: Manifest) -> None:
    """The steps of reports stand after the facts, though they are intermediate."""
    models = {model["unique_id"]: model for model in models_of(manifest)}
    offenders = [
        f"{model['name']} reads {models[parent]['name']}"
        for model in models.values()
        for parent in model["depends_on"]["nodes"]
        if parent in models
        and Path(model["original_file_path"]).parts[3] not in STEPS_OF_REPORTS
        and LAYERS.index(layer_of(models[parent])) > LAYERS.index(layer_of(model))
    ]
    assert offenders == []


def test_everything_that_leaves_has_an_exposure(manifest: Manifest) -> None:
    exposures = {exposure["name"]: exposure for exposure in manifest["exposures"].values()}
    assert {"bi_tools", "metrics", "dashboard", "conversion_uploads_to_ad_platforms"} <= set(
        exposures
    )
    read = {parent for exposure in exposures.values() for parent in exposure["depends_on"]["nodes"]}
    semantic = {
        parent
        for semantic_model in manifest["semantic_models"].values()
        for parent in semantic_model["depends_on"]["nodes"]
    }
    assert semantic <= read


def test_nothing_but_increments_reads_what_holds_an_increment_alone(manifest: Manifest) -> None:
    """A full table made of a model tagged `delta` would lose all that was not touched."""
    models = {model["unique_id"]: model for model in models_of(manifest)}
    offenders = [
        f"{model['name']} reads {models[parent]['name']}"
        for model in models.values()
        for parent in model["depends_on"]["nodes"]
        if parent in models
        and "delta" in models[parent]["tags"]
        and "delta" not in model["tags"]
        and model["config"]["materialized"] != "incremental"
    ]
    assert offenders == []
