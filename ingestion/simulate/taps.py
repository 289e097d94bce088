"""Taps on a number: those that dial, and those that nothing follows.

A call from a phone while the page is open mostly starts with a tap on the number shown, some
seconds before the network reports it. Taps lie inside their session and never lengthen it.
"""

import numpy as np

from ingestion.simulate.calls import WEB
from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import Frame, size, stack
from ingestion.simulate.numbers import Numbers
from ingestion.simulate.sessions import NUMBER_CLICKED, events_at, inside
from ingestion.simulate.world import DEVICES

PHONE = DEVICES.index("mobile")
TAP_TO_RING_MS = (1500, 8000)
"""A tap that dials comes so long before the call: from the first to just before the second."""


def draw_taps(
    catalog: Catalog, numbers: Numbers, sessions: Frame, touches: Frame, calls: Frame
) -> Frame:
    """Events of every tap."""
    taps = [
        _dialling_taps(catalog, numbers, sessions, touches, calls),
        _idle_taps(catalog, sessions),
    ]
    return stack(taps)


def _dialling_taps(
    catalog: Catalog, numbers: Numbers, sessions: Frame, touches: Frame, calls: Frame
) -> Frame:
    rng = catalog.rng("dialling taps")
    session = touches["session"][calls["touch"]]
    at = calls["t"] - rng.integers(*TAP_TO_RING_MS, size(calls))
    shown = numbers.dialled_or_fallback(sessions["site"], sessions["slot"])[session]
    taps = (calls["kind"] == WEB) & (session >= 0) & (shown == calls["number"])
    taps &= sessions["device"][session] == PHONE
    taps &= (at > sessions["shown"][session]) & (at < sessions["last"][session])
    taps &= rng.random(size(calls)) < catalog.world.dialling.tap
    return events_at(NUMBER_CLICKED, sessions, session[taps], at[taps])


def _idle_taps(catalog: Catalog, sessions: Frame) -> Frame:
    rng = catalog.rng("idle taps")
    phone = (sessions["device"] == PHONE) & ~sessions["is_bot"]
    tapped = phone & (rng.random(size(sessions)) < catalog.world.browsing.idle_tap_share)
    rows = np.flatnonzero(tapped & (sessions["last"] > sessions["shown"] + 2000))
    return events_at(NUMBER_CLICKED, sessions, rows, inside(rng, sessions, rows))
