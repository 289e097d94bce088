"""`ringtrail pictures`: the pictures of the matcher in use, as files."""

from pathlib import Path

import duckdb

from orchestration.resources.matcher_sql import DuckDbSql


class DrawRefused(Exception):
    """There is nothing to draw, or the warehouse is busy; the message says so."""


def write_pictures(warehouse: Path, folder: Path) -> list[Path]:
    """Draw the model in use into `folder` and return the files.

    Args:
        warehouse: The warehouse file; a run that writes it must have ended.
        folder: Where to write; files of the same names are replaced.

    Raises:
        DrawRefused: If there is no warehouse, no model, or the file is open elsewhere.
    """
    from ml.artifacts import read_model  # noqa: PLC0415
    from ml.matching.curves import read_curves  # noqa: PLC0415
    from ml.pictures import draw_pictures  # noqa: PLC0415

    if not warehouse.exists():
        raise DrawRefused(f"{warehouse} does not exist: `ringtrail run` makes it")
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            sql = DuckDbSql(connection)
            model = read_model(sql)
            points = read_curves(sql, model) if model else None
    except duckdb.Error as error:
        raise DrawRefused(str(error).splitlines()[0]) from error
    if model is None or points is None:
        raise DrawRefused(f"no model is in use in {warehouse}: `ringtrail run` trains one")
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, png in draw_pictures(model, points).items():
        files.append(folder / f"{name}.png")
        files[-1].write_bytes(png)
    return files
