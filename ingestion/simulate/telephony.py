"""What the telephone network and the buyers make of a call.

IVR choice, buyer, ring and talk time, status, line quality and cost per call; then the outcomes
that buyers report: qualified by talk time, duplicate within the buyer's window, sales and refunds.
None of it depends on which touch made the call, so none of it is evidence for the oracle.
"""

import numpy as np

from ingestion.simulate.agency import BUYERS, IVR_CHOICES
from ingestion.simulate.calls import ROBOCALL
from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import DAY_MS, Frame, choose, local_hour, size, stack
from ingestion.simulate.places import Floats, Ints

STATUSES = ("completed", "no-answer", "busy", "canceled", "failed")
OUTCOMES = ("qualified", "disqualified", "duplicate", "sale", "refund")
QUALIFIED, DISQUALIFIED, DUPLICATE, SALE, REFUND = range(5)
VERTICALS = tuple(IVR_CHOICES)
IVR_ROWS = tuple((vertical, *choice) for vertical in VERTICALS for choice in IVR_CHOICES[vertical])
_OPENS, _CLOSES, _IVR_SHARE = 8, 20, 0.93
_ANSWERED_OPEN, _ANSWERED_CLOSED = 0.9, 0.55
_MISSED = np.array([[0.0, 0.68, 0.1, 0.17, 0.05]])
_SALE_SHARE, _REFUND_SHARE = 0.22, 0.05


def describe_calls(catalog: Catalog, calls: Frame, callers: Frame) -> Frame:
    """Add the carrier's and the buyer's side to the calls, in their order."""
    rng = catalog.rng("telephony")
    count = size(calls)
    vertical = np.array([VERTICALS.index(s.vertical) for s in catalog.world.sites])[calls["site"]]
    robot = calls["kind"] == ROBOCALL
    hour = local_hour(calls["t"], catalog.zones, catalog.site_zone[calls["site"]])
    is_open = (hour >= _OPENS) & (hour < _CLOSES)
    reached = rng.random(count) < np.where(is_open, _ANSWERED_OPEN, _ANSWERED_CLOSED)
    answered = reached | robot
    ring = rng.integers(3, 26, count)
    talk = np.clip(rng.lognormal(np.log(150), 1.1, count), 2, 5400).astype(np.int64)
    talk = np.where(robot, rng.integers(0, 3, count), talk)
    missed = choose(rng, _MISSED, np.zeros(count, dtype=int))
    at = np.searchsorted(callers["caller"], calls["caller"])
    withheld = rng.random(count) < catalog.world.marks.withheld
    unknown_line = rng.random(count) < catalog.world.marks.line_unknown
    talk = np.where(answered, talk, 0)
    return {
        "caller_row": at,
        "vertical": vertical,
        "answered": answered,
        "status": np.where(answered, 0, missed),
        "ring": ring,
        "talk": talk,
        "duration": ring + talk,
        "buyer": choose(rng, _by_vertical([b.share for b in BUYERS]), vertical),
        "ivr": choose(rng, _ivr_shares(), vertical),
        "has_ivr": ~robot & (rng.random(count) < _IVR_SHARE),
        "mos": np.clip(rng.normal(4.15, 0.25, count), 1.0, 5.0).round(2),
        "jitter": rng.gamma(2.0, 3.5, count).round(1),
        "loss": (rng.exponential(0.35, count)).round(2),
        "cost_micros": 8500 * (1 + (ring + talk) // 60),
        "withheld": withheld,
        "area": np.where(withheld, -1, callers["area"][at]),
        "line": np.where(withheld | unknown_line, -1, callers["line"][at]),
        "is_late": rng.random(count) < catalog.world.dirt.late_versions,
        "is_repeat": _is_repeat(calls),
    }


def draw_outcomes(catalog: Catalog, calls: Frame, described: Frame) -> Frame:
    """Outcomes that buyers report: one verdict per answered call, then sales and refunds."""
    rng = catalog.rng("outcomes")
    buyer = described["buyer"]
    shortest = np.array([b.min_talk_seconds for b in BUYERS])[buyer]
    rows = np.flatnonzero(described["answered"] & (calls["kind"] != ROBOCALL))
    long_enough = described["talk"] >= shortest
    duplicate = long_enough & _called_before(calls, described, long_enough)
    verdict = np.where(duplicate, DUPLICATE, np.where(long_enough, QUALIFIED, DISQUALIFIED))
    payout = np.array([b.payout for b in BUYERS], dtype=float)[buyer]
    qualified = rows[verdict[rows] == QUALIFIED]
    sold = qualified[rng.random(len(qualified)) < _SALE_SHARE]
    refunded = qualified[rng.random(len(qualified)) < _REFUND_SHARE]
    hour = 3_600_000
    verdict_at = (
        calls["t"] + 1000 * described["duration"] + rng.integers(60_000, 6 * hour, size(calls))
    )
    parts = [
        _outcome(
            rows, verdict[rows], np.where(verdict[rows] == QUALIFIED, payout[rows], 0.0), verdict_at
        ),
        _outcome(
            sold,
            SALE,
            (payout[sold] * rng.uniform(0.3, 2.0, len(sold))).round(2),
            verdict_at + DAY_MS,
        ),
        _outcome(refunded, REFUND, -payout[refunded], verdict_at + 5 * DAY_MS),
    ]
    outcomes = stack(parts)
    outcomes["is_restated"] = rng.random(size(outcomes)) < catalog.world.dirt.late_versions
    return outcomes


def _outcome(rows: Ints, outcome: int | Ints, revenue: Floats, at: Ints) -> Frame:
    return {
        "call": rows,
        "outcome": np.broadcast_to(np.asarray(outcome), rows.shape).copy(),
        "revenue": revenue,
        "t": at[rows],
    }


def _by_vertical(shares: list[float]) -> Floats:
    """Buyers' shares (columns) of each vertical's calls (rows)."""
    matrix = np.zeros((len(VERTICALS), len(BUYERS)))
    for column, buyer in enumerate(BUYERS):
        matrix[VERTICALS.index(buyer.vertical), column] = shares[column]
    return matrix


def _ivr_shares() -> Floats:
    """Shares of the IVR choices (columns), falling by rank within each vertical (rows)."""
    matrix = np.zeros((len(VERTICALS), len(IVR_ROWS)))
    for row, vertical in enumerate(VERTICALS):
        columns = [i for i, choice in enumerate(IVR_ROWS) if choice[0] == vertical]
        matrix[row, columns] = 1 / (1 + np.arange(len(columns)))
    return matrix


def _is_repeat(calls: Frame) -> Ints:
    order = np.lexsort((calls["t"], calls["caller"]))
    repeats = np.zeros(size(calls), dtype=bool)
    same = calls["caller"][order][1:] == calls["caller"][order][:-1]
    repeats[order[1:][same]] = True
    return repeats


def _called_before(calls: Frame, described: Frame, long_enough: Ints) -> Ints:
    """Calls whose caller had a long enough call with the same buyer within its window."""
    rows = np.flatnonzero(long_enough)
    order = rows[np.lexsort((calls["t"][rows], described["buyer"][rows], calls["caller"][rows]))]
    window = np.array([b.duplicate_window_days for b in BUYERS])[described["buyer"][order]]
    same = (calls["caller"][order][1:] == calls["caller"][order][:-1]) & (
        described["buyer"][order][1:] == described["buyer"][order][:-1]
    )
    near = calls["t"][order][1:] - calls["t"][order][:-1] < window[1:] * DAY_MS
    before = np.zeros(size(calls), dtype=bool)
    before[order[1:][same & near]] = True
    return before
