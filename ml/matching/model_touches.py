"""Touches as one model weighs them: the same for scoring and for the self-check."""

import pandas as pd

from ml.artifacts import MatcherModel
from ml.matching.coefficients import geography_of
from ml.matching.marks import put_places
from ml.matching.pairs import put_described_touches
from ml.matching.propensity import apply_propensities
from ml.matching.reach import build_reach
from ml.sql import Sql


def put_model_touches(sql: Sql, model: MatcherModel) -> pd.DataFrame:
    """Create matcher_pair_touches by the coefficients of a model; return the places they have.

    Parameters
    ----------
    sql : Sql
        With matcher_touches.
    model : MatcherModel

    Returns
    -------
    DataFrame of shape (n_places, 4)
        From `ml.matching.marks.put_places`.
    """
    build_reach(sql, model.tables["campaign_sites"])
    apply_propensities(sql, model.tables["touch_factors"])
    places = put_places(sql, geography_of(model).cities)
    put_described_touches(sql)
    return places
