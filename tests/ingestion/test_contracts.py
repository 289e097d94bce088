"""The contract is consistent with itself and with what was generated from it."""

import pytest
import yaml

from ingestion.contracts import LANDING_FEEDS
from ingestion.dbt_sources import SOURCES_FILE, sources_yaml
from ingestion.feeds import Feed
from tests.conftest import REPO_ROOT

FEEDS = [pytest.param(feed, id=name) for name, feed in LANDING_FEEDS.items()]


def test_dbt_sources_are_those_of_the_contract() -> None:
    committed = (REPO_ROOT / SOURCES_FILE).read_text(encoding="utf-8")

    assert committed == sources_yaml(), "run: python -m ingestion.dbt_sources"


def test_dbt_sources_describe_every_column() -> None:
    (source,) = yaml.safe_load(sources_yaml())["sources"]

    assert [table["name"] for table in source["tables"]] == list(LANDING_FEEDS)
    for table in source["tables"]:
        described = {column["name"]: column["description"] for column in table["columns"]}
        assert list(described) == [c.name for c in LANDING_FEEDS[table["name"]].columns]
        assert all(described.values())


@pytest.mark.parametrize("feed", FEEDS)
def test_rules_name_fields_of_their_feed(feed: Feed) -> None:
    names = {field.name for field in feed.fields}
    named = {*feed.key, *(c.field for c in feed.conditions), *(c.when for c in feed.conditions)}
    named |= {order.low for order in feed.orders} | {order.high for order in feed.orders}
    named |= {column.source for column in feed.derived} | (
        {feed.version} if feed.version else set()
    )

    assert named <= names
    assert len({column.name for column in feed.columns}) == len(feed.columns)


@pytest.mark.parametrize("feed", FEEDS)
def test_version_is_required_where_there_is_one(feed: Feed) -> None:
    required = {field.name for field in feed.fields if field.required}

    assert feed.version is None or feed.version in required
    assert feed.key[0] in required
