"""Have the rules changed since the warehouse was built? Then nothing of it may stay as it was.

dbt builds only what new files touch. A changed model, macro, seed or variable touches everything,
and dbt does not know: so a run compares the rules with those of the last build that went through,
and asks for a full refresh when they differ.
"""

import json
from hashlib import sha256
from pathlib import Path

import duckdb

from orchestration.settings import REPO_ROOT

_RULES = ("dbt_project/models", "dbt_project/macros", "dbt_project/seeds")
_SUFFIXES = {".sql", ".csv"}
_TABLE = "operations.rules_built"


def rules_fingerprint(root: Path = REPO_ROOT) -> str:
    """Return a digest of the SQL, seeds and variables; descriptions and tests do not count."""
    from orchestration.project import dbt_vars  # noqa: PLC0415  (Dagster: seconds)

    digest = sha256(json.dumps(dbt_vars(), sort_keys=True).encode())
    for folder in _RULES:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in _SUFFIXES:
                digest.update(str(file.relative_to(root)).encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def are_rules_new(connection: duckdb.DuckDBPyConnection) -> bool:
    """Say whether the last build that went through had other rules, or there was none."""
    _make_table(connection)
    row = connection.execute(
        f"select fingerprint from {_TABLE} order by built_at desc limit 1"
    ).fetchone()
    return row is None or row[0] != rules_fingerprint()


def remember_rules(connection: duckdb.DuckDBPyConnection) -> None:
    """Note that everything in the warehouse follows today's rules; called after the last step."""
    if are_rules_new(connection):
        connection.execute(f"insert into {_TABLE} values (?, now())", [rules_fingerprint()])


def ask_for_full_build(connection: duckdb.DuckDBPyConnection) -> None:
    """Have the next run build everything anew: rows changed that no landed file brought."""
    _make_table(connection)
    connection.execute(f"delete from {_TABLE}")


def _make_table(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists operations")
    connection.execute(
        f"create table if not exists {_TABLE} (fingerprint varchar, built_at timestamptz)"
    )
