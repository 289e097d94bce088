"""How an answer of `ringtrail query` is written: a table to read, CSV or JSON to go on with."""

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from orchestration.querying import Answer, MetricCatalog, Question, answer
from orchestration.settings import Settings

_DECIMALS = 6
"""Places of a number in CSV and JSON: cents of a cent; the rest is noise of division."""


class Format(StrEnum):
    """What `--format` may say."""

    table = "table"
    csv = "csv"
    json = "json"


def answer_question(
    console: Console, settings: Settings, question: Question, form: Format, *, is_sql: bool
) -> None:
    """Write the answer to `question`, or its SQL, or what there is to ask when it asks nothing."""
    catalog = MetricCatalog(settings.published_semantics)
    if not question.metrics:
        print_catalog(console, catalog)
    elif is_sql:
        console.file.write(catalog.sql(question)[0] + "\n")
    else:
        print_answer(console, answer(catalog, settings.serving_path, question), form)


def print_answer(console: Console, found: Answer, form: Format) -> None:
    """Write `found` to `console`."""
    if form is Format.table:
        console.print(_table(found))
        return
    rows = [[_plain(value) for value in row] for row in found.rows]
    text = io.StringIO()
    if form is Format.csv:
        csv.writer(text, lineterminator="\n").writerows([found.columns, *rows])
    else:
        records = [dict(zip(found.columns, row, strict=True)) for row in rows]
        text.write(json.dumps(records, indent=1) + "\n")
    console.file.write(text.getvalue())


def print_catalog(console: Console, catalog: MetricCatalog) -> None:
    """Write every metric with what it can be grouped by."""
    table = Table("metric", "what it is", "by", box=box.SIMPLE_HEAD)
    for metric, description in catalog.metrics.items():
        table.add_row(metric, description, ", ".join(catalog.dimensions([metric])))
    console.print(table)


def _table(answer: Answer) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in answer.columns:
        is_metric = column in answer.metrics
        table.add_column(column, justify="right" if is_metric else "left", no_wrap=is_metric)
    for row in answer.rows:
        pairs = zip(answer.columns, row, strict=True)
        table.add_row(*(_shown(value, column in answer.metrics) for column, value in pairs))
    return table


def _shown(value: Any, is_metric: bool) -> str:
    if value is None:
        return "" if is_metric else "(none)"
    if is_metric:
        return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return str(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return round(float(value), _DECIMALS)
    return value
