"""dbt in this process instead of one of its own: what it imports is imported here already.

A start of dbt costs 4 s of processor time, 2.6 of them imports that Dagster's dbt library has made
in this process too, and a run of the pipeline calls dbt twice. Two things that dbt does by default
are left out, 1.5 s a call: writing `manifest.json` (that of `ensure_manifest` holds) and compiled
SQL, and a log file beside the one of the run. `dbt compile --select` shows the SQL of a model.
"""

from collections.abc import Callable, Sequence
from contextlib import chdir
from typing import TYPE_CHECKING, Any

from orchestration.settings import REPO_ROOT

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

LEAN_FLAGS = ("--no-write-json", "--log-level-file", "none", "--no-use-colors")

_RESULTS = {"LogModelResult", "LogSeedResult", "LogTestResult"}
"""Events that say how a node went; what else dbt tells is for the log."""


class DbtFailed(Exception):
    """dbt could not build everything; the message holds what it said of each error."""


def run_dbt(
    arguments: Sequence[str],
    on_result: Callable[[dict[str, Any]], None] = lambda _result: None,
    manifest: "Manifest | None" = None,
) -> Any:
    """Run dbt's command line here, and let go of the warehouse at the end.

    Args:
        arguments: As on the command line, without `dbt`. Paths and profile come from the
            environment, as `Settings.export` leaves it.
        on_result: Given each node's result as soon as it is there, from the thread that built it.
        manifest: The project as parsed before, which saves parsing it again.

    Returns:
        What dbt's runner gives for this command.

    Raises:
        DbtFailed: If dbt did not succeed.
    """
    from dbt.cli.main import dbtRunner  # noqa: PLC0415  (seconds)
    from dbt_common.events.functions import msg_to_dict  # noqa: PLC0415

    errors: list[str] = []

    def listen(event: Any) -> None:
        if event.info.level == "error":
            errors.append(event.info.msg)
        if event.info.name in _RESULTS:
            on_result(msg_to_dict(event))

    with chdir(REPO_ROOT):
        done = dbtRunner(manifest, callbacks=[listen]).invoke([*LEAN_FLAGS, *arguments])
    _close_warehouse()
    if isinstance(done.exception, BaseException) and not isinstance(done.exception, Exception):
        raise done.exception  # An interrupt, which is not dbt's failure.
    if not done.success:
        told = "\n\n".join(errors) or repr(done.exception)
        raise DbtFailed(f"dbt {' '.join(arguments)} failed:\n\n{told}") from done.exception
    return done.result


def _close_warehouse() -> None:
    """Close the warehouse, which dbt would hold open as long as this process lives."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415
    from dbt.adapters.factory import reset_adapters  # noqa: PLC0415

    reset_adapters()
    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()
        DuckDBConnectionManager.close_all_connections()
