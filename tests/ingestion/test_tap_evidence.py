"""Tests of ingestion.simulate.tap_evidence: what a tap, and its absence, says of who called."""

import duckdb
import pytest

from ingestion.simulate import World
from ingestion.simulate.tap_evidence import tap_factors_sql

RING = 1_000_000
DIALS, IDLE = World().dialling.tap, World().browsing.idle_tap_share
OPEN = (RING - 60_000, RING + 40_000)
"""When the page was open, in milliseconds: 100 seconds, the last before the ring among them."""
AN_IDLE_TAP = IDLE / 100_000
"""Idle taps a millisecond on such a page."""


def factor_of(page: tuple[int, int], taps: tuple[int, ...], dialled: int = 7) -> float | None:
    """Factor of a phone whose page, open from and to `page`, showed number 7; None without one."""
    with duckdb.connect() as connection:
        connection.execute(
            f"create table calls as select 1 as call, {dialled} as number, {RING} as t"
        )
        connection.execute(
            "create table pages as select 5 as touch, 7 as number, 9 as session,"
            f" {page[0]} as shown, {page[1]} as last"
        )
        connection.execute(
            f"create table taps as select 9 as session, unnest({list(taps)}::bigint[]) as t"
        )
        found = connection.sql(tap_factors_sql(World())).fetchall()
    return found[0][2] if found else None


def test_an_open_page_without_a_tap_leaves_those_who_do_not_tap() -> None:
    assert factor_of(OPEN, ()) == pytest.approx(1 - DIALS)


def test_a_tap_seconds_before_the_ring_outweighs_idle_taps() -> None:
    found = factor_of(OPEN, (RING - 3000,))

    assert found == pytest.approx(1 - DIALS + DIALS / 6500 / AN_IDLE_TAP)


def test_a_tap_minutes_earlier_dialled_nothing() -> None:
    assert factor_of(OPEN, (RING - 50_000,)) == pytest.approx(1 - DIALS)


def test_a_page_that_closed_amid_these_seconds_counts_by_their_share() -> None:
    closed = (RING - 60_000, RING - 8000 + 1625)

    assert factor_of(closed, ()) == pytest.approx(1 - DIALS / 4)


@pytest.mark.parametrize(
    ("page", "dialled"),
    [
        pytest.param((RING - 60_000, RING - 9000), 7, id="the page was closed"),
        pytest.param((RING - 1000, RING + 9000), 7, id="the page had only just opened"),
        pytest.param(OPEN, 8, id="another number stood on it"),
    ],
)
def test_who_could_not_tap_the_number_is_not_judged_by_taps(
    page: tuple[int, int], dialled: int
) -> None:
    assert factor_of(page, (), dialled) is None
