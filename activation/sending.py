"""Sending what is planned, so that a crash anywhere neither loses a conversion nor counts it twice.

    claim, write `sending` ─commit─► request ─► answer ─► verdicts ─commit─► next
           ▲                           │
           └── the sender died here: the lease lapses, the same rows go again under the same keys

    BatchRefused   nothing was counted: halves, until the rows at fault are found
    TryAgain       nothing is known: again after a while, then the rows wait in `sending`, and the
                   other accounts of the destination go on
    Refused        the account is at fault: the destination is held for a person
    anything else  a fault of ours: halves as well, and a row that does it alone is held

Not every refusal of a row is believed whose earlier attempt may have arrived: see `believing`.
"""

import itertools
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from tenacity import Retrying

from activation.believing import believed, readable
from activation.ledger.claims import Claim, claim, let_go, renew
from activation.ledger.database import Ledger
from activation.ledger.holds import hold_destination
from activation.ledger.marks import hold_if_behind, remember
from activation.ledger.tables import uploads
from activation.ledger.verdicts import settle
from activation.outcomes import Outcome
from activation.retrying import RETRIES
from activation.safety import DAILY_CAP, Safeguards, check_volume, clear_to_send
from activation.uploads import (
    Answer,
    BatchRefused,
    Refused,
    Result,
    State,
    TryAgain,
    Upload,
    Uploader,
    Verdict,
)

ReadNumbers = Callable[[Collection[str]], Mapping[str, str]]
"""Clear numbers by caller key, read when a batch is sent and kept nowhere."""

LEASE = timedelta(minutes=10)
NO_VERDICT_WAIT = timedelta(minutes=1)
"""How long rows wait that an answer left out."""

MOST_FAULTS = 5
"""Rows of one run that may fail in the uploader before the destination is held."""


class _Stop(Exception):
    """Nothing more can be sent in this run; the rows have been let go."""


class _AccountWaits(_Stop):
    """Nothing more can be sent for this account in this run; its rows have been let go."""


class _UploaderFailed(Exception):
    """The uploader met what it did not expect, and the platform may have the request."""


