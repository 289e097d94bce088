"""What a platform's answer does to the rows it is about, and to what they correct.

counted   confirmed         a retraction: its conversion is retracted
refused   refused           a retraction: its conversion is retraction_unsupported
accepted  sent, to be read back
later     planned again
hold      held, for a person
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, null, text

from activation.ledger.claims import FREE, NEXT, Claim, is_held_by
from activation.ledger.database import Ledger
from activation.ledger.tables import uploads
from activation.uploads import Operation, Result, State, Verdict


def settle(
    ledger: Ledger,
    claimed: Claim,
    results: Mapping[str, Result],
    *,
    now: datetime,
    state: State = State.SENDING,
    request_id: str | None = None,
    request_size: int | None = None,
) -> int:
    """Write verdicts on rows in `state` whose lease still stands; return how many were written."""
    alike: dict[Result, list[int]] = {}
    for key, result in results.items():
        if key in claimed.ids:
            alike.setdefault(result, []).append(claimed.ids[key])
    written = 0
    with ledger.write() as connection:
        for result, ids in alike.items():
            values = _after(result, now, request_id, request_size)
            done = connection.execute(
                uploads.update()
                .where(is_held_by(claimed.token, ids, state))
                .values(reason=result.reason, changed_at=now, **values, **NEXT, **FREE)
                .returning(uploads.c.upload_id)
            )
            settled: Sequence[int] = done.scalars().all()
            written += len(settled)
            if claimed.uploads[0].operation is not Operation.CONVERT:
                settle_targets(connection, settled, result.verdict)
    return written


def _after(
    result: Result, now: datetime, request_id: str | None, request_size: int | None
) -> dict[str, Any]:
    match result.verdict:
        case Verdict.COUNTED:
            return {"state": State.CONFIRMED, "step": "confirmed", "decided_at": now}
        case Verdict.REFUSED:
            return {"state": State.REFUSED, "step": "refused", "decided_at": now}
        case Verdict.ACCEPTED:
            asked = {"request_id": request_id, "request_size": request_size, "sent_at": now}
            return {"state": State.SENT, "step": "sent", "not_before": None, **asked}
        case Verdict.LATER:
            not_before = now + (result.retry_after or timedelta())
            return {
                "state": State.PLANNED,
                "step": "postponed",
                "not_before": not_before,
                # The platform keeps nothing of it: its window begins with the next attempt.
                "first_sent_at": null(),
            }
        case Verdict.HOLD:
            return {"state": State.HELD, "step": "held"}


_SETTLE_TARGETS = {
    (Operation.RETRACT, Verdict.COUNTED): (
        "state = 'retracted', step = 'retracted', reason = coalesce((select event.reason from"
        " upload_events as event where event.upload_id = correction.upload_id"
        " and event.version = 1), 'retracted')"
    ),
    (Operation.RETRACT, Verdict.REFUSED): (
        "state = 'retraction_unsupported', step = 'retraction_refused', reason = correction.reason"
    ),
    (Operation.RESTATE, Verdict.COUNTED): (
        "state = 'confirmed', step = 'restated', reason = 'restated',"
        " value_micros = correction.value_micros, value_currency = correction.value_currency"
    ),
    (Operation.RESTATE, Verdict.REFUSED): (
        "state = 'confirmed', step = 'restatement_refused', reason = 'restatement_refused'"
    ),
}


def settle_targets(connection: Connection, ids: Sequence[int], verdict: Verdict) -> None:
    """What a decided correction means for the conversion it is about."""
    for (operation, outcome), values in _SETTLE_TARGETS.items():
        if outcome is verdict and ids:
            statement = text(
                f"update uploads as target set {values}, version = target.version + 1,"
                " changed_at = correction.changed_at from uploads as correction"
                " where target.key = correction.target_key"
                " and target.state in ('confirmed', 'retraction_unsupported')"
                f" and correction.operation = '{operation}'"
                f" and correction.upload_id in ({', '.join(str(number) for number in ids)})"
            )
            connection.execute(statement)
