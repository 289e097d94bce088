"""The list of callers who asked to be forgotten, and what a load does about it.

Landed files never change, so the number of a forgotten caller still lies in them, and a load into
a new warehouse would bring it back. Two lists of keys, never of numbers, say whom to leave out:

    restricted.erasures                  of this warehouse; it is also the record of what was done
    <landing root>/_erasures/<key>.json  beside the files, for warehouses that are yet to be made

A key is an HMAC under the installation's secret. A landing root whose list was written under
another secret is refused: its keys would match nobody, and every number on it would come back.

Where a number of the list stands in a batch, it is written over before anything else looks at the
batch: field, unknown field, URL, or text on its way to quarantine. While nobody is on the list,
none of this runs; with somebody on it, loading 0.6 million rows takes 10.6 s of processor time
and not 6.8.
"""

import json
from collections.abc import Iterable
from datetime import datetime

import duckdb
import pyarrow as pa
from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs

from ingestion.caller_keys import CallerKeys, caller_key_sql
from ingestion.phone_numbers import ERASED_DIGITS, Caller, numbers_in_sql, written_forms
from ingestion.reading import Piece, Refusal
from ingestion.warehouse import ERASURES

FOLDER = "_erasures"
_SECRET_PROBE = "ringtrail/erasures"  # noqa: S105  (what is hashed under the secret, no secret)


def erased_keys(
    connection: duckdb.DuckDBPyConnection, landing: str, keys: CallerKeys
) -> frozenset[str]:
    """The keys of forgotten callers, by the warehouse and by the landing root.

    Raises:
        ValueError: if the landing root's list was written under another secret.
    """
    recorded = connection.execute(f"select caller_key from {ERASURES}").fetchall()
    return frozenset(key for (key,) in recorded) | _listed_keys(landing, keys)


def list_erasure(landing: str, caller: Caller, keys: CallerKeys, erased_at: datetime) -> bool:
    """Put a caller on the landing root's list; return whether there is a root to put it in."""
    fs, root = url_to_fs(landing)
    if not fs.isdir(root):
        return False
    folder = _folder(root)
    fs.makedirs(folder, exist_ok=True)
    entry = {
        "caller_key": caller.caller_key,
        "erased_at": erased_at.isoformat(timespec="seconds") + "Z",
        "secret_check": keys.key_of(_SECRET_PROBE),
    }
    with fs.open(f"{folder}/{caller.caller_key}.json", "w") as file:
        file.write(json.dumps(entry) + "\n")
    return True


def _listed_keys(landing: str, keys: CallerKeys) -> set[str]:
    fs, root = url_to_fs(landing)
    entries = [json.loads(text) for text in _texts(fs, _folder(root))]
    if any(entry["secret_check"] != keys.key_of(_SECRET_PROBE) for entry in entries):
        raise ValueError(
            f"{FOLDER} of {landing} lists forgotten callers under another caller_secret, so their"
            " numbers would come back: put the old RINGTRAIL_CALLER_SECRET back, or run `ringtrail"
            " forget` for each of them again after emptying the folder"
        )
    return {entry["caller_key"] for entry in entries}


def _folder(root: str) -> str:
    return f"{root.rstrip('/')}/{FOLDER}"


def _texts(fs: AbstractFileSystem, folder: str) -> Iterable[str]:
    if not fs.isdir(folder):
        return
    for path in fs.glob(f"{folder}/*.json"):
        with fs.open(path, "r") as file:
            yield file.read()


class Eraser:
    """Writes forgotten callers' numbers over in what a load reads; for one thread.

    ``rows`` is in how many rows it found one.
    """

    def __init__(
        self,
        database: duckdb.DuckDBPyConnection,
        keys: CallerKeys,
        erased: frozenset[str],
    ) -> None:
        self._database = database
        self._keys = keys
        self._erased = sorted(erased)
        self.rows = 0

    def __call__(self, item: Piece | Refusal) -> Piece | Refusal:
        """Return ``item`` without the numbers of forgotten callers."""
        if not self._erased:
            return item
        if isinstance(item, Refusal):
            table = self._scrub(pa.table({"raw": [item.raw]}))
            return Refusal(item.file_id, item.reason, table["raw"][0].as_py(), item.source_line)
        return Piece(item.layout, self._scrub(item.table))

    def _scrub(self, table: pa.Table) -> pa.Table:
        texts = [name for name, kind in zip(table.schema.names, table.schema.types, strict=True)
                 if pa.types.is_string(kind) or pa.types.is_large_string(kind)]  # fmt: skip
        if not texts:
            return table
        with self._database.cursor() as cursor:
            cursor.execute("set enable_progress_bar = false")
            cursor.register("batch", table)
            found = cursor.execute(
                _found_sql(texts), {"erased": self._erased, **self._keys.parameters}
            ).fetchall()
            if not found:
                return table
            forms = "|".join(written_forms(number) for (number,) in found)
            holds = f"regexp_matches(concat_ws('|', {', '.join(texts)}), $forms)"
            counted = f"select count(*) from batch where {holds}"
            self.rows += cursor.execute(counted, {"forms": forms}).fetchall()[0][0]
            written_over = ", ".join(
                f"regexp_replace({name}, $forms, '{ERASED_DIGITS}', 'g') as {name}"
                for name in texts
            )
            return cursor.execute(
                f"select * replace ({written_over}) from batch", {"forms": forms}
            ).to_arrow_table()


def _found_sql(texts: list[str]) -> str:
    """The listed numbers in a batch; distinct ones first, for an HMAC costs more than grouping."""
    return f"""
    with

    numbers as (
        select distinct unnest({numbers_in_sql("line")}) as number
        from (select unnest([{", ".join(texts)}]) as line from batch)
    )

    select number
    from numbers
    where {caller_key_sql("number")} in (select unnest($erased))
    """
