"""Which answers say what became of a row, and which only say how things stand now.

What is told of the latest attempt is not believed where an earlier one may have counted and the
answer would be the same all the same: a refusal for age, or one of ours without asking the platform
(consent is asked of a setting, the number of the warehouse, and both may have changed since). Such
a row is held for a person.
"""

from activation.uploads import Result, Verdict

REFUSED_AFTER_UNKNOWN_FATE = "refused_after_unknown_fate"
_TURNS_WITH_TIME = ("expired", "too_old", "older_than")
_NOT_ASKED = frozenset({"denied_consent", "unknown_consent", "no_identifier", "no_msclkid"})


def readable(result: Result, request_id: str | None) -> Result:
    """The verdict; what was accepted with nothing to ask after would never be confirmed."""
    if result.verdict is Verdict.ACCEPTED and request_id is None:
        return Result(Verdict.HOLD, "accepted_without_request_id")
    return result


def believed(result: Result, *, is_certain: bool) -> Result:
    """Return the verdict, or that a person has to look first.

    Args:
        result: of the latest attempt.
        is_certain: whether the platform cannot have the row from an earlier attempt.
    """
    reason = result.reason
    turns = reason in _NOT_ASKED or any(word in reason.lower() for word in _TURNS_WITH_TIME)
    if result.verdict is Verdict.REFUSED and turns and not is_certain:
        return Result(Verdict.HOLD, f"{REFUSED_AFTER_UNKNOWN_FATE}: {reason}")
    return result
