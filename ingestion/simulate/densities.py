"""Tables that the oracle joins: delay densities and the probabilities of marks.

A delay of u seconds falls into the bin `floor(ln(u) * BINS_PER_E)`; a click of which only the day
is known has its density by the minutes since that day began, averaged over the hours at which
the account's clicks come (exactly: differences of the cumulative curve, hour by hour).
"""

from math import erf

import numpy as np

from ingestion.simulate.callers import LANDLINE, home_areas, null_areas
from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import Frame, stack
from ingestion.simulate.places import Floats, Ints
from ingestion.simulate.world import DEVICES

BINS_PER_E = 100
MINUTES = 31 * 1440
"""Delays from the start of a day, up to the window and that day."""
UNLEASED = len(DEVICES)
"""First curve of the touches without a lease."""
HIDDEN = -1
"""Mark of a call that does not show it: its factor is 1 for every candidate."""

_Mixture = tuple[tuple[float, float, float], ...]
_vector_erf = np.vectorize(erf)


def delay_densities(catalog: Catalog) -> Frame:
    """Rate of first calls (`first`) and of further ones (`again`) per second, by curve and bin.

    A curve is a device's, of touches with a lease; those of touches without follow (`UNLEASED`).
    """
    delay = catalog.world.delay
    bins = np.arange(int(np.log(delay.window_days * 86400) * BINS_PER_E) + 2)
    seconds = np.exp((bins + 0.5) / BINS_PER_E)
    curves = [(d, stretch) for stretch in (1.0, delay.unleased_stretch) for d in range(UNLEASED)]
    first = [_density(_stretched(delay.of_device(d), by), seconds) for d, by in curves]
    again = [_density(_stretched(delay.again, by), seconds) for _, by in curves]
    return {
        "curve": np.repeat(np.arange(len(curves)), len(bins)),
        "bin": np.tile(bins, len(curves)),
        "first": np.concatenate(first),
        "again": delay.again_rate * np.concatenate(again),
    }


def _stretched(mixture: _Mixture, by: float) -> _Mixture:
    return tuple((share, median * by, sigma) for share, median, sigma in mixture)


def day_densities(catalog: Catalog) -> Frame:
    """The same rates of clicks without a session, by device and minutes since their day began."""
    delay, by = catalog.world.delay, catalog.world.delay.unleased_stretch
    minutes = np.arange(MINUTES)
    edges = 60.0 * (minutes + 0.5)[:, None] - 3600.0 * np.arange(25)[None, :]
    again = _day_density(_stretched(delay.again, by), edges, catalog.click_hours)
    mixtures = [_stretched(delay.of_device(d), by) for d in range(len(DEVICES))]
    first = [_day_density(mixture, edges, catalog.click_hours) for mixture in mixtures]
    return {
        "device": np.repeat(np.arange(len(DEVICES)), MINUTES),
        "minute": np.tile(minutes, len(DEVICES)),
        "first": np.concatenate(first),
        "again": delay.again_rate * np.tile(again, len(DEVICES)),
    }


def area_probabilities(catalog: Catalog) -> Frame:
    """Probability of an area code by reported city and kind of line (`area_marks`).

    The city is wrong with `geo_error`. An unknown line type takes the mean over devices.
    """
    error, home = catalog.world.traffic.geo_error, catalog.world.marks.landlines_at_home
    landlines = float(np.mean(np.array(catalog.world.marks.lines)[:, LANDLINE]))
    own = home_areas(catalog)
    frames = []
    for line_kind, at_home in enumerate((0.0, home, home * landlines)):
        areas = (1 - at_home) * catalog.area_given_city + at_home * own
        anywhere = catalog.places.city_shares @ areas
        matrix = (1 - error) * areas + error * anywhere[None, :]
        frame = _as_frame(matrix, "city", "area")
        frame["marks"] = area_marks(frame.pop("area"), line_kind)
        frames.append(frame)
    return stack(frames)


def area_marks(area: Ints, line_kind: Ints | int) -> Ints:
    """One number for an area code and what is known of the line: other, landline, unknown."""
    return 3 * area + line_kind


def null_area_probabilities(catalog: Catalog) -> Frame:
    """Probability of an area code of a caller whom no touch explains, by site."""
    return _as_frame(null_areas(catalog), "site", "area")


def line_probabilities(catalog: Catalog) -> Frame:
    """Probability of a line type by device; the row -1 is the null's."""
    marks = catalog.world.marks
    frame = _as_frame(np.array([*marks.lines, marks.null_lines]), "device", "line")
    frame["device"] = np.where(frame["device"] == len(DEVICES), HIDDEN, frame["device"])
    return frame


def _density(mixture: _Mixture, seconds: Floats) -> Floats:
    total = np.zeros(len(seconds))
    for share, median, sigma in mixture:
        z = (np.log(seconds) - np.log(median)) / sigma
        total += share * np.exp(-z * z / 2) / (seconds * sigma * np.sqrt(2 * np.pi))
    return total


def _day_density(mixture: _Mixture, edges: Floats, hours: Floats) -> Floats:
    """Density at an instant, given that the click came in hour h with probability hours[h]."""
    reached = _cumulative(mixture, edges)
    return ((reached[:, :-1] - reached[:, 1:]) * hours[None, :]).sum(axis=1) / 3600.0


def _cumulative(mixture: _Mixture, seconds: Floats) -> Floats:
    """Cumulative curve on the regular grid of `edges`, from its distinct delays."""
    distinct, where = np.unique(seconds, return_inverse=True)
    total = np.zeros(len(distinct))
    positive = distinct > 0
    for share, median, sigma in mixture:
        z = (np.log(distinct[positive]) - np.log(median)) / (sigma * np.sqrt(2))
        total[positive] += share * (1 + _vector_erf(z)) / 2
    return total[where].reshape(seconds.shape)


def _as_frame(matrix: Floats, row: str, column: str) -> Frame:
    """The matrix as rows, with a hidden mark of probability 1 for every row."""
    rows, columns = np.indices(matrix.shape)
    everyone = np.arange(len(matrix))
    return {
        row: np.concatenate([rows.ravel(), everyone]),
        column: np.concatenate([columns.ravel(), np.full(len(matrix), HIDDEN)]),
        "p": np.concatenate([matrix.ravel(), np.ones(len(matrix))]),
    }
