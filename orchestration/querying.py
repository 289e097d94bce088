"""Answer a question in metrics and the names to group them by, from the published copy.

    names ──► MetricFlow ──► SQL ──► serving.duckdb, read-only ──► rows
              (the semantic manifest that was published with the marts)

`mf query` would do the same through dbt: 8 s to start, and on the warehouse file, which nobody can
open while a run writes it. Here MetricFlow only writes the SQL, which takes less than a second.

Amounts of different currencies never share a row: a metric that has a currency (meta
`has_currency` in `semantic.yml`) is always grouped by it too.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine

TIMES = {name: f"metric_time__{name}" for name in ("day", "week", "month", "quarter", "year")}
ALIASES = {"hour": "hour_of_day"}
"""MetricFlow keeps `hour` for itself, as a length of time."""

CURRENCY = "currency"
_TEXT_OR_NAME = re.compile(r"'(?:[^']|'')*'|\{\{.*?\}\}|[A-Za-z_]\w*", re.DOTALL)


class QueryRefused(Exception):
    """The question cannot be answered; the message says what can."""


@dataclass(frozen=True)
class Question:
    """What to answer."""

    metrics: Sequence[str]
    group_by: Sequence[str] = ()
    where: str | None = None
    first: datetime | None = None
    last: datetime | None = None
    order_by: Sequence[str] = ()
    limit: int | None = None


@dataclass(frozen=True)
class Answer:
    """Rows in the order asked for, and the SQL that gave them."""

    columns: list[str]
    metrics: list[str]
    rows: list[tuple[Any, ...]]
    sql: str


class MetricCatalog:
    """The metrics of one semantic manifest, and what each can be grouped by.

    Args:
        manifest: A `semantic_manifest.json` as dbt writes it.

    Raises:
        QueryRefused: If there is no such file.
    """

    def __init__(self, manifest: Path) -> None:
        from metricflow_semantics.model.dbt_manifest_parser import (  # noqa: PLC0415
            parse_manifest_from_dbt_generated_manifest,
        )

        if not manifest.exists():
            raise QueryRefused(f"{manifest} does not exist: `ringtrail run` publishes it")
        self._manifest = parse_manifest_from_dbt_generated_manifest(manifest.read_text())

    @cached_property
    def metrics(self) -> dict[str, str]:
        """Name and description of every metric."""
        return {metric.name: metric.description or "" for metric in self._manifest.metrics}

    @cached_property
    def database(self) -> str:
        """What the generated SQL calls the database."""
        return str(self._manifest.semantic_models[0].node_relation.database)

    def dimensions(self, metrics: Iterable[str]) -> list[str]:
        """Return the names that every one of `metrics` can be grouped by."""
        found = self._engine.entities_for_metrics(list(metrics))
        return sorted({entity.name for entity in found}) + list(TIMES)

    def sql(self, question: Question) -> tuple[str, list[str]]:
        """Return MetricFlow's SQL for `question`, and its columns' names in the order asked for.

        Raises:
            QueryRefused: If a metric or dimension is unknown, or they do not go together.
        """
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest  # noqa: PLC0415
        from metricflow_semantics.errors.error_classes import (  # noqa: PLC0415
            InvalidQueryException,
        )

        self._check_metrics(question.metrics)
        group_by = self._grouping(question)
        self._check_dimensions(question.metrics, [*group_by, *self._named_in(question.where or "")])
        request = MetricFlowQueryRequest.create(
            metric_names=list(question.metrics),
            group_by_names=[TIMES.get(name, name) for name in group_by],
            where_constraints=[self._templated(question.where)] if question.where else None,
            time_constraint_start=question.first,
            time_constraint_end=question.last,
            order_by_names=self._order(question, group_by),
            limit=question.limit,
        )
        try:
            sql = self._engine.explain(request).sql_statement.sql
        except InvalidQueryException as error:
            raise QueryRefused(str(error)) from error
        return sql, [*group_by, *question.metrics]

    @cached_property
    def _engine(self) -> "MetricFlowEngine":
        from metricflow.engine.metricflow_engine import MetricFlowEngine  # noqa: PLC0415
        from metricflow.protocols.sql_client import SqlEngine  # noqa: PLC0415
        from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer  # noqa: PLC0415
        from metricflow_semantics.model.semantic_manifest_lookup import (  # noqa: PLC0415
            SemanticManifestLookup,
        )

        class DuckDbDialect:
            """All that MetricFlow asks of a client that only explains."""

            sql_engine_type = SqlEngine.DUCKDB
            sql_plan_renderer = DuckDbSqlPlanRenderer()

        return MetricFlowEngine(SemanticManifestLookup(self._manifest), DuckDbDialect())  # type: ignore[arg-type]

    def _grouping(self, question: Question) -> list[str]:
        names = [ALIASES.get(name, name) for name in question.group_by]
        has_currency = any(
            metric.config.meta.get("has_currency")
            for metric in self._manifest.metrics
            if metric.name in question.metrics and metric.config
        )
        return [*names, CURRENCY] if has_currency and CURRENCY not in names else names

    def _check_metrics(self, metrics: Sequence[str]) -> None:
        for name in metrics:
            if name not in self.metrics:
                raise QueryRefused(
                    f"there is no metric {name!r}{_hint(name, self.metrics)}; "
                    f"metrics: {', '.join(self.metrics)}"
                )

    def _check_dimensions(self, metrics: Sequence[str], group_by: Sequence[str]) -> None:
        possible = self.dimensions(metrics)
        for name in group_by:
            if name in possible:
                continue
            lacking = [metric for metric in metrics if name not in self.dimensions([metric])]
            reason = (
                f"{', '.join(lacking)} is not known by {name} and is never spread over it"
                if name in self._all_dimensions
                else f"there is nothing called {name!r} to group by{_hint(name, possible)}"
            )
            raise QueryRefused(f"{reason}; {', '.join(metrics)} by: {', '.join(possible)}")

    def _order(self, question: Question, group_by: Sequence[str]) -> list[str]:
        wanted = [
            "-" * key.startswith("-") + ALIASES.get(key.lstrip("-"), key.lstrip("-"))
            for key in question.order_by
        ]
        if not wanted and any(name in TIMES for name in group_by):
            wanted = [name for name in group_by if name in TIMES]
        wanted = wanted or [f"-{question.metrics[0]}"]
        # Ties fall in the order of the names, so that the same question gives the same lines.
        wanted += [name for name in group_by if name not in {key.lstrip("-") for key in wanted}]
        possible = [*group_by, *question.metrics]
        for key in wanted:
            if key.lstrip("-") not in possible:
                raise QueryRefused(
                    f"cannot order by {key!r}: not asked for; possible: {', '.join(possible)}"
                )
        return [_signed(key) for key in wanted]

    @cached_property
    def _all_dimensions(self) -> set[str]:
        return {name for metric in self.metrics for name in self.dimensions([metric])}

    def _named_in(self, where: str) -> list[str]:
        names = [ALIASES.get(name, name) for name in _TEXT_OR_NAME.findall(where)]
        return [name for name in names if name in self._all_dimensions]

    def _templated(self, where: str) -> str:
        """Return `where` with the names in it in MetricFlow's own notation, texts left alone."""

        def replaced(match: re.Match[str]) -> str:
            name = ALIASES.get(match[0], match[0])
            if name in TIMES:
                return f"{{{{ TimeDimension('metric_time', '{name}') }}}}"
            return f"{{{{ Entity('{name}') }}}}" if name in self._all_dimensions else match[0]

        return _TEXT_OR_NAME.sub(replaced, where)


