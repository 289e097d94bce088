"""`truth.parquet`: what really made each call, and what the oracle thinks.

`oracle` lists touches; `oracle_visitors`, of calls to pool numbers only, sums them by visitor: one
who was shown the number in two sessions is one answer.
"""

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from ingestion.simulate.calls import WEB

_TOUCH_TEXT_SQL = """
    create table touch_text as
    select
        touches.touch,
        visitor_id,
        epoch_ms(session_text.t) as session_start_at,
        case when clicks.click is null then visible_click_id
            when not stripped or id_types.name in ('gclid', 'msclkid') then clicks.click_id
            end as click_id,
        case when has_utm or id_types.name in ('gclid', 'msclkid')
            then target_text.campaign_id end as campaign_id
    from touches
    left join session_text on session_text.session = touches.session
    left join clicks on clicks.click = touches.click
    left join target_text on target_text.target = clicks.target
    left join id_types on id_types.code = clicks.id_kind
    order by touches.touch
"""

_VISITORS_SQL = """
    create table oracle_visitors as
    with visitors as (
        select call_text.call, visitor_id, sum(probability) as probability
        from candidates_arrow as candidates
        join call_text on call_text.call = candidates.call
        join touch_text on touch_text.touch = candidates.touch
        where match_kind = 'pool'
        group by call_text.call, visitor_id
    )
    select
        call,
        list({visitor_id: visitor_id, probability: probability}
            order by probability desc, visitor_id) as visitors
    from visitors
    group by call
"""

_TRUTH_SQL = f"""
    select
        call_text.call_id,
        epoch_ms(call_text.t) as call_started_at,
        call_text.kind_name as true_kind,
        call_text.match_kind,
        session_text.visitor_id as true_visitor_id,
        epoch_ms(session_text.t) as true_session_start_at,
        coalesce(clicks.click_id, session_text.visible_click_id) as true_click_id,
        session_text.visible_click_id is not null as true_click_id_visible,
        case when call_text.kind_name <> 'static' then target_text.platform end as platform,
        case when call_text.kind_name = 'static' then billboard_id(call_text.number,
                (call_text.number = $moving_billboard and call_text.t >= $moves_at)::integer)
            else target_text.campaign_id end as campaign_id,
        target_text.ad_group_id,
        target_text.keyword_id,
        case when call_text.kind <> {WEB} then call_text.kind_name
            else sources.name end as source,
        sites.host as site,
        call_text.dialled as dialled_number,
        call_text.is_live as live_lease,
        call_text.is_repeat,
        coalesce(oracle_arrow.candidates, []) as oracle,
        oracle_visitors.visitors as oracle_visitors,
        case when call_text.kind_name = 'robocall' then 1.0 else oracle_null end as oracle_null,
        case when call_text.kind_name = 'robocall' then 0.0 else oracle_remainder end
            as oracle_remainder
    from call_text
    join sites using (site)
    left join touches on touches.touch = call_text.touch
    left join session_text on session_text.session = touches.session
    left join sources on sources.code = touches.source
    left join clicks on clicks.click = call_text.click
    left join target_text on target_text.target = clicks.target
    left join oracle_arrow on oracle_arrow.call = call_text.call
    left join oracle_visitors on oracle_visitors.call = call_text.call
    left join sums_arrow on sums_arrow.call = call_text.call
    order by call_text.t, call_text.call
"""


def write_truth(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    posterior: tuple[pa.Table, pa.Table],
    parameters: dict[str, object],
) -> None:
    """Write one row per inbound call, in the order of time."""
    candidates, sums = posterior
    connection.register("sums_arrow", sums)
    connection.execute(_TOUCH_TEXT_SQL)
    connection.register("oracle_arrow", _nest(connection, candidates))
    connection.register("candidates_arrow", candidates)
    connection.execute(_VISITORS_SQL)
    used = {name: parameters[name] for name in ("moving_billboard", "moves_at")}
    connection.execute(f"create table truth as {_TRUTH_SQL}", used)
    escaped = str(path).replace("'", "''")
    connection.execute(
        f"copy (from truth order by call_started_at, call_id) to '{escaped}' "
        "(format parquet, dictionary_size_limit 500000)"
    )


def _nest(connection: duckdb.DuckDBPyConnection, candidates: pa.Table) -> pa.Table:
    """Candidates, ordered by call, as one list of structs for each call.

    Arrow slices what is ordered already; an ordered `list()` over them took ten times as long.
    """
    touches = connection.sql(
        "select visitor_id, session_start_at, click_id, campaign_id from touch_text order by touch"
    ).to_arrow_table()
    chosen = touches.take(candidates["touch"]).combine_chunks()
    names = ("click_id", "visitor_id", "session_start_at", "campaign_id")
    columns = [chosen[name].combine_chunks() for name in names]
    structs = pa.StructArray.from_arrays(
        [*columns, candidates["probability"].combine_chunks()], [*names, "probability"]
    )
    calls, starts = np.unique(candidates["call"].to_numpy(), return_index=True)
    offsets = pa.array([*starts.tolist(), len(structs)], type=pa.int32())
    return pa.table({"call": calls, "candidates": pa.ListArray.from_arrays(offsets, structs)})
