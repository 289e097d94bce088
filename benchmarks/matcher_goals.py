"""The matcher against the oracle on worlds it has not seen, split by time: are its goals met?

    agency of a seed ─► first days ─► load, evidence, fit          (parameters redrawn by seed)
                     ─► last days  ─► load, evidence, scores of that fit ─► beside the truth

Only lost calls of the last days are judged: those to a fallback number, and those to a pool number
outside a live lease. Figures are pooled over the seeds. Worlds that break the model's assumptions
follow one by one, with goals of their own.

    top-1      share of calls whose likeliest answer is the true one, as a ratio to the oracle's
    regret     mean of ln(oracle's probability of the truth / ours), nat; both floored at 5e-5
    excess     ECE less what a perfectly calibrated model shows on the same calls (200 draws)
    null       share of calls said to come from nobody, less the oracle's
    campaign   error of calls by campaign, sums of probability, as a ratio to the oracle's

Calls to pool numbers are judged once more by visitor: the sessions of one visitor that were shown
the number are one answer, of both.

    python benchmarks/matcher_goals.py [--seeds 1 2 3] [--worlds patient bots] [--keep DIR]
"""

import argparse
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import matching
import numpy as np
import pandas as pd
from warehouse import PHASES, Build, _dbt, in_fresh_process
from world import split_world

from ingestion.simulate import World, simulate
from ingestion.simulate.worlds import HARD_WORLDS, redrawn
from ml.matching.calibration import expected_calibration_error, perfect_calibration_error

DAYS, TEST_DAYS = 35, 14
FEWEST_OF_A_GROUP = 500

_DESCRIBED = """
with nobody as (
    select
        call_id,
        coalesce(sum(probability) filter (where method = 'ours'), 0) as said_nobody,
        coalesce(sum(probability) filter (where method = 'oracle'), 0) as oracle_nobody
    from answers where is_nobody group by call_id
),
best as (
    select
        call_id,
        arg_max(session_id, probability) as session_id,
        arg_max(click_id, probability) as click_id
    from answers where method = 'ours' and not is_remainder group by call_id
),
devices as (
    select session_id, any_value(device) as device
    from warehouse.intermediate.int_touches where session_id is not null group by session_id
)
select
    truths.call_id,
    truths.site,
    truths.match_kind,
    truths.live_lease,
    truths.true_click_id is not null as has_click,
    coalesce(calls.line_type, 'unknown') as line_type,
    cast(hour(truths.call_started_at) // 6 as varchar) as hour_block,
    coalesce(devices.device, clicks.device, 'nobody') as top_device,
    nobody.said_nobody,
    nobody.oracle_nobody
from truths
inner join warehouse.intermediate.int_calls as calls using (call_id)
inner join nobody using (call_id)
left join best using (call_id)
left join devices on best.session_id = devices.session_id
left join (
    select click_id, any_value(device) as device
    from warehouse.intermediate.int_touches where is_click group by click_id
) as clicks on best.click_id = clicks.click_id
where truths.call_started_at >= $first_test_day
"""

_BY_VISITOR = (
    """
with named as (
    select 'ours' as method, call_id, sessions.visitor_id, answers.probability, is_nobody
    from answers
    left join warehouse.intermediate.int_sessions as sessions using (session_id)
    where method = 'ours' and not is_remainder

    union all

    select 'oracle', call_id, listed.visitor.visitor_id, listed.visitor.probability, false
    from (select call_id, unnest(oracle_visitors) as visitor from read_parquet($truth)) as listed

    union all

    select 'oracle', call_id, null, oracle_null, true from read_parquet($truth)
),
summed as (
    select method, call_id, visitor_id, is_nobody, sum(probability) as probability
    from named
    group by all
),
judged as (
    select
        summed.*,
        false as is_remainder,
        (summed.is_nobody and truths.is_nobody)
        or coalesce(visitor_id = true_visitor_id, false) as is_right
    from summed
    join truths using (call_id)
    where match_kind = 'pool'
)
"""
    + matching.PER_CALL
)

