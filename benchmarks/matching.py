"""The matcher against planted truth: a finished warehouse beside the simulator's truth.parquet.

For calls whose number does not say who dialled, each method gives candidates with probabilities:
ours (ml.call_candidates), the oracle that knows the world's parameters, and four baselines that
name one answer. A call's answer is its session, or the click where no session was seen, or nobody.

    top-1     the likeliest answer is the true one
    log-loss  -ln of the probability of the true answer, in nat (floor 5e-5: nobody lists the rest)
    ECE       confidence against truth over 15 equal bins; `expected` is what a perfectly
              calibrated model would show on the same calls
    campaign  |credit - calls| summed over campaigns, of all calls: sums of credit are what
              reports use

    python benchmarks/matching.py --landing DIR --warehouse FILE
"""

import argparse
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from ml.matching.calibration import expected_calibration_error, perfect_calibration_error

FLOOR = 5e-5

_TRUTHS = """
create temp table truths as
select
    truth.call_id,
    truth.call_started_at,
    truth.dialled_number,
    truth.site,
    truth.match_kind,
    truth.live_lease,
    truth.true_click_id,
    truth.true_visitor_id,
    sessions.session_id as true_session_id,
    truth.true_kind <> 'web' as is_nobody,
    case
        when truth.true_kind <> 'web' then 'nobody'
        else coalesce(truth.campaign_id, 'no campaign')
    end as campaign
from read_parquet($truth) as truth
left join warehouse.intermediate.int_sessions as sessions
    on truth.true_visitor_id = sessions.visitor_id
    and truth.true_session_start_at = sessions.session_start_at
-- Calls that no page could explain are told by their pattern, not by the matcher.
where truth.match_kind in ('fallback', 'pool') and truth.true_kind <> 'robocall'
"""

_ANSWERS = """
create temp table answers as
select
    'ours' as method,
    call_id,
    session_id,
    click_id,
    case
        when is_null then 'nobody'
        else coalesce(campaign_id, 'no campaign')
    end as campaign,
    probability,
    is_null as is_nobody,
    is_remainder
from warehouse.ml.call_candidates
where call_id in (select call_id from truths)

union all

select
    'oracle' as method,
    listed.call_id,
    sessions.session_id,
    listed.candidate.click_id,
    coalesce(listed.candidate.campaign_id, 'no campaign') as campaign,
    listed.candidate.probability,
    false as is_nobody,
    false as is_remainder
from (select call_id, unnest(oracle) as candidate from read_parquet($truth)) as listed
left join warehouse.intermediate.int_sessions as sessions
    on listed.candidate.visitor_id = sessions.visitor_id
    and listed.candidate.session_start_at = sessions.session_start_at
where listed.call_id in (select call_id from truths)

union all

select
    'oracle' as method,
    call_id,
    null as session_id,
    null as click_id,
    unnest(['nobody', 'no campaign']) as campaign,
    unnest([oracle_null, oracle_remainder]) as probability,
    unnest([true, false]) as is_nobody,
    unnest([false, true]) as is_remainder
from read_parquet($truth)
where call_id in (select call_id from truths)

union all

select
    'always nobody' as method,
    call_id,
    null as session_id,
    null as click_id,
    'nobody' as campaign,
    1 as probability,
    true as is_nobody,
    false as is_remainder
from truths
"""

_CLICKS = """
create temp table clicks as
select
    session_id,
    click_id,
    campaign_id,
    geo_region,
    site,
    -- A click of which only the day is known is put into its afternoon.
    coalesce(touched_at, click_date + interval 14 hour) as clicked_at
from warehouse.intermediate.int_touches
where is_click
"""

