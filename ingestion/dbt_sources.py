"""What dbt is told about the landing tables, written from the contract.

    python -m ingestion.dbt_sources     rewrites the file; a test fails when it is out of date

dbt's sources are a copy of what `contracts` says, and copies drift: so this one is generated and
committed, where a reader of the models and dbt's documentation find it.
"""

from pathlib import Path

from ingestion.contracts import LANDING_FEEDS
from ingestion.feeds import Column, Feed
from ingestion.warehouse import RAW

SOURCES_FILE = Path("dbt_project/models/staging/landing/_landing__sources.yml")

HEAD = f"""\
# Written by `python -m ingestion.dbt_sources` out of ingestion/contracts.py: change it there.
sources:
  - name: landing
    schema: {RAW}
    description: >
      Every valid row that ever came through the landing folder, repeats and superseded versions
      included; staging picks the current ones. Rows that were refused are in schema quarantine.
    tables:
"""


def sources_yaml() -> str:
    """The text of the sources file: tables and columns with their descriptions and types."""
    return HEAD + "".join(_table(feed) for feed in LANDING_FEEDS.values())


def write_sources(project: Path) -> Path:
    """Write the file below the project's root and return its path."""
    path = project / SOURCES_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sources_yaml(), encoding="utf-8")
    return path


def _table(feed: Feed) -> str:
    order = f", then {feed.version}" if feed.version else ""
    rule = "the first copy is current" if feed.is_first_copy_current else "the last is current"
    description = f"{feed.description} Key {', '.join(feed.key)}{order}; {rule}."
    columns = "".join(_column(column) for column in feed.columns)
    return (
        f"      - name: {feed.name}\n"
        f"        description: {_text(description)}\n"
        f"        columns:\n{columns}"
    )


def _column(column: Column) -> str:
    return (
        f"          - name: {column.name}\n"
        f"            description: {_text(column.description)}\n"
        f"            data_type: {column.sql_type}\n"
    )


def _text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    write_sources(Path())
