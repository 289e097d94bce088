"""Console output of `ringtrail uploads`: never an identifier of a person."""

from collections.abc import Sequence
from decimal import Decimal

from rich import box
from rich.markup import escape
from rich.table import Table

from activation.ledger.reports import Hold, Moment, TakenBack, Total
from activation.outcomes import Outcome
from activation.planning import PlannedStep
from orchestration.terminal import console
from orchestration.uploads_runs import Judged


def print_plan(steps: Sequence[PlannedStep], *, is_dry_run: bool) -> None:
    """Print what was decided, or would be, by destination, step and reason."""
    if not steps:
        console.print("Nothing is to be done: the ledger agrees with the marts.")
        return
    title = "What a plan would do" if is_dry_run else "Planned"
    table = _table(title, "destination", "step", "operation", "reason")
    for step in steps:
        table.add_row(
            step.destination,
            step.step,
            step.operation,
            step.reason,
            f"{step.uploads:,}",
            _money(step.value, step.currency),
        )
    console.print(table)
    if is_dry_run:
        console.print("Nothing was changed; leave --dry-run out to plan.")


def print_outcome(outcomes: tuple[Outcome, Outcome]) -> None:
    """Print what was sent to a destination and what was read back."""
    sent, read = outcomes
    if sent.stopped in {"not_armed", "not_set_up"}:
        if sent.would_go:
            why = sent.stopped.replace("_", " ")
            console.print(f"{sent.destination}: {why}, {sent.would_go:,} would go.")
    elif sent.stopped:
        console.print(f"{sent.destination}: stopped, {escape(sent.stopped)}")
    for verb, outcome in (("sent", sent), ("read back", read)):
        for verdict, count in sorted(outcome.verdicts.items()):
            console.print(f"{sent.destination}: {verb}, {count:,} {verdict}")
        for reason, count in outcome.reasons.most_common():
            console.print(f"    {count:,} {escape(reason)}")
    if read.stopped:
        console.print(f"{sent.destination}: reading back stopped, {escape(read.stopped)}")


def print_status(
    totals: Sequence[Total], holds: Sequence[Hold], armed: Sequence[str], set_up: Sequence[str]
) -> None:
    """Print where every upload stands, what is held, and what is armed."""
    table = _table("Uploads", "destination", "operation", "state", "reason")
    for total in totals:
        table.add_row(
            total.destination,
            total.operation,
            total.state,
            escape(total.reason),
            f"{total.uploads:,}",
            _money(total.value, total.currency),
        )
    console.print(table)
    print_holds(holds)
    console.print(f"Set up: {', '.join(set_up) or 'none'}. Armed: {', '.join(armed) or 'none'}.")


def print_holds(holds: Sequence[Hold]) -> None:
    """Print which destinations wait for a person, and why."""
    for hold in holds:
        console.print(
            f"[red]{hold.destination} is held[/] since {hold.held_at:%Y-%m-%d %H:%M} UTC:"
            f" {escape(hold.reason)}. After mending it: ringtrail uploads release"
            f" {hold.destination}"
        )


def print_history(call_id: str, history: Sequence[Moment], taken: TakenBack | None) -> bool:
    """Print what happened to the uploads about a call; False if there are none."""
    if taken:
        console.print(
            f"{call_id} was taken back by {escape(taken.asked_by)} on"
            f" {taken.asked_at:%Y-%m-%d %H:%M} UTC: {escape(taken.explanation)}"
        )
    if not history:
        console.print(f"The ledger knows no upload about {escape(call_id)}.")
        return False
    for key in dict.fromkeys(moment.key for moment in history):
        moments = [moment for moment in history if moment.key == key]
        first = moments[0]
        console.print(
            f"[bold]{first.destination}[/] {escape(first.conversion_action)}, {first.operation},"
            f" generation {first.generation}, {key}"
        )
        for moment in moments:
            request = f"  request {escape(moment.request_id)}" if moment.request_id else ""
            console.print(
                f"  {moment.recorded_at:%Y-%m-%d %H:%M:%S}  {moment.step:<22} {moment.state:<14}"
                f" {escape(moment.reason)}  {_money(moment.value, moment.currency)}{request}"
                f"{_stopped_by(moment.reason, moment.destination)}"
            )
    return True


def print_judged(call_id: str, judged: Sequence[Judged]) -> bool:
    """Print what the marts say of a call; False if they do not know it."""
    if not judged:
        console.print(f"marts.upload_candidates knows no call {escape(call_id)}.")
        return False
    console.print("By the marts, for each conversion action:")
    for one in judged:
        console.print(
            f"  {one.destination} {escape(one.conversion_action)}: {one.reason}"
            f"{_stopped_by(one.reason, one.destination)}"
        )
    return True


def _stopped_by(reason: str, destination: str) -> str:
    """Which of the two that have to let unknown consent go did not."""
    if reason == "no_consent":
        return "  (unknown consent: sends_unknown_consent of the seed conversion_actions)"
    if reason.endswith("unknown_consent"):
        return f"  (unknown consent: the setting uploads.{destination}.sends_unknown_consent)"
    return ""


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_style="bold", title_justify="left")
    for heading in headings:
        table.add_column(heading)
    for heading in ("uploads", "value"):
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _money(value: Decimal | None, currency: str | None) -> str:
    return f"{value:,.2f} {currency}" if value is not None and currency else ""
