"""Splink on the matcher's candidates: Fellegi and Sunter's model of pairs, as a benchmark only.

    known calls, touches  ─► u by random sampling, m from the labels       (as its manual says)
    calls, touches        ─► blocked like the matcher's pairs, predict     one table of all pairs

Compared are the delay (seven levels), how near the area code is, and line type against device.
Splink knows no 'none of them' and no rates: its odds of each pair are shared out within a call, and
nobody has odds of one. The prior is one match among each call's candidates, which Splink by itself
cannot say either: it has one prior for all pairs. Labels end with the leases, and so do its delays.
"""

import duckdb
import pandas as pd
from scoring import timed
from splink import DuckDBAPI, Linker, SettingsCreator
from splink.blocking_rule_library import CustomRule
from splink.comparison_level_library import CustomLevel, ElseLevel
from splink.comparison_library import CustomComparison

from ml.matching.pairs import DAYS_A_SITE
from ml.matching.regions import REGION_OF_STATE, STATE_OF_AREA_CODE
from ml.matching.settings import MatcherSettings
from ml.sql import Sql, put_table

_SAMPLED_PAIRS = 1e7

_CALLS = """
select
    calls.call_index as unique_id,
    {block_key} as block_key,
    calls.call_second as from_second,
    calls.call_second as until_second,
    calls.call_second as at_second,
    homes.state,
    homes.region,
    calls.area_code,
    calls.line_type as device

from matcher_calls as calls

left join splink_homes as homes
    on calls.area_code = homes.area_code

order by unique_id
"""

_TOUCHES = f"""
with blocked as (

    select
        sites.site as block_key,
        touches.touch_index,
        if(touches.is_day_only, touches.day_start_second, touches.touch_second) as from_second,
        from_second + {{lookback}} + if(touches.is_day_only, 86400, 0) as until_second

    from matcher_pair_sites as touches

    inner join matcher_sites as sites
        on touches.site_day // ({DAYS_A_SITE} * 4) = sites.site_index

    where touches.stride = 1

    union all

    select
        tracking_number as block_key,
        touch_index,
        greatest(first_shown_second, touch_second) as from_second,
        touch_second + {{lookback}} as until_second

    from matcher_pair_numbers

),

codes as (

    select touches.state, touches.city, mode(calls.caller_area_code) as area_code

    from intermediate.int_known_calls as labels

    inner join matcher_touches as touches
        on labels.touch_id = touches.touch_id

    inner join intermediate.int_calls_to_match as calls
        on labels.call_id = calls.call_id

    where touches.city is not null

    group by all

)

select
    row_number() over (order by blocked.block_key, blocked.touch_index) as unique_id,
    blocked.*,
    if(touches.is_day_only, null, touches.touch_second) as at_second,
    touches.state,
    regions.region,
    codes.area_code,
    if(touches.device_id = 0, 'mobile', 'other') as device

from blocked

inner join matcher_touches as touches
    on blocked.touch_index = touches.touch_index

left join codes
    on touches.state = codes.state and touches.city = codes.city

left join (select distinct state, region from splink_homes) as regions
    on touches.state = regions.state

order by unique_id
"""

_BLOCKING = (
    "l.block_key = r.block_key and r.from_second <= l.from_second"
    " and r.until_second > l.from_second"
)
_DELAY = "at_second_l - at_second_r"
_DELAY_STEPS = {"2 minutes": 120, "10 minutes": 600, "an hour": 3600, "6 hours": 21_600,
    "a day": 86_400, "a week": 604_800}  # fmt: skip


def put_homes(sql: Sql) -> None:
    """Create splink_homes: state and region of every area code."""
    homes = pd.DataFrame(STATE_OF_AREA_CODE.items(), columns=["area_code", "state"])
    put_table(sql, "splink_homes", homes.assign(region=homes["state"].map(REGION_OF_STATE)))


