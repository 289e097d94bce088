"""SQL expressions that read one value: out of a row, into its type, and what is derived from it.

Two ways into every type. A value that comes as text is matched against the contract's grammar
first and cast second, for DuckDB's casts are kinder than the contract: they read `1_000`, round
`12.7` to 13, take `2026-11-01 09:03` without an offset, and drop the offset when asked for a
TIMESTAMP. A Parquet column that has a type of its own is only converted.
"""

import pyarrow as pa

from ingestion.caller_keys import caller_key_sql
from ingestion.feeds import ERASED_MARK, SQL_TYPES, WITHHELD_CALLERS, Column, Field, Kind
from ingestion.phone_numbers import ERASED_DIGITS, ERASED_NUMBER
from ingestion.reading import Layout

E164 = r"\+[0-9]{8,15}"
NANP = r"\+1[2-9][0-9]{9}"
GRAMMAR: dict[Kind, str] = {
    "timestamp": r"\d{4}-\d{2}-\d{2}[Tt ]([01]\d|2[0-3]):[0-5]\d:\d{2}(\.\d+)?"
    r"([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)",
    "date": r"\d{4}-\d{2}-\d{2}",
    "integer": r"[+-]?\d+(\.0*)?",
    "float": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?",
    "decimal": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?",
    "e164": E164,
    "caller": E164,
}


def source_sql(field: Field, layout: Layout) -> str:
    """The field's value as it came: text with empty as null, or a column of its own type."""
    if layout.format == "jsonl":
        return f"nullif(fields.{field.name}, '')"
    if field.name not in layout.names:
        return "null::varchar"
    column = f"c{layout.names.index(field.name)}"
    if _native_sql(field, layout) is not None:
        return column
    return f"nullif(cast({column} as varchar), '')"


def typed_sql(field: Field, layout: Layout) -> str:
    """The field's value in its type, null where it cannot be read; over ``s_<field>``."""
    source = f"s_{field.name}"
    if field.kind == "string":
        return source
    native = _native_sql(field, layout)
    if native is not None:
        return native
    if field.kind == "timezone":
        return f"case when {source} in (select name from zones) then {source} end"
    is_meant = f"regexp_full_match({source}, '{GRAMMAR[field.kind]}')"
    if field.kind == "caller":
        is_meant += f" and not {is_withheld_sql(source)}"
    return f"case when {is_meant} then {_cast_sql(field.kind, source)} end"


def derived_sql(column: Column) -> str:
    """A derived column's value, over the field that it comes from."""
    number, source = column.source, f"s_{column.source}"
    if column.name.endswith("caller_key"):
        return caller_key_sql(number)
    if column.name == "caller_area_code":
        return f"case when regexp_full_match({number}, '{NANP}') then substr({number}, 3, 3) end"
    if column.name == "is_caller_unreadable":
        is_number = f"{source} is not null and {number} is null"
        return f"({is_number} and not {is_withheld_sql(source)})"
    if column.name == ERASED_MARK:
        return f"coalesce(contains({source}, '{ERASED_DIGITS}'), false)"
    raise ValueError(f"no rule derives column {column.name!r}")


def is_withheld_sql(source: str) -> str:
    """Whether a caller's number is one of the words for a withheld one."""
    words = ", ".join(f"'{word}'" for word in (*WITHHELD_CALLERS, ERASED_NUMBER))
    return f"coalesce(lower({source}) in ({words}), false)"


def _cast_sql(kind: Kind, source: str) -> str:
    if kind == "timestamp":
        # By way of the instant: a cast straight to TIMESTAMP drops the offset without a word.
        return f"make_timestamp(epoch_us(try_cast(upper({source}) as timestamptz)))"
    if kind in ("e164", "caller"):
        return source
    return f"try_cast({source} as {SQL_TYPES[kind]})"


def _native_sql(field: Field, layout: Layout) -> str | None:
    """The conversion of a column that has a fitting type of its own, else None."""
    if layout.format != "parquet" or field.name not in layout.names:
        return None
    arrow, source = layout.types[layout.names.index(field.name)], f"s_{field.name}"
    as_double = f"cast({source} as double)"
    conversions: dict[tuple[str, str], str] = {
        ("timestamp", "instant"): f"make_timestamp(epoch_us({source}))",
        ("timestamp", "timestamp"): f"cast({source} as timestamp)",
        ("date", "date"): f"cast({source} as date)",
        ("date", "timestamp"): f"case when {source} = date_trunc('day', {source})"
        f" then cast({source} as date) end",
        ("integer", "whole"): f"try_cast({source} as bigint)",
        **{
            ("decimal", kind): f"try_cast({source} as {SQL_TYPES['decimal']})"
            for kind in ("whole", "decimal", "real")
        },
        **{
            ("float", kind): f"case when isfinite({as_double}) then {as_double} end"
            for kind in ("whole", "decimal", "real")
        },
    }
    return conversions.get((field.kind, _family(arrow)))


def _family(arrow: pa.DataType) -> str:
    """Which of the column types that need no text this is; empty for any other."""
    if pa.types.is_timestamp(arrow):
        return "instant" if arrow.tz else "timestamp"
    tests = {
        "date": pa.types.is_date,
        "whole": pa.types.is_integer,
        "decimal": pa.types.is_decimal,
        "real": pa.types.is_floating,
    }
    return next((family for family, is_one in tests.items() if is_one(arrow)), "")
