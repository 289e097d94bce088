"""`ringtrail uploads`: plan, send, and look after conversions at the ad platforms.

Thin: what is decided is `activation`'s, imported inside the commands, as SQLAlchemy takes half a
second that `ringtrail --help` need not wait for. Nothing is sent to a destination that is not armed
in the settings; `plan --dry-run` says what a plan would do and changes nothing at all.
"""

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from orchestration.settings import Settings
from orchestration.terminal import WarehouseFile, errors, read_settings
from orchestration.upload_settings import DESTINATIONS, WrongSetting

if TYPE_CHECKING:
    from activation.ledger.database import Ledger
    from activation.planning import PlannedStep

uploads_app = typer.Typer(
    name="uploads",
    help="Conversions to Google, Meta and Microsoft: exactly once, and taken back when wrong.",
    no_args_is_help=True,
)
CallId = Annotated[str, typer.Argument(help="Of the call, as in marts.fct_calls.")]
Destination = Annotated[str, typer.Argument(help=f"One of {', '.join(DESTINATIONS)}.")]
Person = Annotated[str, typer.Option(help="Who, for the record.", show_default="the user")]


@contextmanager
def _ledger(warehouse: Path | None) -> Iterator[tuple[Settings, "Ledger"]]:
    from orchestration.activation_setup import open_ledger  # noqa: PLC0415

    settings = read_settings(warehouse=warehouse)
    ledger = open_ledger(settings)
    try:
        yield settings, ledger
    finally:
        ledger.close()


def show_holds(settings: Settings) -> None:
    """Print what stops uploads, for `ringtrail status`; no ledger is made where there is none."""
    from sqlalchemy import make_url  # noqa: PLC0415

    from activation.ledger.reports import standing_holds  # noqa: PLC0415
    from orchestration.activation_setup import open_ledger  # noqa: PLC0415
    from orchestration.uploads_console import print_holds  # noqa: PLC0415

    url = make_url(settings.ledger_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return
    ledger = open_ledger(settings)
    print_holds(standing_holds(ledger))
    ledger.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _end_with(wrong: Sequence[WrongSetting]) -> None:
    """Name the settings of destinations that were passed over, and fail where there are any."""
    for error in wrong:
        errors.print(f"[red]{escape(str(error))}[/]")
    if wrong:
        raise typer.Exit(2)


def _check_destination(name: str) -> None:
    if name not in DESTINATIONS:
        raise typer.BadParameter(f"{name} is none of {', '.join(DESTINATIONS)}")


@uploads_app.command()
def plan(
    warehouse: WarehouseFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
) -> None:
    """Compare the marts with what was sent, and write down what is to be done."""
    from orchestration.uploads_console import print_plan  # noqa: PLC0415

    with _ledger(warehouse) as (settings, ledger):
        steps, wrong = _plan(settings, ledger, dry_run=dry_run)
    print_plan(steps, is_dry_run=dry_run)
    _end_with(wrong)


def _plan(
    settings: Settings, ledger: "Ledger", *, dry_run: bool
) -> tuple["Sequence[PlannedStep]", list[WrongSetting]]:
    from orchestration.activation_setup import limits, uploaders  # noqa: PLC0415
    from orchestration.uploads_runs import PlanRefused, plan_from_warehouse  # noqa: PLC0415

    known, wrong = limits(uploaders(settings))
    try:
        return plan_from_warehouse(settings, ledger, known, now=_now(), dry_run=dry_run), wrong
    except PlanRefused as error:
        typer.echo(f"Nothing was planned: {error}", err=True)
        _end_with(wrong)
        raise typer.Exit(2) from error


@uploads_app.command()
def send(
    warehouse: WarehouseFile = None,
    destination: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be given again.")
    ] = None,
) -> None:
    """Send what is planned to every destination that is armed, and read back what was sent."""
    from orchestration.activation_setup import safeguards, uploaders  # noqa: PLC0415
    from orchestration.uploads_console import print_outcome  # noqa: PLC0415
    from orchestration.uploads_runs import serve  # noqa: PLC0415

    for name in destination or ():
        _check_destination(name)
    with _ledger(warehouse) as (settings, ledger):
        made, wrong = uploaders(settings), []
        for name in destination or DESTINATIONS:
            guards = safeguards(settings, name)
            try:
                print_outcome(serve(settings, ledger, name, made.get(name), guards))
            except WrongSetting as error:
                wrong.append(error)
    _end_with(wrong)


