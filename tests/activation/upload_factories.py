"""Uploads to Meta, to Microsoft and into files, at a time of the test's choosing."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from activation.uploads import Operation, Upload

NOW = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
CALLER_NUMBER = "+16505551212"
"""The number of Meta's published example; nobody's."""

_numbers = itertools.count(1)


def now() -> datetime:
    """Return the same moment always: the clock of uploaders under test."""
    return NOW


def make_upload(**overrides: Any) -> Upload:
    """Return a conversion of a call of the day before, by a click an hour earlier."""
    number = next(_numbers)
    key = overrides.get("key", f"rt1-{number:040x}")
    occurred_at = NOW - timedelta(days=1, seconds=number)
    values: dict[str, Any] = {
        "key": key,
        "operation": Operation.CONVERT,
        "target_key": key,
        "account_id": "284910276650131",
        "conversion_action": "Lead",
        "occurred_at": occurred_at,
        "value": Decimal("120.50"),
        "currency": "USD",
        "click_id": f"IwAR0fb_{number}",
        "click_id_type": "fbclid",
        "clicked_at": occurred_at - timedelta(hours=1),
        "consent_ad_user_data": "granted",
        "consent_ad_personalization": "granted",
    }
    return Upload(**values | overrides)


def by_phone(make: Callable[..., Upload] = make_upload, **overrides: Any) -> Upload:
    """Return a conversion that only the caller's number identifies."""
    values = {"click_id": None, "click_id_type": None, "clicked_at": None}
    return make(**values | {"caller_number": CALLER_NUMBER} | overrides)


def msclkid_upload(**overrides: Any) -> Upload:
    """Return a conversion by a click on an ad at Microsoft."""
    values = {
        "account_id": "149027716",
        "conversion_action": "Qualified call",
        "click_id": f"{next(_numbers):032x}",
        "click_id_type": "msclkid",
    }
    return make_upload(**values | overrides)


def correction(of: Upload, operation: Operation, **overrides: Any) -> Upload:
    """Return a restatement or retraction of a conversion, decided half an hour ago."""
    fields = {name: getattr(of, name) for name in Upload.__slots__}
    decided = {
        "key": f"rt1-{next(_numbers):040x}",
        "operation": operation,
        "target_key": of.key,
        "adjusted_at": NOW - timedelta(minutes=30),
    }
    return Upload(**fields | decided | overrides)
