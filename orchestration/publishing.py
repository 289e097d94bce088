"""Copy the marts into `serving.duckdb` and swap it in atomically, with the manifests they are of.

A DuckDB file that someone writes cannot be opened by anyone else, so readers get a file that
nobody writes. Connections that are open when it is replaced keep the old copy, whole; a process
sees the new one once it has closed all its connections to the old.

Views become tables: the copy must stand alone. They name their database, which DuckDB calls after
the file, so the warehouse is attached under its own name. Those of `KEPT_AS_VIEWS` stay views,
since written out they would be the largest table of all: the views that they read come along, and
of the tables beneath them the columns that are named.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

_IDENTIFIER_QUOTE = '"'
MANIFESTS = ("manifest.json", "semantic_manifest.json")
"""What dbt knows of the project: what analysts compare an edit with, and what may be asked."""

KEPT_AS_VIEWS = ("fct_call_explanations", "fct_multi_touch_credits")
"""Every candidate of every call with its factors: a gigabyte for ten million web events, of which
a call's few hundred rows are asked at a time. And a touch once for each of eight models."""

_RELATIONS = """
select database_name, schema_name, table_name as name, null as definition
from duckdb_tables()
where database_name <> current_database()
union all
select database_name, schema_name, view_name as name, sql as definition
from duckdb_views()
where database_name <> current_database() and not internal
order by all
"""


class PublicationRefused(Exception):
    """What would be published is not what the warehouse shows."""


@dataclass(frozen=True)
class _Relation:
    database: str
    schema: str
    name: str
    definition: str | None
    """Of a view, the statement that made it."""

    @property
    def address(self) -> str:
        """Schema and name, in SQL."""
        return f"{_name(self.schema)}.{_name(self.name)}"

    def is_read_by(self, definition: str) -> bool:
        """Whether a view of this definition reads the relation."""
        return bool(re.search(rf"\b{self.schema}\.{re.escape(self.name)}\b", definition))


def publish_marts(warehouse: Path, serving: Path) -> dict[str, int]:
    """Copy every table and view of schema marts from `warehouse` to `serving`.

    Args:
        warehouse: The warehouse file; nobody may be writing it.
        serving: The file to replace. A crash before the last step leaves the old one as it was.

    Returns:
        Rows per table, by table name; those of a kept view are not counted.

    Raises:
        PublicationRefused: If a kept view would not show the columns that it shows there.
    """
    partial = serving.with_name(serving.name + ".tmp")
    for leftover in (partial, partial.with_name(partial.name + ".wal")):
        leftover.unlink(missing_ok=True)
    serving.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(partial)) as connection:
        # As in profiles.yml: ids do not compress, and trying costs a quarter of the CPU.
        connection.execute("set disabled_compression_methods = 'fsst'")
        connection.execute(f"attach '{_quoted(warehouse)}' (read_only)")
        connection.execute("create schema marts")
        found = [_Relation(*row) for row in connection.execute(_RELATIONS).fetchall()]
        marts = [relation for relation in found if relation.schema == "marts"]
        views = [relation for relation in marts if relation.name in KEPT_AS_VIEWS]
        rows = {mart.name: _copy(connection, mart) for mart in marts if mart not in views}
        for view in views:
            _keep_view(connection, view, found)
        connection.execute("checkpoint")
    partial.replace(serving)
    return rows


def publish_manifests(dbt_target: Path, published: Path) -> None:
    """Keep the manifests that the published marts were built from, until the next publication."""
    published.mkdir(parents=True, exist_ok=True)
    for name in MANIFESTS:
        partial = published / f"{name}.tmp"
        shutil.copyfile(dbt_target / name, partial)
        partial.replace(published / name)


def _copy(connection: duckdb.DuckDBPyConnection, relation: _Relation, columns: str = "*") -> int:
    copied = connection.execute(
        f"create table {relation.address} as"
        f" select {columns} from {_name(relation.database)}.{relation.address}"
    )
    (count,) = copied.fetchone() or (0,)
    return int(count)


def _keep_view(
    connection: duckdb.DuckDBPyConnection, view: _Relation, relations: list[_Relation]
) -> None:
    """Make the view in the copy, over the views that it reads and the columns that they name."""
    chain = _views_beneath(view, relations)
    definitions = " ".join(str(link.definition) for link in chain)
    for relation in relations:
        if relation not in chain and relation.is_read_by(definitions):
            connection.execute(f"create schema if not exists {_name(relation.schema)}")
            if not _is_there(connection, relation):
                named = [
                    _name(column)
                    for column in _columns(connection, relation)
                    if re.search(rf"\b{re.escape(column)}\b", definitions)
                ]
                _copy(connection, relation, ", ".join(named) or "*")
    for link in chain:
        connection.execute(f"create schema if not exists {_name(link.schema)}")
        connection.execute(_standing_alone(link, relations))
    if _columns(connection, view, in_copy=True) != _columns(connection, view):
        raise PublicationRefused(f"the view marts.{view.name} would lose columns")


def _views_beneath(view: _Relation, relations: list[_Relation]) -> list[_Relation]:
    """Return the view and all views that it reads, each after those that it reads itself."""
    chain: list[_Relation] = []
    for relation in relations:
        if relation.definition and relation != view and relation.is_read_by(str(view.definition)):
            chain += [link for link in _views_beneath(relation, relations) if link not in chain]
    return [*chain, view]


def _standing_alone(view: _Relation, relations: list[_Relation]) -> str:
    """Return the statement of a view without the name of its database."""
    schemas = "|".join(sorted({re.escape(relation.schema) for relation in relations}))
    database = re.escape(view.database)
    return re.sub(rf'(?<![\w."])"?{database}"?\.(?=(?:{schemas})\.)', "", str(view.definition))


def _is_there(connection: duckdb.DuckDBPyConnection, relation: _Relation) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database()"
        " and schema_name = ? and table_name = ?",
        [relation.schema, relation.name],
    )
    return found.fetchone() is not None


def _columns(
    connection: duckdb.DuckDBPyConnection, relation: _Relation, *, in_copy: bool = False
) -> list[str]:
    source = "" if in_copy else f"{_name(relation.database)}."
    described = connection.execute(f"describe {source}{relation.address}").fetchall()
    return [str(column) for column, *_ in described]


def _name(text: str) -> str:
    return _IDENTIFIER_QUOTE + text.replace('"', '""') + _IDENTIFIER_QUOTE


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
