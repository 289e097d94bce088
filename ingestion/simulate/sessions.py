"""What seen visitors do on the pages: sessions and their events.

One row per session with its first and last event, and one row per event. Taps and forms lie
between the first and the last event of their session, so that they never lengthen it: the lease
of a number ends 30 minutes after the last event, and calls are drawn after leases.
"""

import numpy as np
from numpy.typing import NDArray

from ingestion.simulate.catalog import Catalog
from ingestion.simulate.frames import HOUR_MS, Frame, size, stack, take
from ingestion.simulate.places import Ints
from ingestion.simulate.world import SOURCES

EVENT_TYPES = ("page_view", "number_shown", "number_clicked", "form_submit", "ping")
PAGE_VIEW, NUMBER_SHOWN, NUMBER_CLICKED, FORM_SUBMIT, PING = range(5)
PING_SECONDS = (15, 45, 120, 300, 900, 2100, *range(3600, 9 * 3600, 1500))
"""When an open page reports that it is still open; gaps stay under a session's idle limit."""
_LAST_PAGE_MS = 60_000
"""A ping this close to the end comes from the last page."""
_IDLE_MS = 31 * 60_000


def draw_sessions(catalog: Catalog, visits: Frame) -> tuple[Frame, Frame]:
    """Sessions of the visits that are seen, ordered by start, and their events without taps."""
    sessions = take(visits, ~visits["blocked"])
    rng = catalog.rng("browsing")
    browsing = catalog.world.browsing
    count = size(sessions)
    is_bot = sessions["source"] == SOURCES.index("bot")
    pages = np.minimum(rng.geometric(1 - browsing.next_page, count), browsing.most_pages)
    last_page = 1000 * rng.lognormal(np.log(browsing.last_page_median_seconds), 1.1, count)
    low, high = browsing.open_tab_hours
    open_tab = rng.random(count) < browsing.open_tab_share
    stays = np.where(open_tab, HOUR_MS * rng.uniform(low, high, count), last_page)
    views = _page_views(catalog, rng, sessions["t"], pages)
    last_view = np.maximum.reduceat(views["t"], np.cumsum(pages) - pages)
    closes = last_view + np.minimum(stays, 8 * HOUR_MS).astype(np.int64)
    sessions |= {"pages": pages, "closes": closes, "is_bot": is_bot}
    shown = _numbers_shown(catalog, rng, sessions, views)
    pings = _pings(sessions)
    events = stack([views, shown, pings])
    sessions["last"] = _last_event(events, count)
    sessions["shown"] = sessions["t"].copy()
    first_shown = shown["page"] == 0
    sessions["shown"][shown["session"][first_shown]] = shown["t"][first_shown]
    sessions["last_page"] = last_view
    _separate(sessions)
    return sessions, stack([events, _forms(catalog, sessions)])


def events_at(kind: int, sessions: Frame, rows: Ints, at: Ints) -> Frame:
    """Events of one type in these sessions; the page is the first or the last one."""
    page = np.where(at < sessions["last_page"][rows], 0, sessions["pages"][rows] - 1)
    return _events(kind, rows, at, page)


def _events(kind: int, session: Ints, at: Ints, page: Ints) -> Frame:
    return {"session": session, "type": np.full(len(session), kind), "t": at, "page": page}


def _page_views(catalog: Catalog, rng: np.random.Generator, start: Ints, pages: Ints) -> Frame:
    browsing = catalog.world.browsing
    session = np.repeat(np.arange(len(pages)), pages)
    first = np.cumsum(pages) - pages
    page = np.arange(len(session)) - np.repeat(first, pages)
    median = np.log(browsing.dwell_median_seconds)
    dwell = rng.lognormal(median, browsing.dwell_sigma, len(session)).clip(2.0, 1400.0)
    gap = np.where(page == 0, 0, (1000 * dwell).astype(np.int64))
    run = np.cumsum(gap)
    elapsed = run - np.repeat(run[first], pages)
    return _events(PAGE_VIEW, session, start[session] + elapsed, page)


def _numbers_shown(
    catalog: Catalog, rng: np.random.Generator, sessions: Frame, views: Frame
) -> Frame:
    """The number on the page, just after the first page view and after some of the later."""
    again = rng.random(size(views)) < catalog.world.browsing.shown_again
    waits = rng.integers(250, 1900, size(views))
    shown = ((views["page"] == 0) | again) & ~sessions["is_bot"][views["session"]]
    return _events(
        NUMBER_SHOWN, views["session"][shown], (views["t"] + waits)[shown], views["page"][shown]
    )


def _pings(sessions: Frame) -> Frame:
    schedule = 1000 * np.array(PING_SECONDS)
    open_ms = np.where(sessions["is_bot"], 0, sessions["closes"] - sessions["t"])
    counts = np.searchsorted(schedule, open_ms, side="right")
    session = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(session)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = sessions["t"][session] + schedule[step]
    last_page = sessions["closes"][session] - at < _LAST_PAGE_MS
    return _events(PING, session, at, np.where(last_page, sessions["pages"][session] - 1, 0))


def _last_event(events: Frame, count: int) -> Ints:
    last = np.zeros(count, dtype=np.int64)
    np.maximum.at(last, events["session"], events["t"])
    return last


def _forms(catalog: Catalog, sessions: Frame) -> Frame:
    rng = catalog.rng("forms")
    sends = rng.random(size(sessions)) < catalog.world.browsing.form_share
    long_enough = sessions["last"] > sessions["shown"] + 10_000
    rows = np.flatnonzero(sends & long_enough & ~sessions["is_bot"])
    return events_at(FORM_SUBMIT, sessions, rows, inside(rng, sessions, rows))


def inside(rng: np.random.Generator, sessions: Frame, rows: Ints) -> Ints:
    """An instant between the first number shown and the last event of each session."""
    room = sessions["last"][rows] - sessions["shown"][rows] - 2
    return sessions["shown"][rows] + 1 + (rng.random(len(rows)) * room).astype(np.int64)


def _separate(sessions: Frame) -> None:
    """Two sessions of one visitor never meet: the later one becomes another visitor's."""
    fresh = int(sessions["visitor"].max()) + 1
    while len(rows := _meeting(sessions)):
        sessions["visitor"][rows] = fresh + np.arange(len(rows))
        fresh += len(rows)


def _meeting(sessions: Frame) -> NDArray:
    order = np.lexsort((sessions["t"], sessions["visitor"]))
    visitor, start = sessions["visitor"][order], sessions["t"][order]
    end = sessions["last"][order] + _IDLE_MS
    meets = (visitor[1:] == visitor[:-1]) & (start[1:] < end[:-1])
    return order[1:][meets]
