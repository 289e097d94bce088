"""Challengers of the matcher on the same lost calls and candidates, beside it and the oracle.

    agency of a seed ─► first days ─► the matcher's fit ─► known calls, leases hidden ─► challengers
                     ─► last days  ─► lost calls, every candidate that the matcher weighs
                                      ─► shares of every method ─► beside the truth

`benchmarks/matcher_goals.py` says what the figures mean. The challengers take from the matcher's
fit what no labelled call shows: the rate of calls from nobody, and the share of calls that each
class of touches loses. Splink takes part when the optional extra `splink` is installed. Its seconds
are those of blocking and predicting, which compare with those in which the matcher weighs.

    python benchmarks/challengers.py [--seed 1] [--clicks-per-day 1000] [--keep DIR]
"""

import argparse
import importlib.util
import tempfile
from pathlib import Path

import duckdb
import matching
import numpy as np
import pandas as pd
from matcher_goals import first_test_day, fit_and_score
from scoring import HEADER, copy_inputs, score_watched, timed
from warehouse import Build

from ingestion.simulate.worlds import redrawn
from ml.artifacts import MatcherModel, ensure_tables, read_model
from ml.matching import hot_sites
from ml.matching.challengers.boosting import StackedBoosting
from ml.matching.challengers.candidates import (
    class_offsets,
    offer_known_calls,
    offer_lost_calls,
)
from ml.matching.challengers.conditional_logit import ConditionalLogit
from ml.matching.challengers.offers import Challenger
from ml.matching.coefficients import hazard_rates_of
from ml.matching.matcher import score_calls
from ml.matching.settings import MatcherSettings
from ml.sql import Sql
from orchestration.resources.matcher_sql import DuckDbSql, matcher_sql

SETTINGS = MatcherSettings()
CALLS_AT_ONCE = 50
HAS_SPLINK = importlib.util.find_spec("splink") is not None

_LOST = """
delete from truths
where
    call_started_at < $first_test_day
    or not (match_kind = 'fallback' or not live_lease)
"""

_KNOWN_BEFORE = """
create temp table asked as
select labels.call_id

from intermediate.int_known_calls as labels

inner join intermediate.int_calls_to_match as calls
    on labels.call_id = calls.call_id

where
    labels.label_source = 'live_lease'
    and labels.match_kind = 'pool'
    and calls.call_started_at < $first_test_day
"""

_ADD_ANSWERS = f"""
insert into answers
with asked as (

    select call_index, call_id

    from matcher_calls

    where call_index between $first_call and $last_call

),

named as (

    select
        asked.call_id,
        pairs.odds / (1 + sum(pairs.odds) over (partition by pairs.call_index)) as probability,
        touches.session_id,
        touches.click_id,
        coalesce(touches.campaign_id, 'no campaign') as campaign

    from weighed_pairs as pairs

    inner join asked
        on pairs.call_index = asked.call_index

    inner join matcher_touches as indexed
        on pairs.touch_index = indexed.touch_index

    inner join intermediate.int_touches as touches
        on indexed.touch_id = touches.touch_id

),

answered as (

    select
        call_id,
        session_id,
        click_id,
        campaign,
        probability,
        false as is_nobody,
        false as is_remainder
    from named
    where probability >= {SETTINGS.minimum_probability}

    union all

    select call_id, null, null, campaign, sum(probability), false, true
    from named
    where probability < {SETTINGS.minimum_probability}
    group by call_id, campaign

    union all

    select asked.call_id, null, null, 'nobody', 1 - coalesce(sum(named.probability), 0), true, false
    from asked left join named on asked.call_id = named.call_id
    group by asked.call_id

)

select $method as method, * from answered
"""


