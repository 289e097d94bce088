"""How near an area code is at home to the place of a touch, in classes and not as a likelihood."""

import numpy as np
import pandas as pd

from ml.artifacts import MatcherModel
from ml.matching.challengers.offers import NEARNESS
from ml.matching.coefficients import geography_of, mark_levels_of
from ml.matching.marks import MarkLevels, put_places
from ml.matching.regions import census_region, home_state
from ml.sql import Sql, put_table

_CITY_SHARE = 0.1
"""Of the known calls of a city: a code that has so many of them is at home there."""


def put_nearness(sql: Sql, model: MatcherModel) -> int:
    """Create matcher_nearness by the keys of matcher_area_factors; return the number of places.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
    """
    geography = geography_of(model)
    places = put_places(sql, geography.cities)
    near = nearness(places, mark_levels_of(model), geography.shares).ravel()
    keys = np.arange(near.size, dtype="int32")
    put_table(sql, "matcher_nearness", pd.DataFrame({"area_key": keys, "nearness": near}))
    return len(places)


def nearness(places: pd.DataFrame, levels: MarkLevels, shares: pd.DataFrame) -> np.ndarray:
    """Return how near each area code is at home to each place, as positions in `NEARNESS`.

    Parameters
    ----------
    places : DataFrame of shape (n_places, >= 3)
        Columns city, state, region.
    levels : MarkLevels
    shares : DataFrame
        Columns level, place, area_code, share: of the known calls of a city.

    Returns
    -------
    ndarray of shape (n_codes + 1, n_places)
        The first row is that of the missing mark.
    """
    codes = pd.Series(levels.area_codes, dtype="str")
    state = home_state(codes)
    near = np.full((len(codes), len(places)), NEARNESS.index("nation"))
    homes = {"region": census_region(state), "state": state}
    for level in ("region", "state"):
        home = homes[level].astype(object).fillna("?").to_numpy()
        here = places[level].astype(object).fillna("!").to_numpy()
        near[home[:, None] == here[None, :]] = NEARNESS.index(level)
    common = shares[(shares["level"] == "city") & (shares["share"] >= _CITY_SHARE)]
    cities = common.groupby("place")["area_code"].agg(set)
    for column, city in enumerate(places["city"]):
        if city in cities.index:
            near[codes.isin(cities[city]), column] = NEARNESS.index("city")
    near[:, places["state"].isna().to_numpy()] = NEARNESS.index("unknown")
    return np.vstack([np.zeros((1, len(places)), dtype=int), near])
