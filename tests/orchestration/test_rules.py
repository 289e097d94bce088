"""Tests of orchestration.rules: what makes a run build everything anew."""

import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.rules import (
    are_rules_new,
    ask_for_full_build,
    remember_rules,
    rules_fingerprint,
)
from tests.conftest import REPO_ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(REPO_ROOT / "dbt_project", tmp_path / "dbt_project")
    return tmp_path


@pytest.mark.parametrize(
    "file",
    [
        "dbt_project/models/marts/core/fct_calls.sql",
        "dbt_project/macros/newest_version.sql",
        "dbt_project/seeds/utm_mediums.csv",
    ],
)
def test_another_model_macro_or_seed_is_another_rule(project: Path, file: str) -> None:
    before = rules_fingerprint(project)
    (project / file).write_text((project / file).read_text() + "\n")

    assert rules_fingerprint(project) != before


def test_a_description_is_no_rule(project: Path) -> None:
    before = rules_fingerprint(project)
    described = project / "dbt_project/models/marts/core/fct_calls.yml"
    described.write_text(described.read_text() + "\n# more words\n")

    assert rules_fingerprint(project) == before


def test_rules_are_new_until_a_build_went_through(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        assert are_rules_new(connection)
        remember_rules(connection)
        assert not are_rules_new(connection)
        ask_for_full_build(connection)
        assert are_rules_new(connection)
