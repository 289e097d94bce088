"""One simulation in memory, and its way onto disk."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from ingestion.simulate import feeds, feeds_calls, text
from ingestion.simulate.agency import BUYERS
from ingestion.simulate.callers import caller_numbers, draw_callers
from ingestion.simulate.calls import CALL_KINDS, build_touches, draw_calls, window_ms
from ingestion.simulate.catalog import Catalog
from ingestion.simulate.click_ids import click_ids, social_click_ids
from ingestion.simulate.frames import DAY_MS, Frame, size, stack, take, window_days
from ingestion.simulate.leases import lease_numbers
from ingestion.simulate.numbers import Numbers, assign_numbers
from ingestion.simulate.oracle import posterior
from ingestion.simulate.sessions import EVENT_TYPES, FORM_SUBMIT, NUMBER_CLICKED, draw_sessions
from ingestion.simulate.taps import draw_taps
from ingestion.simulate.telephony import OUTCOMES, STATUSES, describe_calls, draw_outcomes
from ingestion.simulate.traffic import draw_clicks, draw_visits
from ingestion.simulate.truth import write_truth
from ingestion.simulate.world import LINE_TYPES
from ingestion.simulate.writer import write_feed

FEEDS = (
    feeds.WEB_EVENTS,
    feeds.AD_CLICKS,
    feeds.AD_SPEND,
    feeds_calls.CDR,
    feeds_calls.CALL_OUTCOMES,
    feeds_calls.PLATFORM_CALLS,
    feeds_calls.TRACKING_NUMBERS,
    feeds_calls.BUYERS_FEED,
)


@dataclass(frozen=True)
class Simulation:
    """Everything that happened, as arrays."""

    catalog: Catalog
    numbers: Numbers
    clicks: Frame
    sessions: Frame
    events: Frame
    touches: Frame
    calls: Frame
    callers: Frame
    described: Frame
    outcomes: Frame


def run_world(catalog: Catalog) -> Simulation:
    """Draw the whole world; nothing is written."""
    numbers = assign_numbers(catalog)
    clicks = draw_clicks(catalog)
    sessions, events = draw_sessions(catalog, draw_visits(catalog, clicks))
    lease_numbers(catalog, sessions)
    touches = build_touches(catalog, clicks, sessions)
    calls = draw_calls(catalog, numbers, clicks, sessions, touches)
    events = stack([events, draw_taps(catalog, numbers, sessions, touches, calls)])
    events = take(events, np.lexsort((events["type"], events["session"], events["t"])))
    senders = np.unique(events["session"][events["type"] == FORM_SUBMIT])
    callers = draw_callers(catalog, calls, clicks, touches, take(sessions, senders))
    described = describe_calls(catalog, calls, callers)
    return Simulation(
        catalog, numbers, clicks, sessions, events, touches, calls, callers, described,
        draw_outcomes(catalog, calls, described),
    )  # fmt: skip


def write_world(world: Simulation, root: Path, *, has_truth: bool = True) -> dict[str, int]:
    """Write every feed, and the truth unless told not to, below `root`; return rows by feed."""
    with (
        ThreadPoolExecutor(1) as background,
        # One thread, for the bytes; the oracle computes beside it on its own connections.
        duckdb.connect(config={"threads": 1}) as connection,
    ):
        scored = background.submit(_posterior, world) if has_truth else None
        parameters = _load(connection, world)
        dirt = world.catalog.world.dirt
        rows = {feed.name: write_feed(connection, root, feed, dirt, parameters) for feed in FEEDS}
        if scored is not None:
            write_truth(connection, root / "truth.parquet", scored.result(), parameters)
    return rows


def _posterior(world: Simulation) -> tuple[pa.Table, pa.Table]:
    return posterior(
        world.catalog,
        world.numbers,
        clicks=world.clicks,
        touches=world.touches,
        taps=take(world.events, world.events["type"] == NUMBER_CLICKED),
        calls=world.calls,
        described=world.described,
    )


def _load(connection: duckdb.DuckDBPyConnection, world: Simulation) -> dict[str, object]:
    """Fill the tables that the feeds select from; return the values of their parameters."""
    catalog = world.catalog
    connection.execute("set TimeZone = 'UTC'")
    text.load_names(connection, catalog, world.numbers)
    _load_codes(connection)
    days = window_days(catalog.world.last_day, catalog.days)
    text.load_frame(connection, "click_days", "day", {"click_date": np.array(days, dtype="M8[D]")})
    text.load_frame(
        connection, "clicks", "click", world.clicks, click_id=click_ids(catalog, world.clicks)
    )
    count = size(world.sessions)
    shown = world.numbers.dialled_or_fallback(world.sessions["site"], world.sessions["slot"])
    more = {
        "variant": catalog.rng("variants").integers(0, 2**31, count),
        "social_click_id": social_click_ids(catalog, world.sessions["source"]),
        "shown_number": np.where(world.sessions["is_bot"], -1, shown),
    }
    text.load_frame(connection, "sessions", "session", world.sessions, **more)
    text.load_frame(connection, "events", "event", world.events)
    text.load_frame(connection, "touches", "touch", world.touches)
    text.load_frame(connection, "calls", "call", world.calls | world.described)
    text.load_frame(connection, "outcomes", "outcome_row", world.outcomes)
    phones = caller_numbers(catalog, world.callers)
    text.load_frame(connection, "callers", "caller_row", world.callers, phone=phones)
    parameters = _parameters(world)
    seed = {"seed": catalog.seed}
    connection.execute(text.TARGET_TEXT_SQL)
    connection.execute(text.SESSION_TEXT_SQL, seed)
    connection.execute(
        "create table visitor_phones as select caller as visitor, phone from callers"
    )
    connection.execute(feeds_calls.BILLBOARD_SQL)
    connection.execute(feeds_calls.CALL_TEXT_SQL, seed)
    return parameters


def _load_codes(connection: duckdb.DuckDBPyConnection) -> None:
    for table, names in (
        ("event_types", EVENT_TYPES),
        ("call_kinds", CALL_KINDS),
        ("statuses", STATUSES),
        ("line_types", LINE_TYPES),
        ("outcome_names", OUTCOMES),
    ):
        text.load_rows(connection, table, ("code", "name"), list(enumerate(names)))
    columns = tuple(name for name in BUYERS[0].__dataclass_fields__)
    buyers = [(i, *(getattr(buyer, name) for name in columns)) for i, buyer in enumerate(BUYERS)]
    text.load_rows(connection, "buyers", ("buyer", *columns), buyers)


def _parameters(world: Simulation) -> dict[str, object]:
    """Values of the `$names` in the feeds' SQL."""
    catalog = world.catalog
    start, end = window_ms(catalog)
    return {
        "seed": catalog.seed,
        "first_day": catalog.world.last_day - timedelta(days=catalog.days - 1),
        "restated": catalog.world.dirt.restated_spend,
        "moving_billboard": int(world.numbers.billboards[0]),
        "moves_at": start + (end - start) // DAY_MS // 2 * DAY_MS,
    }
