"""`ringtrail`: the command line, thin over the Dagster assets that the UI shows.

Heavy imports (Dagster, dbt: seconds) are inside the commands that need them, so that `--help`,
`status` and `doctor` answer at once.
"""

import getpass
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from orchestration.answers import Format, answer_question
from orchestration.terminal import Landing, WarehouseFile, console, errors, read_settings
from orchestration.uploads_cli import show_holds, uploads_app

app = typer.Typer(
    name="ringtrail",
    help="Which ad click, session or campaign made the phone ring.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(uploads_app)

DAY = ["%Y-%m-%d"]


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write; must hold no feeds yet.")],
    days: Annotated[int, typer.Option(min=1, help="Length of the made-up history.")] = 28,
    clicks_per_day: Annotated[int, typer.Option(min=1, help="Ad clicks a day.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 7,
) -> None:
    """Write a landing folder of a made-up agency, with truth.parquet beside it."""
    from ingestion.simulate import simulate as write_world  # noqa: PLC0415
    from orchestration.console import print_simulation  # noqa: PLC0415

    with console.status("simulating") as status:
        try:
            summary = write_world(
                out, days=days, clicks_per_day=clicks_per_day, seed=seed, progress=status.update
            )
        except ValueError as error:
            errors.print(f"[red]{error}[/]")
            raise typer.Exit(2) from error
    print_simulation(console, out, summary)


@app.command()
def run(
    landing: Landing = None,
    warehouse: WarehouseFile = None,
    select: Annotated[
        str | None,
        typer.Option(
            help="Assets to materialize, in Dagster's selection syntax.", metavar="ASSETS"
        ),
    ] = None,
) -> None:
    """Materialize the graph once in this process: landing folder to published marts."""
    from orchestration.running import RunRefused, run_assets  # noqa: PLC0415
    from orchestration.summary import print_summary  # noqa: PLC0415

    settings = read_settings(landing, warehouse)
    try:
        outcome = run_assets(settings, console, select=select)
    except RunRefused as error:
        errors.print(f"[red]{error}[/]")
        raise typer.Exit(2) from error
    if not outcome.is_success:
        errors.print(
            f"[red]The run failed.[/] The lines above name the step. All it printed is in "
            f"{settings.run_log}; by step: ringtrail ui --warehouse {settings.warehouse}"
        )
        raise typer.Exit(1)
    print_summary(console, settings, run_id=outcome.run_id)


@app.command()
def query(
    *,
    metrics: Annotated[str, typer.Option(help="Metrics, with commas between.")] = "",
    group_by: Annotated[str, typer.Option(help="What to group by, with commas between.")] = "",
    where: Annotated[
        str | None,
        typer.Option(help="SQL condition on what can be grouped by.", show_default=False),
    ] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=DAY, help="First day")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=DAY, help="Last day")] = None,
    order_by: Annotated[
        str, typer.Option(help="Columns to order by; a minus before one turns it round.")
    ] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many rows.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write it.")] = Format.table,
    sql: Annotated[bool, typer.Option("--sql", help="Write the SQL and do not run it.")] = False,
    warehouse: WarehouseFile = None,
) -> None:
    """Ask the published marts for metrics; without --metrics list what there is to ask."""
    from orchestration.querying import QueryRefused, Question  # noqa: PLC0415

    question = Question(
        metrics=_names(metrics),
        group_by=_names(group_by),
        where=where,
        first=first,
        last=last,
        order_by=_names(order_by),
        limit=limit,
    )
    try:
        answer_question(console, read_settings(warehouse=warehouse), question, form, is_sql=sql)
    except QueryRefused as error:
        errors.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(2) from error


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


@app.command()
def explain(
    call_id: Annotated[str, typer.Argument(help="The call, as in marts.fct_calls.")],
    limit: Annotated[int, typer.Option(min=1, help="Candidates to show.")] = 4,
    warehouse: WarehouseFile = None,
) -> None:
    """Why the matcher gave a call its sources, in words."""
    from orchestration.explaining import ExplainRefused, explain_call  # noqa: PLC0415
    from orchestration.explanation_report import print_explanation  # noqa: PLC0415

    serving = read_settings(warehouse=warehouse).serving_path
    try:
        print_explanation(console, explain_call(serving, call_id), limit)
    except ExplainRefused as error:
        errors.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(2) from error


@app.command()
def pictures(
    out: Annotated[Path, typer.Option(help="Folder for the PNG files.")],
    warehouse: WarehouseFile = None,
) -> None:
    """Draw the matcher in use: reliability, delay, precision against coverage, campaigns."""
    from orchestration.drawing import DrawRefused, write_pictures  # noqa: PLC0415

    try:
        files = write_pictures(read_settings(warehouse=warehouse).warehouse, out)
    except DrawRefused as error:
        errors.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(2) from error
    for file in files:
        console.print(str(file))


