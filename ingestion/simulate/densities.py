"""Tables that the oracle joins: delay densities and the probabilities of marks.

A delay of u seconds falls into the bin `floor(ln(u) * BINS_PER_E)`; a click of which only the day
is known has its density by the minutes since that day began, averaged over the hours at which
the account's clicks come (exactly: differences of the cumulative curve, hour by hour).
"""

from math import erf

import numpy as np

from ingestion.simulate.callers import null_areas
from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import Frame
from ingestion.simulate.places import Floats
from ingestion.simulate.world import DEVICES

BINS_PER_E = 100
MINUTES = 31 * 1440
"""Delays from the start of a day, up to the window and that day."""
HIDDEN = -1
"""Mark of a call that does not show it: its factor is 1 for every candidate."""

_Mixture = tuple[tuple[float, float, float], ...]
_vector_erf = np.vectorize(erf)


def delay_densities(catalog: Catalog) -> Frame:
    """Rate of first calls (`first`) and of further ones (`again`) per second, by device and bin."""
    delay = catalog.world.delay
    bins = np.arange(int(np.log(delay.window_days * 86400) * BINS_PER_E) + 2)
    seconds = np.exp((bins + 0.5) / BINS_PER_E)
    again = delay.again_rate * _density(delay.again, seconds)
    return {
        "device": np.repeat(np.arange(len(DEVICES)), len(bins)),
        "bin": np.tile(bins, len(DEVICES)),
        "first": np.concatenate([_density(delay.of_device(d), seconds) for d in range(3)]),
        "again": np.tile(again, len(DEVICES)),
    }


def day_densities(catalog: Catalog) -> Frame:
    """The same rates, by device and minutes since the day of the click began."""
    delay = catalog.world.delay
    minutes = np.arange(MINUTES)
    edges = 60.0 * (minutes + 0.5)[:, None] - 3600.0 * np.arange(25)[None, :]
    again = delay.again_rate * _day_density(delay.again, edges, catalog.click_hours)
    first = [_day_density(delay.of_device(d), edges, catalog.click_hours) for d in range(3)]
    return {
        "device": np.repeat(np.arange(len(DEVICES)), MINUTES),
        "minute": np.tile(minutes, len(DEVICES)),
        "first": np.concatenate(first),
        "again": np.tile(again, len(DEVICES)),
    }


def area_probabilities(catalog: Catalog) -> Frame:
    """Probability of an area code by reported city; the city is wrong with `geo_error`."""
    error = catalog.world.traffic.geo_error
    anywhere = catalog.places.city_shares @ catalog.area_given_city
    matrix = (1 - error) * catalog.area_given_city + error * anywhere[None, :]
    return _as_frame(matrix, "city", "area")


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
