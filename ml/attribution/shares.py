"""From counted paths to the share that each step of a path has in its conversions."""

import pandas as pd

from ml.attribution.markov import removal_effects
from ml.attribution.paths import Path, collapsed, parse_path
from ml.attribution.shapley import path_contributions

_COLUMNS = {
    "path": "str",
    "step_number": "int32",
    "channel": "str",
    "markov_share": "float64",
    "shapley_share": "float64",
}


def step_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Return each step's share of its path's conversions, by Markov chain and by Shapley.

    Parameters
    ----------
    counts
        One row per distinct path: `path` (channels between `` > ``), `conversions`,
        `non_conversions`. Their order decides the last digit: bring them sorted. When no path
        repeats a channel at once, repeats count as collapsed.

    Returns
    -------
    pandas.DataFrame
        One row per step of a path that converts: `path`, `step_number` (from 1), `channel`,
        `markov_share`, `shapley_share`. The shares of a path add up to 1 in each model. By the
        chain a step weighs as much as its channel's removal effect; by Shapley the steps of a
        channel divide its share evenly.

    Examples
    --------
    >>> counts = pd.DataFrame(
    ...     {
    ...         "path": ["Direct", "Search", "Search > Direct"],
    ...         "conversions": [1, 1, 3],
    ...         "non_conversions": [1, 3, 1],
    ...     }
    ... )
    >>> step_shares(counts).query("path == 'Search > Direct'")["shapley_share"].round(3).tolist()
    [0.333, 0.667]
    """
    paths = [parse_path(text) for text in counts["path"]]
    conversions = counts["conversions"].to_numpy(dtype=float)
    non_conversions = counts["non_conversions"].to_numpy(dtype=float)
    effects = removal_effects(paths, conversions, non_conversions)
    contributions = path_contributions(
        paths,
        conversions,
        non_conversions,
        is_collapsed=all(collapsed(path) == path for path in paths),
    )
    rows = [
        row
        for text, path, share_of, converted in zip(
            counts["path"], paths, contributions, conversions, strict=True
        )
        if converted > 0
        for row in _steps(text, path, effects, share_of)
    ]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)


def _steps(
    text: str, path: Path, effects: dict[str, float], share_of: dict[str, float]
) -> list[tuple[str, int, str, float, float]]:
    total = sum(effects[channel] for channel in path)
    return [
        (
            text,
            number,
            channel,
            # A path that makes a trillionth of all calls has effects that vanish in rounding.
            effects[channel] / total if total > 0 else 1 / len(path),
            share_of[channel] / path.count(channel),
        )
        for number, channel in enumerate(path, start=1)
    ]
