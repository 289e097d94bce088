"""Where callers live: cities, their area codes, and how an area code tells of a city.

`places.csv` lists real US cities with the area codes in use there. An area code belongs to one
state only, as in the real numbering plan; it may serve several cities of that state.

    city the platform reported -> city the visitor lives in -> area code of the phone

People keep their number when they move, so an area code is drawn from a mixture: the city's own
codes, then the state's, then the census region's, then the nation's.
"""

import csv
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

CENSUS_REGIONS = {
    "northeast": "CT ME MA NH RI VT NJ NY PA",
    "midwest": "IL IN MI OH WI IA KS MN MO NE ND SD",
    "south": "DE FL GA MD NC SC VA DC WV AL KY MS TN AR LA OK TX",
    "west": "AZ CO ID MT NV NM UT WY AK CA HI OR WA",
}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class AreaMix:
    """How often a phone's area code is of the visitor's own city, state, region or anywhere."""

    city: float = 0.66
    state: float = 0.15
    region: float = 0.08
    nation: float = 0.11


@dataclass(frozen=True)
class Places:
    """The cities and area codes as parallel tuples; everything else refers to them by index."""

    cities: tuple[str, ...]
    states: tuple[str, ...]
    zips: tuple[str, ...]
    population: tuple[float, ...]
    city_codes: tuple[tuple[str, ...], ...]

    @cached_property
    def area_codes(self) -> tuple[str, ...]:
        """Every area code, once, in ascending order."""
        return tuple(sorted({code for codes in self.city_codes for code in codes}))

    @cached_property
    def city_shares(self) -> Floats:
        """Share of the nation's visitors by city; large cities count less than their census."""
        weights = np.sqrt(np.array(self.population))
        return weights / weights.sum()

    @cached_property
    def area_main_city(self) -> Ints:
        """The largest city of each area code: what a carrier look-up answers."""
        order = np.argsort(np.array(self.population), kind="stable")
        main = {code: city for city in order for code in self.city_codes[city]}
        return np.array([main[code] for code in self.area_codes])

    def shares_of(self, states: tuple[str, ...]) -> Floats:
        """City shares within these states; no states means the whole nation."""
        if not states:
            return self.city_shares
        inside = np.isin(np.array(self.states), states)
        if not inside.any():
            raise ValueError(f"no city of places.csv lies in any of {states}")
        weights = self.city_shares * inside
        return weights / weights.sum()

    def city_index(self, city: str, state: str) -> int:
        """Index of a city by its name and state."""
        return list(zip(self.cities, self.states, strict=True)).index((city, state))

    def area_given_city(self, mix: AreaMix) -> Floats:
        """Probability of each area code (columns) for a visitor who lives in a city (rows)."""
        own = np.array(
            [[code in codes for code in self.area_codes] for codes in self.city_codes], dtype=float
        )
        state_of = np.array(self.states)
        region_of = np.array([_region(state) for state in self.states])
        same_state = (state_of[:, None] == state_of[None, :]).astype(float)
        same_region = (region_of[:, None] == region_of[None, :]).astype(float)
        nation = _normalised(self.city_shares @ _normalised(own))
        return (
            mix.city * _normalised(own)
            + mix.state * _normalised((same_state @ own > 0).astype(float))
            + mix.region * _normalised((same_region @ own > 0).astype(float))
            + mix.nation * nation[None, :]
        )


def load_places() -> Places:
    """Read the cities of `places.csv`, in the file's order."""
    text = files("ingestion.simulate").joinpath("places.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    places = Places(
        cities=tuple(row["city"] for row in rows),
        states=tuple(row["state"] for row in rows),
        zips=tuple(row["zip"] for row in rows),
        population=tuple(float(row["population_thousands"]) for row in rows),
        city_codes=tuple(tuple(row["area_codes"].split()) for row in rows),
    )
    _check_one_state_per_code(places)
    return places


def _check_one_state_per_code(places: Places) -> None:
    owners: dict[str, str] = {}
    for state, codes in zip(places.states, places.city_codes, strict=True):
        for code in codes:
            if owners.setdefault(code, state) != state:
                raise ValueError(f"area code {code} is listed in {owners[code]} and in {state}")


def _region(state: str) -> str:
    return next(region for region, states in CENSUS_REGIONS.items() if state in states.split())


def _normalised(weights: Floats) -> Floats:
    return weights / weights.sum(axis=-1, keepdims=True)
