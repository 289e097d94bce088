"""A part of the pairs for a fit, when there are more of them than a fit needs.

Calls on a fallback number meet every touch of their site within the lookback, so ten times the
traffic is a hundred times the pairs: 20 million at a million web events on 14 sites take 5 seconds
of processor time, 3.6 billion at ten million on 7 would take a quarter of an hour. The curves need
neither all calls nor, of the days before a call, all touches:

    touches of earlier days    ->  one in 4, counted 4 times: their sums by cell are as large
    calls on fallback numbers  ->  a share of them, counted over as much less time

One in 16 was tried: what few touches of the caller's own city then weigh is too uneven, and calls
wandered between the classes of old touches.

Calls on pool numbers meet few touches and are all kept. Which rows are kept follows from their
ids, so the same data give the same fit. Scoring does not come here: it looks at every pair, but for
the old days of busy sites (`ml.matching.hot_sites`).
"""

from dataclasses import dataclass

import numpy as np

from ml.matching.pairs import ALL_TOUCHES, DAYS_A_SITE, OLD_TOUCHES
from ml.matching.settings import PAIR_CLASSES
from ml.sql import Sql

LARGEST_PAIRS = 25_000_000
"""Pairs of a fit; below it, as with a million web events in 90 days at 14 sites, nothing is left
out. Ten million events at 140 sites keep four in ten of the calls on fallback numbers."""

RECENT_DAYS = 1
"""Touches of the call's day and of so many before it are all kept."""

OLD_STRIDE = 4
"""Of how many older touches one is kept."""

_COUNT = f"""
with touches as (

    select
        site_day // (4 * {DAYS_A_SITE}) as site_index,
        day_index,
        count(*) as touches

    from matcher_pair_sites

    group by site_index, day_index

),

calls as (

    select
        sites.site_index,
        calls.day_index,
        count(*) as calls

    from matcher_calls as calls

    inner join matcher_sites as sites
        on calls.site = sites.site

    where calls.match_kind = 'fallback' and not calls.is_spam

    group by sites.site_index, calls.day_index

)

select
    cast(coalesce(sum(calls.calls * touches.touches), 0) as double) as pairs,
    cast(coalesce(sum(calls.calls * touches.touches) filter (
        where touches.day_index < calls.day_index - {RECENT_DAYS}
    ), 0) as double) as old_pairs

from calls

inner join touches
    on
        calls.site_index = touches.site_index
        and touches.day_index between calls.day_index - {{lookback_days}} - 1 and calls.day_index
"""

_OLD = (OLD_TOUCHES - ALL_TOUCHES) * DAYS_A_SITE

_OLD_TOUCHES = f"""
insert into matcher_pair_sites by name
select * replace (
    site_day + {_OLD} as site_day,
    propensity * {OLD_STRIDE} as propensity
)

from matcher_pair_sites

where hash(touch_id) % {OLD_STRIDE} = 0

order by site_day, touch_index
"""

_OLD_DAYS = f"""
update matcher_call_days
set site_day = site_day + {_OLD}
where touch_day_index < day_index - {RECENT_DAYS}
"""


@dataclass(frozen=True)
class Thinning:
    """What a fit takes of the pairs.

    Attributes
    ----------
    is_needed : bool
        Whether calls meet only a part of the older touches.
    share : float
        Of the calls on fallback numbers, those that take part.
    """

    is_needed: bool
    share: float

    @property
    def class_shares(self) -> np.ndarray:
        """Share of the calls that each of `PAIR_CLASSES` takes: shape (n_classes,)."""
        return np.array([self.share if kind == "fallback" else 1.0 for kind, _ in PAIR_CLASSES])


def choose_thinning(sql: Sql, lookback_days: int) -> Thinning:
    """Return what a fit has to leave out to have no more than `LARGEST_PAIRS`.

    Parameters
    ----------
    sql : Sql
        With matcher_calls, matcher_sites and matcher_pair_sites.
    lookback_days : int
        As in the settings.
    """
    found = sql.frame(_COUNT.format(lookback_days=lookback_days)).iloc[0]
    if found["pairs"] <= LARGEST_PAIRS:
        return Thinning(is_needed=False, share=1.0)
    thinned = found["pairs"] - found["old_pairs"] * (1 - 1 / OLD_STRIDE)
    return Thinning(is_needed=True, share=min(1.0, LARGEST_PAIRS / float(thinned)))


def is_sampled_sql(share: float) -> str:
    """Return the condition on a row of matcher_calls under which a fit takes it."""
    return f"(match_kind <> 'fallback' or hash(call_id) % 1000000 < {round(share * 1e6)})"


def thin_old_touches(sql: Sql) -> None:
    """Let calls meet a fourth of the touches of earlier days, at four times the weight.

    Pairs are joined by the key of a site's day: the kept touches stand a second time under other
    keys, and the calls look for their older days under those.
    """
    sql.execute(_OLD_TOUCHES)
    sql.execute(_OLD_DAYS)