_LATEST = """
insert into answers
select
    '{method}' as method,
    truths.call_id,
    arg_max(touches.session_id, touches.touched_at) as session_id,
    arg_max(touches.click_id, touches.touched_at) as click_id,
    coalesce(arg_max(touches.campaign_id, touches.touched_at), '{nothing}') as campaign,
    1 as probability,
    count(touches.touched_at) = 0 as is_nobody,
    false as is_remainder
from truths
left join warehouse.marts.fct_calls as calls on truths.call_id = calls.call_id
left join ({touches}) as touches
    on {condition}
    and touches.touched_at <= truths.call_started_at
group by truths.call_id
"""

_BASELINES = {
    "latest click": (
        "select * exclude (clicked_at), clicked_at as touched_at from clicks",
        "truths.site = touches.site",
    ),
    "latest click in state": (
        "select * exclude (clicked_at), clicked_at as touched_at from clicks",
        "truths.site = touches.site and calls.caller_state = touches.geo_region",
    ),
    "last visitor shown": (
        "select sessions.session_id, sessions.click_id, sessions.campaign_id,"
        " shown.tracking_number, shown.first_shown_at as touched_at"
        " from warehouse.intermediate.int_numbers_shown as shown"
        " join warehouse.intermediate.int_sessions as sessions using (session_id)",
        "truths.dialled_number = touches.tracking_number",
    ),
}

_RIGHT = """
create or replace temp table judged as
select
    answers.*,
    case
        when answers.is_remainder then false
        when answers.is_nobody or truths.is_nobody then answers.is_nobody and truths.is_nobody
        else coalesce(answers.session_id = truths.true_session_id, false)
            or coalesce(answers.click_id = truths.true_click_id, false)
    end as is_right
from answers
join truths using (call_id)
"""

PER_CALL = """
select
    method,
    call_id,
    max(probability) filter (where not is_remainder) as confidence,
    arg_max(is_right, probability) filter (where not is_remainder) as is_right,
    coalesce(sum(probability) filter (where is_right), 0) as truth_probability
from judged
group by method, call_id
order by method, call_id
"""

_GROUPS = {
    "lost calls": "match_kind = 'fallback' or not live_lease",
    "lost calls with a true click": "(match_kind = 'fallback' or not live_lease)"
    " and true_click_id is not null",
    "lost calls without a true click": "(match_kind = 'fallback' or not live_lease)"
    " and true_click_id is null",
    "fallback number": "match_kind = 'fallback'",
    "pool number outside a live lease": "match_kind = 'pool' and not live_lease",
    "pool number, all": "match_kind = 'pool'",
}
_METHODS = (
    "latest click",
    "latest click in state",
    "last visitor shown",
    "always nobody",
    "ours",
    "oracle",
)


def load(connection: duckdb.DuckDBPyConnection, landing: Path, warehouse: Path) -> None:
    """Put truth and every method's answers into temporary tables."""
    load_answers(connection, landing, warehouse)
    connection.execute(_CLICKS)
    for method, (touches, condition) in _BASELINES.items():
        connection.execute(
            _LATEST.format(method=method, touches=touches, condition=condition, nothing="nobody")
        )
    judge_answers(connection)


def load_answers(connection: duckdb.DuckDBPyConnection, landing: Path, warehouse: Path) -> None:
    """Put truth, our answers and the oracle's into temporary tables, and judge them.

    A warehouse that has been scored is enough: no mart is read.
    """
    connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
    truth = {"truth": str(landing / "truth.parquet")}
    connection.execute(_TRUTHS, truth)
    connection.execute(_ANSWERS, truth)
    judge_answers(connection)


def judge_answers(connection: duckdb.DuckDBPyConnection) -> None:
    """Say of every answer whether it is right."""
    connection.execute(_RIGHT)


def measure(
    connection: duckdb.DuckDBPyConnection, methods: tuple[str, ...] = _METHODS
) -> pd.DataFrame:
    """Return one row per group of calls and method."""
    per_call = connection.sql(PER_CALL).df()
    rows = []
    for group, condition in _GROUPS.items():
        calls = set(connection.sql(f"select call_id from truths where {condition}").df()["call_id"])
        if not calls:
            continue
        for method in methods:
            mine = per_call[(per_call["method"] == method) & per_call["call_id"].isin(calls)]
            rows.append({"group": group, "method": method, **_figures(mine)})
            rows[-1]["campaign"] = _campaign_error(connection, method, condition)
    return pd.DataFrame(rows)


