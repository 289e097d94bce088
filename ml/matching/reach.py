"""Which sites a touch can lead to: learned from touches whose site is known, never from names.

    campaign -> site of seen touches  ->  matcher_reach   touch and site whose fallback it can dial

A click without a session and without a landing URL may have landed on any site of its campaign;
an ad account may serve many sites. It is like the clicks without a session whose landing URL is
known: where a site's script hardly runs, few of its clicks are among the seen ones. Where such
clicks are few, or no URL is ever reported, all touches stand in for them.
"""

import pandas as pd

from ml.sql import Sql, put_table

_REACH_SMOOTHING_TOUCHES = 0.5
_SEEN_PRIOR_TOUCHES = 10.0
"""Clicks without a session that all touches of a campaign are worth."""
_REACH_MINIMUM_SHARE = 0.005

_CAMPAIGN_SITES = """
select
    touches.campaign,
    touches.site,
    cast(count(*) as double) as touches,
    sum(
        case
            when touches.session_id is null
                then cast(round(coalesce(shares.unseen_share, 1) * 1e6) as bigint)
            else 0
        end
    ) / 1e6 as unseen_touches

from matcher_touches as touches

left join matcher_unseen_shares as shares
    on touches.touch_index = shares.touch_index

where touches.site is not null

group by touches.campaign, touches.site

order by touches.campaign, touches.site
"""

_REACH = """
create or replace temp table matcher_reach as
with lost_sites as (

    select site

    from matcher_calls

    where match_kind = 'fallback' and site <> ''

    group by site

),

siteless as (

    select
        touches.touch_index,
        -- A campaign that no seen session came from reaches what all campaigns reach.
        coalesce(known.campaign, '') as campaign

    from matcher_touches as touches

    left join (select distinct campaign from matcher_campaign_sites) as known
        on touches.campaign = known.campaign

    where touches.site is null

)

select
    touches.touch_index,
    touches.site,
    cast(1 as double) as reach

from matcher_touches as touches

inner join lost_sites
    on touches.site = lost_sites.site

union all

select
    siteless.touch_index,
    shares.site,
    shares.share as reach

from siteless

inner join matcher_campaign_sites as shares
    on siteless.campaign = shares.campaign

inner join lost_sites
    on shares.site = lost_sites.site
"""


def learn_campaign_sites(sql: Sql) -> pd.DataFrame:
    """Return which sites a campaign leads to: columns campaign, site, share.

    Counted on clicks without a session by their landing URLs, smoothed by the campaign's share of
    all touches and that by all campaigns' shares, cut below half a per cent. The campaign '' stands
    for one that no site was seen of.
    """
    return campaign_site_shares(sql.frame(_CAMPAIGN_SITES))


def campaign_site_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Return smoothed shares of sites by campaign from counts of seen sessions.

    Parameters
    ----------
    counts : DataFrame of shape (n, 4)
        Columns campaign, site, touches, and of these unseen_touches, those without a session.

    Returns
    -------
    DataFrame
        Columns campaign, site, share; the shares of a campaign sum to 1.

    Examples
    --------
    >>> counts = pd.DataFrame({"campaign": ["a", "a"], "site": ["x", "y"], "touches": [90, 30],
    ...     "unseen_touches": [0, 20]})
    >>> shares = campaign_site_shares(counts).query("campaign == 'a'")
    >>> shares.set_index("site")["share"].round(2).to_dict()
    {'x': 0.25, 'y': 0.75}
    """
    columns = ["campaign", "site", "share"]
    if counts.empty:
        return pd.DataFrame({"campaign": [], "site": [], "share": []}).astype(
            {"campaign": "str", "site": "str", "share": float}
        )
    table, unseen = (_by_campaign(counts, name) for name in ("touches", "unseen_touches"))
    overall = table.sum() / table.to_numpy().sum()
    shares = _shares(table + _REACH_SMOOTHING_TOUCHES * overall)
    shares = _shares(unseen + _SEEN_PRIOR_TOUCHES * shares)
    kept = shares.where(shares >= _REACH_MINIMUM_SHARE, 0.0)
    long = _shares(kept).rename_axis("campaign").reset_index().melt("campaign", value_name="share")
    long = long.rename(columns={"variable": "site"})
    return long[long["share"] > 0][columns].sort_values(columns).reset_index(drop=True)


def _by_campaign(counts: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a count by campaign (rows, '' last) and site (columns)."""
    table = counts.pivot_table(
        index="campaign", columns="site", values=column, aggfunc="sum", fill_value=0
    ).astype(float)
    table.loc[""] = 0.0
    return table


def _shares(table: pd.DataFrame) -> pd.DataFrame:
    return table.div(table.sum(axis=1), axis=0)


def build_reach(sql: Sql, campaign_sites: pd.DataFrame) -> None:
    """Create matcher_reach: every touch with every site whose fallback number it may dial."""
    put_table(sql, "matcher_campaign_sites", campaign_sites)
    sql.execute(_REACH)
