"""Columns of the tables that say how a model works and what became of it: no coefficients."""

MODEL_COLUMNS = {
    "model_version": "varchar",
    "trained_at": "timestamp",
    "data_from": "timestamp",
    "data_to": "timestamp",
    "calls_known": "bigint",
    "calls_lost": "bigint",
    "code_version": "varchar",
    "settings": "varchar",
    "promoted_at": "timestamp",
    "is_current": "boolean",
    "is_promoted": "boolean",
    "decision_reason": "varchar",
    "champion_version": "varchar",
    "judged_calls": "bigint",
    "log_loss": "double",
    "champion_log_loss": "double",
    "log_loss_difference": "double",
    "log_loss_difference_error": "double",
    "ece_excess": "double",
    "site_temperature_gain": "double",
    "line_type_temperature_gain": "double",
}
"""The last eleven are those of `ml.matching.champion.Decision`."""

METRIC_COLUMNS = {
    "model_version": "varchar",
    "data_version": "varchar",
    "data_from": "timestamp",
    "data_to": "timestamp",
    "measured_at": "timestamp",
    "scope": "varchar",
    "metric": "varchar",
    "value": "double",
}

LOG_FACTORS = (
    "log_number",
    "log_device",
    "log_delay",
    "log_hour",
    "log_engagement",
    "log_campaign",
    "log_reach",
    "log_geography",
    "log_line_type",
    "log_tap",
)
"""Parts of a candidate's log-weight, in the order in which they are told."""

EXPLANATION_COLUMNS = {
    "call_id": "varchar",
    "candidate_rank": "integer",
    "touch_id": "varchar",
    "is_null": "boolean",
    "probability": "double",
    "match_kind": "varchar",
    "number_state": "varchar",
    "delay_seconds": "double",
    **dict.fromkeys(LOG_FACTORS, "double"),
    "log_weight": "double",
    "model_version": "varchar",
}

DRIFT_COLUMNS = {
    "model_version": "varchar",
    "data_from": "timestamp",
    "data_to": "timestamp",
    "feature": "varchar",
    "cases_trained": "bigint",
    "cases": "bigint",
    "psi": "double",
    "psi_by_chance": "double",
    "moved_level": "varchar",
    "share_trained": "double",
    "share": "double",
}

CURVE_COLUMNS = {
    "model_version": "varchar",
    "curve": "varchar",
    "label": "varchar",
    "x": "double",
    "y": "double",
    "calls": "bigint",
}
