"""Runs the scenes of tests/edge_cases/matching.yaml; that file says how to read them."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from ml.matching.matcher import score_calls, train_matcher
from ml.matching.settings import MatcherSettings
from tests.ml.worlds import load_tables

SCENES = yaml.safe_load((Path(__file__).parents[1] / "edge_cases" / "matching.yaml").read_text())
DAY_BEFORE = pd.Timestamp("2026-10-06 14:00:00")
DAY = pd.Timestamp("2026-10-07 14:00:00")
FALLBACK = "+16660000"


def at(minutes: float, start: pd.Timestamp = DAY) -> pd.Timestamp:
    return start + pd.Timedelta(minutes=minutes)


def make_touch(scene: dict[str, Any], start: pd.Timestamp = DAY) -> dict[str, Any]:
    touched_at = at(scene["at"], start)
    is_unseen = scene.get("number_state") == "unseen"
    defaults = {
        "touch_id": scene["id"],
        "session_id": None if is_unseen else f"session {scene['id']}",
        "platform": "google_ads",
        "click_id": f"click {scene['id']}",
        "channel": "Paid Search",
        "campaign_id": "c",
        "device": "mobile",
        "geo_region": "NY",
        "geo_city": "New York",
        "touched_at": None if scene.get("only_day") else touched_at,
        "click_date": touched_at.date(),
        "account_timezone": "America/New_York",
        "site": "site.test",
        "number_state": "leased",
        "page_views": None if is_unseen else 2,
        "session_number": None if is_unseen else 1,
        "is_click": True,
        "lease_end_at": at(scene["lease_minutes"], touched_at) if "number" in scene else None,
    }
    return defaults | {key: scene[key] for key in scene.keys() & defaults.keys()}


def make_call(scene: dict[str, Any], call_id: str, start: pd.Timestamp = DAY) -> dict[str, Any]:
    is_pool = scene["number"] != "fallback"
    defaults = {
        "call_id": call_id,
        "call_started_at": at(scene["at"], start),
        "match_kind": "pool" if is_pool else "fallback",
        "tracking_number": scene["number"] if is_pool else FALLBACK,
        "site": "site.test",
        "caller_key": f"caller {call_id}",
        "caller_area_code": "212",
        "line_type": "mobile",
        "is_spam": False,
        "live_touch_id": scene.get("live"),
        "tap_touch_id": scene.get("tap"),
    }
    return defaults | {key: scene[key] for key in scene.keys() & defaults.keys()}


def quiet_world() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Two hundred sessions of the day before; one in five called at once, one in twenty later."""
    far = {"geo_region": "CA", "geo_city": "Oakland"}
    touches = [
        {"id": f"q{i:03d}", "at": i, "number": f"+1777{i:04d}", "lease_minutes": 33}
        | (far if i % 2 else {})
        for i in range(200)
    ]
    calls = [
        {"at": i + 1 + i % 3, "number": f"+1777{i:04d}", "live": f"q{i:03d}"}
        | {"caller_area_code": "510" if i % 2 else "212"}
        for i in range(0, 200, 5)
    ]
    calls += [
        {"at": i + 300 + 7 * i, "number": f"+1777{i:04d}"}
        | {"caller_area_code": "510" if i % 2 else "212"}
        for i in range(3, 200, 20)
    ]
    return touches, calls


def scene_tables(scene: dict[str, Any]) -> dict[str, pd.DataFrame]:
    quiet_touches, quiet_calls = quiet_world()
    touches = [make_touch(touch, DAY_BEFORE) for touch in quiet_touches]
    touches += [make_touch(touch) for touch in scene["touches"]]
    calls = [make_call(call, f"q{i}", DAY_BEFORE) for i, call in enumerate(quiet_calls)]
    numbered = [(touch, DAY_BEFORE) for touch in quiet_touches]
    numbered += [(touch, DAY) for touch in scene["touches"] if "number" in touch]
    leases = pd.DataFrame(
        [
            {
                "tracking_number": touch["number"],
                "pool_id": "p",
                "session_id": f"session {touch['id']}",
                "lease_start_at": at(touch["at"], start),
                "lease_end_at": at(touch["at"] + touch["lease_minutes"], start),
            }
            for touch, start in numbered
        ]
    )
    shown = leases.rename(columns={"lease_start_at": "first_shown_at"}).drop(
        columns=["pool_id", "lease_end_at"]
    )
    known = pd.DataFrame(calls).dropna(subset="live_touch_id")
    known = known[["call_id", "live_touch_id", "match_kind"]]
    return {
        "int_touches": pd.DataFrame(touches),
        "int_calls_to_match": pd.DataFrame([*calls, make_call(scene["call"], "asked")]),
        "int_known_calls": known.rename(columns={"live_touch_id": "touch_id"}).assign(
            label_source="live_lease"
        ),
        "int_number_leases": leases,
        "int_numbers_shown": shown.assign(number_kind="pool"),
    }


@pytest.mark.parametrize("scene", SCENES, ids=[scene["name"] for scene in SCENES])
def test_scene(scene: dict[str, Any]) -> None:
    sql = load_tables(scene_tables(scene))
    settings = MatcherSettings(iterations=4)
    score_calls(sql, train_matcher(sql, settings), settings)
    found = sql.frame("select * from ml.call_candidates where call_id = 'asked'")
    answers = found.assign(answer=found["touch_id"].fillna("nobody"))[~found["is_remainder"]]
    probability = answers.set_index("answer")["probability"]
    expected = scene["expect"]

    if "absent" in expected:
        assert expected["absent"] not in probability.index
        return
    named = {touch["id"] for touch in scene["touches"]} & set(probability.index)
    likeliest = probability[[*sorted(named)]].idxmax() if named else "nobody"
    assert likeliest == expected["answer"]
    assert (
        expected.get("at_least", 0)
        <= probability[expected["answer"]]
        <= expected.get("at_most", 1.0)
    )
