"""Coefficients as tables: what a model is, where it lies in schema `ml`, how it is read back.

No pickle. A model is a version and small tables with a `model_version` column, so that an analyst
can read in SQL why a call went where it went. The version is a hash of the rows it was trained
on, the settings and the code's version: the same data give the same model.
"""

from dataclasses import dataclass, field
from hashlib import sha256

import pandas as pd

from ml.matching.settings import CODE_VERSION, MatcherSettings
from ml.sql import Sql, text_literal
from ml.tables import (
    CURVE_COLUMNS,
    DRIFT_COLUMNS,
    METRIC_COLUMNS,
    MODEL_COLUMNS,
    SCORED_COLUMNS,
)

COEFFICIENT_COLUMNS: dict[str, dict[str, str]] = {
    "hazard_rates": {
        "match_kind": "varchar",
        "number_state": "varchar",
        "device": "varchar",
        "delay_from_seconds": "double",
        "delay_to_seconds": "double",
        "calls_per_second": "double",
    },
    "touch_factors": {"feature": "varchar", "level": "varchar", "log_factor": "double"},
    "hour_factors": {"site": "varchar", "hour": "integer", "factor": "double"},
    "geography_weights": {"city_calls_from": "integer", "level": "varchar", "weight": "double"},
    "geography_shares": {
        "level": "varchar",
        "place": "varchar",
        "area_code": "varchar",
        "calls": "bigint",
        "share": "double",
    },
    "line_type_shares": {"device": "varchar", "line_type": "varchar", "share": "double"},
    "tap_shares": {
        "device": "varchar",
        "delay_from_seconds": "double",
        "delay_to_seconds": "double",
        "share": "double",
    },
    "null_rates": {
        "match_kind": "varchar",
        "place": "varchar",
        "hour": "integer",
        "calls_per_second": "double",
    },
    "mark_shares": {"mark": "varchar", "value": "varchar", "call_share": "double"},
    "null_marks": {
        "mark": "varchar",
        "site": "varchar",
        "value": "varchar",
        "null_share": "double",
    },
    "lost_shares": {
        "match_kind": "varchar",
        "number_state": "varchar",
        "posterior_calls": "double",
        "touch_days": "double",
    },
    "campaign_sites": {"campaign": "varchar", "site": "varchar", "share": "double"},
    "click_hours": {"hour": "integer", "share": "double"},
    "temperatures": {"match_kind": "varchar", "temperature": "double"},
    "feature_counts": {"feature": "varchar", "level": "varchar", "cases": "bigint"},
    "evidence_reliability": {
        "attribution_method": "varchar",
        "evidence_kind": "varchar",
        "trials": "bigint",
        "agreements": "bigint",
        "reliability": "double",
    },
}
"""Columns of each coefficient table, without the leading model_version."""

_FACTS = ("data_from", "data_to", "calls_known", "calls_lost", "code_version", "settings")

CANDIDATE_COLUMNS = {
    "call_id": "varchar",
    "candidate_rank": "integer",
    "touch_id": "varchar",
    "session_id": "varchar",
    "visitor_id": "varchar",
    "platform": "varchar",
    "click_id": "varchar",
    "channel": "varchar",
    "campaign_id": "varchar",
    "ad_group_id": "varchar",
    "keyword_id": "varchar",
    "probability": "double",
    "is_remainder": "boolean",
    "is_null": "boolean",
    "model_version": "varchar",
}

_TRAINING_ROWS = {
    "int_touches": "touch_id, session_id, platform, channel, campaign_id, ad_group_id, keyword_id, "
    "device, geo_region, geo_city, touched_at, click_date, account_timezone, site, number_state, "
    "page_views, session_number, lease_end_at, is_click",
    "int_calls_to_match": "call_id, call_started_at, match_kind, tracking_number, site, "
    "caller_key, caller_area_code, line_type, is_spam, live_touch_id, tap_touch_id",
    "int_known_calls": "call_id, touch_id, match_kind, label_source",
    "int_number_leases": "tracking_number, pool_id, session_id, lease_start_at, lease_end_at",
    "int_numbers_shown": "session_id, tracking_number, number_kind, first_shown_at",
    "int_evidence_reliability": "attribution_method, evidence_kind, reliability",
}


@dataclass(frozen=True)
class MatcherModel:
    """A fitted matcher: its version, what it was trained on, and its coefficient tables.

    Attributes
    ----------
    model_version : str
        Hash of data, settings and code.
    facts : dict
        data_from, data_to, calls_known, calls_lost, code_version, settings.
    tables : dict of DataFrame
        Keys and columns of `COEFFICIENT_COLUMNS`.
    """

    model_version: str
    facts: dict[str, object]
    tables: dict[str, pd.DataFrame] = field(repr=False)


def training_version(sql: Sql, settings: MatcherSettings) -> str:
    """Return the version that a model trained now would have; cheap, fits nothing.

    The order of the rows does not matter. A run that finds this version in ml.model_versions
    need not train.
    """
    parts = [CODE_VERSION, settings.as_text()]
    for table, columns in _TRAINING_ROWS.items():
        found = sql.frame(
            f"select count(*) as row_count, cast(sum(cast(hash({columns}) as hugeint)) as varchar)"
            f" as fingerprint from intermediate.{table}"
        )
        parts.append(f"{table} {found['row_count'][0]} {found['fingerprint'][0]}")
    return "matcher-" + sha256("\n".join(parts).encode()).hexdigest()[:12]


