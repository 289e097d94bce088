"""Column frames and seeded randomness: the two things every module of the simulator uses.

A frame is a dict of NumPy arrays of one length. Text never sits in a frame: frames hold indices
and numbers, and SQL turns them into text when a feed is written.
"""

import zlib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Frame = dict[str, NDArray]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def generator(seed: int, name: str) -> np.random.Generator:
    """A stream of its own for each part, so that a change in one does not stir the others."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))


def take(frame: Frame, rows: NDArray) -> Frame:
    """The frame at these positions, or where this mask is true."""
    return {name: column[rows] for name, column in frame.items()}


def stack(frames: list[Frame]) -> Frame:
    """Frames of the same columns, one below the other."""
    return {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}


def size(frame: Frame) -> int:
    """Rows of the frame."""
    return len(next(iter(frame.values())))


def choose(rng: np.random.Generator, shares: NDArray, rows: NDArray) -> NDArray:
    """Draw a column index for each entry of `rows`, by that row of the matrix `shares`."""
    cumulative = np.cumsum(shares, axis=1)
    cumulative /= cumulative[:, -1:]
    draws = rng.random(len(rows))
    flat = (cumulative + np.arange(len(shares))[:, None]).ravel()
    picked = np.searchsorted(flat, rows + draws, side="right") - rows * shares.shape[1]
    return np.minimum(picked, shares.shape[1] - 1)


def window_days(last_day: date, days: int) -> list[date]:
    """The days of the simulation, in order."""
    return [last_day - timedelta(days=back) for back in range(days - 1, -1, -1)]


def midnight_ms(day: date, timezone: str) -> int:
    """The instant at which a day begins in a zone, in epoch milliseconds."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return int(midnight.timestamp() * 1000)


def local_hour(at_ms: NDArray, zones: tuple[str, ...], zone: NDArray) -> NDArray:
    """Hour of the local day of each instant, in the zone with that index."""
    if len(at_ms) == 0:
        return np.zeros(0, dtype=np.int64)
    first = int(at_ms.min()) // HOUR_MS
    hours = range(first, int(at_ms.max()) // HOUR_MS + 1)
    table = np.array(
        [
            [
                datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZoneInfo(name)).hour
                for hour in hours
            ]
            for name in zones
        ]
    )
    return table[zone, at_ms // HOUR_MS - first]
