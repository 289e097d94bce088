"""What the Google Ads API demands of a row: of each rule its error, and when it is broken.

Rules are asked in order, and the first that is broken names the row's error.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from google.ads.googleads.v26.enums.types.consent_status import ConsentStatusEnum
from google.ads.googleads.v26.enums.types.conversion_adjustment_type import (
    ConversionAdjustmentTypeEnum,
)

from tests.fakes.google_accounts import (
    CLICK_ID,
    CLICK_WINDOW_DAYS,
    DAY_SECONDS,
    GoogleAccounts,
    scripted_error,
)
from tests.fakes.kept import Conversion

MAX_IDENTIFIERS = 5
ADJUSTABLE_DAYS = 54
WINDOW_SECONDS = CLICK_WINDOW_DAYS * DAY_SECONDS
TOO_RECENT_SECONDS, TOO_RECENT_CALL_SECONDS = 6 * 3_600, 12 * 3_600

DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d")
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
E164 = re.compile(r"\+[1-9]\d{6,14}")
BAD_DATE_TIME = "INVALID_STRING_DATE_TIME_SECONDS_WITH_OFFSET"
GRANTED = ConsentStatusEnum.ConsentStatus.GRANTED
RETRACTION = ConversionAdjustmentTypeEnum.ConversionAdjustmentType.RETRACTION


def moment(text: str) -> datetime:
    """Read `yyyy-mm-dd hh:mm:ss+hh:mm`."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S%z").astimezone(UTC)


def action_id(row: Any) -> str:
    """Return the id in a conversion action's resource name."""
    return row.conversion_action.rsplit("/", 1)[-1]


def _first(rules: Iterable[tuple[str, object]]) -> str | None:
    return next((name for name, is_broken in rules if is_broken), None)


def fault_of_click(row: Any, account_id: str, accounts: GoogleAccounts, now: float) -> str | None:
    """Return what is wrong with a click conversion."""
    ids = {"gclid": row.gclid, "gbraid": row.gbraid, "wbraid": row.wbraid}
    braid = row.gbraid or row.wbraid
    users = [user.hashed_phone_number for user in row.user_identifiers]
    action = action_id(row)
    fault = scripted_error(*ids.values()) or _first(
        [
            (BAD_DATE_TIME, not DATE_TIME.fullmatch(row.conversion_date_time)),
            ("GBRAID_WBRAID_BOTH_SET", row.gbraid and row.wbraid),
            ("REQUIRED", not any(ids.values()) and not users),
            ("TOO_MANY", len(users) > MAX_IDENTIFIERS),
            ("INVALID_USER_IDENTIFIER", not all(map(SHA256_HEX.fullmatch, users))),
            (
                "CUSTOMER_NOT_ACCEPTED_CUSTOMER_DATA_TERMS",
                users and account_id in accounts.without_terms,
            ),
            (
                "ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID",
                braid and action in accounts.one_per_click_actions,
            ),
            ("NO_CONVERSION_ACTION_FOUND", action in accounts.unknown_actions),
            ("TOO_RECENT_CONVERSION_ACTION", action in accounts.new_actions),
            *(
                (f"UNPARSEABLE_{kind.upper()}", click and not CLICK_ID.fullmatch(click))
                for kind, click in ids.items()
            ),
            ("REQUIRED", row.consent.ad_user_data != GRANTED),
            ("REQUIRED", row.consent.ad_personalization != GRANTED),
        ]
    )
    return fault or _fault_of_known_click(row, account_id, accounts, now)


def _fault_of_known_click(
    row: Any, account_id: str, accounts: GoogleAccounts, now: float
) -> str | None:
    occurred_at = moment(row.conversion_date_time).timestamp()
    click = accounts.clicks.get(row.gclid)
    if click is None:
        return _first(
            [
                ("EVENT_NOT_FOUND", row.gclid and not accounts.knows_every_click),
                ("EXPIRED_EVENT", occurred_at < now - WINDOW_SECONDS),
            ]
        )
    return _first(
        [
            ("INVALID_CUSTOMER_FOR_CLICK", click.account_id != account_id),
            ("CONVERSION_PRECEDES_EVENT", click.clicked_at > occurred_at),
            ("EXPIRED_EVENT", click.clicked_at < now - WINDOW_SECONDS),
            ("TOO_RECENT_EVENT", click.clicked_at > now - TOO_RECENT_SECONDS),
        ]
    )


def fault_of_call(row: Any, accounts: GoogleAccounts, now: float) -> str | None:
    """Return what is wrong with a call conversion."""
    moments = (row.call_start_date_time, row.conversion_date_time)
    fault = accounts.call_errors.get(row.caller_id) or _first(
        [
            ("UNPARSEABLE_CALLERS_PHONE_NUMBER", not E164.fullmatch(row.caller_id)),
            (BAD_DATE_TIME, not all(map(DATE_TIME.fullmatch, moments))),
            ("REQUIRED", row.consent.ad_user_data != GRANTED),
            ("REQUIRED", row.consent.ad_personalization != GRANTED),
        ]
    )
    if fault:
        return fault
    started_at, converted_at = (moment(text).timestamp() for text in moments)
    return _first(
        [
            ("CONVERSION_PRECEDES_CALL", converted_at <= started_at),
            ("EXPIRED_CALL", started_at < now - WINDOW_SECONDS),
            ("TOO_RECENT_CALL", started_at > now - TOO_RECENT_CALL_SECONDS),
        ]
    )


def fault_of_adjustment(row: Any, found: Conversion | None, now: float) -> str | None:
    """Return what is wrong with an adjustment of the conversion that it names."""
    fault = scripted_error(row.order_id) or _first(
        [(BAD_DATE_TIME, not DATE_TIME.fullmatch(row.adjustment_date_time))]
    )
    if fault:
        return fault
    if found is None:
        return "CONVERSION_NOT_FOUND"
    is_restatement = row.adjustment_type != RETRACTION
    at = moment(row.adjustment_date_time)
    occurred_at = datetime.fromisoformat(found.occurred_at)
    age = now - occurred_at.timestamp()
    last = datetime.fromisoformat(found.adjusted_at) if found.adjusted_at else None
    return _first(
        [
            ("CONVERSION_EXPIRED", age > ADJUSTABLE_DAYS * DAY_SECONDS),
            ("TOO_RECENT_CONVERSION", age < DAY_SECONDS),
            ("CONVERSION_ALREADY_RETRACTED", found.state == "retracted"),
            ("ADJUSTMENT_PRECEDES_CONVERSION", at < occurred_at),
            ("REQUIRED", is_restatement and not row.HasField("restatement_value")),
            ("RESTATEMENT_ALREADY_EXISTS", is_restatement and at == last),
            ("MORE_RECENT_RESTATEMENT_FOUND", is_restatement and last and at < last),
        ]
    )
