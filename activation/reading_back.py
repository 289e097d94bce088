"""Asking what became of what was accepted: 'accepted' is not 'counted' until the platform says so.

sent ──read_back──► an answer: verdicts        None: still at it, asked again later
Unsettled: some failed and nobody says which: halves, under the same keys
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from activation.believing import believed
from activation.ledger.database import Ledger
from activation.ledger.holds import hold_destination
from activation.ledger.requests import OpenRequest, ask_later, claim_request, send_in_halves
from activation.ledger.verdicts import settle
from activation.outcomes import Outcome
from activation.uploads import Refused, Result, State, TryAgain, Unsettled, Uploader, Verdict

LEASE = timedelta(minutes=10)
READ_BACK_EVERY = timedelta(minutes=10)


@dataclass
class Reader:
    """Reads one destination's requests back; any number of them may run at once.

    Attributes:
        ledger: what was sent.
        destination: where to.
        uploader: the platform.
        clock: the time, aware.
        lease: how long a claim of a request lasts.
        every: how long to wait before a platform is asked again.
    """

    ledger: Ledger
    destination: str
    uploader: Uploader
    clock: Callable[[], datetime]
    lease: timedelta = LEASE
    every: timedelta = READ_BACK_EVERY

    def read_back(self) -> Outcome:
        """Ask what became of every earlier request that is due."""
        outcome = Outcome(self.destination)
        waiting: dict[str, str] = {}
        while outcome.stopped is None:
            token = secrets.token_hex(8)
            with self.ledger.write() as connection:
                opened = claim_request(
                    connection,
                    self.destination,
                    token=token,
                    now=self.clock(),
                    lease=self.lease,
                    without=waiting,
                )
            if opened is None:
                break
            try:
                self._settle(opened, outcome)
            except TryAgain as error:
                waiting[opened.claim.uploads[0].account_id] = f"try_again: {error.reason}"
        outcome.stopped = outcome.stopped or next(iter(waiting.values()), None)
        return outcome

    def _settle(self, opened: OpenRequest, outcome: Outcome) -> None:
        later = self.clock() + self.every
        try:
            answer = self.uploader.read_back(opened.request)
        except TryAgain as error:
            # The account has to wait; the others of the destination are asked all the same.
            later = max(later, self.clock() + (error.after or timedelta()))
            raise
        except Refused as error:
            with self.ledger.write() as connection:
                hold_destination(connection, self.destination, error.reason, now=self.clock())
            outcome.stopped = error.reason
        except Unsettled as error:
            self._send_again(opened, str(error), outcome)
        else:
            if answer is not None:
                firsts = opened.claim.firsts
                results = {
                    key: believed(result, is_certain=key in firsts)
                    for key, result in answer.results.items()
                }
                settle(self.ledger, opened.claim, results, now=self.clock(), state=State.SENT)
                outcome.count(results.values())
        finally:
            # What was not settled: left out of the answer, or the platform is still at it.
            ask_later(self.ledger, opened.claim.token, not_before=later)

    def _send_again(self, opened: OpenRequest, reasons: str, outcome: Outcome) -> None:
        reason = f"unsettled ({reasons})"
        if opened.request.size > 1:
            send_in_halves(
                self.ledger, opened, self.uploader.limits, reason, now=self.clock()
            )  # fmt: skip
            outcome.reasons[reason] += len(opened.request.keys)
            return
        held = {key: Result(Verdict.HOLD, reason) for key in opened.claim.ids}
        settle(self.ledger, opened.claim, held, now=self.clock(), state=State.SENT)
        outcome.count(held.values())
