"""Rows into the raw tables by way of dlt: Arrow tables appended, or whole files inserted.

`append_rows` has dlt move whole Arrow tables; with one Parquet file a feed and no normalizing it is
as fast as DuckDB writes. The schema contract is frozen: by then the rows have been cast to the
declared types, so it can only trip over our own mistake, never over a file.

`insert_files` has dlt move the list of files: its load job of a feed, a destination of our own, has
the database read them. Either way a row carries the load id of the package that brought it.

dlt's state is worth nothing here, since the ledger knows what is in: the pipelines folder is
emptied at each start, and with it the packages of a killed run.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.batching import in_slices
from ingestion.feeds import Feed
from ingestion.warehouse import RAW

if TYPE_CHECKING:
    from dlt.common.schema.typing import TColumnSchema, TSchemaContractDict

PIPELINE = "ringtrail_landing"
FILES_PIPELINE = "ringtrail_landing_files"
ROW_GROUP_ROWS = 122_880

FROZEN: "TSchemaContractDict" = {"tables": "evolve", "columns": "freeze", "data_type": "freeze"}

DLT_SETTINGS: Mapping[str, Any] = {
    "runtime": {"dlthub_telemetry": False},
    "extract": {"next_item_mode": "fifo"},
    # One file a table, stored plain: it is read back seconds later, so packing it is time lost.
    "data_writer": {
        "buffer_max_items": ROW_GROUP_ROWS,
        "compression": "none",
        "row_group_size": ROW_GROUP_ROWS,
    },
    "normalize": {"workers": 1, "parquet_normalizer": {"add_dlt_load_id": True}},
    "load": {"workers": 1, "delete_completed_jobs": True},
}

DLT_TYPES: Mapping[str, "TColumnSchema"] = {
    "varchar": {"data_type": "text"},
    "bigint": {"data_type": "bigint"},
    "double": {"data_type": "double"},
    "boolean": {"data_type": "bool"},
    "date": {"data_type": "date"},
    "timestamp": {"data_type": "timestamp", "timezone": False, "precision": 6},
    "decimal(18, 6)": {"data_type": "decimal", "precision": 18, "scale": 6},
}


def append_rows(
    batches: Mapping[Feed, Iterable[pa.Table]],
    warehouse: Path,
    work: Path,
    when_read: Callable[[], None],
) -> None:
    """Append batches of checked rows to the raw tables of their feeds.

    Args:
        batches: good rows by feed; read one feed after the other.
        warehouse: the DuckDB file, open nowhere.
        work: an empty folder for dlt.
        when_read: is called when all batches have been read and nothing has been written.
    """
    _configure_dlt()
    import dlt  # noqa: PLC0415 - see _configure_dlt

    resources = [
        dlt.resource(
            in_slices(tables, ROW_GROUP_ROWS),
            name=feed.name,
            write_disposition="append",
            columns=_dlt_columns(feed),
            schema_contract=FROZEN,
        )
        for feed, tables in batches.items()
    ]
    pipeline = dlt.pipeline(
        PIPELINE,
        pipelines_dir=str(work),
        destination=dlt.destinations.duckdb(str(warehouse)),
        dataset_name=RAW,
    )
    pipeline.extract(resources, loader_file_format="parquet")
    when_read()
    pipeline.normalize()
    pipeline.load()


def insert_files(
    files: Mapping[str, Iterable[int]], work: Path, insert: Callable[[str, list[int], str], None]
) -> None:
    """Have dlt bring lists of files, and `insert` read them: one load job a feed.

    Args:
        files: ids of files by name of their feed.
        work: an empty folder for dlt.
        insert: is called with the feed's name, its files and the load id of the package, in another
            thread, one feed after the other. What it raises ends the load and is raised here.
    """
    _configure_dlt()
    import dlt  # noqa: PLC0415 - see _configure_dlt

    failures: list[BaseException] = []

    @dlt.destination(
        batch_size=0,
        loader_file_format="parquet",
        name="raw_tables",
        skip_dlt_columns_and_tables=True,
        max_parallel_load_jobs=1,
    )
    def raw_tables(items: Any, table: Any, /) -> None:
        if failures:
            return
        try:
            ids = pq.read_table(items)["file_id"].to_pylist()
            insert(table["name"], ids, _load_id())
        except BaseException as error:
            # Raised below: dlt would try again, and wrap it.
            failures.append(error)

    pipeline = dlt.pipeline(FILES_PIPELINE, pipelines_dir=str(work), destination=raw_tables)
    resources = [
        dlt.resource(
            [pa.table({"file_id": pa.array(ids, pa.int64())})],
            name=feed,
            write_disposition="append",
        )
        for feed, ids in files.items()
    ]
    pipeline.run(resources, loader_file_format="parquet")
    if failures:
        raise failures[0]


def _load_id() -> str:
    """The id of the package whose job is running in this thread."""
    from dlt.common.configuration.container import Container  # noqa: PLC0415
    from dlt.common.storages.load_package import (  # noqa: PLC0415
        LoadPackageStateInjectableContext,
    )

    return str(Container()[LoadPackageStateInjectableContext].load_id)


def _dlt_columns(feed: Feed) -> "list[TColumnSchema]":
    return [{"name": column.name, **DLT_TYPES[column.sql_type]} for column in feed.columns]


def _configure_dlt() -> None:
    """Register our settings once; the environment and dlt's own files still win over them."""
    import dlt  # noqa: PLC0415 - takes seconds to import, and `ringtrail --help` needs none of it
    from dlt.common.configuration.providers import CustomLoaderDocProvider  # noqa: PLC0415

    providers = dlt.config.config_providers
    if not any(provider.name == PIPELINE for provider in providers):
        settings = CustomLoaderDocProvider(PIPELINE, lambda: dict(DLT_SETTINGS), False)
        dlt.config.register_provider(settings)
