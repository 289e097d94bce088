"""Console output of `ringtrail compare`."""

from rich import box
from rich.console import Console
from rich.table import Table

from orchestration.comparing import Comparison


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print what moved, the largest first; nothing but a line when nothing did."""
    if not comparison.marts:
        console.print("The two builds have the same marts, row for row.")
        return
    console.print(_marts(comparison))
    console.print(_channels(comparison))
    if comparison.moves:
        console.print(_moves(comparison))
        console.print(_calls(comparison))
    else:
        console.print("No credit moved from one channel to another.")


def _marts(comparison: Comparison) -> Table:
    table = _table("Marts that differ", "mart", numbers=("rows", "rows now", "gone", "new"))
    for change in comparison.marts:
        counts = (change.rows_before, change.rows_after, change.only_before, change.only_after)
        table.add_row(change.mart, *(f"{count:,}" for count in counts))
    return table


def _channels(comparison: Comparison) -> Table:
    headings = ("calls", "now", "revenue", "now", "per call", "now")
    table = _table("By channel, before and now", "channel", "currency", numbers=headings)
    for channel, currency, *amounts in comparison.channels:
        table.add_row(channel, currency, *(_number(amount) for amount in amounts))
    return table


def _moves(comparison: Comparison) -> Table:
    table = _table(
        "What moved, with the revenue of those calls",
        "from",
        "to",
        numbers=("calls", "revenue"),
    )
    for origin, target, moved, revenues in comparison.moves:
        amounts = ", ".join(f"{revenue:,.2f} {currency}" for currency, revenue in revenues or [])
        table.add_row(origin, target, _number(moved), amounts)
    return table


def _calls(comparison: Comparison) -> Table:
    table = _table("Calls that moved most", "call", "mostly from", "to", numbers=("credit",))
    for call_id, moved, origin, target in comparison.calls:
        table.add_row(call_id, origin, target, f"{moved:.3f}")
    return table


def _table(title: str, *texts: str, numbers: tuple[str, ...]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_style="bold", title_justify="left")
    for heading in texts:
        table.add_column(heading, no_wrap=True)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"
