"""Fixtures of the ingestion tests."""

from pathlib import Path

import pytest

from tests.ingestion.landing_files import Warehouse


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """An empty landing folder, and a warehouse file that does not exist yet."""
    return Warehouse(tmp_path)
