"""Delay from touch to call: bins, the curve before any data, hours of the day, days without a time.

A delay of s seconds falls into bin floor(n * log2(s + 1)) of n bins an octave: calls come within
minutes or after days, and the same relative width serves both. Fitting uses 4 bins an octave,
scoring 8, which costs less than 0.002 nat against the continuous curve.
"""

import numpy as np
from scipy.special import ndtr

FIT_BINS_PER_OCTAVE = 4
SCORE_BINS_PER_OCTAVE = 8
DAY_GRID_SECONDS = 600
"""Step of the time since the start of a day whose click has no time of day."""

_PRIOR_CALLS_PER_TOUCH = 0.05
_PRIOR_PARTS = ((0.75, 240.0, 1.3), (0.25, 86_400.0, 1.6))
"""(share, median in seconds, sigma of the logarithm): most within minutes, some after days."""


def bin_edges(lookback_seconds: float, per_octave: int) -> np.ndarray:
    """Return the edges of the delay bins up to the lookback, in seconds; the last bin is cut.

    Examples
    --------
    >>> bin_edges(7, 1).tolist()
    [0.0, 1.0, 3.0, 7.0]
    """
    count = int(np.ceil(per_octave * np.log2(lookback_seconds + 1.0) - 1e-9))
    return np.append(np.exp2(np.arange(count) / per_octave) - 1.0, lookback_seconds)


def bin_sql(delay: str, per_octave: int) -> str:
    """Return the SQL expression of the bin of the delay in seconds that `delay` names.

    Examples
    --------
    >>> bin_sql("delay_seconds", 4)
    'cast(floor(4 * log2(delay_seconds + 1)) as integer)'
    """
    return f"cast(floor({per_octave} * log2({delay} + 1)) as integer)"


def prior_rate(edges: np.ndarray) -> np.ndarray:
    """Return calls per second and touch in each bin, before any data.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Edges of the bins in seconds.

    Returns
    -------
    ndarray of shape (n_bins,)
    """
    logs = np.log(np.maximum(edges, 1e-9))
    share = sum(
        weight * ndtr((logs - np.log(median)) / sigma) for weight, median, sigma in _PRIOR_PARTS
    )
    return _PRIOR_CALLS_PER_TOUCH * np.diff(share) / np.diff(edges)


def hour_fold(edges: np.ndarray) -> np.ndarray:
    """Return where on the clock a delay from a given hour ends.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins in seconds.

    Returns
    -------
    ndarray of shape (24, n_bins, 24)
        Share of the instants of a bin, after a touch in the first hour, that fall into the
        second hour. Rows sum to 1.
    """
    starts = (np.arange(6) + 0.5) / 6
    steps = (np.arange(144) + 0.5) / 144
    lower, width = edges[:-1], np.diff(edges)
    delays = (lower[:, None] + width[:, None] * steps) / 3600.0
    hours = np.floor(starts[None, :, None] + delays[:, None, :]).astype(int) % 24
    first = np.stack([(hours == hour).mean(axis=(1, 2)) for hour in range(24)], axis=1)
    return np.stack([np.roll(first, shift, axis=1) for shift in range(24)])


def day_kernel(edges: np.ndarray, click_hours: np.ndarray, lookback_seconds: float) -> np.ndarray:
    """Return how the delay of a click of a known day spreads over the delay bins.

    The click lies somewhere in the 24 hours from the start of its day, by the share of clicks
    in each hour and evenly within one. Integrated exactly over every hour, since the curve falls
    by orders of magnitude within minutes.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins in seconds.
    click_hours : ndarray of shape (24,)
        Share of clicks by local hour; sums to 1.
    lookback_seconds : float
        Longest delay in seconds.

    Returns
    -------
    ndarray of shape (n_steps, n_bins)
        Row i: a call at (i + 0.5) * DAY_GRID_SECONDS after the start of the click's day. Entry:
        share of the possible click instants whose delay falls into the bin.
    """
    steps = int(np.ceil((lookback_seconds + 86_400) / DAY_GRID_SECONDS))
    since = (np.arange(steps) + 0.5) * DAY_GRID_SECONDS
    kernel = np.zeros((steps, len(edges) - 1))
    for hour in range(24):
        longest = np.maximum(since - 3600.0 * hour, 0.0)[:, None]
        shortest = np.maximum(since - 3600.0 * (hour + 1), 0.0)[:, None]
        overlap = np.minimum(longest, edges[None, 1:]) - np.maximum(shortest, edges[None, :-1])
        kernel += click_hours[hour] / 3600.0 * np.maximum(overlap, 0.0)
    return kernel
