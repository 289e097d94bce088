"""Sums of pair weights by call and cell: all that fitting needs of the pairs.

One row per unlabelled call, one column per cell (class x device x delay bin). The rounds of
`ml.matching.null_rate` run on this sparse matrix; the pairs themselves are read once.
"""

import numpy as np
import pandas as pd
from scipy import sparse

from ml.matching.delays import DAY_GRID_SECONDS, FIT_BINS_PER_OCTAVE, bin_sql, day_kernel
from ml.matching.settings import DEVICES, PAIR_CLASSES, SEES_NUMBER, UNSEEN, MatcherSettings
from ml.matching.weighed_pairs import GROUPS, lean_pairs
from ml.sql import Sql

_SUMS = """
with pairs as (
{pairs}
)

select
    -- One key and no order: three keys cost a third more, and the matrix sorts by itself.
    cast(call_index as bigint) * {columns}
    + group_index * {steps} + {step} as cell,
    sum(cast(base * 1e6 as bigint)) / 1e6 as weight

from pairs

group by cell
"""

_SMALLEST_TAP_SHARE = 0.05


def cell_weights(
    sql: Sql, settings: MatcherSettings, place_count: int, edges: np.ndarray, hours: np.ndarray
) -> sparse.csr_matrix:
    """Sum the weights of all pairs of matcher_pair_calls by call and cell.

    Parameters
    ----------
    sql : Sql
    settings : MatcherSettings
    place_count : int
        Number of places in matcher_area_factors.
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins of fitting, in seconds.
    hours : ndarray of shape (24,)
        Share of clicks by local hour, for clicks of which only the day is known.

    Returns
    -------
    csr_matrix of shape (n_calls, n_classes * n_devices * n_bins)
        Rows in the order of call_index.
    """
    queries = lean_pairs(place_count, settings)
    calls = sql.frame("select call_index from matcher_pair_calls order by call_index")
    index = calls["call_index"].to_numpy(dtype=int)
    bins = len(edges) - 1
    by_bin = bin_sql("since", FIT_BINS_PER_OCTAVE)
    total = sparse.csr_matrix((len(index), GROUPS * bins))
    for name in ("pool", "fallback"):
        step = f"least({by_bin}, {bins - 1})"
        total = total + _sum_pairs(sql, queries[name], step, index, (GROUPS, bins))
    kernel = day_kernel(edges, hours, settings.lookback_seconds)
    step = f"cast(floor(since / {DAY_GRID_SECONDS}) as integer)"
    by_step = _sum_pairs(sql, queries["day"], step, index, (len(DEVICES), len(kernel)))
    for device in range(len(DEVICES)):
        block = by_step[:, device * len(kernel) : (device + 1) * len(kernel)] @ kernel
        group = UNSEEN * len(DEVICES) + device
        before = sparse.csr_matrix((len(index), group * bins))
        after = sparse.csr_matrix((len(index), (GROUPS - group - 1) * bins))
        total = total + sparse.hstack([before, sparse.csr_matrix(block), after])
    return total.tocsr()


def _sum_pairs(
    sql: Sql, pairs: str, step: str, index: np.ndarray, shape: tuple[int, int]
) -> sparse.csr_matrix:
    """Sum by call and column: as many groups and steps of the delay as `shape` says."""
    groups, steps = shape
    columns = groups * steps
    query = _SUMS.format(pairs=pairs, columns=columns, steps=steps, step=step)
    sums = sql.frame(query)
    call, column = np.divmod(sums["cell"].to_numpy(dtype=int), columns)
    rows = np.searchsorted(index, call)
    weight = sums["weight"].to_numpy(dtype=float)
    # Duplicates there are none; what this leaves in order are the columns of each row.
    matrix = sparse.coo_matrix((weight, (rows, column)), shape=(len(index), columns)).tocsr()
    matrix.sum_duplicates()
    return matrix


def tap_multipliers(taps: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by what a tap, and the absence of one, multiplies the rate of each cell.

    Parameters
    ----------
    taps : ndarray of shape (n_devices, n_octaves)
        Share of calls that come with a tap, by octave of delay.
    edges : ndarray of shape (n_bins + 1,)
        Edges of delay bins in seconds.

    Returns
    -------
    tapped, untapped : ndarray of shape (n_classes, n_devices, n_bins)
        1 and 1 for the classes that do not have the number on the page.
    """
    octave = np.log2((edges[:-1] + edges[1:]) / 2 + 1.0).astype(int)
    by_bin = taps[:, np.minimum(octave, taps.shape[1] - 1)]
    tapped = np.ones((len(PAIR_CLASSES), *by_bin.shape))
    untapped = np.ones_like(tapped)
    for pair_class in SEES_NUMBER:
        # A tap that was seen says that taps are seen, however few came before calls so far.
        tapped[pair_class] = np.maximum(by_bin, _SMALLEST_TAP_SHARE)
        untapped[pair_class] = 1.0 - by_bin
    return tapped, untapped


def weigh_calls(
    weights: sparse.csr_matrix,
    calls: pd.DataFrame,
    multipliers: tuple[np.ndarray, np.ndarray],
    lines: np.ndarray,
) -> sparse.csr_matrix:
    """Return the weights times each call's hour factor and the factors of its tap and line type.

    Parameters
    ----------
    weights : csr_matrix of shape (n_calls, n_cells)
    calls : DataFrame of shape (n_calls, >= 2)
        hour_factor, is_tapped and line_index.
    multipliers : tuple of ndarray
        From `tap_multipliers`.
    lines : ndarray of shape (n_types + 1, n_devices)
        From `ml.matching.marks.line_factors`.
    """
    tapped = calls["is_tapped"].to_numpy(dtype=int)
    line = calls["line_index"].to_numpy(dtype=int)
    device = np.broadcast_to(np.arange(len(DEVICES))[:, None], multipliers[0].shape).ravel()
    row, cell = weights.tocoo().coords
    by_tap = np.stack([multipliers[1].ravel(), multipliers[0].ravel()])
    factor = by_tap[tapped[row], cell] * lines[line[row], device[cell]]
    factor = factor * calls["hour_factor"].to_numpy(dtype=float)[row]
    return sparse.csr_matrix((weights.data * factor, weights.indices, weights.indptr),
        shape=weights.shape)  # fmt: skip
