"""When the warehouse is refreshed: every morning, and whenever files land."""

import dagster as dg

from orchestration.landing_digest import LANDING_TAG, landing_digest
from orchestration.resources.warehouse import RingtrailPaths

refresh_job = dg.define_asset_job(
    "refresh_job",
    selection=dg.AssetSelection.all(),
    description="Landing folder to published marts: the whole graph, once.",
)

refresh_daily = dg.ScheduleDefinition(
    name="refresh_daily",
    job=refresh_job,
    cron_schedule="0 5 * * *",
    execution_timezone="America/New_York",
    description="Every morning at 05:00 in the business time zone, before anyone looks.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

LOOK_EVERY_SECONDS = 60


@dg.sensor(
    job=refresh_job,
    minimum_interval_seconds=LOOK_EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_landing_files(
    context: dg.SensorEvaluationContext, paths: RingtrailPaths
) -> dg.SensorResult | dg.SkipReason:
    """Refresh when the list of landed files is one that no good run has seen.

    The warehouse is not opened here: even a reader would block the run that writes it. Runs carry
    the digest of the listing they saw as a tag, those of the command line too.
    """
    digest = landing_digest(paths.landing_dir)
    if digest == context.cursor:
        return dg.SkipReason(f"nothing new in {paths.landing_dir}")
    seen = context.instance.get_run_records(
        dg.RunsFilter(tags={LANDING_TAG: digest}, statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1
    )
    if seen:
        context.update_cursor(digest)
        return dg.SkipReason(f"{paths.landing_dir} is as run {seen[0].dagster_run.run_id} saw it")
    request = dg.RunRequest(run_key=digest, tags={LANDING_TAG: digest})
    return dg.SensorResult(run_requests=[request], cursor=digest)
