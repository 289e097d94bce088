"""The ledger's tables.

    uploads              one row per message to a platform, as it stands now
    upload_events        one row per change of an upload, appended by triggers, never changed
    destination_holds    one row per time that a destination was stopped, and who let it go
    manual_retractions   one row per call that a person had taken back

The triggers (see `migrations`) write the events, so that no statement can move an upload without
leaving a trace, and refuse to delete uploads or touch events. Events hold no identifier of a
person: erasing someone leaves them as they are.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

from activation.ledger.types import Money, UtcTime
from activation.uploads import Operation, State

CONVERSION = ("call_id", "destination", "account_id", "conversion_action")
"""What a conversion is: one call for one conversion action of one account at one destination."""

CONTENT = (
    "value_micros",
    "value_currency",
    "occurred_at",
    "click_id",
    "click_id_type",
    "clicked_at",
    "consent_ad_user_data",
    "consent_ad_personalization",
    "caller_key",
    "is_limited_data_use",
    "identifier",
    "sends_phone",
)
"""What an upload says about its conversion."""

OPEN_STATES = (State.PLANNED, State.SENDING, State.SENT, State.HELD)
"""States from which an upload will move on."""

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

_BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only a column of type INTEGER."""


def _listed(values: type[State] | type[Operation] | tuple[State, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def content_columns() -> list[Column]:
    """The columns of `CONTENT`, for the table of uploads and for the planner's candidates."""
    return [
        Column("value_micros", Money),
        Column("value_currency", Text),
        Column("occurred_at", UtcTime, nullable=False),
        Column("click_id", Text),
        Column("click_id_type", Text),
        Column("clicked_at", UtcTime),
        Column("consent_ad_user_data", Text),
        Column("consent_ad_personalization", Text),
        Column("caller_key", Text),
        Column("is_limited_data_use", Boolean, nullable=False),
        Column("identifier", Text),
        Column("sends_phone", Boolean, nullable=False),
    ]


uploads = Table(
    "uploads",
    metadata,
    Column("upload_id", _BigId, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    *(Column(name, Text, nullable=False) for name in CONVERSION),
    # Counts how often the conversion was made anew, and within it the corrections.
    Column("generation", Integer, nullable=False),
    Column("operation", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("target_key", Text, nullable=False),
    # Of a conversion its latest generation; never true of a correction.
    Column("is_current", Boolean, nullable=False),
    *content_columns(),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # What was done last, and how often something was done: every move counts up.
    Column("step", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("adjusted_at", UtcTime),
    # Sending. Not null in first_sent_at means that the platform may have it.
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcTime),
    Column("first_sent_at", UtcTime),
    Column("lease_token", Text),
    Column("lease_until", UtcTime),
    Column("request_id", Text),
    Column("request_size", Integer),
    Column("max_request_size", Integer),
    Column("sent_at", UtcTime),
    Column("decided_at", UtcTime),
    Column("erased_at", UtcTime),
    CheckConstraint(f"state in ({_listed(State)})", name="state_is_known"),
    CheckConstraint(f"operation in ({_listed(Operation)})", name="operation_is_known"),
)
_is_correction = f"operation <> '{Operation.CONVERT}'"
Index("uploads_current", *(uploads.c[name] for name in CONVERSION), unique=True,
      sqlite_where=text("is_current"), postgresql_where=text("is_current"))  # fmt: skip
_open_correction = text(f"{_is_correction} and state in ({_listed(OPEN_STATES)})")
Index("uploads_open_corrections", uploads.c.target_key, unique=True,
      sqlite_where=_open_correction, postgresql_where=_open_correction)  # fmt: skip
_correction = text(_is_correction)
Index("uploads_corrections", uploads.c.target_key, uploads.c.revision,
      sqlite_where=_correction, postgresql_where=_correction)  # fmt: skip
Index("uploads_due", *(uploads.c[name] for name in
      ("destination", "state", "operation", "account_id", "upload_id")))  # fmt: skip
_sent = text("first_sent_at is not null")
Index("uploads_sent", uploads.c.destination, uploads.c.first_sent_at,
      sqlite_where=_sent, postgresql_where=_sent)  # fmt: skip
_requested = text(f"state = '{State.SENT}'")
Index("uploads_requests", uploads.c.destination, uploads.c.request_id,
      sqlite_where=_requested, postgresql_where=_requested)  # fmt: skip
_decided = text("decided_at is not null")
Index("uploads_decided", uploads.c.destination, uploads.c.decided_at,
      sqlite_where=_decided, postgresql_where=_decided)  # fmt: skip
_with_caller = text("caller_key is not null")
Index("uploads_callers", uploads.c.caller_key,
      sqlite_where=_with_caller, postgresql_where=_with_caller)  # fmt: skip

upload_events = Table(
    "upload_events",
    metadata,
    Column("event_id", _BigId, primary_key=True, autoincrement=True),
    Column("upload_id", _BigId, ForeignKey("uploads.upload_id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("step", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("value_micros", Money),
    Column("request_id", Text),
    Column("attempts", Integer, nullable=False),
)
Index("upload_events_version", upload_events.c.upload_id, upload_events.c.version, unique=True)

destination_holds = Table(
    "destination_holds",
    metadata,
    Column("hold_id", _BigId, primary_key=True, autoincrement=True),
    Column("destination", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("held_at", UtcTime, nullable=False),
    Column("released_at", UtcTime),
    Column("released_by", Text),
)
_standing = text("released_at is null")
Index("destination_holds_standing", destination_holds.c.destination, unique=True,
      sqlite_where=_standing, postgresql_where=_standing)  # fmt: skip

manual_retractions = Table(
    "manual_retractions",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("asked_by", Text, nullable=False),
    Column("explanation", Text, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
)