_CAMPAIGNS = """
select method, truths.match_kind, truths.live_lease, truths.true_click_id is not null as has_click,
    answers.campaign, -sum(answers.probability) as calls
from answers join truths using (call_id)
where truths.call_started_at >= $first_test_day and method in ('ours', 'oracle')
group by all
union all
select methods.method, match_kind, live_lease, true_click_id is not null, campaign, count(*)
from truths cross join (select unnest(['ours', 'oracle']) as method) as methods
where call_started_at >= $first_test_day
group by all
"""

_LOST = "match_kind == 'fallback' or not live_lease"
GROUPS = {
    "lost calls": _LOST,
    "  with a true click": f"({_LOST}) and has_click",
    "  without a true click": f"({_LOST}) and not has_click",
    "fallback number": "match_kind == 'fallback'",
    "pool number, all": "match_kind == 'pool'",
    "pool number outside a live lease": "match_kind == 'pool' and not live_lease",
}
VISITOR_GROUPS = {
    f"{group}, by visitor": GROUPS[group]
    for group in ("pool number, all", "pool number outside a live lease")
}


@dataclass(frozen=True)
class Judged:
    """The last days of one world: ours and the oracle's answers beside the truth.

    `calls` has one row per call; `visitors` the same of pool calls, sessions summed by visitor;
    `campaigns` the calls of each campaign and what each method says of it.
    """

    calls: pd.DataFrame
    visitors: pd.DataFrame
    campaigns: pd.DataFrame


def judge(name: str, world: World, seed: int, clicks: int, folder: Path) -> Judged:
    """Fit on the first days of an agency and score its last ones."""
    build = fit_and_score(world, seed, clicks, folder)
    return read_judged(name, folder / "mixed", build.warehouse, first_test_day(folder))


def fit_and_score(world: World, seed: int, clicks: int, folder: Path) -> Build:
    """Build a warehouse in `folder`: fitted to the first days of an agency, all days scored."""
    mixed = folder / "mixed"
    simulate(mixed, days=DAYS, clicks_per_day=clicks, seed=seed, world=world)
    split_world(mixed, folder / "days", world.last_day, DAYS)
    build = Build(folder)
    _land(folder, build, last=False)
    _dbt(build, "parse")
    for phase in ("load", "evidence", "train"):
        in_fresh_process(phase, PHASES[phase], build)
    _land(folder, build, last=True)
    for phase in ("load", "evidence", "score"):
        in_fresh_process(phase, PHASES[phase], build)
    return build


def first_test_day(folder: Path) -> str:
    """Return the first of the days that a fit in `folder` has not seen, as YYYY-MM-DD."""
    names = sorted({day.name for day in (folder / "days").glob("*/day=*")})
    return names[-TEST_DAYS].removeprefix("day=")


def read_judged(name: str, mixed: Path, warehouse: Path, first_test_day: str) -> Judged:
    """Return what a scored warehouse says, beside the truth in `mixed`."""
    with duckdb.connect() as connection:
        matching.load_answers(connection, mixed, warehouse)
        test = {"first_test_day": first_test_day}
        described = connection.execute(_DESCRIBED, test).df()
        answers = connection.sql(matching.PER_CALL).df()
        truth = {"truth": str(mixed / "truth.parquet")}
        visitors = connection.execute(_BY_VISITOR, truth).df()
        campaigns = connection.execute(_CAMPAIGNS, test).df().assign(world=name)
    return Judged(
        _one_row_a_call(described, answers), _one_row_a_call(described, visitors), campaigns
    )