def calls_of(sql: Sql, *, known: bool) -> pd.DataFrame:
    """Return the calls of matcher_calls, known ones by site, as if their lease was hidden."""
    by_kind = "if(calls.match_kind = 'pool', calls.tracking_number, calls.site)"
    return sql.frame(_CALLS.format(block_key="calls.site" if known else by_kind))


def touches_of(sql: Sql, settings: MatcherSettings) -> pd.DataFrame:
    """Return the touches of the tables of pairs, once for each site and number that they reach."""
    return sql.frame(_TOUCHES.format(lookback=settings.lookback_seconds))


def train(calls: pd.DataFrame, touches: pd.DataFrame, labels: pd.DataFrame) -> dict:
    """Return the trained model, and print what the training took.

    Parameters
    ----------
    labels : DataFrame
        Columns call_index, touch_index: the known answers.
    """
    known = labels.merge(calls, left_on="call_index", right_on="unique_id").merge(
        touches, on=["block_key", "touch_index"], suffixes=("_l", "_r")
    )
    pairs = known[["unique_id_l", "unique_id_r"]].assign(
        source_dataset_l="calls", source_dataset_r="touches"
    )
    with duckdb.connect() as connection:
        linker = _linker(connection, calls, touches, _settings())
        with timed("Splink fits"):
            linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLED_PAIRS, seed=1)
            registered = linker.table_management.register_table(pairs, "labels")
            linker.training.estimate_m_from_pairwise_labels(registered)
        return linker.misc.save_model_to_json()


def predict(model: dict, calls: pd.DataFrame, touches: pd.DataFrame) -> pd.DataFrame:
    """Return call_index, touch_index and odds of every pair, and print what predicting took."""
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        linker = _linker(connection, calls, touches, model)
        with timed("Splink scores"):
            predicted = linker.inference.predict(warning_mode="never")
        connection.register("touch_rows", touches[["unique_id", "touch_index"]])
        pairs = connection.sql(f"""
            select
                pairs.unique_id_l as call_index,
                touch_rows.touch_index,
                pow(2, pairs.match_weight) as odds

            from {predicted.physical_name} as pairs

            inner join touch_rows
                on pairs.unique_id_r = touch_rows.unique_id
        """).df()
        candidates = pairs.groupby("call_index")["odds"].transform("size")
        prior = model["probability_two_random_records_match"]
        return pairs.assign(odds=pairs["odds"] * (1 - prior) / prior / candidates)


def _linker(
    connection: duckdb.DuckDBPyConnection,
    calls: pd.DataFrame,
    touches: pd.DataFrame,
    settings: SettingsCreator | dict,
) -> Linker:
    database = DuckDBAPI(connection)
    tables = [
        database.register(frame[list(calls.columns)], dataset_display_name=name)
        for name, frame in (("calls", calls), ("touches", touches))
    ]
    return Linker(tables, settings, log_level="ERROR")


def _settings() -> SettingsCreator:
    return SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=[CustomRule(_BLOCKING)],
        comparisons=[
            _comparison(
                "delay",
                f"coalesce({_DELAY} < 0, true)",
                {label: f"{_DELAY} < {step}" for label, step in _DELAY_STEPS.items()},
            ),
            _comparison(
                "nearness",
                "area_code_l is null or state_l is null or state_r is null",
                {
                    "code of the city": "area_code_l = area_code_r",
                    "state": "state_l = state_r",
                    "region": "region_l = region_r",
                },
            ),
            _comparison(
                "line",
                "device_l is null or device_r is null",
                {
                    "mobile line, phone": "device_l = 'mobile' and device_r = 'mobile'",
                    "mobile line, other": "device_l = 'mobile'",
                    "other line, phone": "device_r = 'mobile'",
                },
            ),
        ],
        retain_matching_columns=False,
    )


def _comparison(name: str, missing: str, levels: dict[str, str]) -> CustomComparison:
    return CustomComparison(
        output_column_name=name,
        comparison_levels=[
            CustomLevel(missing).configure(is_null_level=True),
            *(CustomLevel(sql, label_for_charts=label) for label, sql in levels.items()),
            ElseLevel(),
        ],
    )
