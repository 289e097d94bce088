"""How long each class of touches was at risk of bringing a call, by device and delay.

A touch is followed from its time to the end of the data or of the lookback, whichever comes
first. Until its lease ends, a leased touch is at risk of a call to its pool number (and of a leak
to the fallback number); afterwards of a call to either. Dividing calls by these seconds is what
lets the end of a lease, and the end of the data, censor as they should.
"""

import numpy as np

from ml.matching.delays import FIT_BINS_PER_OCTAVE, bin_sql, hour_fold
from ml.matching.settings import (
    DEVICES,
    LAPSED,
    LEAKED,
    NONE,
    OVERFLOW,
    PAIR_CLASSES,
    POOL_LAPSED,
    POOL_LEASED,
    UNSEEN,
)
from ml.sql import Sql, number_literal

_LIVE_INTERVALS = f"""
select
    leases.touch_index,
    cast({POOL_LEASED} as integer) as pair_class,
    cast(1 as double) as reach,
    touches.site,
    greatest(leases.start_second - touches.touch_second, 0) as delay_from,
    least(leases.end_second, {{data_to}}) - touches.touch_second as delay_to

from matcher_leases as leases

inner join matcher_touches as touches
    on leases.touch_index = touches.touch_index
"""

_LOST_INTERVALS = f"""
union all

select
    touch_index,
    cast({POOL_LAPSED} as integer) as pair_class,
    cast(1 as double) as reach,
    site,
    lease_end_second - touch_second as delay_from,
    {{data_to}} - touch_second as delay_to

from matcher_touches

where lease_end_second is not null and number_state = 'leased'

union all

select
    touches.touch_index,
    unnest(
        case
            when touches.number_state = 'leased' and touches.lease_end_second is not null
                then [{LEAKED}, {LAPSED}]
            when touches.number_state = 'leased' then [{LAPSED}]
            when touches.number_state = 'fallback' then [{OVERFLOW}]
            when touches.number_state = 'none' then [{NONE}]
            else [{UNSEEN}]
        end
    ) as pair_class,
    reach.reach,
    reach.site,
    unnest(
        case
            when touches.number_state = 'leased' and touches.lease_end_second is not null
                then [0, touches.lease_end_second - touches.touch_second]
            else [cast(0 as double)]
        end
    ) as delay_from,
    unnest(
        case
            when touches.number_state = 'leased' and touches.lease_end_second is not null
                then [
                    least(touches.lease_end_second, {{data_to}}) - touches.touch_second,
                    {{data_to}} - touches.touch_second
                ]
            else [{{data_to}} - touches.touch_second]
        end
    ) as delay_to

from matcher_reach as reach

inner join matcher_touches as touches
    on reach.touch_index = touches.touch_index
"""

_EVENTS = """
with intervals as (
{intervals}
),

kept as (

    select
        intervals.pair_class,
        touches.device_id,
        coalesce(groups.hour_group, 0) as hour_group,
        case when touches.is_day_only then 24 else touches.touch_hour end as touch_hour,
        greatest(intervals.delay_from, 0) as delay_from,
        least(intervals.delay_to, {lookback}) as delay_to,
        intervals.reach * {weight} as weight

    from intervals

    inner join matcher_touches as touches
        on intervals.touch_index = touches.touch_index

    left join matcher_hour_groups as groups
        on intervals.site = groups.site

    {join}

    where
        intervals.delay_to > greatest(intervals.delay_from, 0)
        and intervals.delay_from < {lookback}

),

events as (

    select
        pair_class,
        device_id,
        hour_group,
        touch_hour,
        unnest([1, -1]) as sign,
        unnest([delay_from, delay_to]) as delay,
        weight

    from kept

)

select
    pair_class,
    device_id,
    hour_group,
    touch_hour,
    least({bin}, {last_bin}) as bin,
    -- Integers, so that the sums do not depend on the order of the rows.
    sum(sign * cast(round(weight * 1e6) as bigint)) / 1e6 as weight,
    sum(sign * cast(round(weight * delay * 1e6) as bigint)) / 1e6 as weighted_delay

from events

group by all
"""


def live_exposure(sql: Sql, data_to: float, edges: np.ndarray) -> np.ndarray:
    """Return the seconds that live leases were at risk, unweighted.

    Returns
    -------
    ndarray of shape (n_devices, n_bins, 24)
        Seconds by device, delay bin and hour of the touch.
    """
    intervals = _LIVE_INTERVALS.format(data_to=number_literal(data_to))
    seconds = _seconds_by_bin(sql, intervals, edges, weight="1", join="", groups=1)
    return seconds[0, POOL_LEASED, :, :, :24]


def class_exposure(
    sql: Sql, data_to: float, edges: np.ndarray, click_hours: np.ndarray, hours: np.ndarray
) -> np.ndarray:
    """Return the seconds at risk of every class, weighted by the touches' propensities.

    Reads matcher_propensities (touch_index, propensity) and matcher_reach. A click of which only
    the day is known is spread over the hours of clicks: at one hour of the day alone its calls
    would be expected where calls are twice as likely as on average.

    Parameters
    ----------
    sql : Sql
    data_to : float
        End of the data in seconds since 1970.
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins in seconds.
    click_hours : ndarray of shape (24,)
        Share of clicks by local hour.
    hours : ndarray of shape (n_hour_groups, 24)
        Factors of the hours, by hour_group of matcher_hour_groups.

    Returns
    -------
    ndarray of shape (n_classes, n_devices, n_bins)
        Seconds by class, device and delay bin, each weighted by the factor of its hour.
    """
    intervals = (_LIVE_INTERVALS + _LOST_INTERVALS).format(data_to=number_literal(data_to))
    join = (
        "inner join matcher_propensities as propensities "
        "on intervals.touch_index = propensities.touch_index"
    )
    seconds = _seconds_by_bin(
        sql, intervals, edges, weight="propensities.propensity", join=join, groups=len(hours)
    )
    seconds = seconds[..., :24] + seconds[..., 24:] * click_hours
    return np.einsum("gcdbh,hbk,gk->cdb", seconds, hour_fold(edges), hours, optimize=True)


def _seconds_by_bin(
    sql: Sql, intervals: str, edges: np.ndarray, *, weight: str, join: str, groups: int
) -> np.ndarray:
    """Return seconds by hour group, class, device, bin and hour (the 25th: only a day is known).

    From sums of starts and ends by bin: the seconds before an edge are edge * (starts so far) -
    (sum of their delays), less the same of the ends. Cutting every interval at every edge gives
    the same for fifty times the rows.
    """
    query = _EVENTS.format(
        intervals=intervals,
        weight=weight,
        join=join,
        lookback=number_literal(edges[-1]),
        bin=bin_sql("delay", FIT_BINS_PER_OCTAVE),
        last_bin=len(edges) - 2,
    )
    events = sql.frame(query)
    count = np.zeros((groups, len(PAIR_CLASSES), len(DEVICES), len(edges) - 1, 25))
    delay = np.zeros_like(count)
    names = ("hour_group", "pair_class", "device_id", "bin", "touch_hour")
    place = tuple(events[name] for name in names)
    np.add.at(count, place, events["weight"].to_numpy(dtype=float))
    np.add.at(delay, place, events["weighted_delay"].to_numpy(dtype=float))
    before = edges[1:, None] * count.cumsum(axis=3) - delay.cumsum(axis=3)
    zero = np.zeros_like(before[:, :, :, :1])
    return np.maximum(np.diff(before, axis=3, prepend=zero), 0.0)
