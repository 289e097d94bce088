"""The dbt project as Dagster sees it, and the manifest that must exist before any asset is."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from dagster_dbt import DbtProject

from orchestration.settings import DBT_EXECUTABLE, REPO_ROOT, Settings

_SOURCES = ("dbt_project.yml", "profiles.yml", "dbt_project")


def make_dbt_project(settings: Settings) -> DbtProject:
    """Return the project whose manifest and compiled SQL live beside the warehouse."""
    return DbtProject(
        project_dir=REPO_ROOT, profiles_dir=REPO_ROOT, target_path=settings.dbt_target
    )


def ensure_manifest(settings: Settings) -> Path:
    """Parse the dbt project unless its manifest is newer than every file of the project.

    Raises:
        RuntimeError: If dbt cannot parse the project; the message ends in dbt's own words.
    """
    manifest = settings.dbt_target / "manifest.json"
    if manifest.exists() and manifest.stat().st_mtime > max(_modified_times()):
        return manifest
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    parsed = subprocess.run(  # noqa: S603  (our own dbt, no user input)
        [DBT_EXECUTABLE, "--quiet", "parse", "--target-path", str(settings.dbt_target)],
        cwd=REPO_ROOT,
        env=os.environ | {"RINGTRAIL_WAREHOUSE": str(settings.warehouse), "DBT_TARGET": "prod"},
        capture_output=True,
        text=True,
        check=False,
    )
    if parsed.returncode != 0:
        raise RuntimeError(f"dbt parse failed:\n{parsed.stdout}{parsed.stderr}")
    return manifest


def _modified_times() -> Iterator[float]:
    for source in _SOURCES:
        path = REPO_ROOT / source
        yield path.stat().st_mtime
        yield from (file.stat().st_mtime for file in path.rglob("*"))


def dbt_vars() -> dict[str, Any]:
    """Return the rules in `dbt_project.yml`, so that Python and SQL follow the same ones."""
    project = yaml.safe_load((REPO_ROOT / "dbt_project.yml").read_text())
    return dict(project["vars"])
