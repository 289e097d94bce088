"""Build a warehouse step by step from a test: load, dbt, score, and look at what came out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from ingestion.pipelines import load_landing
from ingestion.simulate import simulate
from ml.artifacts import ensure_tables, read_model, write_model
from ml.matching.matcher import score_calls, train_matcher
from ml.matching.promotion import scored_by_another
from ml.matching.settings import MatcherSettings
from orchestration.resources.matcher_sql import matcher_sql
from orchestration.resources.warehouse import is_full_build
from tests.conftest import CALLER_SECRET
from tests.project import WAREHOUSE, dbt

BOOKKEEPING = {"_file_id", "_loaded_at", "measured_at", "trained_at", "promoted_at"}
"""Columns that say when a row was learned: two ways to one answer differ there."""

TRAINED_AT = pd.Timestamp("2026-11-01")


@dataclass(frozen=True)
class Build:
    """A warehouse in a folder of its own, with the steps of a run one by one."""

    folder: Path

    @property
    def warehouse(self) -> Path:
        return self.folder / WAREHOUSE

    def simulate(self, *, days: int, clicks_per_day: int, seed: int) -> None:
        """Make up an agency and load its files."""
        landing = self.folder / "landing"
        simulate(landing, days=days, clicks_per_day=clicks_per_day, seed=seed)
        self.load(landing)

    def load(self, landing: Path) -> None:
        """Load the files of `landing` that are not in yet."""
        load_landing(
            landing=str(landing),
            warehouse=self.warehouse,
            state_dir=self.folder / "state",
            caller_secret=CALLER_SECRET,
        )

    def dbt(self, *arguments: str) -> None:
        """Run dbt as a run of the pipeline does, in this process; a failure fails the test."""
        dbt(self.folder, *arguments)

    def score(self) -> None:
        """Train when there is no model, then score as the asset does; the model stays pinned."""
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            with matcher_sql(connection) as sql:
                ensure_tables(sql)
                if read_model(sql) is None:
                    write_model(sql, train_matcher(sql, MatcherSettings()), TRAINED_AT)
                model = read_model(sql)
                is_full = is_full_build(connection) or scored_by_another(sql, model)
                only = None if is_full else "intermediate.int_calls_to_rescore"
                score_calls(sql, model, MatcherSettings(), only)

    def run(self, *, full_refresh: bool = False) -> None:
        """dbt, matcher, dbt: a run from raw tables to marts."""
        flags = ["--full-refresh"] if full_refresh else []
        self.dbt("run", "--quiet", *flags, "--exclude", "source:ml+")
        self.score()
        self.dbt("run", "--quiet", *flags, "--select", "source:ml+")

    def contents(self, *schemas: str) -> Mapping[str, tuple[int, str]]:
        """Rows and a digest of the sorted rows of every table, bookkeeping left out."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            columns = connection.execute(
                "select table_schema || '.' || table_name, list(column_name order by column_name)"
                " from information_schema.columns"
                " join information_schema.tables using (table_schema, table_name)"
                " where table_type = 'BASE TABLE' and list_contains(?, table_schema)"
                " group by 1 order by 1",
                [list(schemas)],
            ).fetchall()
            return {
                table: connection.execute(
                    "select count(*), md5(string_agg(line, chr(10) order by line)) from ("
                    f"select cast(row({', '.join(n for n in names if n not in BOOKKEEPING)})"
                    f" as varchar) as line from {table})"
                ).fetchone()
                for table, names in columns
            }
