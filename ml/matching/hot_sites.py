"""Sites with so many touches that scoring meets a part of the older ones, at their whole weight.

A call on a fallback number meets every touch of its site within the lookback. A site with a million
clicks in 90 days has 350 thousand of them for each call: 20 thousand calls would weigh 7 billion
pairs. Of a day with more than `MOST_TOUCHES` touches, calls of later days meet one in `stride`:

    day of the call and two before    ->  every touch
    earlier days of a busy site       ->  every stride-th touch, weighing `stride` times as much

Touches are taken at equal steps through the day in the order of campaign, place, device and class,
so that the sums by each of them are as large as before, up to one touch. A touch that was taken is
a candidate with its own weight only; what it stands for goes to the remainder of its campaign, and
so does what was not taken. An old touch of such a site is one of tens of thousands and hardly ever
likely enough to be named.

Which touches are taken depends on the touches of that site and day alone, so that calls scored
later get the same candidates as calls scored together.
"""

from ml.matching.pairs import ALL_TOUCHES, DAYS_A_SITE, OLD_TOUCHES
from ml.sql import Sql

MOST_TOUCHES = 1_000
"""Touches of a site and day that calls of later days meet, at most. At ten million web events on
140 sites the busiest day of a site has 399."""

RECENT_DAYS = 2
"""Touches of the call's day and of so many before it are all met: they bring most calls."""

_OLD = (OLD_TOUCHES - ALL_TOUCHES) * DAYS_A_SITE

_HOT_DAYS = f"""
create or replace temp table matcher_hot_days as
select
    site_day - cast(is_day_only as integer) * {DAYS_A_SITE} as all_day,
    cast(ceil(count(*) / {{most}}) as bigint) as stride

from matcher_pair_sites

group by all_day

having count(*) > {{most}}
"""

_HOT_TOUCHES = f"""
insert into matcher_pair_sites by name
with ordered as (

    select
        touches.* exclude (stride),
        hot_days.stride,
        row_number() over (
            partition by touches.site_day
            order by
                touches.campaign_index,
                touches.place_index,
                touches.device_id,
                touches.class_unleased,
                touches.touch_index
        ) as position

    from matcher_pair_sites as touches

    inner join matcher_hot_days as hot_days
        on
            touches.site_day - cast(touches.is_day_only as integer) * {DAYS_A_SITE}
            = hot_days.all_day

)

select * exclude (position) replace (
    site_day + {_OLD} as site_day,
    propensity * stride as propensity
)

from ordered

where position % stride = stride // 2

order by site_day, touch_index
"""

_HOT_CALL_DAYS = f"""
update matcher_call_days
set site_day = site_day + {_OLD}
where
    touch_day_index < day_index - {RECENT_DAYS}
    and site_day in (select all_day from matcher_hot_days)
"""


def put_hot_days(sql: Sql) -> bool:
    """Create matcher_hot_days, add the touches taken of them, and say whether there are any.

    Parameters
    ----------
    sql : Sql
        With matcher_pair_sites.
    """
    sql.execute(_HOT_DAYS.format(most=MOST_TOUCHES))
    is_any = bool(sql.frame("select count(*) as days from matcher_hot_days")["days"][0])
    if is_any:
        sql.execute(_HOT_TOUCHES)
    return is_any


def meet_hot_days(sql: Sql) -> None:
    """Let the calls of matcher_call_days meet what was taken of the hot days before them."""
    sql.execute(_HOT_CALL_DAYS)
