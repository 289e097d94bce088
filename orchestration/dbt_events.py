"""Row counts on dbt's materializations.

Dagster's own `fetch_row_counts` opens the warehouse through dbt's adapter and keeps it open in this
process; the next call of dbt, a process of its own, then cannot open the file. So the counts are
read here, once per call of dbt, after its process has ended.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliInvocation

from orchestration.resources.warehouse import Warehouse, retry_when_busy

_ROW_COUNTS = """
select schema_name || '.' || table_name, estimated_size
from duckdb_tables()
where not internal and not temporary
"""


def stream_with_row_counts(
    context: dg.AssetExecutionContext, invocation: DbtCliInvocation, warehouse: Warehouse
) -> Iterator[Any]:
    """Yield the events of `invocation`, materializations with their tables' row counts.

    Events are held until dbt has ended, since the counts come after; what is being built is logged
    meanwhile. If dbt fails, what it did is yielded first, then its error is raised.
    """
    held: list[Any] = []
    failure: Exception | None = None
    try:
        for event in invocation.stream():
            if isinstance(event, dg.Output):
                context.log.info(_address(context, event))
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
