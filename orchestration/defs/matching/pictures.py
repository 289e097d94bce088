"""Pictures of the matcher in use, from what was measured of it once, when it came into use."""

import base64
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.defs.matching.assets import INPUTS, MODEL, matcher_settings
from orchestration.resources.matcher_sql import matcher_sql
from orchestration.resources.warehouse import WRITER_POOL, Warehouse
from orchestration.translators import OWNERS

if TYPE_CHECKING:
    import pandas as pd

    from ml.artifacts import MatcherModel

CURVES = dg.AssetKey(["ml", "matcher_curves"])
_PICTURE = "picture/"


@dg.asset(
    key=CURVES,
    deps=[MODEL, *INPUTS],
    group_name="ml",
    kinds={"python", "duckdb"},
    owners=OWNERS,
    pool=WRITER_POOL,
)
def matcher_curves(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    """One row per model, curve and point: reliability, precision against coverage, campaigns.

    Measured once a model, on calls whose lease was hidden; the pictures are in the metadata.
    """
    from ml.artifacts import ensure_tables, read_model  # noqa: PLC0415
    from ml.matching.curves import read_curves, write_curves  # noqa: PLC0415
    from ml.matching.self_check import curves_of_matcher  # noqa: PLC0415

    with warehouse.connect() as connection, matcher_sql(connection) as sql:
        ensure_tables(sql)
        model = read_model(sql)
        if model is None:
            raise dg.Failure("no model is in use: materialize ml/model_versions first")
        points = read_curves(sql, model)
        if points.empty:
            write_curves(sql, model, curves_of_matcher(sql, model, matcher_settings()))
            points = read_curves(sql, model)
    metadata: dict[str, dg.RawMetadataValue] = {
        "dagster/row_count": len(points),
        "model_version": model.model_version,
        **(_drawn_before(context, model.model_version) or _draw(model, points)),
    }
    return dg.MaterializeResult(metadata=metadata)


def _draw(model: "MatcherModel", points: "pd.DataFrame") -> dict[str, dg.MetadataValue]:
    from ml.pictures import draw_pictures  # noqa: PLC0415

    return {
        f"{_PICTURE}{name}": dg.MetadataValue.md(
            f"![{name}](data:image/png;base64,{base64.b64encode(png).decode()})"
        )
        for name, png in draw_pictures(model, points).items()
    }


def _drawn_before(
    context: dg.AssetExecutionContext, model_version: str
) -> dict[str, dg.MetadataValue]:
    """Return the pictures of the last materialization if they are of the same model.

    To import matplotlib and draw takes 2 s of every run otherwise.
    """
    event = context.instance.get_latest_materialization_event(CURVES)
    if event is None or event.asset_materialization is None:
        return {}
    metadata = event.asset_materialization.metadata
    drawn = metadata.get("model_version")
    if drawn is None or drawn.value != model_version:
        return {}
    return {name: value for name, value in metadata.items() if name.startswith(_PICTURE)}
