"""What is sent, and what a platform may answer: the words that planner, sender and uploaders share.

A *conversion* is what ought to count at a platform: one call for one conversion action. An *upload*
is one message about it: the conversion itself, or a later correction of it. Uploads are frozen and
hold no clear phone number but `caller_number`, which is read when a batch is sent, lives in memory
only, and is left out of every `repr`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """Where an upload stands, in the ledger and in `marts.conversion_uploads`."""

    PLANNED = "planned"
    SENDING = "sending"
    """Written before the request: after a crash the platform may have it or not."""
    SENT = "sent"
    """The platform took it; whether it counts is not known yet."""
    HELD = "held"
    """Waits for a person, or for a limit to pass; the reason says which."""
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    NOT_ELIGIBLE = "not_eligible"
    RETRACTED = "retracted"
    RETRACTION_UNSUPPORTED = "retraction_unsupported"
    """Counts at the platform, should not, and the platform cannot take it back."""


class Operation(StrEnum):
    """What an upload asks for."""

    CONVERT = "convert"
    RESTATE = "restate"
    """Give a counted conversion another value."""
    RETRACT = "retract"
    """Take a counted conversion back."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One message to a platform about one conversion.

    Attributes:
        key: idempotency key of this message, never sent for another one; not purely numeric, at
            most 64 characters. Of a conversion it is the platform's order_id, transaction_id or
            event_id.
        operation: what is asked for.
        target_key: key of the conversion that a restatement or retraction is about; of a
            conversion its own key.
        account_id: the advertiser's account that the conversion action belongs to.
        conversion_action: id or name of it, as the platform wants it.
        occurred_at: when the call began, timezone aware, UTC.
        value: what the conversion is worth, None where the action counts without value.
        currency: ISO 4217, None exactly where value is None.
        click_id, click_id_type, clicked_at: the click; all None where only the phone identifies.
        consent_ad_user_data, consent_ad_personalization: `granted`, `denied` or `unknown`.
        caller_key: the caller in the warehouse; None when withheld or erased, and where the number
            must not go to the platform.
        caller_number: E.164, clear, only where the upload needs it. Never logged, never stored.
        is_limited_data_use: the caller asked for it (Meta's LDU).
        adjusted_at: when a correction was decided, UTC; None of a conversion.
    """

    key: str
    operation: Operation
    target_key: str
    account_id: str
    conversion_action: str
    occurred_at: datetime
    value: Decimal | None = None
    currency: str | None = None
    click_id: str | None = None
    click_id_type: str | None = None
    clicked_at: datetime | None = None
    consent_ad_user_data: str = "unknown"
    consent_ad_personalization: str = "unknown"
    caller_key: str | None = field(default=None, repr=False)
    caller_number: str | None = field(default=None, repr=False)
    is_limited_data_use: bool = False
    adjusted_at: datetime | None = None


class Verdict(StrEnum):
    """What a platform's answer means for one upload."""

    ACCEPTED = "accepted"
    """Taken, to be read back: state `sent`."""
    COUNTED = "counted"
    """It counts, now or since an earlier attempt: state `confirmed`."""
    REFUSED = "refused"
    """Never, as it is: state `refused`."""
    LATER = "later"
    """Not yet; the platform keeps nothing of it: `planned` again, not before `retry_after`."""
    HOLD = "hold"
    """A person has to look: state `held`."""


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on one upload.

    Attributes:
        verdict: see `Verdict`.
        reason: the platform's own name of the error (`CLICK_NOT_FOUND`), or ours in lower case.
        retry_after: of `LATER`, how long to wait.
    """

    verdict: Verdict
    reason: str
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a request: a verdict on every upload of it, by key.

    Attributes:
        results: by `Upload.key`; exactly the keys that were sent.
        request_id: under which the platform can be asked later; None where it cannot.
    """

    results: Mapping[str, Result]
    request_id: str | None = None


class BatchRefused(Exception):
    """The platform refused the whole request because of one or more rows, and counted nothing.

    The sender halves the batch until the rows are found; of one row the reason is its refusal.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class TryAgain(Exception):
    """Nothing is known of the request (time-out, 5xx, garbage, rate limit): send it again as it is.

    The rows stay `sending` meanwhile: the platform may have counted them.
    """

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class Refused(Exception):
    """The account may not do this at all (credentials, allow-list, a goal that is missing).

    No row is at fault: the destination is held with this reason until a person has mended it.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """What a platform demands, from its documents; each uploader cites where.

    Attributes:
        batch_size: uploads a request.
        deduplicates_for: how long after the first request a repeat under the same key is not
            counted again; after it a row of unknown fate waits for a person. None: for ever.
        supports: the operations it knows.
        adjustable_for: how long after the conversion it can be corrected; None: for ever.
        is_confirmed_later: whether `read_back` must be asked before anything is certain.
        needs_number: whether clear numbers have to be read for its uploads.
    """

    batch_size: int
    deduplicates_for: timedelta | None
    supports: frozenset[Operation]
    adjustable_for: timedelta | None = None
    is_confirmed_later: bool = False
    needs_number: bool = True


@dataclass(frozen=True, slots=True)
class SentRequest:
    """An earlier request that has to be read back.

    Attributes:
        request_id: from its `Answer`.
        keys: the uploads in it that are still `sent`.
        sent_at: when it was sent.
        size: how many uploads were in it.
        is_resent: whether any of the uploads was in an earlier request, from which it may count.
    """

    request_id: str
    keys: Sequence[str]
    sent_at: datetime
    size: int
    is_resent: bool = False


class Unsettled(Exception):
    """The platform says that some of a request's uploads failed and not which.

    The sender sends the halves of it again under the same keys, which counts nothing twice, until
    every part is of one verdict.
    """

    def __init__(self, reasons: Mapping[str, int]) -> None:
        super().__init__(", ".join(f"{reason}: {count}" for reason, count in reasons.items()))
        self.reasons = dict(reasons)


class Uploader(Protocol):
    """A platform, as the sender sees it."""

    limits: Limits

    def send(self, uploads: Sequence[Upload]) -> Answer:
        """Send one request: at most `limits.batch_size` uploads of one account and operation.

        Raises:
            BatchRefused: rows of the request are at fault, nothing was counted.
            TryAgain: the fate of the request is not known, or the platform asks to wait.
            Refused: the account is at fault.
        """
        ...

    def read_back(self, request: SentRequest) -> Answer | None:
        """Ask what became of an earlier request; None while the platform is still at it.

        Raises:
            Unsettled: some failed, and the platform does not say which.
            TryAgain: ask later.
            Refused: the account is at fault.
        """
        ...
