"""A platform of a few lines, which counts as real ones do: once per key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from activation.uploads import Answer, Limits, Operation, Result, SentRequest, Upload, Verdict
from tests.activation.candidates import ADJUSTABLE

COUNTED = Result(Verdict.COUNTED, "counted")

Script = Callable[[Sequence[Upload]], Answer | Exception | None]
"""What to do with a request instead of counting it; None to count it."""


@dataclass
class SmallPlatform:
    """Counts what it is sent, unless its script says otherwise.

    Attributes:
        limits: what it demands.
        script: consulted before a request is counted.
        values: what counts, by key of the conversion.
        requests: keys of every request, in order.
        numbers: the clear numbers that arrived, by key.
        corrections: keys of the corrections that were done; doing one again changes nothing.
    """

    limits: Limits = ADJUSTABLE
    script: Script = lambda uploads: None
    answers_to_read_back: list = field(default_factory=list)
    values: dict = field(default_factory=dict)
    requests: list = field(default_factory=list)
    numbers: dict = field(default_factory=dict)
    corrections: set = field(default_factory=set)

    def send(self, uploads: Sequence[Upload]) -> Answer:
        assert len(uploads) <= self.limits.batch_size
        assert len({(upload.account_id, upload.operation) for upload in uploads}) == 1
        self.requests.append([upload.key for upload in uploads])
        self.numbers |= {upload.key: upload.caller_number for upload in uploads}
        answer = self.script(uploads)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        for upload in uploads:
            self.count(upload)
        if self.limits.is_confirmed_later:
            accepted = Result(Verdict.ACCEPTED, "accepted")
            return Answer(
                {upload.key: accepted for upload in uploads}, f"r{len(self.requests)}"
            )  # fmt: skip
        return Answer({upload.key: COUNTED for upload in uploads})

    def count(self, upload: Upload) -> None:
        if upload.operation is not Operation.CONVERT:
            if upload.key in self.corrections:
                return
            self.corrections.add(upload.key)
        if upload.operation is Operation.RETRACT:
            self.values.pop(upload.target_key)
        elif upload.operation is Operation.RESTATE:
            assert upload.target_key in self.values
            self.values[upload.target_key] = upload.value
        else:
            self.values.setdefault(upload.key, upload.value)

    def read_back(self, request: SentRequest) -> Answer | None:
        answer = self.answers_to_read_back.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return None if answer is None else Answer({key: answer for key in request.keys})


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now
