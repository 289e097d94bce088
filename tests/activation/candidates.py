"""Candidates as the marts hold them, and the platforms of the tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from activation.uploads import Limits, Operation

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVERYTHING = frozenset(Operation)
ADJUSTABLE = Limits(
    batch_size=100,
    deduplicates_for=None,
    supports=EVERYTHING,
    adjustable_for=timedelta(days=54),
    needs_number=False,
)
FINAL = Limits(
    batch_size=100,
    deduplicates_for=timedelta(hours=48),
    supports=frozenset({Operation.CONVERT}),
    needs_number=False,
)
LIMITS = {"google_ads_clicks": ADJUSTABLE, "meta_conversions": FINAL}


def make_candidate(**overrides: Any) -> dict[str, Any]:
    """An eligible call of a clicked ad; every destination has an account of its own."""
    destination = overrides.get("destination", "google_ads_clicks")
    candidate = {
        "call_id": "CA1",
        "destination": destination,
        "account_id": "111-222-3333" if destination == "google_ads_clicks" else destination,
        "conversion_action": "qualified_call",
        "is_eligible": True,
        "reason": None,
        "value_amount": Decimal("40.5"),
        "value_currency": "USD",
        "occurred_at": NOW - timedelta(days=2),
        "click_id": "Cj0KCQ-1",
        "click_id_type": "gclid",
        "clicked_at": NOW - timedelta(days=2, minutes=5),
        "consent_ad_user_data": "granted",
        "consent_ad_personalization": "granted",
        "caller_key": "k" * 64,
        "is_limited_data_use": False,
        "identifier": "click",
        "sends_phone": True,
    }
    unknown = set(overrides) - set(candidate)
    assert not unknown, unknown
    return candidate | overrides
