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

SCORED_COLUMNS = {
    "scored_calls": {
        "call_id": "varchar",
        "match_kind": "varchar",
        "call_second": "double",
        "site": "varchar",
        "area_index": "integer",
        "line_index": "integer",
        "is_tapped": "boolean",
        "tap_touch_id": "varchar",
        "live_touch_id": "varchar",
        "log_hour": "double",
        "null_log_number": "double",
        "null_log_hour": "double",
        "null_log_geography": "double",
        "null_log_line_type": "double",
        "null_log_tap": "double",
        "touch_keys": "integer[]",
        "null_rank": "integer",
        "null_probability": "double",
        "model_version": "varchar",
    },
    "scored_touches": {
        "touch_key": "integer",
        "touch_id": "varchar",
        "device_id": "integer",
        "class_unleased": "integer",
        "is_day_only": "boolean",
        "start_second": "double",
        "lease_end_second": "double",
        "place": "varchar",
        "log_engagement": "double",
        "log_campaign": "double",
        "log_unseen": "double",
        "reach_campaign": "varchar",
    },
    "rate_factors": {
        "is_day_only": "boolean",
        "rate_key": "integer",
        "number_rate": "double",
        "device_factor": "double",
        "delay_factor": "double",
        "tap_factor": "double",
        "line_factor": "double",
    },
    "area_factors": {"place": "varchar", "area_index": "integer", "factor": "double"},
    "reach_factors": {"campaign": "varchar", "site": "varchar", "factor": "double"},
}
"""What `ml.matching.factors` keeps of scored calls, for the view ml.call_explanations."""

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
