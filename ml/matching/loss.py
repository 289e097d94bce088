"""The pattern of loss: which known calls are hidden, and which sessions with them.

    calls lost and known      by site, hour block, line type  ->  known calls that are hidden
    paid touches without id   by site, device                 ->  sessions that nobody saw

A matcher that is judged on calls as they come is judged on the wrong calls: lost calls gather at
sites with few numbers, at hours when pools run dry, on phones that strip click ids. So a known
call is hidden the more likely, the more calls like it are lost; and of the sessions, those are
struck from the candidates, number and click id together, that are like those which lost theirs.

Each pattern is a product of ratios by feature, as counts by all features at once would be thin:
loss at the value over loss overall, shrunk towards 1.
"""

import pandas as pd

from ml.sql import Sql, put_table

STRUCK_PERCENT = 25
"""Of the sessions, those struck from the candidates: their calls are the calls from nobody."""

LARGEST_JUDGED_CALLS = 30_000
"""Known calls that are judged, at most; each is offered dozens of sessions."""

BLOCK_HOURS = 6
"""Length of an hour block."""

_PRIOR = 50.0
_STRUCK_RANGE = (0.05, 0.6)

_CALLS = f"""
select
    calls.site,
    calls.call_hour // {BLOCK_HOURS} as hour_block,
    coalesce(calls.line_type, '') as line_type,
    count(*) filter (where known.call_index is null) as lost,
    count(known.call_index) as kept

from matcher_calls as calls

left join matcher_known as known
    on calls.call_index = known.call_index

where not calls.is_spam and calls.site <> ''

group by all

order by all
"""

_TOUCHES = """
select
    touches.site,
    touches.device_id,
    cast(sum(
        case
            when touches.session_id is null then coalesce(shares.unseen_share, 1)
            when not touches.is_click then 1
            else 0
        end
    ) as double) as lost,
    count(*) as kept

from matcher_touches as touches

left join matcher_unseen_shares as shares
    on touches.touch_index = shares.touch_index

-- A campaign of which no click ever had an id, such as one of e-mails, loses none.
where touches.campaign in (select campaign from matcher_touches where is_click)

group by all

order by all
"""

_STRUCK = f"""
create or replace temp table matcher_struck_sessions as
select touches.touch_index

from matcher_touches as touches

inner join intermediate.int_touches as visits
    on touches.touch_id = visits.touch_id

left join matcher_struck_shares as shares
    on touches.site = shares.site and touches.device_id = shares.device_id

-- By visitor: a browser that blocks or strips does so on every visit.
where
    touches.session_id is not null
    and hash(coalesce(visits.visitor_id, touches.touch_id)) % 10000
    < 10000 * coalesce(shares.share, {STRUCK_PERCENT / 100})
"""


def loss_ratios(counts: pd.DataFrame, feature: str) -> pd.Series:
    """Return how much more is lost at each value of a feature than overall.

    Parameters
    ----------
    counts : DataFrame
        The feature, and lost and kept: what is lost per what is not, or of all.
    feature : str
        Column of `counts`.

    Returns
    -------
    Series
        By value; 1 where as much is lost as elsewhere, and near it where little was seen.

    Examples
    --------
    >>> counts = pd.DataFrame({"device": ["phone", "desk"], "lost": [900, 100], "kept": [1e4, 1e4]})
    >>> loss_ratios(counts, "device").round(2).to_dict()
    {'desk': 0.2, 'phone': 1.8}
    """
    overall = (counts["lost"].sum() + 0.5) / (counts["kept"].sum() + 1.0)
    sums = counts.groupby(feature)[["lost", "kept"]].sum()
    return (sums["lost"] + _PRIOR * overall) / (sums["kept"] + _PRIOR) / overall


def put_hidden_shares(sql: Sql) -> None:
    """Create matcher_hidden_shares: of the known calls of a kind, the share that is hidden.

    By site, hour_block and line_type ('' where unknown): in proportion to the calls lost for each
    known one, all of them where more are lost than usual.

    Parameters
    ----------
    sql : Sql
        With matcher_calls and matcher_known.
    """
    counts = sql.frame(_CALLS)
    usual = min(1.0, LARGEST_JUDGED_CALLS / max(counts["kept"].sum(), 1))
    odds = _product(counts, ("site", "hour_block", "line_type"))
    keys = counts[["site", "hour_block", "line_type"]]
    put_table(sql, "matcher_hidden_shares", keys.assign(share=usual * odds.clip(upper=1.0)))


def strike_sessions(sql: Sql) -> None:
    """Create matcher_struck_sessions: a quarter of them, most where most ids are lost.

    Parameters
    ----------
    sql : Sql
        With matcher_touches and matcher_unseen_shares.
    """
    counts = sql.frame(_TOUCHES)
    sited = counts[counts["site"].notna()]
    by_device = sited["device_id"].map(loss_ratios(counts, "device_id"))
    share = STRUCK_PERCENT / 100 * by_device * _product(sited, ("site",))
    keys = sited[["site", "device_id"]]
    put_table(sql, "matcher_struck_shares", keys.assign(share=share.clip(*_STRUCK_RANGE)))
    sql.execute(_STRUCK)


def _product(counts: pd.DataFrame, features: tuple[str, ...]) -> pd.Series:
    product = pd.Series(1.0, index=counts.index)
    for feature in features:
        product = product * counts[feature].map(loss_ratios(counts, feature)).astype(float)
    return product