@uploads_app.command()
def status(warehouse: WarehouseFile = None) -> None:
    """How uploads stand, by destination, state and reason, with their money; and what is held."""
    from activation.ledger.reports import standing_holds, totals  # noqa: PLC0415
    from orchestration.activation_setup import safeguards, uploaders  # noqa: PLC0415
    from orchestration.uploads_console import print_status  # noqa: PLC0415

    with _ledger(warehouse) as (settings, ledger):
        armed = [name for name in DESTINATIONS if safeguards(settings, name).is_armed]
        print_status(totals(ledger), standing_holds(ledger), armed, list(uploaders(settings)))


@uploads_app.command()
def explain(call_id: CallId, warehouse: WarehouseFile = None) -> None:
    """Everything that happened to the uploads about a call, and why; what the marts say of it."""
    from activation.ledger.reports import history_of, taken_back  # noqa: PLC0415
    from orchestration.uploads_console import print_history, print_judged  # noqa: PLC0415
    from orchestration.uploads_runs import NotReadable, judged_by_marts  # noqa: PLC0415

    with _ledger(warehouse) as (settings, ledger):
        is_known = print_history(
            call_id, history_of(ledger, call_id), taken_back(ledger, call_id)
        )  # fmt: skip
        try:
            is_judged = print_judged(call_id, judged_by_marts(settings, call_id))
        except NotReadable as error:
            typer.echo(f"What the marts say of it cannot be read: {error}", err=True)
            is_judged = False
    if not is_known and not is_judged:
        raise typer.Exit(1)


@uploads_app.command()
def retract(
    call_id: CallId,
    because: Annotated[str, typer.Option(help="Why, for the record.")],
    asked_by: Person = "",
    warehouse: WarehouseFile = None,
) -> None:
    """Take a call back everywhere: the next plan retracts what counts and sends nothing more."""
    from activation.ledger.holds import retract_call  # noqa: PLC0415
    from activation.ledger.reports import history_of  # noqa: PLC0415

    with _ledger(warehouse) as (_, ledger):
        is_new = retract_call(
            ledger,
            call_id,
            asked_by=asked_by or getpass.getuser(),
            explanation=because,
            now=_now(),
        )
        known = len({moment.key for moment in history_of(ledger, call_id)})
    typer.echo(
        f"{call_id} {'will be' if is_new else 'was already to be'} taken back"
        f" ({known} uploads about it). Next: ringtrail uploads plan, then send."
    )


@uploads_app.command()
def release(
    destination: Destination, released_by: Person = "", warehouse: WarehouseFile = None
) -> None:
    """Let a destination go on that a breaker, an old ledger or its account's error has stopped."""
    from activation.ledger.holds import is_behind, release_destination  # noqa: PLC0415

    _check_destination(destination)
    with _ledger(warehouse) as (settings, ledger):
        if is_behind(ledger, destination):
            # What such a ledger would send is planned first: the release holds it.
            _, wrong = _plan(settings, ledger, dry_run=False)
            _end_with(wrong)
        reason = release_destination(
            ledger, destination, released_by=released_by or getpass.getuser(), now=_now()
        )
    if reason is None:
        typer.echo(f"{destination} is not held.")
        raise typer.Exit(1)
    typer.echo(f"{destination} goes on; it was held because of {reason}.")


@uploads_app.command()
def resolve(
    call_id: CallId,
    destination: Destination,
    *,
    counted: Annotated[
        bool, typer.Option("--counted/--not-counted", help="What the platform's own page shows.")
    ],
    which: Annotated[
        str | None, typer.Option(help="Its conversion action or key, where several are held.")
    ] = None,
    resolved_by: Person = "",
    warehouse: WarehouseFile = None,
) -> None:
    """Say what became of a call's held upload: confirmed, or planned again."""
    from activation.ledger.resolving import SeveralHeld, resolve_held  # noqa: PLC0415

    _check_destination(destination)
    with _ledger(warehouse) as (_, ledger):
        try:
            is_resolved = resolve_held(
                ledger,
                call_id,
                destination,
                is_counted=counted,
                resolved_by=resolved_by or getpass.getuser(),
                now=_now(),
                which=which,
            )
        except SeveralHeld as several:
            typer.echo(f"Several are held; say which by --which: {several}", err=True)
            raise typer.Exit(2) from several
    if not is_resolved:
        typer.echo(f"No upload about {call_id} is held at {destination}.")
        raise typer.Exit(1)
    typer.echo(f"The held upload is {'confirmed' if counted else 'planned again'}.")
