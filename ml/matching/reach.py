"""Which sites a touch can lead to: learned from touches whose site is known, never from names.

    campaign -> site of seen touches  ->  matcher_reach   touch and site whose fallback it can dial

A click without a session and without a landing URL may have landed on any site of its campaign;
an ad account may serve many sites.
"""

import pandas as pd

from ml.sql import Sql, put_table

_REACH_SMOOTHING_TOUCHES = 0.5
_REACH_MINIMUM_SHARE = 0.005

_CAMPAIGN_SITES = """
select
    campaign,
    site,
    count(*) as touches

from matcher_touches

where site is not null

group by campaign, site

order by campaign, site
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

    Counted on seen sessions and landing URLs, smoothed by all campaigns' shares, cut below half a
    per cent. The campaign '' stands for one that no site was seen of.
    """
    return campaign_site_shares(sql.frame(_CAMPAIGN_SITES))


def campaign_site_shares(counts: pd.DataFrame) -> pd.DataFrame:
    """Return smoothed shares of sites by campaign from counts of seen sessions.

    Parameters
    ----------
    counts : DataFrame of shape (n, 3)
        Columns campaign, site, touches.

    Returns
    -------
    DataFrame
        Columns campaign, site, share; the shares of a campaign sum to 1.

    Examples
    --------
    >>> counts = pd.DataFrame({"campaign": ["a", "b"], "site": ["x", "y"], "touches": [99, 1]})
    >>> campaign_site_shares(counts).query("campaign == 'a'")["share"].round(3).tolist()
    [1.0]
    """
    columns = ["campaign", "site", "share"]
    if counts.empty:
        return pd.DataFrame({"campaign": [], "site": [], "share": []}).astype(
            {"campaign": "str", "site": "str", "share": float}
        )
    table = counts.pivot_table(
        index="campaign", columns="site", values="touches", aggfunc="sum", fill_value=0
    ).astype(float)
    overall = table.sum() / table.to_numpy().sum()
    table.loc[""] = 0.0
    smoothed = table + _REACH_SMOOTHING_TOUCHES * overall
    shares = smoothed.div(smoothed.sum(axis=1), axis=0)
    kept = shares.where(shares >= _REACH_MINIMUM_SHARE, 0.0)
    kept = kept.div(kept.sum(axis=1), axis=0)
    long = kept.rename_axis("campaign").reset_index().melt("campaign", value_name="share")
    long = long.rename(columns={"variable": "site"})
    return long[long["share"] > 0][columns].sort_values(columns).reset_index(drop=True)


def build_reach(sql: Sql, campaign_sites: pd.DataFrame) -> None:
    """Create matcher_reach: every touch with every site whose fallback number it may dial."""
    put_table(sql, "matcher_campaign_sites", campaign_sites)
    sql.execute(_REACH)
