"""A build by dbt as Dagster's events, with the row counts of what was built.

Dagster's own `fetch_row_counts` opens the warehouse through dbt's adapter and keeps it open in this
process. So the counts are read here, once per build, after dbt has let go of the file.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration.dbt_in_process import DbtFailed, run_dbt
from orchestration.resources.warehouse import Warehouse, retry_when_busy
from orchestration.translators import LayerTranslator

_ROW_COUNTS = """
select schema_name || '.' || table_name, estimated_size
from duckdb_tables()
where not internal and not temporary
"""


def build_all(
    context: dg.AssetExecutionContext, arguments: Sequence[str], manifest: Mapping[str, Any]
) -> Iterator[Any]:
    """Run dbt in this process and yield what it did as Dagster's events.

    What is being built is logged meanwhile; the events come when dbt has ended, and its failure
    after them.
    """
    results: list[dict[str, Any]] = []
    # One for all: it remembers what it has worked out of the manifest, 0.02 s an event.
    translator = LayerTranslator()
    failure: DbtFailed | None = None

    def note(result: dict[str, Any]) -> None:
        results.append(result)
        if result["data"]["node_info"]["resource_type"] != "test":
            context.log.info(result["info"]["msg"])

    try:
        run_dbt(arguments, note)
    except DbtFailed as error:
        failure = error
    for result in results:
        message = DbtCoreCliEventMessage(raw_event=result, event_history_metadata={})
        yield from message.to_default_asset_events(manifest, translator, context)
    if failure is not None:
        raise failure


def with_row_counts(
    context: dg.AssetExecutionContext, events: Iterator[Any], warehouse: Warehouse
) -> Iterator[Any]:
    """Yield `events`, materializations with their tables' row counts.

    Events are held until dbt has ended, since the counts come after. If dbt fails, what it did is
    yielded first, then its error is raised.
    """
    held: list[Any] = []
    failure: Exception | None = None
    try:
        for event in events:
            held.append(event)
    except Exception as error:
        failure = error
    counts = _row_counts(warehouse)
    for event in held:
        yield _counted(context, event, counts) if isinstance(event, dg.Output) else event
    if failure is not None:
        with retry_when_busy():
            raise failure


def _counted(context: dg.AssetExecutionContext, output: dg.Output, counts: dict[str, int]) -> Any:
    rows = counts.get(_address(context, output))
    return (
        output
        if rows is None
        else output.with_metadata({**output.metadata, "dagster/row_count": rows})
    )


def _address(context: dg.AssetExecutionContext, output: dg.Output) -> str:
    return ".".join(context.asset_key_for_output(output.output_name).path)


def _row_counts(warehouse: Warehouse) -> dict[str, int]:
    try:
        with warehouse.connect() as connection:
            return dict(connection.execute(_ROW_COUNTS).fetchall())
    except duckdb.Error:
        # Counts are a courtesy; what dbt did must be reported whatever happens to them.
        return {}
