"""What Microsoft's service says of a row that breaks a rule, by its own names of errors."""

import re
from datetime import datetime
from xml.etree.ElementTree import Element

OLDEST_SECONDS = 90 * 86_400
CLICK_ID = re.compile(r"[A-Za-z0-9_\-]+")
CURRENCY = re.compile(r"[A-Z]{3}")
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")


class Row:
    """One `OfflineConversion` or `OfflineConversionAdjustment` of a request."""

    def __init__(self, element: Element) -> None:
        self._fields = {child.tag.rpartition("}")[2]: child.text for child in element}
        self.click = self.text("MicrosoftClickId") or ""
        self.goal = self.text("ConversionName") or ""

    def text(self, name: str) -> str | None:
        """Return a field, None where it is nil, empty or absent."""
        return self._fields.get(name) or None

    def number(self, name: str) -> float | None:
        """Return a field as a number."""
        text = self.text(name)
        return None if text is None else float(text)

    def time(self, name: str) -> datetime:
        """Return a field as a time."""
        return datetime.fromisoformat(self.text(name) or "")

    def has_time(self, name: str) -> bool:
        """Tell whether a field is a time in UTC."""
        return bool(UTC_TIME.fullmatch(self.text(name) or ""))


def wrong_conversion(row: Row, now: float) -> str | None:
    """Return the error that the service gives for this conversion, None where it is right."""
    if code := _wrong_reference(row, now):
        return code
    value, currency = row.number("ConversionValue"), row.text("ConversionCurrencyCode")
    if value is not None and value < 0:
        return "OfflineConversionValueInvalid"
    if currency is not None and not CURRENCY.fullmatch(currency):
        return "OfflineConversionCurrencyCodeInvalid"
    return None


def wrong_adjustment(row: Row, now: float) -> str | None:
    """Return the error that the service gives for this adjustment, None where it is right."""
    if code := _wrong_reference(row, now) or _wrong_adjustment_time(row, now):
        return code
    kind, value = row.text("AdjustmentType"), row.number("AdjustmentValue")
    if kind not in {"Restate", "Retract"}:
        return "OfflineConversionInvalidAdjustmentType"
    if kind == "Restate" and value is None:
        return "OfflineConversionAdjustmentValueRequired"
    if kind == "Retract" and value is not None:
        return "OfflineConversionAdjustmentValueNotExpected"
    return None


def _wrong_reference(row: Row, now: float) -> str | None:
    if not row.click:
        return "OfflineConversionMSClickIdNullOrEmpty"
    if not CLICK_ID.fullmatch(row.click):
        return "OfflineConversionMicrosoftClickIdInvalid"
    if not row.goal:
        return "OfflineConversionNameNullOrEmpty"
    if not row.has_time("ConversionTime"):
        return "OfflineConversionTimeInvalid"
    at = row.time("ConversionTime").timestamp()
    if at > now:
        return "FutureConversionTimeCannotBeSet"
    return "OfflineConversionTimeOutOfWindow" if at < now - OLDEST_SECONDS else None


def _wrong_adjustment_time(row: Row, now: float) -> str | None:
    if not row.has_time("AdjustmentTime"):
        return "OfflineConversionAdjustmentTimeInvalid"
    if row.time("AdjustmentTime") <= row.time("ConversionTime"):
        return "OfflineConversionAdjustmentTimeEarlierThanConversionTime"
    if row.time("AdjustmentTime").timestamp() > now:
        return "OfflineConversionFutureAdjustmentTimeCannotBeSet"
    return None
