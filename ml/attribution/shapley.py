"""Marginal contributions of the channels of a path, conditional on the path.

Not Shapley's sum over all coalitions, whose worth nobody has observed for most of them, but the
form that fits paths: a channel is worth how much more often this path converts than the path
without it, ``p(path) - p(path without the channel)``. A path that nobody walked converts never.
Contributions below zero count as zero, and a path's contributions are normalised to 1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ml.attribution.paths import Path, without_channel


def path_contributions(
    paths: Sequence[Path],
    conversions: ArrayLike,
    non_conversions: ArrayLike,
    *,
    is_collapsed: bool = True,
) -> list[dict[str, float]]:
    """Return the share of each channel in the conversions of each path.

    Parameters
    ----------
    paths
        Distinct paths, each of at least one channel.
    conversions, non_conversions
        Journeys of each path that converted, and that did not; fractions are fine. Shape
        (n_paths,), values >= 0.
    is_collapsed
        Whether consecutive steps of one channel are one step in `paths`.

    Returns
    -------
    list of dict
        For each path the shares of its channels, which add up to 1. Where no channel contributes,
        all share alike: the path without any of them converts at least as often.

    Examples
    --------
    >>> paths = [("Search",), ("Direct",), ("Search", "Direct")]
    >>> shares = path_contributions(paths, [1, 1, 3], [3, 1, 1])
    >>> shares[2]
    {'Direct': 0.6666666666666666, 'Search': 0.3333333333333333}
    """
    converted = np.asarray(conversions, dtype=float)
    journeys = converted + np.asarray(non_conversions, dtype=float)
    rates = np.divide(converted, journeys, out=np.zeros_like(converted), where=journeys > 0)
    rate_of = dict(zip(paths, rates.tolist(), strict=True))

    shares = []
    for path in paths:
        channels = sorted(set(path))
        gains = [
            max(0.0, rate_of[path] - rate_of.get(rest, 0.0))
            for channel in channels
            for rest in [without_channel(path, channel, is_collapsed=is_collapsed)]
        ]
        total = sum(gains)
        if total == 0:
            gains, total = [1.0] * len(channels), float(len(channels))
        shares.append(
            {channel: gain / total for channel, gain in zip(channels, gains, strict=True)}
        )
    return shares
