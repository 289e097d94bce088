"""Known calls, made while a lease was live, and what is counted on them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.matching.delays import hour_fold
from ml.matching.hazard import hour_factors, live_rates
from ml.matching.settings import DEVICES
from ml.sql import Sql, number_literal, put_table

_KNOWN = """
create or replace temp table matcher_known as
select
    calls.call_index,
    calls.call_id,
    touches.touch_index as live_touch_index,
    calls.call_second,
    calls.call_hour,
    calls.site,
    calls.area_code,
    calls.line_type,
    touches.device_id,
    touches.state,
    touches.city,
    calls.call_second - touches.touch_second as delay,
    calls.tap_touch_index is not null as is_tapped,
    cast(hash(calls.call_id) % 10 as integer) as fold

from intermediate.int_known_calls as labels

inner join matcher_calls as calls
    on labels.call_id = calls.call_id

inner join matcher_touches as touches
    on labels.touch_id = touches.touch_id

where
    labels.label_source = 'live_lease'
    and labels.match_kind = 'pool'
    and calls.call_second >= touches.touch_second
    and calls.call_second < touches.touch_second + {lookback}
"""

_LEASE_DELAYS = """
create or replace temp table matcher_lease_delays as
with delays as (

    select
        leases.touch_index,
        touches.device_id,
        greatest(leases.start_second - touches.touch_second, 0) as delay_from,
        least(leases.end_second, {data_to}) - touches.touch_second as delay_to

    from matcher_leases as leases

    inner join matcher_touches as touches
        on leases.touch_index = touches.touch_index

)

select
    *,
    {bin_from} as bin_from,
    {bin_to} as bin_to

from delays

where delay_to > delay_from
"""

_SITE_HOURS = """
with expected as (

    select
        leases.touch_index,
        sum(
            ends.cumulative + ends.rate * (leases.delay_to - ends.delay_from)
            - starts.cumulative - starts.rate * (leases.delay_from - starts.delay_from)
        ) as expected_calls

    from matcher_lease_delays as leases

    inner join matcher_live_curve as starts
        on leases.device_id = starts.device_id and leases.bin_from = starts.bin

    inner join matcher_live_curve as ends
        on leases.device_id = ends.device_id and leases.bin_to = ends.bin

    group by leases.touch_index

)

select
    groups.hour_group,
    touches.touch_hour as hour,
    sum(cast(round(expected.expected_calls * 1e12) as bigint)) / 1e12 as expected_calls

from expected

inner join matcher_touches as touches
    on expected.touch_index = touches.touch_index

inner join matcher_hour_groups as groups
    on touches.site = groups.site