@dataclass
class Sender:
    """Sends to one destination; any number of them may run at once.

    Attributes:
        ledger: what is to be sent.
        destination: where to.
        uploader: the platform.
        safeguards: bounds of the destination.
        read_numbers: clear numbers by caller key.
        clock: the time, aware.
        retries: how often, and how long apart, a request of unknown fate is sent again.
        lease: how long a claim lasts unless renewed.
    """

    ledger: Ledger
    destination: str
    uploader: Uploader
    safeguards: Safeguards
    read_numbers: ReadNumbers
    clock: Callable[[], datetime]
    retries: Retrying = RETRIES
    lease: timedelta = LEASE

    def send(self, most_requests: int | None = None) -> Outcome:
        """Send what is due, and say what came of it.

        Args:
            most_requests: end after so many, so that they can be read back before a platform
                forgets them (Google Ads reports the latest few); None for everything.
        """
        outcome = Outcome(self.destination)
        if not self.safeguards.is_armed:
            outcome.would_go = self._count_planned()
            outcome.stopped = "not_armed"
            return outcome
        with self.ledger.write() as connection:
            now = self.clock()
            outcome.stopped = hold_if_behind(
                self.ledger, connection, self.destination, now=now
            ) or check_volume(connection, self.destination, self.safeguards, now=now)
        waiting: dict[str, str] = {}
        claims = itertools.repeat(None) if most_requests is None else range(most_requests)
        for _ in claims:
            if outcome.stopped is not None or (claimed := self._claim(outcome, waiting)) is None:
                break
            try:
                self._send_claimed(claimed, outcome)
            except _AccountWaits as wait:
                waiting[claimed.uploads[0].account_id] = str(wait)
            except _Stop as stop:
                outcome.stopped = str(stop)
        outcome.stopped = outcome.stopped or next(iter(waiting.values()), None)
        return outcome

    def _send_claimed(self, claimed: Claim, outcome: Outcome) -> None:
        batch, unsure = self._with_numbers(claimed), set[str]()
        try:
            self._send(claimed, batch, unsure, outcome)
            if unsure:
                # An answer did not mention them.
                now = self.clock()
                pause = now + NO_VERDICT_WAIT
                let_go(self.ledger, claimed.token, "no_verdict", now=now, not_before=pause)
        except _Stop:
            raise
        except BaseException:
            # A fault of ours: the platform may have the rows, and they may go again at once.
            let_go(self.ledger, claimed.token, "sender_failed", now=self.clock())
            raise

    def _claim(self, outcome: Outcome, waiting: Collection[str]) -> Claim | None:
        now, token = self.clock(), secrets.token_hex(8)
        with self.ledger.write() as connection:
            self.ledger.take_turns(connection, self.destination)
            clearance = clear_to_send(connection, self.destination, self.safeguards, now=now)
            if clearance.held:
                outcome.stopped = clearance.held
                return None
            claimed = claim(
                connection,
                self.destination,
                self.uploader.limits,
                token=token,
                now=now,
                lease=self.lease,
                allowance=clearance.allowance,
                without=waiting,
            )
        if claimed is not None:
            remember(self.ledger, self.destination)
        elif clearance.allowance == 0 and self._count_planned():
            outcome.stopped = DAILY_CAP
        return claimed

    def _with_numbers(self, claimed: Claim) -> Sequence[Upload]:
        """The uploads with their callers' clear numbers, for as long as the request takes."""
        if not self.uploader.limits.needs_number:
            return claimed.uploads
        keys = {upload.caller_key for upload in claimed.uploads if upload.caller_key}
        try:
            numbers = self.read_numbers(keys) if keys else {}
        except BaseException:
            # Nothing has left: what was claimed for the first time is planned again.
            first = _never_arrived(claimed, ())
            now = self.clock()
            let_go(self.ledger, claimed.token, "numbers_not_read", now=now, never_arrived=first)
            raise
        return [
            replace(upload, caller_number=numbers.get(upload.caller_key or ""))
            for upload in claimed.uploads
        ]

    def _send(
        self, claimed: Claim, batch: Sequence[Upload], unsure: set[str], outcome: Outcome
    ) -> None:
        """Send a batch; where it is refused as a whole, its halves."""
        for part in _parts(batch, self.uploader.limits.batch_size):
            try:
                answer = self._request(claimed, part, unsure)
            except (BatchRefused, _UploaderFailed) as failure:
                if len(part) == 1:
                    answer = Answer({part[0].key: _alone(failure)})
                    self._settle(claimed, answer, unsure, outcome)
                    self._stop_after_faults(claimed, failure, unsure, outcome)
                else:
                    middle = len(part) // 2
                    for half in (part[:middle], part[middle:]):
                        self._send(claimed, half, unsure, outcome)
                continue
            if answer is not None:
                unsure.update({upload.key for upload in part} - answer.results.keys())
                self._settle(claimed, answer, unsure, outcome)

    def _request(self, claimed: Claim, batch: Sequence[Upload], unsure: set[str]) -> Answer | None:
        """One request, with its repeats; None if another sender has all its rows by now."""

        def attempt() -> Answer | None:
            standing = renew(
                self.ledger,
                claimed,
                [upload.key for upload in batch],
                again=unsure,
                now=self.clock(),
                lease=self.lease,
            )
            mine = [upload for upload in batch if upload.key in standing]
            try:
                return self.uploader.send(mine) if mine else None
            except (BatchRefused, Refused):
                raise
            except TryAgain:
                unsure.update(standing)
                raise
            except Exception as error:
                # Its text is dropped: it may quote the field that was wrong.
                unsure.update(standing)
                raise _UploaderFailed(f"uploader_failed: {type(error).__name__}") from None

        try:
            return self.retries.copy()(attempt)
        except TryAgain as error:
            now = self.clock()
            let_go(
                self.ledger,
                claimed.token,
                error.reason,
                now=now,
                not_before=now + (error.after or timedelta()),
                never_arrived=_never_arrived(claimed, unsure),
            )
            raise _AccountWaits(f"try_again: {error.reason}") from None
        except Refused as error:
            self._hold(claimed, error.reason, unsure)
            raise _Stop(error.reason) from None

    def _stop_after_faults(
        self, claimed: Claim, failure: Exception, unsure: set[str], outcome: Outcome
    ) -> None:
        """A few odd rows are held and the rest goes on; if it is every row, somebody must look."""
        if isinstance(failure, _UploaderFailed) and outcome.reasons[str(failure)] >= MOST_FAULTS:
            self._hold(claimed, str(failure), unsure)
            raise _Stop(str(failure))

    def _hold(self, claimed: Claim, reason: str, unsure: set[str]) -> None:
        """Stop the destination; rows that were only ever refused with it are planned again."""
        now = self.clock()
        with self.ledger.write() as connection:
            hold_destination(connection, self.destination, reason, now=now)
        never_arrived = _never_arrived(claimed, unsure)
        let_go(self.ledger, claimed.token, reason, now=now, never_arrived=never_arrived)

    def _settle(self, claimed: Claim, answer: Answer, unsure: set[str], outcome: Outcome) -> None:
        certain = claimed.firsts - unsure
        results = {
            key: believed(readable(result, answer.request_id), is_certain=key in certain)
            for key, result in answer.results.items()
        }
        settle(
            self.ledger,
            claimed,
            results,
            now=self.clock(),
            request_id=answer.request_id,
            request_size=len(results),
        )
        outcome.count(results.values())

    def _count_planned(self) -> int:
        with self.ledger.read() as connection:
            planned = select(func.count()).where(
                uploads.c.destination == self.destination, uploads.c.state == State.PLANNED
            )
            return connection.scalar(planned) or 0


def _alone(failure: BatchRefused | _UploaderFailed) -> Result:
    if isinstance(failure, BatchRefused):
        return Result(Verdict.REFUSED, failure.reason)
    return Result(Verdict.HOLD, str(failure))


def _never_arrived(claimed: Claim, unsure: Collection[str]) -> list[int]:
    """Rows that the platform cannot have: first claimed now, in no request of unknown fate."""
    return [claimed.ids[key] for key in claimed.firsts if key not in unsure]


def _parts(batch: Sequence[Upload], size: int) -> Iterator[Sequence[Upload]]:
    return (batch[start : start + size] for start in range(0, len(batch), size))