def ensure_tables(sql: Sql) -> None:
    """Create schema ml and every table of it that does not exist yet, empty.

    A table with other columns is from older code and made anew: a model is trained again in
    seconds, so its coefficients are not worth a migration.
    """
    sql.execute("create schema if not exists ml")
    found = sql.frame(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'ml' order by table_name, ordinal_position"
    )
    existing = found.groupby("table_name")["column_name"].agg(list).to_dict()
    for name, columns in _all_tables().items():
        if existing.get(name, list(columns)) != list(columns):
            sql.execute(f"drop table ml.{name}")
        sql.execute(f"create table if not exists ml.{name} ({_columns_sql(columns)})")


def _all_tables() -> dict[str, dict[str, str]]:
    coefficients = {
        name: {"model_version": "varchar"} | columns
        for name, columns in COEFFICIENT_COLUMNS.items()
    }
    return (
        coefficients
        | SCORED_COLUMNS
        | {
            "model_versions": MODEL_COLUMNS,
            "matcher_metrics": METRIC_COLUMNS,
            "call_candidates": CANDIDATE_COLUMNS,
            "matcher_drift": DRIFT_COLUMNS,
            "matcher_curves": CURVE_COLUMNS,
        }
    )


def _columns_sql(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())


def write_model(
    sql: Sql,
    model: MatcherModel,
    trained_at: pd.Timestamp,
    decision: dict[str, object] | None = None,
) -> None:
    """Write the model's tables and put it into use, unless it was turned down.

    Parameters
    ----------
    sql : Sql
    model : MatcherModel
    trained_at : Timestamp
        Naive UTC; the clock is the caller's.
    decision : dict, optional
        Fields of a `ml.matching.champion.Decision`; promoted when not given.
    """
    decision = decision or {"is_promoted": True}
    ensure_tables(sql)
    version = text_literal(model.model_version)
    for name, columns in COEFFICIENT_COLUMNS.items():
        sql.execute(f"delete from ml.{name} where model_version = {version}")
        sql.register("matcher_written_frame", model.tables[name])
        selected = ", ".join(f"cast({column} as {kind})" for column, kind in columns.items())
        sql.execute(
            f"insert into ml.{name} select {version}, {selected} from matcher_written_frame"
        )
    # A version trained again without new rows keeps the moment it was first trained.
    promoted_at = trained_at if decision["is_promoted"] else pd.NaT
    facts = pd.DataFrame(
        [{"trained_at": trained_at, "promoted_at": promoted_at, **model.facts, **decision}]
    ).assign(model_version=model.model_version, is_current=False)
    sql.register("matcher_written_frame", facts.reindex(columns=list(MODEL_COLUMNS)))
    selected = ", ".join(f"cast({column} as {kind})" for column, kind in MODEL_COLUMNS.items())
    sql.execute(
        f"insert into ml.model_versions select {selected} from matcher_written_frame "
        f"where not exists (select 1 from ml.model_versions where model_version = {version})"
    )
    if decision["is_promoted"]:
        sql.execute(f"update ml.model_versions set is_current = model_version = {version}")


def fit_facts(sql: Sql) -> pd.DataFrame:
    """Return model_version and facts of every model that was ever fitted, oldest data first."""
    ensure_tables(sql)
    return sql.frame(
        f"select model_version, {', '.join(_FACTS)} from ml.model_versions "
        "order by data_to, trained_at, model_version"
    )


def read_model(sql: Sql, model_version: str | None = None) -> MatcherModel | None:
    """Read a model back from its tables.

    Parameters
    ----------
    sql : Sql
    model_version : str, optional
        The current one when not given.

    Returns
    -------
    MatcherModel or None
        None when there is no such model.
    """
    which = (
        "is_current" if model_version is None else f"model_version = {text_literal(model_version)}"
    )
    found = sql.frame(f"select * from ml.model_versions where {which}")
    if found.empty:
        return None
    row = found.iloc[0]
    version, facts = str(row["model_version"]), {name: row[name] for name in _FACTS}
    tables = {
        name: sql.frame(
            f"select {', '.join(columns)} from ml.{name} "
            f"where model_version = {text_literal(version)} order by all"
        )
        for name, columns in COEFFICIENT_COLUMNS.items()
    }
    return MatcherModel(version, facts, tables)


def round_coefficients(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with its floats at ten significant digits.

    What the last bits of a fit differ by between machines must not reach the probabilities.

    Examples
    --------
    >>> round_coefficients(pd.DataFrame({"rate": [0.1234567890123]}))["rate"].tolist()
    [0.123456789]
    """
    floats = frame.select_dtypes("float").columns
    rounded = frame.copy()
    for column in floats:
        rounded[column] = [float(f"{value:.9e}") for value in frame[column]]
    return rounded