def _one_row_a_call(described: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    wide = answers.pivot(index="call_id", columns="method")
    wide.columns = [f"{method} {figure}" for figure, method in wide.columns]
    return described.merge(wide, left_on="call_id", right_index=True)


def _land(folder: Path, build: Build, *, last: bool) -> None:
    first = first_test_day(folder)
    for day in (folder / "days").glob("*/day=*"):
        if (day.name.removeprefix("day=") >= first) == last:
            shutil.copytree(day, build.landing / day.relative_to(folder / "days"))


def figures(calls: pd.DataFrame, campaigns: pd.DataFrame, groups: dict[str, str]) -> pd.DataFrame:
    """Return the figures of each group of calls, from its name and condition."""
    rows = []
    for group, condition in groups.items():
        mine = calls.query(condition)
        if mine.empty:
            continue
        truth = {
            method: np.clip(mine[f"{method} truth_probability"].to_numpy(float), matching.FLOOR, 1)
            for method in ("ours", "oracle")
        }
        top = {m: mine[f"{m} is_right"].to_numpy(float).mean() for m in ("ours", "oracle")}
        errors = _campaign_errors(campaigns.query(condition))
        rows.append(
            {
                "group": group,
                "calls": len(mine),
                "top-1": top["ours"],
                "oracle": top["oracle"],
                "ratio": top["ours"] / top["oracle"],
                "regret": np.log(truth["oracle"] / truth["ours"]).mean(),
                "excess": _excess(mine),
                "oracle's": _excess(mine, "oracle"),
                "null": mine["said_nobody"].mean() - mine["oracle_nobody"].mean(),
                "campaign": errors["ours"] / errors["oracle"],
            }
        )
    return pd.DataFrame(rows)


def _excess(calls: pd.DataFrame, method: str = "ours") -> float:
    confidence = calls[f"{method} confidence"].to_numpy(float)
    is_right = calls[f"{method} is_right"].to_numpy(bool)
    return expected_calibration_error(confidence, is_right) - perfect_calibration_error(confidence)


def _campaign_errors(campaigns: pd.DataFrame) -> pd.Series:
    net = campaigns.groupby(["world", "method", "campaign"])["calls"].sum().abs()
    return net.groupby("method").sum()


def worst_groups(calls: pd.DataFrame) -> pd.DataFrame:
    """Return the excess ECE of the lost calls' groups of 500 calls and more, worst first."""
    lost = calls.query(_LOST)
    rows = []
    for column in ("site", "line_type", "hour_block", "top_device"):
        for value, mine in lost.groupby(column):
            if len(mine) >= FEWEST_OF_A_GROUP:
                rows.append((f"{column}={value}", len(mine), _excess(mine)))
    found = pd.DataFrame(rows, columns=["group", "calls", "excess"])
    return found.sort_values("excess", ascending=False).head(5)


def show(title: str, judged: list[Judged]) -> None:
    """Print the figures of these worlds, pooled."""
    calls, visitors, campaigns = (
        pd.concat([getattr(world, name) for world in judged], ignore_index=True)
        for name in ("calls", "visitors", "campaigns")
    )
    rows = pd.concat(
        [figures(calls, campaigns, GROUPS), figures(visitors, campaigns, VISITOR_GROUPS)]
    )
    print(f"\n{title}")
    print(rows.to_string(index=False, float_format="%.3f"))
    print(worst_groups(calls).to_string(index=False, float_format="%.3f"), flush=True)


def main() -> None:
    """Judge the worlds asked for and print their figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    parser.add_argument("--worlds", nargs="*", default=list(HARD_WORLDS), choices=HARD_WORLDS)
    parser.add_argument("--clicks-per-day", type=int, default=2000)
    parser.add_argument("--keep", type=Path, help="new folder for the warehouses, not removed")
    arguments = parser.parse_args()
    named = {f"seed {seed}": (redrawn(seed), seed) for seed in arguments.seeds}
    hard = {name: (HARD_WORLDS[name], 7) for name in arguments.worlds}
    seeds: list[Judged] = []
    for name, (world, seed) in (named | hard).items():
        print(f"\n== {name}", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            folder = (arguments.keep or Path(scratch)) / name.replace(" ", "_")
            folder.mkdir(parents=True)
            judged = judge(name, world, seed, arguments.clicks_per_day, folder)
        show(name, [judged])
        if name in named:
            seeds.append(judged)
    if seeds:
        show(f"all {len(seeds)} seeds, pooled", seeds)


if __name__ == "__main__":
    main()
