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
