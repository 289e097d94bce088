"""The columns of the files that Google's and Microsoft's upload pages take.

Google's documents: a first row `Parameters:TimeZone=`, then a header that must stay as it is, one
column for the identifier, times as `yyyy-MM-dd HH:mm:ss`; new conversions and adjustments in files
of their own; `RESTATE` and `RETRACT`, not the API's words; adjustments by order id.

Microsoft's documents: a bulk file of format 6.0, whose `Offline Conversion` records add, restate
and retract by click, goal and time, in UTC; `Client Id` is ours and comes back in the results.
Times are whole seconds there, so that a conversion sent anew after it was retracted is a duplicate
of the first and counts nothing: the API is the way for accounts where that happens.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from activation.identifiers import GOOGLE_CLICK_IDS, UnusableIdentifier, google_identifier
from activation.uploads import Operation, Upload

TIME_ZONE = ["Parameters:TimeZone=+0000"]
CLICK_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
CONSENT = {"granted": "Granted", "denied": "Denied", "unknown": ""}

IDENTIFIER_COLUMNS = {
    "gclid": "Google Click ID",
    "gbraid": "GBRAID",
    "wbraid": "WBRAID",
    "phone": "Phone Number",
}
GOOGLE_COLUMNS = [
    "Conversion Name",
    "Conversion Time",
    "Conversion Value",
    "Conversion Currency",
    "Order ID",
    "Ad User Data",
    "Ad Personalization",
]
GOOGLE_ADJUSTMENT_COLUMNS = [
    "Order ID",
    "Conversion Name",
    "Adjustment Time",
    "Adjustment Type",
    "Adjusted Value",
    "Adjusted Value Currency",
]
MICROSOFT_COLUMNS = [
    "Type",
    "Client Id",
    "Name",
    "Conversion Currency Code",
    "Conversion Name",
    "Conversion Time",
    "Conversion Value",
    "Microsoft Click Id",
    "Adjustment Type",
    "Adjustment Time",
    "Adjustment Value",
    "Adjustment Currency Code",
]
MICROSOFT_VERSION = ["Format Version", "", "6.0", *[""] * (len(MICROSOFT_COLUMNS) - 3)]

Row = Callable[[Upload, datetime], list[str]]


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file: its name, the rows above the first conversion, and a conversion's row."""

    name: str
    head: Sequence[Sequence[str]]
    row: Row


def format_of(upload: Upload) -> Format:
    """Return in which kind of file an upload goes.

    Raises:
        UnusableIdentifier: no page takes what it is identified by.
    """
    if upload.conversion_action.startswith(FORMULA):
        raise UnusableIdentifier("unreadable_conversion_action")
    if upload.click_id is not None and not CLICK_ID.fullmatch(upload.click_id):
        raise UnusableIdentifier("unreadable_click_id")
    if upload.click_id_type == "msclkid":
        if upload.click_id is None:
            # Erased since: Microsoft knows a conversion by its click alone.
            raise UnusableIdentifier("no_msclkid")
        return FORMATS["microsoft"]
    if upload.operation is not Operation.CONVERT:
        if upload.click_id and upload.click_id_type not in GOOGLE_CLICK_IDS:
            raise UnusableIdentifier("click_id_of_another_platform")
        return FORMATS["google-adjustments"]
    return FORMATS[f"google-{google_identifier(upload).kind}"]


def google_conversion(upload: Upload, _now: datetime) -> list[str]:
    """Return the cells of a new conversion for Google."""
    return [
        google_identifier(upload).value,
        upload.conversion_action,
        _google_time(upload.occurred_at),
        _number(upload),
        upload.currency or "",
        upload.key,
        CONSENT[upload.consent_ad_user_data],
        CONSENT[upload.consent_ad_personalization],
    ]


def google_adjustment(upload: Upload, now: datetime) -> list[str]:
    """Return the cells of a restatement or retraction for Google, by the conversion's order id."""
    restates = upload.operation is Operation.RESTATE
    return [
        upload.target_key,
        upload.conversion_action,
        _google_time(_after(upload, now)),
        "RESTATE" if restates else "RETRACT",
        _number(upload) if restates else "",
        (upload.currency or "") if restates else "",
    ]


def microsoft_record(upload: Upload, now: datetime) -> list[str]:
    """Return the cells of an `Offline Conversion` record of a bulk file."""
    converts, restates = (
        upload.operation is operation for operation in (Operation.CONVERT, Operation.RESTATE)
    )
    record = {
        "Type": "Offline Conversion",
        "Client Id": upload.key,
        "Conversion Name": upload.conversion_action,
        "Conversion Time": _microsoft_time(upload.occurred_at),
        "Microsoft Click Id": upload.click_id or "",
    }
    if converts:
        record |= {
            "Conversion Value": _number(upload),
            "Conversion Currency Code": upload.currency or "",
        }
    else:
        record |= {
            "Adjustment Type": "Restate" if restates else "Retract",
            "Adjustment Time": _microsoft_time(_after(upload, now)),
        }
    if restates:
        record |= {
            "Adjustment Value": _number(upload),
            "Adjustment Currency Code": upload.currency or "",
        }
    return [record.get(column, "") for column in MICROSOFT_COLUMNS]


FORMATS: Mapping[str, Format] = {
    chosen.name: chosen
    for chosen in (
        *(
            Format(f"google-{kind}", [TIME_ZONE, [column, *GOOGLE_COLUMNS]], google_conversion)
            for kind, column in IDENTIFIER_COLUMNS.items()
        ),
        Format("google-adjustments", [TIME_ZONE, GOOGLE_ADJUSTMENT_COLUMNS], google_adjustment),
        Format("microsoft", [MICROSOFT_COLUMNS, MICROSOFT_VERSION], microsoft_record),
    )
}


def _number(upload: Upload) -> str:
    return "" if upload.value is None else f"{upload.value:.2f}"


def _after(upload: Upload, now: datetime) -> datetime:
    """Return when a correction was decided: later than the conversion, to the second."""
    return max(upload.adjusted_at or now, upload.occurred_at + timedelta(seconds=1))


def _google_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _microsoft_time(moment: datetime) -> str:
    """Return a time as the bulk file's examples have it: `4/1/2020 6:50:54 PM`."""
    utc = moment.astimezone(UTC)
    return f"{utc.month}/{utc.day}/{utc.year} {utc:%I:%M:%S %p}".replace(" 0", " ", 1)
