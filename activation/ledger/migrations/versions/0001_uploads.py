"""The first schema: uploads, their events by triggers, holds and manual retractions.

Frozen: a later change is a migration of its own, for ledgers cannot be made anew.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_STATES = (
    "'planned', 'sending', 'sent', 'held', 'confirmed', 'refused', 'not_eligible', 'retracted',"
    " 'retraction_unsupported'"
)
_NOT_NULL_TEXTS = ("key", "call_id", "destination", "account_id", "conversion_action")
_EVENT = "upload_id, version, recorded_at, step, state, reason, value_micros, request_id, attempts"
_NEW = (
    "new.upload_id, new.version, new.changed_at, new.step, new.state, new.reason,"
    " new.value_micros, new.request_id, new.attempts"
)
_MOVES = "state, reason, step, version"
_ONLY_GROWS = {"upload_events": ("update", "delete"), "uploads": ("delete",)}


def upgrade() -> None:
    """Make tables, indexes and triggers."""
    _make_uploads()
    _index_uploads()
    _make_events()
    op.create_table(
        "destination_holds",
        sa.Column("hold_id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("held_at", sa.DateTime, nullable=False),
        sa.Column("released_at", sa.DateTime),
        sa.Column("released_by", sa.Text),
        sa.PrimaryKeyConstraint("hold_id", name="destination_holds_pkey"),
    )
    _index("destination_holds_standing", "destination_holds", "destination",
           where="released_at is null", unique=True)  # fmt: skip
    op.create_table(
        "manual_retractions",
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("explanation", sa.Text, nullable=False),
        sa.Column("asked_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="manual_retractions_pkey"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _make_postgresql_functions()
    else:
        _make_sqlite_triggers()


def _index(
    name: str, table: str, *columns: str, where: str | None = None, unique: bool = False
) -> None:
    condition = sa.text(where) if where else None
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )


def _make_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("upload_id", _BIG_ID, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in _NOT_NULL_TEXTS),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("target_key", sa.Text, nullable=False),
        sa.Column("is_current", sa.Boolean, nullable=False),
        *_content_columns(),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("adjusted_at", sa.DateTime),
        *_sending_columns(),
        sa.PrimaryKeyConstraint("upload_id", name="uploads_pkey"),
        sa.UniqueConstraint("key", name="uploads_key_key"),
        sa.CheckConstraint(f"state in ({_STATES})", name="uploads_state_is_known"),
        sa.CheckConstraint(
            "operation in ('convert', 'restate', 'retract')", name="uploads_operation_is_known"
        ),
    )


def _content_columns() -> list[sa.Column]:
    return [
        sa.Column("value_micros", sa.BigInteger),
        sa.Column("value_currency", sa.Text),
        sa.Column("occurred_at", sa.DateTime, nullable=False),
        sa.Column("click_id", sa.Text),
        sa.Column("click_id_type", sa.Text),
        sa.Column("clicked_at", sa.DateTime),
        sa.Column("consent_ad_user_data", sa.Text),
        sa.Column("consent_ad_personalization", sa.Text),
        sa.Column("caller_key", sa.Text),
        sa.Column("is_limited_data_use", sa.Boolean, nullable=False),
        sa.Column("identifier", sa.Text),
        sa.Column("sends_phone", sa.Boolean, nullable=False),
    ]


def _sending_columns() -> list[sa.Column]:
    return [
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.DateTime),
        sa.Column("first_sent_at", sa.DateTime),
        sa.Column("lease_token", sa.Text),
        sa.Column("lease_until", sa.DateTime),
        sa.Column("request_id", sa.Text),
        sa.Column("request_size", sa.Integer),
        sa.Column("max_request_size", sa.Integer),
        sa.Column("sent_at", sa.DateTime),
        sa.Column("decided_at", sa.DateTime),
        sa.Column("erased_at", sa.DateTime),
    ]


def _index_uploads() -> None:
    correction = "operation <> 'convert'"
    _index("uploads_current", "uploads", "call_id", "destination", "account_id",
           "conversion_action", where="is_current", unique=True)  # fmt: skip
    _index("uploads_open_corrections", "uploads", "target_key", unique=True,
           where=f"{correction} and state in ('planned', 'sending', 'sent', 'held')")  # fmt: skip
    _index("uploads_corrections", "uploads", "target_key", "revision", where=correction)
    _index("uploads_due", "uploads", "destination", "state", "operation", "account_id", "upload_id")
    for name, column, where in (
        ("uploads_sent", "first_sent_at", "first_sent_at is not null"),
        ("uploads_requests", "request_id", "state = 'sent'"),
        ("uploads_decided", "decided_at", "decided_at is not null"),
    ):
        _index(name, "uploads", "destination", column, where=where)
    _index("uploads_callers", "uploads", "caller_key", where="caller_key is not null")


def _make_events() -> None:
    op.create_table(
        "upload_events",
        sa.Column("event_id", _BIG_ID, autoincrement=True, nullable=False),
        sa.Column("upload_id", _BIG_ID, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("recorded_at", sa.DateTime, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("value_micros", sa.BigInteger),
        sa.Column("request_id", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="upload_events_pkey"),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["uploads.upload_id"], name="upload_events_upload_id_fkey"
        ),
    )
    _index("upload_events_version", "upload_events", "upload_id", "version", unique=True)


def _make_sqlite_triggers() -> None:
    for name, moment in (("planned", "insert"), ("moved", f"update of {_MOVES}")):
        op.execute(
            f"create trigger uploads_{name} after {moment} on uploads begin"
            f" insert into upload_events ({_EVENT}) values ({_NEW}); end"
        )
    for table, moments in _ONLY_GROWS.items():
        for moment in moments:
            op.execute(
                f"create trigger {table}_no_{moment} before {moment} on {table} begin"
                f" select raise(abort, '{table} only grows: {moment} refused'); end"
            )


def _make_postgresql_functions() -> None:
    op.execute(
        "create function upload_key(variadic parts text[]) returns text immutable language sql"
        " as $$ select 'rt1-' || left(encode(sha256(convert_to("
        "array_to_string(parts, chr(31)), 'UTF8')), 'hex'), 40) $$"
    )
    op.execute(
        "create function append_upload_event() returns trigger language plpgsql as $$ begin"
        f" insert into upload_events ({_EVENT}) values ({_NEW}); return null; end $$"
    )
    op.execute(
        "create function refuse_change() returns trigger language plpgsql as $$ begin"
        " raise exception '% only grows: % refused', tg_table_name, lower(tg_op); end $$"
    )
    op.execute(
        f"create trigger uploads_moved after insert or update of {_MOVES} on uploads"
        " for each row execute function append_upload_event()"
    )
    for table, moments in _ONLY_GROWS.items():
        op.execute(
            f"create trigger {table}_only_grow before {' or '.join((*moments, 'truncate'))}"
            f" on {table} for each statement execute function refuse_change()"
        )
