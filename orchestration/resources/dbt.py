"""dbt's command line as a Dagster resource, without what Dagster does beside it."""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version as installed_version

from dagster_dbt import DbtCliResource
from packaging.version import Version


class Dbt(DbtCliResource):
    """`DbtCliResource` that starts dbt once per call and nothing else.

    Dagster's own asks `dbt --version` in a process of its own, and sets up a second dbt adapter
    in this process, for its `fetch_row_counts` and column metadata. We use neither (see
    `dbt_events`): 6 s of processor time in each run.
    """

    @cached_property
    def _cli_version(self) -> Version:
        # The executable is this environment's (`settings.DBT_EXECUTABLE`), and so is its package.
        return Version(installed_version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> None:  # type: ignore[override]
        return None
