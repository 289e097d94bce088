"""When the warehouse is refreshed: every morning, and when files land. Uploads go every hour."""

import dagster as dg

from orchestration.landing_digest import LANDING_TAG, landing_digest
from orchestration.resources.uploads import Uploads
from orchestration.resources.warehouse import RingtrailPaths
from orchestration.upload_settings import DESTINATIONS

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

uploads_job = dg.define_asset_job(
    "uploads_job",
    selection=dg.AssetSelection.assets(
        *(["activation", destination] for destination in DESTINATIONS),
        ["activation", "upload_states"],
    ),
    description="What is planned is sent, what was sent is read back; nothing is built or planned.",
)


@dg.schedule(
    job=uploads_job,
    cron_schedule="30 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def uploads_hourly(
    context: dg.ScheduleEvaluationContext, uploads: Uploads
) -> dg.RunRequest | dg.SkipReason:
    """Send and read back every hour: platforms answer later, and ask to be asked later.

    Not while another run is under way: the whole graph sends as well, and writes the warehouse
    meanwhile. The published copy follows with the next refresh, which alone knows that the marts
    are whole.
    """
    if not uploads.uploaders():
        return dg.SkipReason("no destination is set up")
    others = context.instance.get_run_records(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]), limit=1
    )
    if others:
        return dg.SkipReason(f"run {others[0].dagster_run.run_id} is under way")
    return dg.RunRequest()


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
