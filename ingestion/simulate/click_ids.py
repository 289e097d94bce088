"""Click ids in the shapes that real ones have.

Google's `gclid` is base64url of a protobuf. Measured on real ids: those that begin `EAIaIQob`
hold the click's microsecond at field 3.1.1.1; those that begin `Cj0KCQ` or `CjwKCA` hold at
1.1.1 midnight Pacific of the click's day, *in seconds*. The rest is opaque and drawn at random.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import DAY_MS, Frame, midnight_ms, size
from ingestion.simulate.places import Ints
from ingestion.simulate.traffic import FBCLID, GBRAID, GCLID, MSCLKID, WBRAID
from ingestion.simulate.world import SOURCES

Bytes = NDArray[np.uint8]

_PACIFIC = "America/Los_Angeles"
_LONG_OF_256 = 90
"""Of 256 day-holding gclids, those of the longer `Cj0KCQ` form."""
_TAIL = (0xF0, 0xFF, 0x07, 0x01)
_ALPHABET = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", dtype=np.uint8
)


def click_ids(catalog: Catalog, clicks: Frame) -> NDArray:
    """One id per click, unique by its random part."""
    rng = catalog.rng("click ids")
    noise = rng.integers(0, 256, (size(clicks), 64), dtype=np.uint8)
    micros = clicks["t"] * 1000 + rng.integers(0, 1000, size(clicks))
    seconds = pacific_midnights(clicks["t"]) // 1000
    is_long = noise[:, 0] < _LONG_OF_256
    gclids = np.where(is_long, _day_gclid(seconds, noise, 2), _day_gclid(seconds, noise, 1))
    gclids = np.where(clicks["holds_time"], _instant_gclid(micros, noise), gclids)
    ids = np.empty(size(clicks), dtype="U96")
    for kind, texts in (
        (GCLID, gclids),
        (GBRAID, np.char.add("0AAAAA", _base64url(noise[:, :18]))),
        (WBRAID, np.char.add("ClsKCA", _base64url(noise[:, :42]))),
        (MSCLKID, _hexadecimal(noise[:, :16])),
        (FBCLID, np.char.add("IwAR", _base64url(noise[:, :42]))),
    ):
        ids = np.where(clicks["id_kind"] == kind, texts, ids)
    return ids


def social_click_ids(catalog: Catalog, source: Ints) -> pa.Array:
    """`fbclid`s of unpaid links: Facebook adds one to every link that it shows."""
    social = source == SOURCES.index("organic_social")
    count = int(social.sum())
    noise = catalog.rng("social click ids").integers(0, 256, (count, 42), dtype=np.uint8)
    ids = pa.array(np.char.add("IwAR", _base64url(noise)), type=pa.string())
    rows = np.where(social, np.cumsum(social) - 1, 0)
    return ids.take(pa.array(rows, mask=~social))


def pacific_midnights(at_ms: Ints) -> Ints:
    """Midnight Pacific time of the day of each instant, in epoch milliseconds."""
    zone = ZoneInfo(_PACIFIC)
    first = datetime.fromtimestamp(int(at_ms.min()) / 1000, UTC).astimezone(zone).date()
    last = datetime.fromtimestamp(int(at_ms.max()) / 1000, UTC).astimezone(zone).date()
    days = [first.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
    midnights = np.array([midnight_ms(day, _PACIFIC) for day in days])
    if np.diff(midnights).max(initial=0) > 2 * DAY_MS:
        raise ValueError("days of the window are not consecutive")
    return midnights[np.searchsorted(midnights, at_ms, side="right") - 1]


def _instant_gclid(micros: Ints, noise: Bytes) -> NDArray:
    """`EAIaIQobChMI...`: 3 { 1 { 1 { 1: micros, 2 and 3: fixed32 }, 2: 0 ... }, 2: bytes }."""
    columns = (
        _constant(noise, 0x10, 0x02, 0x1A, 0x21, 0x0A, 0x1B, 0x0A, 0x13, 0x08),
        _varint(micros, 8),
        _constant(noise, 0x15),
        noise[:, 1:5],
        _constant(noise, 0x1D),
        noise[:, 5:9],
        _constant(noise, 0x10, 0x00, 0x18, 0x01, 0x20, 0x00, 0x12, 0x02),
        noise[:, 9:11],
        _constant(noise, *_TAIL),
    )
    return _base64url(np.hstack(columns))


def _day_gclid(seconds: Ints, noise: Bytes, extra: int) -> NDArray:
    """`Cj0KCQ...` or `CjwKCA...`: 1 { 1 { 1: seconds, 2: varint }, 2: bytes, 3: bytes }, 2: 2."""
    small = noise[:, 1:2] & 0x7F
    varint = small if extra == 1 else np.hstack([noise[:, 1:2] | 0x80, noise[:, 2:3] & 1])
    columns = (
        _constant(noise, 0x0A, 0x3B + extra, 0x0A, 0x07 + extra, 0x08),
        _varint(seconds, 5),
        _constant(noise, 0x10),
        varint,
        _constant(noise, 0x12, 0x2C, 0x00),
        noise[:, 3:46],
        _constant(noise, 0x1A, 0x02),
        noise[:, 46:48],
        _constant(noise, 0x10, 0x02, *_TAIL),
    )
    return _base64url(np.hstack(columns))


def _constant(noise: Bytes, *values: int) -> Bytes:
    return np.broadcast_to(np.array(values, dtype=np.uint8), (len(noise), len(values)))


def _varint(values: Ints, length: int) -> Bytes:
    groups = (values[:, None] >> (7 * np.arange(length))) & 0x7F
    groups[:, :-1] |= 0x80
    return groups.astype(np.uint8)


def _base64url(rows: Bytes) -> NDArray:
    """Unpadded base64url of each row, as text."""
    count, length = rows.shape
    padded = np.zeros((count, -(-length // 3) * 3), dtype=np.uint32)
    padded[:, :length] = rows
    triples = padded.reshape(count, -1, 3)
    words = (triples[..., 0] << 16) | (triples[..., 1] << 8) | triples[..., 2]
    digits = (words[..., None] >> np.array([18, 12, 6, 0])) & 0x3F
    letters = _ALPHABET[digits.reshape(count, -1)][:, : -(-length * 8 // 6)]
    return _as_text(letters)


def _hexadecimal(rows: Bytes) -> NDArray:
    alphabet = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    digits = np.stack([rows >> 4, rows & 15], axis=-1).reshape(len(rows), -1)
    return _as_text(alphabet[digits])


def _as_text(letters: Bytes) -> NDArray:
    width = letters.shape[1]
    return np.ascontiguousarray(letters).view(f"S{width}").ravel().astype(f"U{width}")
