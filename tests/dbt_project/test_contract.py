"""The marts are what the contract promises: tables, columns, types, keys and lists of values.

The contract is read, not repeated: `contracts/marts.md` stands beside the checkout, where those who
read the marts agreed on it. What dbt declares is checked here; that tables are as declared, dbt's
enforced contracts see to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.project import manifest_json

pytestmark = pytest.mark.integration

TYPES = {
    r".*_at": "timestamp",
    r".*_date": "date",
    r"(is|has)_.*": "boolean",
    r"(.*_)?currency": "varchar",
}
"""Data types that follow from a column's name, as the contract says at its head and style does."""

Node = dict
"""A node of dbt's manifest."""


@dataclass
class Table:
    """What the contract says of one table; no columns where it describes them in prose."""

    name: str
    columns: list[str]
    key: list[str]
    is_report: bool = False


def _words(text: str) -> list[str]:
    """Return the names in a list such as `a, b (with a remark), c`."""
    bare = re.sub(r"\([^()]*\)", "", text).replace("`", "")
    return re.findall(r"[a-z][a-z_]*", bare)


def _column_list(paragraph: str) -> list[str]:
    """Return the columns of a paragraph that is a list of them, of a sentence none."""
    bare = re.sub(r"\([^()]*\)", "", paragraph)
    items = [item.strip() for item in re.split(r"[,;]", bare)]
    return items if all(re.fullmatch(r"[a-z_]+", item) for item in items) else []


def _tables(contract: str) -> Iterator[Table]:
    for name, key, paragraph in re.findall(
        r"^## (\w+) : .*?\(key ([^()]+)\)\n(.+?)(?=\n\n|\n## )", contract, re.M | re.S
    ):
        yield Table(name, columns=_column_list(paragraph), key=_words(key))
    for name in re.findall(r"\bdim_\w+", _section(contract, "Dimensions")):
        yield Table(name, columns=[], key=[])
    for name, text in re.findall(r"^- `(\w+)`: (.+)$", _section(contract, "Reports"), re.M):
        yield Table(name, columns=_column_list(text), key=[], is_report=True)


def _section(contract: str, title: str) -> str:
    return contract.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]


def _values(contract: str, opening: str) -> set[str]:
    """Return the values in backticks of the list that follows `opening`."""
    text = contract.split(opening)[1].split("\n\n", maxsplit=1)[0]
    bullets = re.findall(r"^- `(\w+)`:", text, re.M)
    return set(bullets or re.findall(r"`(\w+)`", re.split(r"[.;]", text)[0]))


@pytest.fixture(scope="module")
def contract(shared_data: Path) -> str:
    return (shared_data.parent / "contracts" / "marts.md").read_text()


@pytest.fixture(scope="module")
def tables(contract: str) -> list[Table]:
    return list(_tables(contract))


@pytest.fixture(scope="module")
def manifest() -> Node:
    """What dbt knows of the project after parsing it."""
    return manifest_json()


@pytest.fixture(scope="module")
def marts(manifest: Node) -> dict[str, Node]:
    """Models of the schema `marts` by name."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }


def _tests_of(manifest: Node, model: Node, test: str) -> Iterator[Node]:
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("attached_node") == model["unique_id"]:
            metadata = node.get("test_metadata") or {}
            if metadata.get("name") == test:
                yield {"column": node["column_name"], **metadata["kwargs"]}


def _tested_keys(manifest: Node, model: Node) -> list[set[str]]:
    combinations = _tests_of(manifest, model, "unique_combination")
    columns = _tests_of(manifest, model, "unique")
    return [
        *(set(test["columns"]) for test in combinations),
        *({test["column"]} for test in columns),
    ]


def test_the_contract_is_read_whole(tables: list[Table]) -> None:
    names = {table.name for table in tables}
    columns = {table.name: len(table.columns) for table in tables if table.columns}

    assert {"fct_calls", "fct_call_credits", "dim_dates", "bid_recommendations"} <= names
    assert columns["fct_calls"] >= 39
    assert set(columns) == {
        "fct_calls",
        "fct_call_credits",
        "fct_sessions",
        "fct_ad_clicks",
        "fct_number_leases",
        "channel_performance_daily",
    }


def test_every_table_of_the_contract_is_a_mart(tables: list[Table], marts: dict[str, Node]) -> None:
    assert {table.name for table in tables} - set(marts) == set()


def test_every_column_of_the_contract_is_declared(
    tables: list[Table], marts: dict[str, Node]
) -> None:
    missing = {
        table.name: sorted(lacking)
        for table in tables
        if table.name in marts
        and (lacking := {*table.columns, *table.key} - set(marts[table.name]["columns"]))
    }
    assert missing == {}


def test_every_key_of_the_contract_is_tested(
    tables: list[Table], marts: dict[str, Node], manifest: Node
) -> None:
    untested = {
        table.name: table.key
        for table in tables
        if table.name in marts
        and table.key
        and set(table.key) not in _tested_keys(manifest, marts[table.name])
    }
    assert untested == {}


def test_every_mart_is_enforced_with_a_type_and_a_description_for_each_column(
    marts: dict[str, Node],
) -> None:
    loose = [name for name, model in marts.items() if not model["config"]["contract"]["enforced"]]
    bare = [
        f"{name}.{column}"
        for name, model in marts.items()
        for column, declared in model["columns"].items()
        if not (declared["data_type"] and declared["description"])
    ]
    assert (loose, bare) == ([], [])


def test_names_tell_types(marts: dict[str, Node]) -> None:
    differing = {
        f"{name}.{column}": declared["data_type"]
        for name, model in marts.items()
        for column, declared in model["columns"].items()
        for pattern, data_type in TYPES.items()
        if re.fullmatch(pattern, column)
        and not re.fullmatch(data_type, declared["data_type"].lower())
    }
    assert differing == {}


def test_every_report_has_a_currency_and_says_its_grain_and_key(
    tables: list[Table], marts: dict[str, Node]
) -> None:
    reports = [marts[table.name] for table in tables if table.is_report and table.name in marts]

    assert [report["name"] for report in reports if "currency" not in report["columns"]] == []
    assert [
        report["name"]
        for report in reports
        if not re.match(r"One row per .*\bkey\b", report["description"], re.S)
    ] == []


@pytest.mark.parametrize(
    ("opening", "listed"),
    [
        ("`attribution_layer` is one of", "fct_calls.attribution_layer"),
        ("`attribution_layer` is one of", "fct_call_credits.attribution_layer"),
        ("`attribution_method` says how", "fct_calls.attribution_method"),
        ("`attribution_method` says how", "fct_call_credits.attribution_method"),
        ("clicked_at_precision", "fct_ad_clicks.clicked_at_precision"),
        ("\nmodel in ", "fct_multi_touch_credits.model"),
    ],
)
def test_lists_of_values_are_those_of_the_contract(
    contract: str, marts: dict[str, Node], manifest: Node, opening: str, listed: str
) -> None:
    model, column = listed.split(".")
    assert model in marts
    tested = [
        set(test["values"])
        for test in _tests_of(manifest, marts[model], "accepted_values")
        if test["column"] == column
    ]
    assert tested == [_values(contract, opening)]
