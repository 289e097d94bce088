"""What changed between two builds of the warehouse: calls and money that moved between channels.

Of one call, credit that both builds give to a channel stays. What a channel loses goes to those
that gain, in proportion to their gains: the smallest move that explains the change.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

SHOWN_FROM = 0.05
"""Moves of fewer calls are noise of the weights; they are in the totals by channel."""

_IN_NEITHER = "(no such call)"
"""Where the credit of a call comes from or goes to that only one of the builds has."""

_TABLES = """
select table_name from duckdb_tables()
where database_name = 'before' and schema_name = 'marts'
intersect
select table_name from duckdb_tables()
where database_name = 'after' and schema_name = 'marts'
order by table_name
"""

_MOVES = f"""
create temp table moves as
with
stacked as (
    select call_id, channel, cast(credit as decimal(18, 15)) as before_credit, 0 as after_credit
    from before.marts.fct_call_credits
    semi join (from before.marts.fct_calls where not is_spam) as calls using (call_id)
    union all
    select call_id, channel, 0 as before_credit, cast(credit as decimal(18, 15)) as after_credit
    from after.marts.fct_call_credits
    semi join (from after.marts.fct_calls where not is_spam) as calls using (call_id)
),
by_channel as (
    select call_id, channel, sum(before_credit) as before_credit, sum(after_credit) as after_credit
    from stacked group by call_id, channel
),
missing as (
    select
        call_id, '{_IN_NEITHER}' as channel,
        greatest(sum(after_credit) - sum(before_credit), 0) as before_credit,
        greatest(sum(before_credit) - sum(after_credit), 0) as after_credit
    from by_channel group by call_id
),
balanced as (
    select *, greatest(before_credit - after_credit, 0) as lost,
        greatest(after_credit - before_credit, 0) as gained
    from (from by_channel union all from missing)
),
totals as (select call_id, cast(sum(gained) as double) as gained from balanced group by call_id)
select losers.call_id, losers.channel as from_channel, winners.channel as to_channel,
    cast(losers.lost as double) * cast(winners.gained as double) / totals.gained as credit
from balanced as losers
inner join balanced as winners on losers.call_id = winners.call_id and winners.gained > 0
inner join totals on losers.call_id = totals.call_id
where losers.lost > 0
"""

_MATRIX = """
with
calls as (
    select call_id, revenue_currency, revenue_amount from after.marts.fct_calls
    union all
    select call_id, revenue_currency, revenue_amount from before.marts.fct_calls
    anti join after.marts.fct_calls using (call_id)
),
by_currency as (
    select from_channel, to_channel, revenue_currency as currency,
        sum(cast(credit as decimal(28, 12))) as moved,
        sum(cast(credit * cast(revenue_amount as double) as decimal(28, 9))) as revenue
    from moves inner join calls using (call_id)
    group by all
)
select from_channel, to_channel, sum(moved) as moved,
    list((currency, revenue) order by currency) filter (revenue <> 0) as revenues
from by_currency
group by from_channel, to_channel
having sum(moved) >= ?
order by moved desc, from_channel, to_channel
"""

_CHANNELS = """
with stacked as (
    select channel, currency, spend, calls, revenue, 'before' as build
    from before.marts.channel_performance_daily
    union all
    select channel, currency, spend, calls, revenue, 'after' as build
    from after.marts.channel_performance_daily
),
summed as (
    select channel, currency, build, cast(sum(spend) as double) as spend,
        cast(sum(cast(calls as decimal(28, 12))) as double) as calls,
        cast(sum(cast(revenue as decimal(28, 9))) as double) as revenue
    from stacked group by all
)
select channel, currency,
    max(calls) filter (build = 'before'), max(calls) filter (build = 'after'),
    max(revenue) filter (build = 'before'), max(revenue) filter (build = 'after'),
    max(spend / nullif(calls, 0)) filter (build = 'before' and spend > 0),
    max(spend / nullif(calls, 0)) filter (build = 'after' and spend > 0)
from summed
group by channel, currency
order by 3 desc nulls last, channel, currency
"""

_MOVED_MOST = """
select call_id, sum(cast(credit as decimal(28, 12))) as moved,
    arg_max(from_channel, (credit, from_channel, to_channel)),
    arg_max(to_channel, (credit, from_channel, to_channel))
from moves
group by call_id
order by moved desc, call_id
limit ?
"""


@dataclass(frozen=True)
class MartChange:
    """Rows of one mart before and after, and how many of each stand only there."""

    mart: str
    rows_before: int
    rows_after: int
    only_before: int
    only_after: int


@dataclass(frozen=True)
class Comparison:
    """What changed from one build to the other; rows as their queries above list them."""

    marts: list[MartChange]
    channels: list[tuple[Any, ...]]
    moves: list[tuple[Any, ...]]
    calls: list[tuple[Any, ...]]


def compare_builds(before: Path, after: Path, *, calls: int = 10) -> Comparison:
    """Compare the marts of two warehouse files.

    Args:
        before: The build to compare with.
        after: The build with the change.
        calls: How many of the calls that moved most to name.

    Raises:
        ValueError: If one of them does not exist, cannot be opened or has no finished marts.
    """
    for path in (before, after):
        if not path.exists():
            raise ValueError(f"no warehouse at {path}")
    with duckdb.connect() as connection:
        for name, path in (("before", before), ("after", after)):
            quoted = str(path).replace("'", "''")
            try:
                connection.execute(f"attach '{quoted}' as {name} (read_only)")
            except duckdb.IOException as error:
                raise ValueError(f"{path} is being written: wait until it is done") from error
        try:
            connection.execute(_MOVES)
            return Comparison(
                marts=_changed_marts(connection),
                channels=connection.execute(_CHANNELS).fetchall(),
                moves=connection.execute(_MATRIX, [SHOWN_FROM]).fetchall(),
                calls=connection.execute(_MOVED_MOST, [calls]).fetchall(),
            )
        except duckdb.CatalogException as error:
            raise ValueError(f"not a finished warehouse: {str(error).splitlines()[0]}") from error


def _changed_marts(connection: duckdb.DuckDBPyConnection) -> list[MartChange]:
    """Return the marts that both builds have and whose rows differ."""
    changes = []
    for (mart,) in connection.execute(_TABLES).fetchall():
        counts = connection.execute(
            # A hash instead of the rows: a third of the time, and types may have changed.
            f"""
            with
            earlier as (
                select hash(cast(row_of as varchar)) as digest, count(*) as copies
                from before.marts."{mart}" as row_of group by 1
            ),
            later as (
                select hash(cast(row_of as varchar)) as digest, count(*) as copies
                from after.marts."{mart}" as row_of group by 1
            )
            select
                coalesce(sum(earlier.copies), 0), coalesce(sum(later.copies), 0),
                coalesce(sum(greatest(earlier.copies - coalesce(later.copies, 0), 0)), 0),
                coalesce(sum(greatest(later.copies - coalesce(earlier.copies, 0), 0)), 0)
            from earlier full join later on earlier.digest = later.digest
            """
        ).fetchone()
        change = MartChange(mart, *(int(count) for count in counts or (0, 0, 0, 0)))
        if change.only_before or change.only_after:
            changes.append(change)
    return changes