def _figures(calls: pd.DataFrame) -> dict[str, float]:
    confidence = calls["confidence"].to_numpy(dtype=float)
    is_right = calls["is_right"].to_numpy(dtype=bool)
    truth = np.clip(calls["truth_probability"].to_numpy(dtype=float), FLOOR, 1.0)
    return {
        "calls": len(calls),
        "top-1": is_right.mean(),
        "log-loss": -np.log(truth).mean(),
        "ECE": expected_calibration_error(confidence, is_right),
        "expected": perfect_calibration_error(confidence),
    }


def _campaign_error(
    connection: duckdb.DuckDBPyConnection, method: str, condition: str
) -> float | None:
    found = connection.execute(
        f"""
        with chosen as (select call_id, campaign from truths where {condition}),
        counted as (
            select campaign, 1.0 as calls from chosen
            union all
            select answers.campaign, -answers.probability as calls
            from answers join chosen using (call_id)
            where answers.method = $method
        ),
        summed as (select campaign, abs(sum(calls)) as error from counted group by campaign)
        select sum(error) / (select count(*) from chosen) from summed
        """,
        {"method": method},
    ).fetchone()
    return found[0] if found else None


def deterministic_shares(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return how often the layers before the matcher are right."""
    return connection.sql("""
        select
            'calls within a live lease: the right click or session' as claim,
            count(*) as calls,
            avg(
                cast(coalesce(calls.session_id = truths.true_session_id, false)
                or coalesce(calls.click_id = truths.true_click_id, false) as integer)
            ) as share
        from truths
        join warehouse.marts.fct_calls as calls using (call_id)
        where truths.live_lease
        union all
        select
            'static and call-asset numbers: the right campaign' as claim,
            count(*) as calls,
            avg(cast(calls.campaign_id is not distinct from truth.campaign_id as integer)) as share
        from read_parquet(getvariable('truth_file')) as truth
        join warehouse.marts.fct_calls as calls using (call_id)
        where truth.true_kind in ('static', 'call_asset')
    """).df()


def null_shares(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Return the share of lost calls that nobody made: true, by the oracle, by us."""
    return connection.sql(f"""
        select
            avg(cast(truths.is_nobody as integer)) as "true",
            avg(oracle.probability) as oracle,
            avg(ours.probability) as ours
        from truths
        join answers as ours
            on truths.call_id = ours.call_id and ours.method = 'ours' and ours.is_nobody
        join answers as oracle
            on truths.call_id = oracle.call_id and oracle.method = 'oracle' and oracle.is_nobody
        where {_GROUPS["lost calls"]}
    """).df()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--landing", type=Path, required=True, help="folder with truth.parquet")
    parser.add_argument("--warehouse", type=Path, required=True, help="finished DuckDB file")
    arguments = parser.parse_args()
    with duckdb.connect() as connection:
        load(connection, arguments.landing, arguments.warehouse)
        connection.execute(
            "set variable truth_file = $file", {"file": str(arguments.landing / "truth.parquet")}
        )
        shares = deterministic_shares(connection)
        figures = measure(connection)
        nobody = null_shares(connection)
    for row in shares.itertuples():
        print(f"{row.claim}: {row.share:.2%} of {row.calls}")
    print("\nlost calls that nobody made: " + ", ".join(
        f"{name} {nobody[name][0]:.1%}" for name in nobody.columns
    ))  # fmt: skip
    for group, rows in figures.groupby("group", sort=False):
        print(f"\n{group} ({int(rows['calls'].max())} calls)")
        print(rows.drop(columns=["group", "calls"]).to_string(index=False, float_format="%.3f"))


if __name__ == "__main__":
    main()
