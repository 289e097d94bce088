"""The card of a model: what it is, what it was fitted to, how well it does, as readable markdown.

Made from the tables of schema `ml` alone. The headings follow Mitchell et al., Model Cards for
Model Reporting (2019), as far as they apply: model details, data, decision, figures, limits.
"""

import pandas as pd

from ml.matching.measures import FEWEST_CALLS_JUDGED, judge_calibration
from ml.metrics import read_metrics
from ml.sql import Sql, text_literal

_DETAILS = ("trained_at", "promoted_at", "is_current", "code_version", "settings", "temperature")
_DATA = ("data_from", "data_to", "calls_known", "calls_lost")
_DECISION = (
    "is_promoted",
    "decision_reason",
    "champion_version",
    "judged_calls",
    "log_loss",
    "champion_log_loss",
    "log_loss_difference",
    "log_loss_difference_error",
    "ece_excess",
    "site_temperature_gain",
    "line_type_temperature_gain",
)
_FIGURES = (
    "calls",
    "top1",
    "log_loss",
    "brier",
    "ece",
    "ece_expected",
    "null_share",
    "null_share_true",
)
_LIMITS = (
    "Judged on known calls whose lease was hidden: the tail beyond leases and the shares of calls "
    "lost show in no such call. Log-loss in nat a call. `ece_expected` is what a perfectly "
    "calibrated model would show on the same calls."
)


def model_card(sql: Sql, model_version: str | None = None) -> str:
    """Return the card of a model.

    Parameters
    ----------
    sql : Sql
        A warehouse with schema ml.
    model_version : str, optional
        The model in use when not given.

    Raises
    ------
    ValueError
        If there is no such model.
    """
    which = (
        "is_current" if model_version is None else f"model_version = {text_literal(model_version)}"
    )
    found = sql.frame(f"select * from ml.model_versions where {which}")
    if found.empty:
        raise ValueError(f"there is no model {model_version or 'in use'}: see ml.model_versions")
    version = str(found["model_version"][0])
    temperature = sql.frame(
        "select distinct temperature from ml.temperatures "
        f"where model_version = {text_literal(version)}"
    )["temperature"]
    model = found.assign(temperature=temperature).iloc[0]
    parts = [
        f"# Matcher `{version}`",
        "## Details\n\n" + _pairs(model[list(_DETAILS)]),
        "## Data\n\n" + _pairs(model[list(_DATA)]),
        "## Decision\n\n" + _pairs(model[list(_DECISION)]),
        "## Figures\n\n" + _figures(read_metrics(sql, version)),
        "## Limits\n\n" + _LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


def _figures(metrics: pd.DataFrame) -> str:
    """Return the last measurement, overall and by group of 500 calls or more."""
    if metrics.empty:
        return "Not measured in use yet; the figures above are those of the decision."
    verdict = judge_calibration(metrics)
    table = metrics.pivot_table(index="scope", columns="metric", values="value")
    table = table.reindex(columns=list(_FIGURES))
    shown = table[(table.index == "overall") | (table["calls"] >= FEWEST_CALLS_JUDGED)]
    rows = [_row(["calls hidden", *_FIGURES]), _row(["---"] * (len(_FIGURES) + 1))]
    rows += [_row([scope, *map(_text, values)]) for scope, *values in shown.itertuples()]
    state = "within" if verdict.is_within else "beyond"
    return "\n".join(rows) + f"\n\nCalibration is {state} its bounds."


def _pairs(values: pd.Series) -> str:
    rows = [_row([str(name), _text(value)]) for name, value in values.items()]
    return "\n".join([_row(["what", "value"]), _row(["---", "---"]), *rows])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _text(value: object) -> str:
    """Return a cell's text: numbers at four digits, `-` for what is missing."""
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.4g}"  # noqa: PLR2004 - a count
    return str(value).replace("|", "\\|")
