"""The DuckDB warehouse as a Dagster resource, and the rules every writer of it follows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import duckdb

WRITER_POOL = "warehouse_writer"
"""Pool with one slot: DuckDB lets one process open the file while any writes it."""

FILE_IS_BUSY = "Could not set lock on file"
"""DuckDB's words when another process has the file open."""

MAX_RETRIES = 3
SECONDS_BETWEEN_RETRIES = 10.0


@contextmanager
def retry_when_busy() -> Iterator[None]:
    """Ask Dagster to run the step again when the file is open elsewhere, and only then.

    A BI tool that reads for a moment should cost a retry, not the run. Anything else that fails
    (a wrong model, a failed test, a landing folder that is not there) would only fail again.
    """
    try:
        yield
    except Exception as error:
        if FILE_IS_BUSY not in str(error):
            raise
        raise dg.RetryRequested(MAX_RETRIES, SECONDS_BETWEEN_RETRIES) from error


class Warehouse(dg.ConfigurableResource):
    """Opens the warehouse file for the length of a ``with`` block, and no longer."""

    path: str
    memory_limit: str = ""
    """Such as ``4GB``; what does not fit goes to disk. Empty leaves it to DuckDB."""

    @contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a connection in UTC; it is closed, and the file unlocked, on exit."""
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        with retry_when_busy():
            connection = duckdb.connect(self.path)
        with connection:
            connection.sql("set TimeZone = 'UTC'")
            connection.sql("set enable_progress_bar = false")
            # As dbt does (profiles.yml): of writing the candidates, FSST was a fifth of the CPU.
            connection.sql("set disabled_compression_methods = 'fsst'")
            if self.memory_limit:
                connection.execute("set memory_limit = ?", [self.memory_limit])
            yield connection


def is_full_build(connection: duckdb.DuckDBPyConnection) -> bool:
    """Say whether the dbt build under way makes everything anew, not only what new files touch."""
    row = connection.execute(
        "select from_file_id from staging.stg_operations__build_window"
    ).fetchone()
    return row is None or row[0] == 0


class RingtrailPaths(dg.ConfigurableResource):
    """Where one installation reads and keeps what is not in the warehouse file."""

    landing_dir: str
    state_dir: str
    serving_path: str
