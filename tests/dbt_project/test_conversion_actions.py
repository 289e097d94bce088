"""The seed of conversion actions: no ad account is served twice, however it is written."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.conftest import REPO_ROOT
from tests.project import compiled

pytestmark = pytest.mark.integration

SEEDS = REPO_ROOT / "dbt_project" / "seeds" / "_activation__seeds.yml"
TEST = "an_ad_account_is_served_by_one_destination"
ACTIONS = "int_conversion_actions"

Offenders = Callable[..., list[tuple]]


@pytest.fixture(scope="module")
def sql(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The project's SQL as DuckDB gets it, for a warehouse of the name `w`."""
    return compiled(tmp_path_factory.mktemp("compiled"), "--select", ACTIONS, TEST)


@pytest.fixture
def offenders(sql: dict[str, str], tmp_path: Path) -> Offenders:
    """What the seed's test finds in rows of the seed: its destinations by platform."""

    def find(*rows: dict) -> list[tuple]:
        (seed,) = yaml.safe_load(SEEDS.read_text())["seeds"]
        columns = ", ".join(
            f"{name} {kind}" for name, kind in seed["config"]["column_types"].items()
        )
        with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
            connection.execute("create schema seeds; create schema intermediate")
            connection.execute(f"create table seeds.conversion_actions ({columns})")
            connection.execute(
                "create table intermediate.int_campaigns"
                " (platform text, account_id text, first_seen_date date)"
            )
            for row in rows:
                connection.execute(
                    f"insert into seeds.conversion_actions ({', '.join(row)})"
                    f" values ({', '.join('?' for _ in row)})",
                    list(row.values()),
                )
            connection.execute(f"create table intermediate.{ACTIONS} as {sql[ACTIONS]}")
            found = connection.execute(sql[TEST]).fetchall()
        return sorted((one, other) for _, _, one, other in found)

    return find


def make_action(destination: str, account_id: str, **overrides: str | None) -> dict:
    return {
        "destination": destination,
        "account_id": account_id,
        "conversion_action": "1",
        "platform": "google_ads",
        "calls_from": "website",
        "click_accounts": account_id,
    } | overrides


BOTH = [("google_ads_clicks", "google_data_manager")]
SAME = {
    "the same account": (
        {"account_id": "4102217781", "click_accounts": "1"},
        {"account_id": "4102217781"},
        BOTH,
    ),
    "one with dashes": (
        {"account_id": "410-221-7781", "click_accounts": "1"},
        {"account_id": "4102217781"},
        BOTH,
    ),
    "the same clicks": ({"click_accounts": "410-1"}, {"click_accounts": "4101"}, BOTH),
    "lists with one in common": (
        {"click_accounts": "410-1 882-2"},
        {"click_accounts": "3,8822"},
        BOTH,
    ),
    "lists with none in common": (
        {"click_accounts": "410-1 882-2"},
        {"click_accounts": "41 01"},
        [],
    ),
    "clicks of any account": ({}, {"click_accounts": None}, BOTH),
    "nothing in common": ({}, {}, []),
    "another platform": (
        {"account_id": "1"},
        {"account_id": "1", "platform": "microsoft_ads"},
        [],
    ),
    "calls from call assets": (
        {"account_id": "4101"},
        {"account_id": "4101", "calls_from": "call_asset"},
        [],
    ),
}


@pytest.mark.parametrize(("one", "other", "expected"), SAME.values(), ids=list(SAME))
def test_two_destinations_for_one_ad_account_are_found(
    offenders: Offenders, one: dict, other: dict, expected: list
) -> None:
    first = make_action("google_ads_clicks", **{"account_id": "71"} | one)
    second = make_action("google_data_manager", **{"account_id": "72"} | other)
    assert offenders(first, second) == expected