def compare(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Fit every challenger, let them answer, and print the tables."""
    # All methods meet every candidate; 'ours' is what the build has answered, bound and all.
    hot_sites.MOST_TOUCHES = 10**9
    build = Build(folder)
    with duckdb.connect(str(build.warehouse), read_only=True) as warehouse:
        model = read_model(DuckDbSql(warehouse))
    copy_inputs(connection, build.warehouse)
    matching.load_answers(connection, folder / "mixed", build.warehouse)
    test = {"first_test_day": first_test_day(folder)}
    connection.execute(_LOST, test)
    connection.execute("delete from answers where call_id not in (select call_id from truths)")
    connection.execute(_KNOWN_BEFORE, test)
    print(HEADER)
    with matcher_sql(connection) as sql:
        ensure_tables(sql)
        score_calls(sql, model, SETTINGS, "asked")
        linkage = Splink(sql) if HAS_SPLINK else None
        challengers = fit_challengers(sql, model)
        score_watched(sql, model, "matcher scores", "truths")
        if linkage:
            linkage.answer(connection, sql)
        answer(connection, sql, model, challengers)
    matching.judge_answers(connection)
    methods = ("Splink",) * HAS_SPLINK + tuple(challengers) + ("ours", "oracle")
    for group, rows in matching.measure(connection, methods).groupby("group", sort=False):
        if group == "pool number, all":
            continue  # Calls of a live lease were not asked.
        print(f"\n{group} ({int(rows['calls'].max())} calls)")
        print(rows.drop(columns=["group", "calls"]).to_string(index=False, float_format="%.3f"))


def fit_challengers(sql: Sql, model: MatcherModel) -> dict[str, Challenger]:
    """Return the challengers, fitted to the known calls of matcher_calls."""
    edges, _ = hazard_rates_of(model)
    hours = model.tables["click_hours"].sort_values("hour")["share"].to_numpy()
    challengers: dict[str, Challenger] = {
        "conditional logit": ConditionalLogit(class_offsets(model), edges, hours),
        "stacked boosting": StackedBoosting(),
    }
    known = offer_known_calls(sql, model, SETTINGS)
    print(f"{len(known.calls)} known calls, {len(known.pairs)} pairs of them")
    for name, challenger in challengers.items():
        with timed(f"{name} fits"):
            challenger.fit(known)
    return challengers


def answer(
    connection: duckdb.DuckDBPyConnection,
    sql: Sql,
    model: MatcherModel,
    challengers: dict[str, Challenger],
) -> None:
    """Add the answers of the challengers to the calls of matcher_calls."""
    count = sql.frame("select count(*) as calls from matcher_calls")["calls"][0]
    pairs = 0
    for first_call in range(0, count, CALLS_AT_ONCE):
        last_call = first_call + CALLS_AT_ONCE - 1
        offers = offer_lost_calls(sql, model, SETTINGS, first_call, last_call)
        pairs += len(offers.pairs)
        for name, challenger in challengers.items():
            log_odds = challenger.log_weights(offers) - offers.log_null[offers.rows]
            odds = np.exp(np.minimum(log_odds, 500.0))
            weighed = offers.pairs[["call_index", "touch_index"]].assign(odds=odds)
            add_answers(connection, name, weighed, first_call, last_call)
    print(f"{count} lost calls, {pairs:,} candidates of theirs")


def add_answers(
    connection: duckdb.DuckDBPyConnection,
    method: str,
    weighed: pd.DataFrame,
    first_call: int,
    last_call: int,
) -> None:
    """Add a method's shares of the calls from `first_call` to `last_call` to the answers.

    Parameters
    ----------
    weighed : DataFrame
        call_index, touch_index, odds (against nobody).
    """
    connection.register("weighed_pairs", weighed)
    asked = {"method": method, "first_call": first_call, "last_call": last_call}
    connection.execute(_ADD_ANSWERS, asked)


class Splink:
    """Splink, trained on the known calls of matcher_calls."""

    def __init__(self, sql: Sql) -> None:
        import splink_pairs  # noqa: PLC0415 - an optional extra

        self.pairs = splink_pairs
        splink_pairs.put_homes(sql)
        labels = sql.frame(
            "select call_index, live_touch_index as touch_index from matcher_calls "
            "where live_touch_index is not null order by call_index"
        )
        calls = splink_pairs.calls_of(sql, known=True)
        self.model = splink_pairs.train(calls, splink_pairs.touches_of(sql, SETTINGS), labels)

    def answer(self, connection: duckdb.DuckDBPyConnection, sql: Sql) -> None:
        """Add its answers to the calls of matcher_calls."""
        calls = self.pairs.calls_of(sql, known=False)
        touches = self.pairs.touches_of(sql, SETTINGS)
        weighed = self.pairs.predict(self.model, calls, touches)
        print(f"{len(weighed):,} pairs predicted by Splink")
        add_answers(connection, "Splink", weighed, 0, len(calls))


def main() -> None:
    """Make the world if need be, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clicks-per-day", type=int, default=1000)
    parser.add_argument("--keep", type=Path, help="folder of the warehouse, made when missing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect(f"{scratch}/copy.db") as copy:
        folder = (arguments.keep or Path(scratch) / "world").resolve()
        if not folder.exists():
            folder.mkdir(parents=True)
            fit_and_score(redrawn(arguments.seed), arguments.seed, arguments.clicks_per_day, folder)
        copy.execute("set TimeZone = 'UTC'")
        copy.execute("set enable_progress_bar = false")
        compare(copy, folder)


if __name__ == "__main__":
    main()
