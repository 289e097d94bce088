"""Clicks that are there twice: as the platform reported them, and as a session without their id.

A browser that strips the click id leaves a session that no click leads to, and a click that no
session followed. Both would be candidates of the calls of one visitor: two of five clicks without a
session of a made-up agency were such, and cost 0.026 nat a lost call.

    session of the campaign, without an id  ->  the clicks it may be: same campaign, place, device
    its one visit, divided among them       ->  what is left of each click is its `unseen_share`

A click with a time meets the sessions of the next two minutes, also those that lost their campaign
with their id; one of which only the day is known meets those of that day. A session that has a
click with a time is not shared out among the clicks of its day.

Only what lies within a day of the click matters, so a call scored alone gets what it got among
all. That is also why a session without a campaign is not weighed against the clicks of its day:
how common such sessions are would change with every day of data. Knowing which of those clicks had
a session would be worth another 0.017 nat there.
"""

from ml.sql import Sql

LANDING_SECONDS = 120
"""How long after its click a session's first number may have been shown."""

_LOST_IDS = f"""
create or replace temp table matcher_unseen_shares as
with lost as (

    select
        touch_index,
        campaign,
        starts_with(campaign, 'channel:') as has_no_campaign,
        device_id,
        state,
        city,
        site,
        touch_second

    from matcher_touches

    where session_id is not null and not is_click

),

unseen as (

    select
        touch_index,
        campaign,
        device_id,
        state,
        city,
        site,
        is_day_only,
        touch_second,
        day_start_second

    from matcher_touches

    where session_id is null

),

-- Each in steps as long as a landing takes: without an equality on time, all clicks of a city and
-- device met all its sessions (18 times the processor time at two million touches).
lost_steps as (

    select
        *,
        cast(touch_second // {LANDING_SECONDS} as bigint) as step

    from lost

),

unseen_steps as (

    select
        *,
        cast(touch_second // {LANDING_SECONDS} as bigint) + unnest([0, 1]) as step

    from unseen

    where not is_day_only

),

timed as (

    select
        unseen.touch_index,
        lost.touch_index as session_index

    from unseen_steps as unseen

    inner join lost_steps as lost
        on
            unseen.step = lost.step
            and unseen.city = lost.city
            and unseen.state = lost.state
            and unseen.device_id = lost.device_id
            and (unseen.campaign = lost.campaign or lost.has_no_campaign)
            and (unseen.site is null or unseen.site = lost.site)
            and lost.touch_second between
            unseen.touch_second and unseen.touch_second + {LANDING_SECONDS}

),

by_day as (

    select
        unseen.touch_index,
        lost.touch_index as session_index

    from unseen

    inner join lost
        on
            unseen.campaign = lost.campaign
            and unseen.city = lost.city
            and unseen.state = lost.state
            and unseen.device_id = lost.device_id
            and (unseen.site is null or unseen.site = lost.site)
            and lost.touch_second >= unseen.day_start_second
            and lost.touch_second < unseen.day_start_second + 86400 + {LANDING_SECONDS}

    where
        unseen.is_day_only
        and lost.touch_index not in (select session_index from timed)

),

shares as (

    select
        touch_index,
        1.0 / count(*) over (partition by session_index) as share

    from (
        from timed
        union all
        from by_day
    )

)

select
    touch_index,
    greatest(1 - sum(share), 0) as unseen_share

from shares

group by touch_index
"""


def find_lost_ids(sql: Sql) -> None:
    """Create matcher_unseen_shares: of clicks that a session may be, the share that is not.

    Parameters
    ----------
    sql : Sql
        With matcher_touches.
    """
    sql.execute(_LOST_IDS)
