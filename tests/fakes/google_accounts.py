"""What both of Google's fakes know about accounts, conversion actions and clicks.

A click id `fake.CLICK_NOT_FOUND.7` makes a fake give the error of that name for its row, so that a
test can provoke what no rule here would produce.
"""

import re
from dataclasses import dataclass, field

DAY_SECONDS = 86_400
CLICK_WINDOW_DAYS = 90
CLICK_ID = re.compile(r"[A-Za-z0-9_.-]+")
SCRIPTED = re.compile(r"fake\.([A-Z_]+)\.")


@dataclass(frozen=True)
class Click:
    """A click that the platform knows: whose it was, and when (Unix seconds)."""

    account_id: str
    clicked_at: float


@dataclass(frozen=True)
class GoogleAccounts:
    """The platform's own knowledge; the defaults accept every account, action and click."""

    managers: frozenset[str] = frozenset()
    without_terms: frozenset[str] = frozenset()
    """Accounts that have not accepted the customer data terms: no hashed phone numbers."""
    without_permission: frozenset[str] = frozenset()
    not_on_allow_list: frozenset[str] = frozenset()
    one_per_click_actions: frozenset[str] = frozenset()
    unknown_actions: frozenset[str] = frozenset()
    new_actions: frozenset[str] = frozenset()
    clicks: dict[str, Click] = field(default_factory=dict)
    knows_every_click: bool = True
    """Whether a click that is not in `clicks` is taken for one of the account's own."""
    request_errors: dict[str, str] = field(default_factory=dict)
    """The error for a whole request, by the account."""
    call_errors: dict[str, str] = field(default_factory=dict)
    """The error for a call conversion, by the caller's number."""


def scripted_error(*identifiers: str) -> str | None:
    """Return the error that a click id or order id asks for by its name."""
    for identifier in identifiers:
        if found := SCRIPTED.match(identifier):
            return found[1]
    return None