@app.command()
def dev(warehouse: WarehouseFile = None) -> None:
    """Copy the warehouse, to try a change of the SQL on it and never on production."""
    from orchestration.dev_copy import CopyRefused, copy_warehouse  # noqa: PLC0415

    settings = read_settings(warehouse=warehouse)
    try:
        copy_warehouse(settings.warehouse, settings.dev_path)
    except CopyRefused as error:
        errors.print(f"[red]{error}[/]")
        raise typer.Exit(2) from error
    console.print(f"{settings.dev_path} is a copy of {settings.warehouse}. Edit, then:")
    console.print(
        f"  RINGTRAIL_DEV_WAREHOUSE={settings.dev_path} dbt build --target dev \\\n"
        f"      --full-refresh --select +state:modified+ --state {settings.published_dir}\n"
        f"  ringtrail compare {settings.warehouse} {settings.dev_path}",
        soft_wrap=True,
    )


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="Warehouse to compare with.")],
    after: Annotated[Path, typer.Argument(help="Warehouse with the change.")],
    calls: Annotated[int, typer.Option(min=1, help="Name this many calls that moved.")] = 10,
) -> None:
    """Which calls, and how much money, two builds attribute to different channels."""
    from orchestration.comparing import compare_builds  # noqa: PLC0415
    from orchestration.comparison_report import print_comparison  # noqa: PLC0415

    try:
        print_comparison(console, compare_builds(before, after, calls=calls))
    except ValueError as error:
        errors.print(f"[red]{error}[/]")
        raise typer.Exit(2) from error


@app.command()
def ui(
    landing: Landing = None,
    warehouse: WarehouseFile = None,
    host: Annotated[str | None, typer.Option(help="Address to bind.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind.", show_default=False)] = None,
) -> None:
    """The Dagster UI with its daemon: assets, run history, schedules and sensors."""
    from orchestration.running import serve_ui  # noqa: PLC0415

    settings = read_settings(landing, warehouse)
    host, port = host or settings.ui_host, port or settings.ui_port
    console.print(f"Dagster UI of {settings.warehouse} on http://{host}:{port} (Ctrl-C ends it)")
    serve_ui(settings, host=host, port=port)


@app.command()
def status(warehouse: WarehouseFile = None) -> None:
    """What is in the warehouse: rows, freshness, calls per layer, the last run."""
    from orchestration.summary import print_status  # noqa: PLC0415

    settings = read_settings(warehouse=warehouse)
    if not print_status(console, settings):
        raise typer.Exit(1)
    show_holds(settings)


@app.command()
def model(
    version: Annotated[
        str | None, typer.Argument(help="Model version; the one in use when not given.")
    ] = None,
    warehouse: WarehouseFile = None,
) -> None:
    """The card of a matcher model as markdown: its data, the decision on it, its figures."""
    from orchestration.model_cards import read_card  # noqa: PLC0415

    try:
        console.file.write(read_card(read_settings(warehouse=warehouse).warehouse, version))
    except ValueError as error:
        errors.print(f"[red]{escape(str(error))}[/]")
        raise typer.Exit(2) from error


@app.command()
def forget(
    caller: Annotated[
        str, typer.Option(help="The number, such as +15125550100; - reads it from stdin.")
    ],
    asked_by: Annotated[
        str, typer.Option(help="Who asks, for the record.", show_default="the user")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    landing: Landing = None,
    warehouse: WarehouseFile = None,
) -> None:
    """Erase a caller from everything but the landed files; calls and totals stay."""
    from orchestration.console import print_erasure  # noqa: PLC0415
    from orchestration.forgetting import ForgetRefused, forget_caller  # noqa: PLC0415

    settings = read_settings(landing, warehouse)
    number = sys.stdin.readline() if caller == "-" else caller
    try:
        erasure = forget_caller(
            settings, number, asked_by=asked_by or getpass.getuser(), dry_run=dry_run
        )
    except ForgetRefused as error:
        errors.print(f"[red]Nothing was erased:[/] {error}")
        raise typer.Exit(2) from error
    print_erasure(console, erasure)


@app.command()
def doctor(landing: Landing = None, warehouse: WarehouseFile = None) -> None:
    """Check settings, secrets (present, never printed), disk, ports and versions."""
    from orchestration.doctor import print_checkup  # noqa: PLC0415

    if not print_checkup(console, read_settings(landing, warehouse)):
        raise typer.Exit(1)
