"""Run the assets in this process, or serve the UI; both on the same Dagster instance.

A command-line run uses the instance of the warehouse it writes, so the UI of that warehouse shows
it beside the scheduled ones.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from uuid import uuid4

from rich.console import Console

from orchestration.settings import REPO_ROOT, Settings

if TYPE_CHECKING:
    import dagster as dg


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    run_id: str
    is_success: bool


class RunRefused(Exception):
    """The run cannot start; the message says what to change."""


def run_assets(settings: Settings, console: Console, *, select: str | None = None) -> RunOutcome:
    """Materialize `select` (default: everything) once, printing progress.

    Args:
        settings: Which warehouse, which landing folder.
        console: Where progress goes.
        select: Dagster asset selection, such as ``key:"marts/fct_calls"`` or ``group:staging``.

    Returns:
        The run's id, and whether every step succeeded.

    Raises:
        RunRefused: If the landing folder is missing, or `select` selects nothing.
    """
    if "://" not in settings.landing_dir and not Path(settings.landing_dir).is_dir():
        raise RunRefused(
            f"landing folder {settings.landing_dir} does not exist: make one with "
            f"`ringtrail simulate --out {settings.landing_dir}`, or pass --landing"
        )
    settings.prepare_state()
    settings.export()
    with console.status("reading the asset graph"):
        import dagster as dg  # noqa: PLC0415

        from orchestration.definitions import defs  # noqa: PLC0415
        from orchestration.landing_digest import LANDING_TAG, landing_digest  # noqa: PLC0415
        from orchestration.leftovers import COMMAND_LINE_TAG, bury_dead_runs  # noqa: PLC0415
        from orchestration.output import divert_output  # noqa: PLC0415
        from orchestration.progress import report_progress  # noqa: PLC0415

        definitions = defs()
        keys = _selected_keys(definitions, select)
    tags = {COMMAND_LINE_TAG: "true"}
    if select is None:
        tags[LANDING_TAG] = landing_digest(settings.landing_dir)
    run_id = str(uuid4())
    with _only_run(settings), dg.DagsterInstance.get() as instance:
        if bury_dead_runs(instance):
            console.print("An earlier run was killed; this one starts where it stopped.")
        with (
            divert_output(settings.run_log) as terminal,
            report_progress(terminal, instance, run_id),
        ):
            result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
                instance=instance,
                run_id=run_id,
                asset_selection=keys,
                raise_on_error=False,
                tags=tags,
            )
    return RunOutcome(run_id=run_id, is_success=result.success)


@contextmanager
def _only_run(settings: Settings) -> Iterator[None]:
    from orchestration.leftovers import only_command_line_run  # noqa: PLC0415

    try:
        with only_command_line_run(settings.state_dir / "run.lock"):
            yield
    except BlockingIOError as error:
        raise RunRefused(
            f"another `ringtrail run` is writing {settings.warehouse}: wait until it is done"
        ) from error


def _selected_keys(definitions: "dg.Definitions", select: str | None) -> "list[dg.AssetKey] | None":
    if select is None:
        return None
    import dagster as dg  # noqa: PLC0415

    graph = definitions.resolve_asset_graph()
    try:
        keys = sorted(dg.AssetSelection.from_string(select).resolve(graph))
    except dg.DagsterError as error:
        raise RunRefused(f"--select {select!r} cannot be read: {error}") from error
    if not keys:
        raise RunRefused(
            f"--select {select!r} selects no asset; try 'key:\"marts/fct_calls\"', "
            "'group:staging' or 'group:marts'"
        )
    return keys


def serve_ui(settings: Settings, *, host: str, port: int) -> NoReturn:
    """Become the Dagster UI with its daemon.

    This process is replaced, not kept as a parent: whoever stops it stops the server, the daemon
    and the code server, and none of them goes on launching runs unseen.
    """
    settings.prepare_state()
    settings.export()
    dagster = Path(sys.executable).with_name("dagster")
    command = [str(dagster), "dev", "--workspace", str(REPO_ROOT / "workspace.yaml")]
    os.chdir(REPO_ROOT)
    os.execv(dagster, [*command, "--host", host, "--port", str(port)])  # noqa: S606
