"""How the steps of each path share in its conversions, by Markov chain and by Shapley.

The one model that is not SQL, because a chain is solved by linear algebra. It runs inside dbt and
is no Dagster asset between two dbt steps, so that `dbt build` alone gives shares that fit its
paths.
"""

from ml.attribution.shares import step_shares


def model(dbt, session):
    """Read the counted paths and return `ml.attribution.shares.step_shares` of them."""
    counts = dbt.ref("int_path_counts").order("path").df()
    return step_shares(counts)
