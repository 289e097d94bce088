"""Console output of `ringtrail simulate` and `ringtrail forget`."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from ingestion.simulate import SimulationSummary
from orchestration.forgetting import Erasure


def print_simulation(console: Console, out: Path, summary: SimulationSummary) -> None:
    """Print what was written, and how to load it."""
    table = Table("feed", title=f"A made-up agency in {out}")
    table.add_column("rows", justify="right")
    for feed, rows in summary.rows.items():
        table.add_row(feed, f"{rows:,}")
    console.print(table)
    console.print(f"Written in {summary.seconds:.1f} s, the truth beside it: {summary.truth}")
    console.print(f"Next: ringtrail run --landing {out}")


def print_erasure(console: Console, erasure: Erasure) -> None:
    """Print what was erased, or what would be; never the number."""
    if erasure.touched:
        title = "What would be touched" if erasure.is_dry_run else "What was touched"
        table = Table("place", title=title)
        table.add_column("rows", justify="right")
        for place, rows in erasure.touched.items():
            table.add_row(place, f"{rows:,}")
        console.print(table)
    else:
        console.print("Nothing holds this number.")
    if erasure.erased_before is not None:
        console.print(
            f"The caller was forgotten before, {erasure.erased_before:%Y-%m-%d %H:%M} UTC."
        )
    if erasure.is_dry_run:
        console.print("Nothing was changed; leave --dry-run out to erase.")
        return
    if not erasure.is_listed:
        console.print("There is no landing folder here, so no list was written beside the files.")
    console.print("Next: ringtrail run, which computes anew what depended on the caller.")
