"""How dbt's nodes appear in Dagster: keyed and grouped by layer, owned by the data team."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject

OWNERS = ["team:data"]

READ_WHEN_LOOKED_AT = "activation"
"""Schema that only views read. Its tables are filled after the marts, from the marts: an arrow from
there to a model would cut the step that builds the marts in two."""


class LayerTranslator(DagsterDbtTranslator):
    """Keys assets ``[layer, model]``, the table's address, and groups them by layer."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        return spec.replace_attributes(
            deps=[dep for dep in spec.deps if dep.asset_key.path[0] != READ_WHEN_LOOKED_AT]
        )

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return OWNERS