group by groups.hour_group, touches.touch_hour
"""

_ROUNDS = 3
_GROUP_MINIMUM_CALLS = 100
_MOST_HOUR_GROUPS = 40
_SITE_HOUR_PRIOR_CALLS = 5.0


@dataclass(frozen=True)
class DataWindow:
    """First and last moment of the data, in seconds since 1970."""

    start_second: float
    end_second: float

    @property
    def days(self) -> float:
        """Length in days, at least one."""
        return max((self.end_second - self.start_second) / 86_400.0, 1.0)

    @property
    def end(self) -> pd.Timestamp:
        """The last moment, naive UTC."""
        return pd.Timestamp(self.end_second, unit="s")


@dataclass(frozen=True)
class LiveCurve:
    """Rate of calls within live leases.

    Attributes
    ----------
    rates : ndarray of shape (n_devices, n_bins)
        Calls per second and touch of propensity 1.
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins in seconds.
    hours : ndarray of shape (24,)
        Factors of the local hours, of mean 1.
    """

    rates: np.ndarray
    edges: np.ndarray
    hours: np.ndarray


def data_window(sql: Sql) -> DataWindow:
    """Return from the first call to the last call or touch; a day at 1970 when there is none."""
    found = sql.frame("""
        select
            (select min(call_second) from matcher_calls) as start_second,
            greatest(
                (select max(call_second) from matcher_calls),
                (select max(touch_second) from matcher_touches where not is_day_only)
            ) as end_second
    """)
    start, end = (found[name][0] for name in ("start_second", "end_second"))
    if pd.isna(start) or pd.isna(end):
        return DataWindow(0.0, 86_400.0)
    return DataWindow(float(start), float(end))


def build_known(sql: Sql, edges: np.ndarray) -> pd.DataFrame:
    """Create matcher_known and return it with the delay's bin and octave.

    Parameters
    ----------
    sql : Sql
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins in seconds.
    """
    sql.execute(_KNOWN.format(lookback=number_literal(edges[-1])))
    known = sql.frame("select * from matcher_known order by call_index")
    delay = known["delay"].to_numpy(dtype=float)
    bins = np.clip(np.searchsorted(edges, delay, side="right") - 1, 0, len(edges) - 2)
    return known.assign(bin=bins, delay_octave=np.floor(np.log2(delay + 1.0)).astype(int))


def build_lease_delays(sql: Sql, data_to: float, bin_from: str, bin_to: str) -> None:
    """Create matcher_lease_delays: each lease as an interval of delays, with its bins."""
    sql.execute(
        _LEASE_DELAYS.format(data_to=number_literal(data_to), bin_from=bin_from, bin_to=bin_to)
    )


def count_live_rates(known: pd.DataFrame, seconds: np.ndarray, edges: np.ndarray) -> LiveCurve:
    """Return the live curve and the hour factors, each counted with the other held.

    Parameters
    ----------
    known : DataFrame
        device_id, bin, call_hour.
    seconds : ndarray of shape (n_devices, n_bins, 24)
        From `ml.matching.exposure.live_exposure`.
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins in seconds.
    """
    calls = np.zeros((len(DEVICES), len(edges) - 1))
    np.add.at(calls, (known["device_id"].to_numpy(), known["bin"].to_numpy()), 1.0)
    by_hour = np.bincount(known["call_hour"].to_numpy(dtype=int), minlength=24).astype(float)
    fold = hour_fold(edges)
    hours = np.ones(24)
    curve = live_rates(calls, np.einsum("dbh,hbk->db", seconds, fold), edges)
    for _ in range(_ROUNDS):
        curve = live_rates(calls, np.einsum("dbh,hbk,k->db", seconds, fold, hours), edges)
        hours = hour_factors(by_hour, np.einsum("dbh,db,hbk->k", seconds, curve, fold))
    return LiveCurve(curve, edges, hours)


def hour_sites(known: pd.DataFrame) -> list[str]:
    """Return the sites with known calls enough for hours of their own, at most 40.

    They may lie in other time zones, or answer the phone at night.
    """
    sizes = known.loc[known["site"] != "", "site"].value_counts()
    large = sizes[sizes >= _GROUP_MINIMUM_CALLS].sort_index().sort_values(
        ascending=False, kind="stable"
    )  # fmt: skip
    return sorted(large.index[:_MOST_HOUR_GROUPS])


def put_hour_groups(sql: Sql, sites: list[str]) -> None:
    """Create matcher_hour_groups: each site's row among the hour factors; 0 is all others."""
    frame = pd.DataFrame({"site": pd.Series(sites, dtype="str"), "hour_group": range(len(sites))})
    put_table(sql, "matcher_hour_groups", frame.assign(hour_group=frame["hour_group"] + 1))


def count_site_hours(
    sql: Sql, known: pd.DataFrame, hours: np.ndarray, sites: list[str]
) -> np.ndarray:
    """Return the hour factors of all sites and of each of `sites`, shrunk to those of all.

    Parameters
    ----------
    sql : Sql
        With matcher_live_curve, matcher_lease_delays and matcher_hour_groups.
    known : DataFrame
        site and call_hour of the known calls.
    hours : ndarray of shape (24,)
        Factors of all sites.
    sites : list of str
        In the order of matcher_hour_groups.

    Returns
    -------
    ndarray of shape (n_sites + 1, 24)
        Rows of mean 1, the one of all sites first.
    """
    rows = [hours]
    found = sql.frame(_SITE_HOURS)
    for index, site in enumerate(sites):
        mine = found[found["hour_group"] == index + 1]
        expected = np.zeros(24)
        expected[mine["hour"].to_numpy(dtype=int)] = mine["expected_calls"]
        expected = expected * hours
        calls = np.bincount(known.loc[known["site"] == site, "call_hour"], minlength=24)
        expected = expected * (calls.sum() / max(expected.sum(), 1e-9))
        prior = _SITE_HOUR_PRIOR_CALLS
        factors = hours * (calls + prior) / (expected + prior)
        rows.append(factors / factors.mean())
    return np.stack(rows)


def hours_of_calls(calls: pd.DataFrame, hours: np.ndarray, sites: list[str]) -> np.ndarray:
    """Return each call's hour factor: shape (n_calls,)."""
    return hours[hour_groups(calls["site"], sites), calls["call_hour"].to_numpy(dtype=int)]


def hour_groups(of_calls: pd.Series, sites: list[str]) -> np.ndarray:
    """Return the row among the hour factors of each call's site: shape (n_calls,).

    Examples
    --------
    >>> hour_groups(pd.Series(["b", "unknown"]), ["a", "b"]).tolist()
    [2, 0]
    """
    groups = {site: index + 1 for index, site in enumerate(sites)}
    return of_calls.map(groups).fillna(0).to_numpy(dtype=int)
