"""The calls that are paired at once, and the days of their sites on which they look for touches."""

import pandas as pd

from ml.matching.pairs import DAYS_A_SITE
from ml.matching.settings import MatcherSettings
from ml.sql import Sql, put_table

_PAIR_CALLS = """
create or replace temp table matcher_pair_calls as
select
    calls.call_index,
    calls.match_kind,
    calls.call_second,
    calls.day_index,
    calls.site,
    calls.tracking_number,
    calls.live_touch_index,
    calls.tap_touch_index,
    cast(calls.tap_touch_index is not null as integer) as is_tapped,
    cast(marks.area_index as integer) as area_index,
    cast(marks.line_index as integer) as line_index,
    marks.scale

from matcher_calls as calls

inner join matcher_call_marks as marks
    on calls.call_index = marks.call_index
"""

_CALL_DAYS = f"""
create or replace temp table matcher_call_days as
with days as (

    select
        calls.*,
        sites.site_index,
        unnest(range(calls.day_index - {{lookback_days}} - 1, calls.day_index + 2))
            as touch_day_index

    from matcher_pair_calls as calls

    inner join matcher_sites as sites
        on calls.site = sites.site

    where calls.match_kind = 'fallback'

)

select
    * exclude (site, tracking_number, match_kind, live_touch_index),
    site_index * 4 * {DAYS_A_SITE} + touch_day_index as site_day

from days
"""


def put_pair_calls(sql: Sql, calls: pd.DataFrame, settings: MatcherSettings) -> None:
    """Create matcher_pair_calls and matcher_call_days from one row per call to be paired.

    Parameters
    ----------
    sql : Sql
    calls : DataFrame
        call_index, area_index, line_index, scale (of every weight of the call).
    settings : MatcherSettings
    """
    put_table(sql, "matcher_call_marks", calls[["call_index", "area_index", "line_index", "scale"]])
    sql.execute(_PAIR_CALLS)
    sql.execute(_CALL_DAYS.format(lookback_days=settings.lookback_days))
