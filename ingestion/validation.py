"""The contract as SQL: one query takes a batch of rows as they came and gives typed rows.

    batch ─► source   s_<field>: the value as it came, out of JSON or of a column; empty is null
          ─► typed    <field>: the value in the field's type, null where it cannot be read
          ─► checked  is_bad: is anything wrong with the row?
          ─► result   the columns of the raw table; of bad rows also `reason` and `raw`

Everything is `try_cast` and `case`: no value can raise, so one bad row never costs its batch.
Reasons are spelled out only where `is_bad` says so, for bad rows are few and reasons are many.
The query's text is made of names from `contracts` and positions of columns; what comes from a file
enters it only as the quoted name of an unknown column.
"""

import json
from collections.abc import Iterable

from ingestion.encoding import MARK
from ingestion.feeds import Feed, Field
from ingestion.phone_numbers import ERASED_NUMBER
from ingestion.reading import Layout
from ingestion.typing_sql import (
    derived_sql,
    source_sql,
    typed_sql,
)

BLANKS = r"E' \t\r\n'"
CHECKED_BY_TYPE = frozenset({"timestamp", "date", "integer", "float", "decimal", "e164"})


def check_sql(feed: Feed, layout: Layout, has_extra: bool = True) -> str:
    """SQL that reads relation ``batch`` and checks its rows against the feed.

    Needs a relation ``zones`` of known time zone names, the parameter ``loaded_at``, and those of
    `caller_keys.CallerKeys` for a feed with callers.

    Args:
        feed: the feed.
        layout: what the columns of the batch are.
        has_extra: whether a JSON batch has fields that the feed does not know. Finding out
            (`unknown_keys_sql`) is cheap, taking them out of every row is not.
    """
    is_json = layout.format == "jsonl"
    extra = _json_extra_sql(feed, has_extra) if is_json else _columns_extra_sql(feed, layout)
    problems = _problems(feed)
    reasons = [f"case when {condition} then {_quoted(code)} end" for condition, code in problems]
    derived = "".join(f"{derived_sql(column)} as {column.name}, " for column in feed.derived)
    return f"""
with

rows as ({_rows_sql(feed, layout)}),

source as (select *, {_lines(_sources(feed, layout))} from rows),

typed as (select *, {_lines(_typed(feed, layout))}, {extra} as _extra from source),

checked as (
    select *, {derived}
        coalesce(broken is not null or {" or ".join(c for c, _ in problems)}, false) as is_bad
    from typed
)

select
    {_lines(_outputs(feed))},
    case when is_bad then coalesce(broken, concat_ws(',', {_lines(reasons)})) end as reason,
    case when is_bad then {f"trim(c0, {BLANKS})" if is_json else _as_json(layout)} end as raw
from checked
"""


def unknown_keys_sql() -> str:
    """SQL of the names in a JSON batch, by distinct sets of names: there are few."""
    return """
    select distinct unnest(names) as name
    from (
        select any_value(names) as names
        from (select try(json_keys(c0)) as names from batch)
        group by hash(names)
    )
    """


def _rows_sql(feed: Feed, layout: Layout) -> str:
    if layout.format == "jsonl":
        shape = json.dumps({field.name: "VARCHAR" for field in feed.fields})
        # In steps: an alias used beside its definition would parse the line a second time.
        return f"""
        select
            *,
            case
                when fields is null then 'invalid_json'
                when starts_with(c0, '{{') or regexp_matches(c0, '^\\s*\\{{') then null
                else 'invalid_json'
            end as broken
        from (
            select *, try(json_transform(c0, '{shape}')) as fields
            from batch
            where starts_with(c0, '{{') or not regexp_full_match(c0, '\\s*')
        )
        """
    if layout.is_damaged:
        every = ", ".join(f"c{i}" for i in range(len(layout.names)))
        mark = f"contains(concat({every}), chr({ord(MARK)}))"
        return f"select *, case when {mark} then 'invalid_utf8' end as broken from batch"
    return "select *, null::varchar as broken from batch"


def _sources(feed: Feed, layout: Layout) -> list[str]:
    return [f"{source_sql(field, layout)} as s_{field.name}" for field in feed.fields]


