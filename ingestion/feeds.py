"""The words in which `contracts` says what a feed is: field, condition, order, column, feed.

No feed is named here, and nothing here reads or checks a file: `contracts` declares, `validation`
turns what is declared into SQL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "string", "timestamp", "date", "integer", "float", "decimal", "e164", "caller", "timezone"
]

SQL_TYPES: Mapping[Kind, str] = {
    "string": "varchar",
    "timestamp": "timestamp",
    "date": "date",
    "integer": "bigint",
    "float": "double",
    "decimal": "decimal(18, 6)",
    "e164": "varchar",
    "caller": "varchar",
    "timezone": "varchar",
}

WITHHELD_CALLERS = ("anonymous", "restricted", "unavailable", "+266696687")
"""What carriers write for a caller who hides the number; the last spells ANONYMOUS on a dial."""

ERASED_MARK = "is_caller_erased"
"""The column that says of a call that its caller was forgotten: it lasts, and identifies nobody."""


@dataclass(frozen=True)
class Field:
    """One field of a feed and what makes a value of it acceptable."""

    name: str
    kind: Kind
    description: str
    required: bool = False
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    default: str | None = None
    is_personal: bool = False
    """Says who the caller is; goes when the caller's number is erased."""


@dataclass(frozen=True)
class Condition:
    """``field`` is required in rows where ``when`` holds one of ``values``."""

    field: str
    when: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """``low`` may not exceed ``high``; a row in which it does gets ``reason``."""

    low: str
    high: str
    reason: str


@dataclass(frozen=True)
class Column:
    """A column of a raw table that is not in the file: derived from a field, or about the row."""

    name: str
    sql_type: str
    description: str
    source: str = ""


@dataclass(frozen=True)
class Feed:
    """One folder of the landing root and one table of ``raw_landing``."""

    name: str
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    version: str | None = None
    is_first_copy_current: bool = False
    conditions: tuple[Condition, ...] = ()
    orders: tuple[Order, ...] = ()
    derived: tuple[Column, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column of the raw table in its order, dlt's own load id last."""
        own = tuple(Column(f.name, SQL_TYPES[f.kind], f.description) for f in self.fields)
        return own + self.derived + ROW_COLUMNS

    @property
    def content(self) -> tuple[str, ...]:
        """Columns whose values make two rows the same: every field, callers by their keys.

        A plain hash over a row with the number in clear would give the number away: the other
        fields are known, and ten billion numbers are soon tried.
        """
        keys = {c.source: c.name for c in self.derived if c.name.endswith("caller_key")}
        return (*(keys.get(field.name, field.name) for field in self.fields), "_extra")

    @property
    def callers(self) -> tuple[str, ...]:
        """Names of the fields that hold a caller's number in clear."""
        return tuple(field.name for field in self.fields if field.kind == "caller")


LOAD_ID = Column("_dlt_load_id", "varchar", "The dlt load package that brought the row.")

ROW_COLUMNS = (
    Column("_extra", "varchar", "Fields that the contract does not know, as JSON; null if none."),
    Column("_row_hash", "bigint", "Hash of the typed content: equal key and hash = exact repeat."),
    Column("_file_id", "bigint", "The file, by landing_files; grows with arrival."),
    Column("_source_line", "bigint", "Which row of its file, from 1 (in JSON Lines: which line)."),
    Column("_loaded_at", "timestamp", "When the load that brought the row began, UTC."),
    LOAD_ID,
)

QUARANTINE_COLUMNS = (
    Column("reason", "varchar", "Why the row was refused: reason codes, joined by commas."),
    Column("raw", "varchar", "The row as it came; of an unreadable file the error and its start."),
    Column("source_file", "varchar", "Path of the file below the landing root."),
    Column("source_line", "bigint", "Which row of its file, from 1; null for a whole file."),
    Column("loaded_at", "timestamp", "When the load that refused the row began, UTC."),
    Column("_file_id", "bigint", "The file, by raw_landing.landing_files."),
)

LEDGER_COLUMNS = (
    Column("file_id", "bigint", "The file; grows with arrival."),
    Column("feed", "varchar", "The feed whose folder it lies in."),
    Column("path", "varchar", "Path below the landing root."),
    Column("size_bytes", "bigint", "Its size."),
    Column("fingerprint", "varchar", "Known by path and fingerprint, a file is not read again."),
    Column("rows_read", "bigint", "Rows in it; a file that cannot be read counts as one."),
    Column("rows_accepted", "bigint", "Rows that went to the raw table."),
    Column("rows_quarantined", "bigint", "Rows that went to quarantine."),
    Column("loaded_at", "timestamp", "When the load that read it began, UTC."),
)

COUNT_COLUMNS = (
    Column("feed", "varchar", "The feed."),
    Column("rows_read", "bigint", "Rows read ever: the sum of the other four."),
    Column("rows_current", "bigint", "Rows that are the current version of their key."),
    Column(
        "rows_superseded",
        "bigint",
        "Other versions of a key, older or, where the first copy wins, later.",
    ),
    Column("rows_repeated", "bigint", "Further copies of a row already there, key and content."),
    Column("rows_quarantined", "bigint", "Rows refused, with their reasons in quarantine."),
)


def text(
    name: str, description: str, required: bool = False, values: tuple[str, ...] = ()
) -> Field:
    """A field of plain text, perhaps out of a closed set of values."""
    return Field(name, "string", description, required, values)


def at(name: str, description: str, required: bool = False) -> Field:
    """A point in time."""
    return Field(name, "timestamp", description, required)


def count(name: str, description: str, required: bool = False) -> Field:
    """A whole number that is never negative."""
    return Field(name, "integer", description, required, minimum=0)
