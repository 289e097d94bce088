"""Columns of the tables that say how a model works and what became of it: no coefficients."""

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
