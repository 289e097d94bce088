"""The code location: everything under orchestration/defs, plus its resources.

`workspace.yaml` names this module. Which warehouse it serves follows from the settings of the
process that imports it (`RINGTRAIL_WAREHOUSE`), so one installation can serve many.
"""

from pathlib import Path

import dagster as dg

from orchestration.project import ensure_manifest, make_dbt_project
from orchestration.resources.dbt import Dbt
from orchestration.resources.uploads import Uploads
from orchestration.resources.warehouse import RingtrailPaths, Warehouse
from orchestration.settings import DBT_EXECUTABLE, Settings


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions that ``workspace.yaml`` serves."""
    settings = Settings()
    settings.export()
    ensure_manifest(settings)
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(
            resources={
                "dbt": Dbt(
                    project_dir=make_dbt_project(settings),  # type: ignore[arg-type]
                    dbt_executable=DBT_EXECUTABLE,
                ),
                "warehouse": Warehouse(
                    path=str(settings.warehouse), memory_limit=settings.memory_limit
                ),
                "uploads": Uploads(),
                "paths": RingtrailPaths(
                    landing_dir=settings.landing_dir,
                    state_dir=str(settings.state_dir),
                    serving_path=str(settings.serving_path),
                ),
            }
        ),
    )
