"""By how much site, channel, campaign, keyword, pages and visit multiply a touch's rate of calls.

known calls / calls expected under the live curve  ->  one factor a level  (Poisson regression,
levels nested and shrunk, so that small ones lean on large ones)
"""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import PoissonRegressor

from ml.matching.settings import DEVICES
from ml.sql import Sql, put_table

PROPENSITY_SPREADS = {
    "engagement": 0.5,
    "visit": 0.5,
    "site": 0.5,
    "channel": 0.5,
    "campaign": 0.4,
    "keyword": 0.3,
}
"""Feature: how far its levels are thought to spread before any data, in log-rate."""

_LARGEST_LOG_FACTOR = 3.0

_EXPECTED_CALLS = """
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

),

known as (

    select
        live_touch_index as touch_index,
        count(*) as calls

    from matcher_known

    group by live_touch_index

)

select
    touches.engagement,
    touches.visit,
    coalesce(touches.site, '') as site,
    touches.channel,
    touches.campaign,
    touches.campaign || '|' || touches.keyword as keyword,
    sum(cast(round(expected.expected_calls * hours.factor * 1e12) as bigint)) / 1e12
        as expected_calls,
    cast(sum(coalesce(known.calls, 0)) as double) as calls

from expected

inner join matcher_touches as touches
    on expected.touch_index = touches.touch_index

inner join matcher_hour_factors as hours
    on touches.touch_hour = hours.hour

left join known
    on expected.touch_index = known.touch_index

group by all

order by all
"""

_PROPENSITIES = """
create or replace temp table matcher_propensities as
select
    touches.touch_index,
    exp(
        least(greatest(
            coalesce(engagements.log_factor, 0) + coalesce(visits.log_factor, 0)
            + coalesce(sites.log_factor, 0)
            + coalesce(channels.log_factor, 0) + coalesce(campaigns.log_factor, 0)
            + coalesce(keywords.log_factor, 0),
            -{limit}
        ), {limit})
    ) * coalesce(unseen_shares.unseen_share, 1) as propensity

from matcher_touches as touches

left join matcher_unseen_shares as unseen_shares
    on touches.touch_index = unseen_shares.touch_index
"""

_SITES = """
left join (
    select
        campaign,
        arg_max(site, share) as site
    from matcher_campaign_sites
    group by campaign
) as likeliest
    on touches.campaign = likeliest.campaign
"""

_FACTOR_JOIN = """
left join (select level, log_factor from matcher_touch_factors where feature = '{feature}')
    as {feature}s
    on {column} = {feature}s.level
"""


def fit_propensities(groups: pd.DataFrame) -> pd.DataFrame:
    """Return by how much each level of each feature multiplies the rate, as logarithms.

    One Poisson regression on groups of touches with the expected calls as weight. The columns
    are scaled by `PROPENSITY_SPREADS`, so that the one ridge penalty is a normal prior of that
    spread on every level: a keyword without calls keeps its campaign's rate.

    Parameters
    ----------
    groups : DataFrame
        Columns of `PROPENSITY_SPREADS`, expected_calls and calls.

    Returns
    -------
    DataFrame
        Columns feature, level, log_factor.
    """
    groups = groups[groups["expected_calls"] > 0]
    expected = groups["expected_calls"].to_numpy(dtype=float)
    calls = groups["calls"].to_numpy(dtype=float)
    names: list[tuple[str, str]] = []
    blocks = []
    for feature, spread in PROPENSITY_SPREADS.items():
        codes, levels = pd.factorize(groups[feature], sort=True)
        ones = np.full(len(codes), spread)
        shape = (len(codes), len(levels))
        blocks.append(sparse.csr_matrix((ones, (np.arange(len(codes)), codes)), shape=shape))
        names += [(feature, str(level)) for level in levels]
    frame = pd.DataFrame(names, columns=["feature", "level"])
    if calls.sum() == 0:
        return frame.assign(log_factor=0.0)
    model = PoissonRegressor(alpha=1.0 / expected.sum(), max_iter=1000, tol=1e-6)
    model.fit(sparse.hstack(blocks).tocsr(), calls / expected, sample_weight=expected)
    spreads = frame["feature"].map(PROPENSITY_SPREADS).to_numpy(dtype=float)
    return frame.assign(log_factor=np.round(model.coef_ * spreads, 9))


def put_live_curve(sql: Sql, curve: np.ndarray, edges: np.ndarray) -> None:
    """Create matcher_live_curve: rate and cumulative rate by device and bin.

    Parameters
    ----------
    sql : Sql
    curve : ndarray of shape (n_devices, n_bins)
        Calls per second of live lease.
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins in seconds.
    """
    cumulative = np.cumsum(curve * np.diff(edges), axis=1) - curve * np.diff(edges)
    table = pd.DataFrame(
        {
            "device_id": np.repeat(np.arange(len(DEVICES)), curve.shape[1]).astype("int32"),
            "bin": np.tile(np.arange(curve.shape[1]), len(DEVICES)).astype("int32"),
            "delay_from": np.tile(edges[:-1], len(DEVICES)),
            "rate": curve.ravel(),
            "cumulative": cumulative.ravel(),
        }
    )
    put_table(sql, "matcher_live_curve", table)


def learn_propensities(sql: Sql, curve: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    """Return the propensities that the known calls show under `curve`.

    Parameters
    ----------
    sql : Sql
        With matcher_lease_delays, matcher_known, matcher_touches and matcher_hour_factors.
    curve : ndarray of shape (n_devices, n_bins)
        Calls per second of live lease.
    edges : ndarray of shape (n_bins + 1,)
        Edges of the delay bins in seconds.
    """
    put_live_curve(sql, curve, edges)
    return fit_propensities(sql.frame(_EXPECTED_CALLS))


def apply_propensities(sql: Sql, factors: pd.DataFrame) -> None:
    """Create matcher_propensities: touch_index and propensity, from feature levels.

    A click without a site has the factor of the site that its campaign leads to most.
    """
    put_table(sql, "matcher_touch_factors", factors)
    columns = {
        "engagement": "touches.engagement",
        "visit": "touches.visit",
        "site": "coalesce(touches.site, likeliest.site, '')",
        "channel": "touches.channel",
        "campaign": "touches.campaign",
        "keyword": "touches.campaign || '|' || touches.keyword",
    }
    joins = [
        _FACTOR_JOIN.format(feature=feature, column=column) for feature, column in columns.items()
    ]
    sql.execute(_PROPENSITIES.format(limit=_LARGEST_LOG_FACTOR) + _SITES + "".join(joins))
