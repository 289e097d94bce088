"""Tests of clicks that are also there as a session without their id."""

import pandas as pd
import pytest

from ml.matching.features import build_features
from ml.matching.settings import MatcherSettings
from tests.ml.worlds import DuckSql, load_tables

NOON = pd.Timestamp("2026-10-01 12:00:00")
TOUCH = {
    "platform": "google_ads",
    "campaign_id": "1",
    "channel": "Paid Search",
    "device": "mobile",
    "geo_region": "NY",
    "geo_city": "Albany",
}


def make_session(name: str, **overrides: object) -> dict[str, object]:
    """A visit of the campaign at noon that lost its click id."""
    mine = {"touch_id": f"s:{name}", "session_id": name, "visitor_id": f"v{name}", "site": "a.com"}
    found = {"touched_at": NOON, "number_state": "leased", "page_views": 1, "is_click": False}
    return TOUCH | mine | found | overrides


def make_click(name: str, **overrides: object) -> dict[str, object]:
    """A click of the campaign's day that no session followed."""
    mine = {"touch_id": f"c:{name}", "click_id": name, "click_date": NOON.date()}
    return TOUCH | mine | {"number_state": "unseen", "is_click": True, **overrides}


def build(*touches: dict[str, object]) -> DuckSql:
    sql = load_tables({"int_touches": pd.DataFrame(list(touches))})
    build_features(sql, MatcherSettings())
    return sql


def unseen_shares(sql: DuckSql) -> dict[str, float]:
    found = sql.frame("""
        select touches.touch_id, coalesce(shares.unseen_share, 1) as unseen_share
        from matcher_touches as touches
        left join matcher_unseen_shares as shares on touches.touch_index = shares.touch_index
    """)
    return dict(zip(found["touch_id"], found["unseen_share"], strict=True))


SECONDS_BEFORE = {"touched_at": NOON - pd.Timedelta(seconds=9)}
ORGANIC = {"platform": None, "campaign_id": None, "channel": "Organic Search"}


@pytest.mark.parametrize(
    ("session", "click", "share"),
    [
        pytest.param({}, {}, 0.0, id="the only click of its day"),
        pytest.param({}, SECONDS_BEFORE, 0.0, id="a click of seconds before"),
        pytest.param(
            {}, {"touched_at": NOON - pd.Timedelta(hours=1)}, 1.0, id="a click of an hour before"
        ),
        pytest.param({"is_click": True}, {}, 1.0, id="the session kept its id"),
        pytest.param({"campaign_id": "2"}, {}, 1.0, id="another campaign"),
        pytest.param({"geo_city": "Utica"}, {}, 1.0, id="another city"),
        pytest.param({"device": "desktop"}, {}, 1.0, id="another device"),
        pytest.param({}, {"site": "b.com"}, 1.0, id="the click led to another site"),
        pytest.param({"touched_at": NOON + pd.Timedelta(days=1)}, {}, 1.0, id="another day"),
        pytest.param(ORGANIC, SECONDS_BEFORE, 0.0, id="the campaign went with the id"),
        pytest.param(ORGANIC, {}, 1.0, id="of a day any visit may be organic"),
    ],
)
def test_a_click_is_there_once_when_a_session_without_its_id_is_like_it(
    session: dict[str, object], click: dict[str, object], share: float
) -> None:
    shares = unseen_shares(build(make_session("1", **session), make_click("x", **click)))

    assert shares == pytest.approx({"s:1": 1.0, "c:x": share})


def test_one_session_takes_one_click_from_all_that_are_alike() -> None:
    shares = unseen_shares(build(make_session("1"), *(make_click(name) for name in "wxyz")))

    assert [shares[f"c:{name}"] for name in "wxyz"] == pytest.approx([0.75] * 4)


def test_a_session_whose_click_has_a_time_leaves_the_clicks_of_its_day_alone() -> None:
    shares = unseen_shares(
        build(make_session("1"), make_click("timed", **SECONDS_BEFORE), make_click("of the day"))
    )

    assert shares["c:timed"] == pytest.approx(0.0)
    assert shares["c:of the day"] == pytest.approx(1.0)
