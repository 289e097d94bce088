"""How sure the labels are: a call to a live lease is not always its visitor's.

Where pools are small, a number that somebody saved is soon another visitor's: one in eight calls
to a live lease of a starved pool came from an earlier visitor. Taken as certain, such labels say
that people call from anywhere, and the next wrong one is believed all the more.

    fit on all labels  ->  each label's probability  ->  labels kept with that probability  ->  fit

What is kept then shows devices, area codes and delays as right labels do, far callers among them;
taking the likely ones only would leave those out.
"""

import pandas as pd

from ml.matching.em import EmFit
from ml.sql import Sql, put_table

DOUBTFUL_SHARE = 0.02
"""Of wrong labels, from which on a second fit is worth its time."""

_DROP = """
delete from matcher_known
using matcher_label_probabilities as labels
where
    matcher_known.call_index = labels.call_index
    -- A hash of its own: folds and samples go by that of the id alone.
    and hash(matcher_known.call_id, 'label') % 1000000 >= labels.probability * 1e6
"""


def label_probabilities(known: pd.DataFrame, calls: pd.DataFrame, fit: EmFit) -> pd.DataFrame:
    """Return how likely each known call is its live visitor's.

    Parameters
    ----------
    known : DataFrame of shape (n_known, >= 1)
        call_index.
    calls : DataFrame of shape (n_calls, >= 1)
        call_index of the calls of `fit`.
    fit : EmFit

    Returns
    -------
    DataFrame of shape (n_known, 2)
        call_index and probability.
    """
    found = pd.Series(fit.live_probability, index=calls["call_index"].to_numpy())
    probability = found.reindex(known["call_index"]).fillna(1.0).to_numpy()
    return pd.DataFrame({"call_index": known["call_index"].to_numpy(), "probability": probability})


def are_doubtful(labels: pd.DataFrame) -> bool:
    """Return whether so many labels are wrong that the fit should be made anew.

    Examples
    --------
    >>> are_doubtful(pd.DataFrame({"call_index": [1, 2], "probability": [0.99, 0.9]}))
    True
    """
    return bool((1.0 - labels["probability"]).mean() > DOUBTFUL_SHARE)


def keep_likely_labels(sql: Sql, known: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Delete from matcher_known what is not kept; return the rows of `known` that are.

    Parameters
    ----------
    sql : Sql
        With matcher_known.
    known : DataFrame
        From `ml.matching.known.build_known`.
    labels : DataFrame
        From `label_probabilities`.
    """
    put_table(sql, "matcher_label_probabilities", labels)
    sql.execute(_DROP)
    kept = sql.frame("select call_index from matcher_known")["call_index"]
    return known[known["call_index"].isin(kept)].reset_index(drop=True)
