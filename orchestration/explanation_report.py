"""Console output of `ringtrail explain`."""

from rich import box
from rich.console import Console
from rich.table import Table

from orchestration.explaining import Candidate, Explanation

_BY_MATCHER = {"matcher", "none"}
_SMALL = 0.01


def print_explanation(console: Console, explanation: Explanation, limit: int) -> None:
    """Print a call's `limit` likeliest candidates, each with its reasons, and how many more."""
    call = explanation.call
    console.print(
        f"Call {call['call_id']} to {call['to_number']} on {call['call_started_at']:%Y-%m-%d %H:%M}"
        f" UTC: {call['channel']}, credit {call['attribution_confidence']:.0%},"
        f" by {call['attribution_method']}"
    )
    if call["attribution_method"] not in _BY_MATCHER:
        console.print(
            "What follows is the matcher's part; the credit weighs other evidence as well."
        )
    console.print(
        f"With probability {explanation.nobody:.1%} it came from none of these. "
        "Each is compared with that:"
    )
    for candidate in explanation.candidates[:limit]:
        console.print(_table(candidate))
    more = explanation.candidates[limit:]
    if more:
        share = sum(candidate.probability for candidate in more)
        console.print(f"{len(more):,} more candidates have {share:.1%} together (--limit).")


def _table(candidate: Candidate) -> Table:
    table = Table(
        title=f"{candidate.probability:.1%}  {candidate.name}",
        box=box.SIMPLE_HEAD,
        title_style="bold",
        title_justify="left",
        show_footer=True,
    )
    table.add_column("because", "together")
    table.add_column("times as likely", times(candidate.odds), justify="right", no_wrap=True)
    for factor in candidate.factors:
        table.add_row(factor.words, times(factor.odds))
    return table


def times(odds: float) -> str:
    """Return a factor in three digits, a small one as a fraction."""
    if odds < _SMALL:
        return f"1/{1 / odds:,.0f}"
    return f"{odds:,.0f}" if odds >= 1 / _SMALL else f"{odds:#.3g}"
