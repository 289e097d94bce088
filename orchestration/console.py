"""Console output of `ringtrail simulate`."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from ingestion.simulate import SimulationSummary


def print_simulation(console: Console, out: Path, summary: SimulationSummary) -> None:
    """Print what was written, and how to load it."""
    table = Table("feed", title=f"A made-up agency in {out}")
    table.add_column("rows", justify="right")
    for feed, rows in summary.rows.items():
        table.add_row(feed, f"{rows:,}")
    console.print(table)
    console.print(f"Written in {summary.seconds:.1f} s, the truth beside it: {summary.truth}")
    console.print(f"Next: ringtrail run --landing {out}")