def answer(catalog: MetricCatalog, serving: Path, question: Question) -> Answer:
    """Answer `question` from the published copy.

    Raises:
        QueryRefused: If nothing is published, or the question cannot be answered from it.
    """
    if not serving.exists():
        raise QueryRefused(f"nothing is published at {serving}: `ringtrail run` does it")
    sql, columns = catalog.sql(question)
    with duckdb.connect() as connection:
        path = str(serving).replace("'", "''")
        connection.execute(f"attach '{path}' as \"{catalog.database}\" (read_only)")
        try:
            found = connection.execute(sql)
        except duckdb.Error as error:
            # A name in --where that is no dimension stays a column, and there is none.
            raise QueryRefused(
                f"{str(error).splitlines()[0]}; --where may name: "
                f"{', '.join(catalog.dimensions(question.metrics))}"
            ) from error
        names = [description[0] for description in found.description or []]
        order = [names.index(TIMES.get(column, column)) for column in columns]
        rows = [tuple(row[place] for place in order) for row in found.fetchall()]
    return Answer(columns=columns, metrics=list(question.metrics), rows=rows, sql=sql)


def _signed(key: str) -> str:
    name = TIMES.get(key.lstrip("-"), key.lstrip("-"))
    return f"-{name}" if key.startswith("-") else name


def _hint(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(names), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
