"""Progress of a run on the console: a bar over the assets, a line per step, failures at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

MAX_MESSAGE_CHARACTERS = 4000


class ProgressReporter:
    """Turns a run's events into lines and a bar as they happen."""

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._task = progress.add_task("starting", total=None)
        self._planned = 0
        self._started: dict[str, float] = {}

    def __call__(self, entry: dg.EventLogEntry, _cursor: str | None = None) -> None:
        """Handle one event of the run."""
        event = entry.dagster_event
        if event is None:
            self._progress.update(self._task, description=entry.user_message.splitlines()[0][:60])
            return
        handler = self._handlers().get(event.event_type)
        if handler is not None:
            handler(event)

    def _handlers(self) -> dict:
        return {
            dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED: self._plan,
            dg.DagsterEventType.ASSET_MATERIALIZATION: self._advance,
            dg.DagsterEventType.ASSET_CHECK_EVALUATION: self._check,
            dg.DagsterEventType.STEP_START: self._start,
            dg.DagsterEventType.STEP_SUCCESS: self._finish,
            dg.DagsterEventType.STEP_UP_FOR_RETRY: self._fail,
            dg.DagsterEventType.STEP_FAILURE: self._fail,
        }

    def _plan(self, _event: dg.DagsterEvent) -> None:
        self._planned += 1
        self._progress.update(self._task, total=self._planned)

    def _advance(self, event: dg.DagsterEvent) -> None:
        table = ".".join(event.asset_key.path) if event.asset_key else ""
        self._progress.update(self._task, advance=1, description=table)

    def _check(self, event: dg.DagsterEvent) -> None:
        check = event.asset_check_evaluation_data
        if not check.passed:
            colour = "red" if check.severity == dg.AssetCheckSeverity.ERROR else "yellow"
            table = ".".join(check.asset_key.path)
            self._console.print(f"[{colour}]check failed[/] {table}: {check.check_name}")

    def _start(self, event: dg.DagsterEvent) -> None:
        self._started[event.step_key or ""] = time.monotonic()

    def _finish(self, event: dg.DagsterEvent) -> None:
        seconds = time.monotonic() - self._started.get(event.step_key or "", time.monotonic())
        self._console.print(f"[green]done[/] {event.step_key} [dim]{seconds:.1f} s[/]")

    def _fail(self, event: dg.DagsterEvent) -> None:
        error = getattr(event.event_specific_data, "error", None)
        self._console.print(f"[red]failed[/] {event.step_key}")
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None:
            # Markup off: messages of dbt and DuckDB are full of square brackets.
            self._console.print(error.message[-MAX_MESSAGE_CHARACTERS:], markup=False)


@contextmanager
def report_progress(console: Console, instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Show the progress of run `run_id` of `instance` while the block runs."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        instance.add_event_listener(run_id, ProgressReporter(console, progress))
        yield
