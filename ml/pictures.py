"""Pictures of a model as PNG: how calibrated, how fast callers are, how precise, how biased.

Drawn from its tables only (`ml.matcher_curves`, the coefficients), so that they can be drawn again
at any time. Figures without pyplot: no state, no display.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ml.artifacts import MatcherModel

SIZE_INCHES = (5.2, 3.8)
DOTS_PER_INCH = 80

_DRAWN_DEVICE = "mobile"
_LARGEST_CAMPAIGNS = 40
_HOUR = 3600.0
_TICKS = {60: "1 min", 600: "10 min", _HOUR: "1 h", 86_400: "1 day", 604_800: "7 days"}


@dataclass
class _Canvas:
    axes: Axes
    png: bytes = field(default=b"")


def draw_pictures(model: MatcherModel, points: pd.DataFrame) -> dict[str, bytes]:
    """Return PNG by name: reliability, delay, coverage and campaigns.

    Parameters
    ----------
    model : MatcherModel
    points : DataFrame
        From `ml.matching.curves.read_curves`; curves without points are drawn empty.

    Returns
    -------
    dict of bytes
        The same bytes for the same tables and version of matplotlib.
    """
    curves = {name: points[points["curve"] == name] for name in points["curve"].unique()}
    empty = points.head(0)
    return {
        "reliability": draw_reliability(curves.get("reliability", empty)),
        "delay": draw_delay(model.tables["hazard_rates"]),
        "coverage": draw_coverage(curves.get("coverage", empty)),
        "campaigns": draw_campaigns(curves.get("campaign", empty)),
    }


def draw_reliability(points: pd.DataFrame) -> bytes:
    """Draw how often answers are right against how sure they were: on the diagonal at best.

    Parameters
    ----------
    points : DataFrame
        Columns x, y and calls.
    """
    with _drawing("Reliability on hidden calls") as canvas:
        axes = canvas.axes
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        # What a perfectly calibrated bin of as many calls stays within, 19 times of 20.
        spread = 1.96 * (points["x"] * (1 - points["x"]) / points["calls"]) ** 0.5
        axes.errorbar(points["x"], points["y"], yerr=spread, fmt="o", markersize=4, linewidth=1)
        axes.set(xlabel="probability of the likeliest answer", ylabel="share of answers right")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.05))
    return canvas.png


def draw_delay(rates: pd.DataFrame) -> bytes:
    """Draw the rate of calls over the time since the touch, by what was seen of numbers.

    Parameters
    ----------
    rates : DataFrame
        Table hazard_rates.
    """
    with _drawing(f"Calls by time since the touch ({_DRAWN_DEVICE})") as canvas:
        axes = canvas.axes
        drawn = rates[rates["device"] == _DRAWN_DEVICE].sort_values("delay_from_seconds")
        for (kind, state), curve in drawn.groupby(["match_kind", "number_state"]):
            middle = (curve["delay_from_seconds"] * curve["delay_to_seconds"]) ** 0.5
            axes.plot(middle, curve["calls_per_second"] * _HOUR, label=f"{kind}, {state}")
        axes.set(xscale="log", yscale="log", ylabel="calls per hour and touch")
        axes.set_xlim(10, None)
        axes.set_xticks(list(_TICKS), labels=list(_TICKS.values()))
        axes.minorticks_off()
        axes.legend(fontsize=7, frameon=False)
    return canvas.png


def draw_coverage(points: pd.DataFrame) -> bytes:
    """Draw the share of right answers among the surest calls.

    Parameters
    ----------
    points : DataFrame
        Columns x and y.
    """
    with _drawing("Precision against coverage on hidden calls") as canvas:
        axes = canvas.axes
        axes.plot(points["x"], points["y"], marker="o", markersize=3, linewidth=1)
        axes.set(xlabel="coverage: the surest share of the calls", ylabel="share of answers right")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.05))
    return canvas.png


def draw_campaigns(points: pd.DataFrame) -> bytes:
    """Draw what the largest campaigns were given against what came from them.

    Parameters
    ----------
    points : DataFrame
        Columns x and y.
    """
    with _drawing("Campaigns: hidden calls given and true") as canvas:
        axes = canvas.axes
        largest = points.nlargest(_LARGEST_CAMPAIGNS, "x")
        end = 1.08 * float(max(largest["x"].max(), largest["y"].max())) if len(largest) else 1.0
        axes.plot([0, end], [0, end], color="0.7", linewidth=1)
        # Counts of a Poisson law stay within, 19 times of 20.
        axes.errorbar(
            largest["x"],
            largest["y"],
            xerr=1.96 * largest["y"] ** 0.5,
            fmt="o",
            markersize=4,
            linewidth=0.7,
        )
        axes.set(xlabel="calls that came from the campaign", ylabel="sum of probabilities")
        axes.set(xlim=(0, end), ylim=(0, end))
    return canvas.png


@contextmanager
def _drawing(title: str) -> Iterator[_Canvas]:
    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    canvas = _Canvas(figure.subplots())
    canvas.axes.set_title(title, fontsize=10)
    canvas.axes.spines[["top", "right"]].set_visible(False)
    canvas.axes.grid(color="0.92")
    yield canvas
    written = io.BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None})
    canvas.png = written.getvalue()
