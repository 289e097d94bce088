"""The layout's promises: arrows between packages, sizes, and what must never be in a commit."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPO_ROOT

PACKAGES = ("activation", "ingestion", "ml", "orchestration")
FORBIDDEN_IMPORTS = {
    "activation": {"dagster", "dlt", "duckdb", "ingestion", "ml", "orchestration"},
    "ingestion": {"activation", "dagster", "dagster_dlt", "ml", "orchestration"},
    "ml": {"activation", "dagster", "dlt", "duckdb", "ingestion", "orchestration"},
}
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_MODEL_LINES = 120


def _modules(package: str) -> list[Path]:
    return sorted((REPO_ROOT / package).rglob("*.py"))


def _imports(module: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", FORBIDDEN_IMPORTS)
def test_packages_import_only_what_lies_below_them(package: str) -> None:
    offenders = {
        str(module.relative_to(REPO_ROOT)): sorted(_imports(module) & FORBIDDEN_IMPORTS[package])
        for module in _modules(package)
        if _imports(module) & FORBIDDEN_IMPORTS[package]
    }
    assert offenders == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_and_functions_stay_short(package: str) -> None:
    long = [
        f"{module.relative_to(REPO_ROOT)}: {len(module.read_text().splitlines())} lines"
        for module in _modules(package)
        if len(module.read_text().splitlines()) > MAX_MODULE_LINES
    ]
    for module in _modules(package):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef):
                docstring = ast.get_docstring(node, clean=False) or ""
                lines = node.end_lineno - node.lineno + 1 - len(docstring.splitlines())
                if lines > MAX_FUNCTION_LINES:
                    long.append(f"{module.relative_to(REPO_ROOT)}:{node.name}: {lines} lines")
    assert long == []


def test_models_stay_short() -> None:
    models = (REPO_ROOT / "dbt_project" / "models").rglob("*.sql")
    long = [
        f"{model.name}: {lines}"
        for model in models
        if (lines := len(model.read_text().splitlines())) > MAX_MODEL_LINES
    ]
    assert long == []


def test_no_tracked_file_names_a_machine_or_a_registry_host() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPO_ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    registry = re.compile(r"https?://[a-z.]*(py" + "pi|python" + "hosted|npm" + "js|deb" + "ian)")
    offenders = [
        name
        for name in filter(None, tracked)
        if (path := REPO_ROOT / name).is_file() and registry.search(path.read_text(errors="ignore"))
    ]
    assert offenders == []


def test_challengers_and_splink_serve_benchmarks_only() -> None:
    offenders = [
        str(module.relative_to(REPO_ROOT))
        for package in PACKAGES
        for module in _modules(package)
        if module.parent.name != "challengers"
        and ("splink" in _imports(module) or "ml.matching.challengers" in module.read_text())
    ]
    assert offenders == []
