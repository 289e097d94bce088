"""Every dbt model, test and seed as Dagster assets and checks, in two steps around the matcher.

    dbt_evidence   staging, sessions, leases, evidence: what the matcher learns from
    dbt_marts      everything downstream of schema ml: credits, marts, reports

Two definitions rather than one that Dagster would cut in two: for a subset it lists the selected
nodes one by one, which took 44 s for 354 of them. Unit tests of the SQL are the developer's, not
the day's: `make test` runs them. A whole definition is built by dbt in this process, a subset, for
which Dagster writes dbt's arguments, by a dbt of its own.

Both build only what new files touch; a changed rule (`orchestration.rules`) builds everything anew.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets
from dagster_dbt.dbt_manifest import read_manifest_path

from orchestration.dbt_events import build_all, with_row_counts
from orchestration.project import ensure_manifest, make_dbt_project
from orchestration.resources.warehouse import WRITER_POOL, Warehouse
from orchestration.rules import are_rules_new, remember_rules
from orchestration.settings import Settings
from orchestration.translators import LayerTranslator

_SETTINGS = Settings()
_MANIFEST = ensure_manifest(_SETTINGS)
_PROJECT = make_dbt_project(_SETTINGS)
_DOWNSTREAM_OF_MATCHER = "source:ml+"
_UNIT_TESTS = "resource_type:unit_test"
_BUILD = ["build", "--exclude-resource-type", "unit_test"]


@dbt_assets(
    manifest=_MANIFEST,
    project=_PROJECT,
    dagster_dbt_translator=LayerTranslator(),
    exclude=f"{_DOWNSTREAM_OF_MATCHER} {_UNIT_TESTS}",
    pool=WRITER_POOL,
)
def dbt_evidence(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse
) -> Iterator[Any]:
    """Build staging to evidence with their tests; a failed test fails what is downstream."""
    yield from _build(context, dbt, warehouse, "--exclude", _DOWNSTREAM_OF_MATCHER)


@dbt_assets(
    manifest=_MANIFEST,
    project=_PROJECT,
    dagster_dbt_translator=LayerTranslator(),
    select=_DOWNSTREAM_OF_MATCHER,
    exclude=_UNIT_TESTS,
    pool=WRITER_POOL,
)
def dbt_marts(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse
) -> Iterator[Any]:
    """Build credits, marts and reports with their tests."""
    yield from _build(context, dbt, warehouse, "--select", _DOWNSTREAM_OF_MATCHER)
    if not context.is_subset:
        with warehouse.connect() as connection:
            remember_rules(connection)


def _build(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse, *whole: str
) -> Iterator[Any]:
    """Build only what new files touch, unless the rules are new; `whole` selects all of a step."""
    with warehouse.connect() as connection:
        arguments = [*_BUILD, "--full-refresh"] if are_rules_new(connection) else _BUILD
    events: Iterator[Any]
    if context.is_subset:
        events = dbt.cli(arguments, context=context).stream()
    else:
        events = build_all(context, [*arguments, *whole], read_manifest_path(_MANIFEST))
    yield from with_row_counts(context, events, warehouse)
