"""Test of the asset ml/matcher_curves on a warehouse of a few calls."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from ml.artifacts import write_model
from ml.matching.matcher import train_matcher
from ml.matching.settings import MatcherSettings
from orchestration.defs.matching.pictures import matcher_curves
from orchestration.drawing import write_pictures
from orchestration.resources.warehouse import Warehouse
from tests.ml.worlds import Law, load_tables, make_world


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "ringtrail.duckdb"
    sql = load_tables(make_world(Law(days=5, touches=2000, call_rate=0.15), seed=5).tables)
    write_model(sql, train_matcher(sql, MatcherSettings()), pd.Timestamp("2026-11-24"))
    sql.execute(f"attach '{path}' as file; copy from database memory to file; detach file")
    return path


@pytest.mark.integration
def test_a_model_is_measured_and_drawn_once_and_every_run_shows_it(
    warehouse: Path, tmp_path: Path
) -> None:
    with dg.instance_for_test() as instance:
        metadata = []
        for _ in range(2):
            run = dg.materialize(
                [matcher_curves],
                instance=instance,
                resources={"warehouse": Warehouse(path=str(warehouse))},
            )
            (event,) = run.asset_materializations_for_node("ml__matcher_curves")
            metadata.append(event.metadata)
    pictures = [name for name in metadata[0] if name.startswith("picture/")]
    files = write_pictures(warehouse, tmp_path / "out")

    assert len(pictures) == 4
    assert metadata[1] == metadata[0]
    assert metadata[0]["picture/delay"].value.startswith("![delay](data:image/png;base64,iVBOR")
    assert sorted(file.name for file in files) == [
        "campaigns.png",
        "coverage.png",
        "delay.png",
        "reliability.png",
    ]
