"""Tests of ml.matching.geography and ml.matching.marks: who calls from where, on what line."""

import numpy as np
import pandas as pd
import pytest

from ml.matching.geography import area_code_shares, fit_geography, touch_places
from ml.matching.marks import line_type_shares, tap_shares
from ml.matching.regions import STATE_OF_AREA_CODE

CODES = ["212", "646", "973", "312", "415"]
PLACES = pd.DataFrame(
    {"state": ["NY", "NY", "NJ", None], "city": ["new york", "nowhere", "newark", None]}
)


def make_known(**calls: int) -> pd.DataFrame:
    """Known calls by 'code_STATE_city'; dashes stand for spaces."""
    rows = [key.split("_")[1:] for key, count in calls.items() for _ in range(count)]
    frame = pd.DataFrame(rows, columns=["area_code", "state", "city"])
    return frame.assign(city=frame["city"].str.replace("-", " "))


@pytest.fixture
def known() -> pd.DataFrame:
    calls = {"_212_NY_new-york": 60, "_973_NY_new-york": 6, "_415_NY_new-york": 3}
    calls |= {"_973_NJ_newark": 50, "_212_NJ_newark": 8, "_312_NJ_newark": 2, "_646_NY_albany": 20}
    return make_known(**calls)


def shares(known: pd.DataFrame) -> pd.DataFrame:
    fitted = fit_geography(known)
    found = area_code_shares(fitted, touch_places(PLACES, fitted.cities), CODES)
    return pd.DataFrame(found, columns=CODES, index=["new york", "nowhere", "newark", "unknown"])


def test_a_city_calls_from_its_own_codes_and_any_code_stays_possible(known: pd.DataFrame) -> None:
    found = shares(known)

    assert found.loc["new york"].idxmax() == "212"
    assert found.loc["newark"].idxmax() == "973"
    assert (found > 0).all(axis=None)
    assert (found.sum(axis=1) <= 1 + 1e-9).all()


def test_an_unknown_city_is_judged_by_its_state(known: pd.DataFrame) -> None:
    found = shares(known)

    fitted = fit_geography(known)
    of_state = [code for code, state in STATE_OF_AREA_CODE.items() if state == "NY"]
    nowhere = area_code_shares(fitted, touch_places(PLACES, fitted.cities), of_state)[1]
    assert nowhere.sum() > 0.5
    assert found.loc["nowhere", "212"] > found.loc["nowhere", "646"] > nowhere.min()
    assert found.loc["nowhere", "973"] > found.loc["nowhere", "415"]


def test_a_touch_without_place_gets_the_nations_shares(known: pd.DataFrame) -> None:
    found = shares(known).loc["unknown"]

    assert found.idxmax() in {"212", "973"}
    assert found["415"] > 0


def test_a_homes_code_is_no_more_common_elsewhere_than_one_seen_from_many_cities() -> None:
    # Nearly all calls come from New York; people with a Chicago number live everywhere.
    calls = {"_212_NY_new-york": 200}
    calls |= {f"_312_{place}": 1 for place in ("NJ_newark", "TX_austin", "CA_fresno", "GA_macon")}

    unknown = shares(make_known(**calls)).loc["unknown"]

    assert unknown["312"] > 2 * unknown["212"]


def test_a_code_seen_once_in_a_city_is_mostly_someone_who_moved() -> None:
    once = {f"_{code}_NY_new-york": 1 for code in ("312", "415", "206", "305")}
    found = shares(make_known(**{"_212_NY_new-york": 40, "_646_NY_new-york": 20} | once))

    assert found.loc["new york", "646"] > 20 * found.loc["new york", "415"]


def test_no_known_call_gives_even_chances_by_state() -> None:
    found = shares(make_known())

    assert found.loc["new york", "212"] == found.loc["new york", "646"]
    assert found.loc["new york", "212"] > found.loc["new york", "415"] > 0


def test_line_types_lean_on_all_devices_where_a_device_has_few_calls() -> None:
    known = pd.DataFrame(
        {"device_id": [0] * 90 + [1] * 10, "line_type": ["mobile"] * 80 + ["landline"] * 20}
    )
    found = line_type_shares(known, ["landline", "mobile"])

    assert found.sum(axis=1) == pytest.approx(1.0)
    assert found[0, 0] < found[2, 0] < found[1, 0]


def test_taps_fall_with_the_delay_and_are_never_certain() -> None:
    known = pd.DataFrame(
        {
            "device_id": [0] * 200,
            "delay_octave": [5] * 100 + [11] * 100,
            "is_tapped": [True] * 90 + [False] * 110,
        }
    )
    found = tap_shares(known, octaves=20)

    assert found[0, 5] > 0.8
    assert 0 < found[0, 11] < 0.1
    assert found[1].max() < 0.05
    assert found.max() < 1


def test_no_call_at_all_gives_small_tap_shares() -> None:
    none = pd.DataFrame({"device_id": [], "delay_octave": [], "is_tapped": []})
    found = tap_shares(none.astype({"device_id": int}), octaves=3)

    assert np.all((found > 0) & (found < 0.05))