def _typed(feed: Feed, layout: Layout) -> list[str]:
    return [
        f"case when s_{feed.callers[0]} is distinct from '{ERASED_NUMBER}'"
        f" then {typed_sql(field, layout)} end as {field.name}"
        if field.is_personal
        else f"{typed_sql(field, layout)} as {field.name}"
        for field in feed.fields
    ]


def _problems(feed: Feed) -> list[tuple[str, str]]:
    """What may be wrong with a row of a feed: SQL conditions with their reason codes."""
    problems = [problem for field in feed.fields for problem in _field_problems(field)]
    for condition in feed.conditions:
        is_due = f"{condition.when} in ({_list(condition.values)})"
        missing = f"({condition.field} is null and {is_due})"
        problems.append((missing, f"missing_required:{condition.field}"))
    problems += [(f"({order.low} > {order.high})", order.reason) for order in feed.orders]
    return problems


def _field_problems(field: Field) -> list[tuple[str, str]]:
    name, problems = field.name, []
    if field.required:
        problems.append((f"(s_{name} is null)", f"missing_required:{name}"))
    if field.kind in CHECKED_BY_TYPE or field.kind == "timezone":
        unreadable = f"(s_{name} is not null and {name} is null)"
        problems.append((unreadable, f"unreadable:{name}"))
    if field.values:
        problems.append((f"({name} not in ({_list(field.values)}))", f"not_in_set:{name}"))
    limits = [f"{name} < {field.minimum}"] if field.minimum is not None else []
    limits += [f"{name} > {field.maximum}"] if field.maximum is not None else []
    if limits:
        problems.append((f"({' or '.join(limits)})", f"out_of_range:{name}"))
    return problems


def _outputs(feed: Feed) -> list[str]:
    """The columns of the raw table, in its order, without the one that dlt adds."""
    fields = [
        field.name
        if field.default is None
        else f"coalesce({field.name}, {_quoted(field.default)}) as {field.name}"
        for field in feed.fields
    ]
    return [
        *fields,
        *(column.name for column in feed.derived),
        "_extra",
        f"{row_hash_sql(feed.content)} as _row_hash",
        "file_id as _file_id",
        "source_line as _source_line",
        "$loaded_at::timestamp as _loaded_at",
    ]


def row_hash_sql(content: Iterable[str]) -> str:
    """SQL of the hash of a row's content: 63 of the 64 bits, a BIGINT has no room for the last."""
    return f"cast(hash({', '.join(content)}) >> 1 as bigint)"


def _json_extra_sql(feed: Feed, has_extra: bool) -> str:
    if not has_extra:
        return "null::varchar"
    # A merge patch deletes what it sets to null (RFC 7396): what is left is what nobody knows.
    known = json.dumps({field.name: None for field in feed.fields})
    names = _list(tuple(field.name for field in feed.fields))
    has_unknown = f"broken is null and not list_has_all([{names}], try(json_keys(c0)))"
    return f"case when {has_unknown} then cast(json_merge_patch(c0, '{known}') as varchar) end"


def _columns_extra_sql(feed: Feed, layout: Layout) -> str:
    known = {field.name for field in feed.fields}
    unknown = [i for i, name in enumerate(layout.names) if name not in known]
    if not unknown:
        return "null::varchar"
    # Patching an empty object drops the nulls, so that an empty column leaves no trace.
    return f"nullif(cast(json_merge_patch('{{}}', {_as_json(layout, unknown)}) as varchar), '{{}}')"


def _as_json(layout: Layout, columns: list[int] | None = None) -> str:
    is_text = layout.format == "csv" and columns is not None
    pairs = [
        f"{_quoted(layout.names[i])}, " + (f"nullif(c{i}, '')" if is_text else f"c{i}")
        for i in (range(len(layout.names)) if columns is None else columns)
    ]
    return f"cast(json_object({', '.join(pairs)}) as varchar)"


def _lines(parts: list[str]) -> str:
    return ",\n    ".join(parts)


def _list(values: tuple[str, ...]) -> str:
    return ", ".join(_quoted(value) for value in values)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
