"""Tests of ml.matching.null_rate: when and where the calls come that no touch brought."""

import numpy as np
import pandas as pd

from ml.matching.null_rate import NullCounter

EAST, WEST = "east.example", "west.example"


def site_hours(opens: int) -> np.ndarray:
    """Factors of a site that answers the phone for eight hours, from `opens` on."""
    hours = np.full(24, 0.05)
    hours[opens : opens + 8] = 1.0
    return hours / hours.mean()


def make_calls(**hours_of_site: list[int]) -> pd.DataFrame:
    """Calls to fallback numbers, of `east` and `west`, without marks."""
    rows = [(f"{site}.example", hour) for site, hours in hours_of_site.items() for hour in hours]
    calls = pd.DataFrame(rows, columns=["site", "call_hour"])
    return calls.assign(
        match_kind="fallback",
        place_key="fallback|" + calls["site"],
        place_numbers=1,
        caller_index=range(len(calls)),
        area_index=0,
        line_index=0,
        is_tapped=False,
    )


def null_rates(calls: pd.DataFrame, **opens: int) -> pd.DataFrame:
    """Calls a second by place and hour, if all these calls came from nobody."""
    by_site = {f"{site}.example": site_hours(first) for site, first in opens.items()}
    hours = np.stack([by_site[site] for site in calls["site"]])
    days = np.full(len(calls), 20.0)
    counter = NullCounter(calls, days, np.zeros((4, 0, 0)), 0, hours)
    return counter.rates(np.ones(len(calls))).rates


def test_a_site_with_few_null_calls_has_them_at_the_hours_at_which_its_visitors_call() -> None:
    calls = make_calls(east=[8, 9, 9, 10, 11, 12, 13, 13, 14, 15] * 6, west=[12, 16])

    rates = null_rates(calls, east=8, west=11)

    east, west = (rates.loc[f"fallback|{site}"] for site in (EAST, WEST))
    assert west[[16, 17, 18]].min() > 3 * west[[8, 9, 10]].max()
    assert east[[8, 9, 10]].min() > 3 * east[[16, 17, 18]].max()


def test_null_callers_of_all_sites_may_keep_other_hours_than_visitors() -> None:
    # Nobody calls in the morning; a third site that has not shown it yet follows the others.
    calls = make_calls(east=[13, 14, 15] * 40, west=[13, 14, 15] * 40, new=[13, 14])

    new = null_rates(calls, east=8, west=8, new=8).loc["fallback|new.example"]

    assert new[[13, 14, 15]].min() > 3 * new[[8, 9, 10]].max()


def test_no_call_at_all_gives_no_place() -> None:
    calls = make_calls(east=[9]).head(0)
    counter = NullCounter(calls, np.zeros(0), np.zeros((4, 0, 0)), 0, np.zeros((0, 24)))

    assert counter.rates(np.zeros(0)).rates.empty
