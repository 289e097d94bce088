"""Conversions to the ad platforms: planned, sent, read back, and shown in the marts.

    marts/upload_candidates ─► plan ─► one asset a destination ─► upload_states
                               ledger  send, then read back       marts.conversion_uploads

Nothing goes to a destination before a person arms it in the settings: what is planned waits, and
says how much would go. Only the first and the last step hold the warehouse; sending waits for
platforms, and opens it for the moment in which a batch's numbers are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import dagster as dg

from activation.ledger.database import Ledger
from activation.ledger.health import Health, health_of
from activation.ledger.states import current_states, known_calls
from activation.outcomes import Outcome
from activation.planning import PlannedStep, plan
from activation.reading_back import Reader
from activation.sending import Sender
from orchestration.resources.uploads import Uploads
from orchestration.resources.warehouse import WRITER_POOL, Warehouse
from orchestration.translators import OWNERS
from orchestration.upload_settings import DESTINATIONS, WrongSetting
from orchestration.uploading import (
    Total,
    number_reader,
    read_candidates,
    read_totals,
    write_states,
)

PLAN = dg.AssetKey(["activation", "plan"])
STATES = dg.AssetKey(["activation", "upload_states"])
GROUP = "activation"

NOT_SET_UP = "not_set_up"
NOTHING_STUCK = "nothing_is_stuck_in_sending"
FEW_REFUSALS = "refusals_are_under_the_bound"
PLATFORMS_AGREE = "platforms_have_decided_what_they_took"
MAX_REFUSAL_SHARE = 0.2
MIN_DECIDED = 20
"""Fewer decisions than this in a week are not judged."""

_CHECKS = {
    NOTHING_STUCK: "No upload has waited for two hours for an answer that nobody asks for.",
    FEW_REFUSALS: f"At most {MAX_REFUSAL_SHARE:.0%} of a week's decisions are refusals.",
    PLATFORMS_AGREE: "Confirmed and refused at the platform add up to what it took three days ago.",
}
_KINDS = {"python"}
_RETRIES = dg.RetryPolicy(
    max_retries=2, delay=20, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
"""For faults of ours and of the network; what a platform refuses is no failure of a step."""


@dg.asset(
    key=PLAN,
    deps=[dg.AssetKey(["marts", "upload_candidates"])],
    group_name=GROUP,
    kinds={"python", "sqlite"},
    owners=OWNERS,
    pool=WRITER_POOL,
)
def upload_plan(
    context: dg.AssetExecutionContext, warehouse: Warehouse, uploads: Uploads
) -> dg.MaterializeResult:
    """What is to be done now, written into the ledger: conversions, restatements, retractions.

    Planning the same marts again changes nothing. A destination whose settings are wrong fails when
    it is to be sent to; what is planned for it waits.
    """
    limits, wrong = uploads.limits()
    for error in wrong:
        context.log.warning(str(error))
    with uploads.ledger() as ledger, warehouse.connect() as connection:
        candidates = read_candidates(connection, known_calls(ledger))
        steps = plan(ledger, candidates, limits, now=uploads.clock())
    return dg.MaterializeResult(metadata=_steps_metadata(steps))


@dg.multi_asset(
    name="uploads_to_platforms",
    specs=[
        dg.AssetSpec(
            [GROUP, destination],
            deps=[PLAN],
            group_name=GROUP,
            description=f"Uploads to {destination}: sent and read back; nothing unless armed.",
            kinds=_KINDS,
            owners=OWNERS,
            skippable=True,
        )
        for destination in DESTINATIONS
    ],
    can_subset=True,
    retry_policy=_RETRIES,
)
def uploads_to_platforms(
    context: dg.AssetExecutionContext, warehouse: Warehouse, uploads: Uploads
) -> Iterator[dg.MaterializeResult]:
    """Send what is planned and read back what was sent, one destination after the other.

    A destination that fails does not keep the others from sending; the step fails at the end.
    """
    failures: dict[str, Exception] = {}
    with uploads.ledger() as ledger:
        planned = {one.destination: one.planned for one in health_of(ledger, uploads.clock())}
        for key in sorted(context.selected_asset_keys):
            destination = key.path[-1]
            try:
                sent, read = _serve(ledger, destination, warehouse, uploads)
            except Exception as error:
                failures[destination] = error
                continue
            if sent.stopped == NOT_SET_UP:
                sent.would_go = planned.get(destination, 0)
            yield dg.MaterializeResult(asset_key=key, metadata=_outcome_metadata(sent, read))
    if failures:
        names = ", ".join(f"{name} ({_told(error)})" for name, error in failures.items())
        raise RuntimeError(f"could not send to {names}") from next(iter(failures.values()))


def _told(error: Exception) -> str:
    """What may be said of an error: others than ours may quote what was sent."""
    return str(error) if isinstance(error, WrongSetting) else type(error).__name__


def _serve(
    ledger: Ledger, destination: str, warehouse: Warehouse, uploads: Uploads
) -> tuple[Outcome, Outcome]:
    """Send to one destination and read it back; nothing where it is not set up."""
    make = uploads.uploaders().get(destination)
    if make is None:
        return Outcome(destination, stopped=NOT_SET_UP), Outcome(destination)
    uploader = make()
    sender = Sender(
        ledger,
        destination,
        uploader,
        uploads.safeguards(destination),
        number_reader(warehouse),
        uploads.clock,
    )
    return sender.send(), Reader(ledger, destination, uploader, uploads.clock).read_back()


@dg.asset(
    key=STATES,
    deps=[PLAN, *([GROUP, destination] for destination in DESTINATIONS)],
    check_specs=[
        dg.AssetCheckSpec(name, asset=STATES, description=text) for name, text in _CHECKS.items()
    ],
    group_name=GROUP,
    kinds={"duckdb"},
    owners=OWNERS,
    pool=WRITER_POOL,
)
def upload_states(warehouse: Warehouse, uploads: Uploads) -> Iterator[dg.MaterializeResult]:
    """One row per conversion that was ever planned, as the ledger says: what the marts show."""
    with uploads.ledger() as ledger, warehouse.connect() as connection:
        rows = write_states(connection, current_states(ledger), uploads.clock())
        healths = health_of(ledger, uploads.clock())
        totals = read_totals(connection)
    yield dg.MaterializeResult(
        metadata={"dagster/row_count": rows, **_totals_metadata(totals)},
        check_results=_check_results(healths),
    )


def _check_results(healths: Sequence[Health]) -> list[dg.AssetCheckResult]:
    passed = {
        NOTHING_STUCK: all(health.stuck == 0 for health in healths),
        FEW_REFUSALS: all(
            health.refusal_share <= MAX_REFUSAL_SHARE or health.decided_lately < MIN_DECIDED
            for health in healths
        ),
        PLATFORMS_AGREE: all(health.undecided == 0 for health in healths),
    }
    figures = {health.destination: dg.MetadataValue.json(asdict(health)) for health in healths}
    return [
        dg.AssetCheckResult(
            check_name=name,
            asset_key=STATES,
            passed=is_passed,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=figures,
        )
        for name, is_passed in passed.items()
    ]


def _steps_metadata(steps: Sequence[PlannedStep]) -> dict[str, Any]:
    """Uploads and money by what was decided; amounts of different currencies stand apart."""
    metadata: dict[str, Any] = {"steps": sum(step.uploads for step in steps)}
    for step in steps:
        name = f"{step.destination}/{step.step}/{step.reason}/{step.currency or 'no value'}"
        metadata[f"uploads/{name}"] = step.uploads
        if step.value is not None:
            metadata[f"value/{name}"] = float(step.value)
    return metadata


def _outcome_metadata(sent: Outcome, read: Outcome) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "would_go": sent.would_go,
        "stopped": sent.stopped or read.stopped or "nothing left to send",
    }
    for label, outcome in (("sent", sent), ("read_back", read)):
        for verdict, count in outcome.verdicts.items():
            metadata[f"{label}/{verdict}"] = count
        for reason, count in outcome.reasons.items():
            metadata[f"{label}/reason/{reason}"] = count
    return metadata


def _totals_metadata(totals: Sequence[Total]) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    for total in totals:
        name = f"{total.destination}/{total.state}/{total.reason}/{total.currency or 'no value'}"
        metadata[f"uploads/{name}"] = total.uploads
        if total.value is not None:
            metadata[f"value/{name}"] = float(total.value)
    return metadata
