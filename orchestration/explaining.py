"""Why the matcher gave a call its sources: read from the published copy, said in words.

    marts.fct_calls, fct_call_explanations ──► Explanation ──► `ringtrail explain CALL_ID`

Every factor compares a candidate with 'none of these' (`odds`): above 1 it speaks for the
candidate, and the product of all of them is how many times likelier it is than nobody. The numbers
are the matcher's (`ml.matching.explanations`); here they only get their words.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ml.tables import LOG_FACTORS

Row = Mapping[str, Any]

_NUMBERS = {
    ("pool", "leased"): "this number was on the visitor's page",
    ("pool", "lapsed"): "the visitor had been shown this number before",
    ("fallback", "leased"): "another number was on the visitor's page",
    ("fallback", "lapsed"): "the visitor had been shown another number before",
    ("fallback", "overflow"): "the visitor was shown this shared number",
    ("fallback", "none"): "the visitor was shown no number",
    ("fallback", "unseen"): "a click whose visit was not seen",
}


class ExplainRefused(Exception):
    """There is nothing to explain; the message says why."""


@dataclass(frozen=True)
class Factor:
    """One reason: what was seen, and by how much it makes the candidate likelier than nobody."""

    words: str
    odds: float


@dataclass(frozen=True)
class Candidate:
    """A candidate and its reasons, the strongest first; `odds` is their product, capped at 1e9."""

    name: str
    probability: float
    odds: float
    factors: list[Factor]


@dataclass(frozen=True)
class Explanation:
    """A call, its candidates by probability, and that of 'none of these'."""

    call: Row
    candidates: list[Candidate]
    nobody: float


def explain_call(serving: Path, call_id: str) -> Explanation:
    """Return the reasons behind the matcher's answers for a call.

    Args:
        serving: The published copy.
        call_id: Id of an inbound call.

    Raises:
        ExplainRefused: If nothing is published, there is no such call, or the matcher was not
            asked about it since it explains itself.
    """
    if not serving.exists():
        raise ExplainRefused(f"nothing is published at {serving}: `ringtrail run` does it")
    with duckdb.connect(str(serving), read_only=True) as connection:
        calls = _rows(connection, "from marts.fct_calls where call_id = ?", call_id)
        answers = _rows(
            connection,
            "from marts.fct_call_explanations where call_id = ? order by candidate_rank",
            call_id,
        )
    if not calls:
        raise ExplainRefused(f"there is no call {call_id!r} in marts.fct_calls")
    call = calls[0]
    if not answers:
        raise ExplainRefused(
            f"the matcher has explained nothing of {call_id}: its source is by "
            f"{call['attribution_method']} ({call['channel']}), credit "
            f"{call['attribution_confidence']:.0%}"
        )
    nobody = next(answer for answer in answers if answer["is_null"])
    return Explanation(
        call,
        candidates=[_candidate(call, row, nobody) for row in answers if row is not nobody],
        nobody=nobody["probability"],
    )


def _rows(connection: duckdb.DuckDBPyConnection, query: str, call_id: str) -> list[Row]:
    found = connection.execute(query, [call_id])
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _candidate(call: Row, answer: Row, nobody: Row) -> Candidate:
    words = _words(call, answer)
    logs = {part: answer[part] - nobody[part] for part in LOG_FACTORS}
    # What speaks neither for nor against it is no reason.
    reasons = [part for part in words if abs(logs[part]) >= math.log(1.05)]
    reasons.sort(key=lambda part: -abs(logs[part]))
    return Candidate(
        name=_name(answer),
        probability=answer["probability"],
        odds=math.exp(answer["log_weight"] - nobody["log_weight"]),
        factors=[Factor(words[part], math.exp(logs[part])) for part in reasons],
    )


def _name(answer: Row) -> str:
    source = answer["campaign_name"] or answer["campaign_id"]
    kind, key = (
        ("visit", answer["session_id"]) if answer["session_id"] else ("click", answer["click_id"])
    )
    return ", ".join(filter(None, (answer["channel"], source, f"{kind} {key}")))


def _words(call: Row, answer: Row) -> dict[str, str]:
    """Return what each part of the weight is about, for this call and candidate."""
    place = ", ".join(filter(None, (answer["geo_city"], answer["geo_region"])))
    device = answer["device"] or "an unknown device"
    pages = answer["page_views"]
    return {
        "log_number": _NUMBERS[answer["match_kind"], answer["number_state"]]
        + ", at an average moment",
        "log_device": f"how often visitors on {device} call",
        "log_delay": _delay(answer),
        "log_hour": "the hour of the day",
        "log_engagement": "the visit's pages were not seen"
        if pages is None
        else f"{_count(pages, 'page')} seen",
        "log_campaign": "how often this campaign, keyword and site bring calls",
        "log_reach": "such clicks lead to other sites, or are visits named here, too",
        "log_geography": f"area code {call['caller_area_code']} from {place or 'an unknown place'}",
        "log_line_type": f"a {call['line_type']} line, and a visitor on {device}",
        "log_tap": "a tap on the number before the call, or none",
    }


def _delay(answer: Row) -> str:
    if answer["delay_seconds"] is None:
        return f"clicked on {answer['click_date']}, at a time that is not known"
    return f"called {_length(answer['delay_seconds'])} after the page"


def _length(seconds: float) -> str:
    """Return a length of time in its largest unit."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return _count(int(seconds // size), unit)
    return _count(int(seconds), "second")


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
