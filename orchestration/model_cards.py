"""`ringtrail model`: the card of a matcher model, read from the warehouse."""

from pathlib import Path

import duckdb

from ml.model_card import model_card
from orchestration.resources.matcher_sql import DuckDbSql


def read_card(warehouse: Path, model_version: str | None = None) -> str:
    """Return the card of a model as markdown; the one in use when no version is given.

    Raises:
    ------
    ValueError
        If there is no warehouse, no such model, or a run is writing just now.
    """
    if not warehouse.exists():
        raise ValueError(f"no warehouse at {warehouse} yet: `ringtrail run` makes it")
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            return model_card(DuckDbSql(connection), model_version)
    except duckdb.CatalogException as error:
        raise ValueError(f"{warehouse} has no model of this version of Ringtrail yet") from error
    except duckdb.IOException as error:
        raise ValueError("a run is writing the warehouse just now: ask again after it") from error
