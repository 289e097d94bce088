"""What a run ends with, and what `ringtrail status` shows: read from the warehouse and its runs.

Everything here opens the warehouse for reading only, for a moment.
"""

from datetime import UTC, datetime
from typing import Any

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from orchestration.settings import Settings

LAYERS = {
    "click": "the ad click is known",
    "session": "a visit that came from no ad",
    "campaign": "the campaign is certain, not the click",
    "probabilistic": "the matcher's most likely source",
    "unattributed": "nothing is more likely than 'none of these'",
}

_FEEDS = """
select feed, rows_read, rows_current, rows_superseded, rows_repeated, rows_quarantined
from raw_landing.feed_counts
order by feed
"""

_CALLS_BY_LAYER = """
select
    attribution_layer,
    count(*) as calls,
    count(*) filter (where is_qualified) as qualified_calls,
    avg(attribution_confidence) as confidence
from marts.fct_calls
where not is_spam
group by attribution_layer
"""

_COST_BY_CHANNEL = """
select
    channel,
    currency,
    sum(spend) as spend,
    sum(calls) as calls,
    sum(qualified_calls) as qualified_calls,
    sum(revenue) as revenue
from marts.channel_performance_daily
group by channel, currency
having sum(spend) > 0 or sum(calls) > 0 or sum(revenue) <> 0
order by calls desc
"""

_VISITS_BY_CHANNEL = """
select channel, count(*) as sessions, count(distinct visitor_id) as visitors, sum(page_views)
from marts.fct_sessions
where not is_bot
group by channel
order by sessions desc
"""

_FRESHNESS = """
select feed, count(*) as files, max(loaded_at) as loaded_at
from raw_landing.landing_files
group by feed
order by feed
"""

_UPLOADS = """
select
    state, value_currency, count(*) as conversions, sum(value_amount) as value,
    count(*) filter (where attempts > 0) as ever_sent
from activation.upload_states
group by state, value_currency
order by state, value_currency
"""


def print_summary(console: Console, settings: Settings, run_id: str | None = None) -> None:
    """Print what a finished run did and found, and where to look next."""
    with _open(settings) as connection:
        loads = _latest_loads(run_id) if run_id else {}
        console.print(_feeds_table(connection, loads))
        _print_nothing_new(console, loads)
        _print_answers(console, connection)
        _print_uploads(console, connection)
    _print_next_steps(console, settings)


def print_status(console: Console, settings: Settings) -> bool:
    """Print what is in the warehouse; return False when there is none."""
    if not settings.warehouse.exists():
        console.print(f"No warehouse at {settings.warehouse} yet: `ringtrail run` makes it.")
        return False
    size = settings.warehouse.stat().st_size / 1e6
    console.print(f"[bold]{settings.warehouse}[/] ({size:.0f} MB)")
    try:
        with _open(settings) as connection:
            console.print(_feeds_table(connection, {}))
            console.print(_freshness_table(connection))
            _print_answers(console, connection)
            _print_uploads(console, connection)
    except duckdb.IOException:
        console.print("[yellow]A run is writing the warehouse just now; the published copy:[/]")
    _print_published(console, settings)
    _print_last_run(console, settings)
    return True


def _print_answers(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    """Print calls and their cost; visits by channel where no calls have landed."""
    if not _has_table(connection, "marts", "fct_calls"):
        return
    (calls,) = connection.execute("select count(*) from marts.fct_calls").fetchone() or (0,)
    if calls:
        console.print(_layers_table(connection))
        console.print(_channels_table(connection))
    else:
        console.print("No calls have landed in cdr/ yet; this is where the visits came from.")
        console.print(_visits_table(connection))


def _print_uploads(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    """Print in a line what is planned for the ad platforms and what became of it."""
    if not _has_table(connection, "activation", "upload_states"):
        return
    rows = connection.execute(_UPLOADS).fetchall()
    if not rows:
        console.print("Conversions for the ad platforms: none qualifies yet.")
        return
    parts = [
        f"{count:,} {state.replace('_', ' ')}" + (f" ({value:,.0f} {currency})" if currency else "")
        for state, currency, count, value, _ in rows
    ]
    ending = "."
    if not any(ever_sent for *_, ever_sent in rows):
        ending = "; nothing was sent, as no destination is armed."
    console.print(f"Conversions for the ad platforms: {', '.join(parts)}{ending}")


def _open(settings: Settings) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(settings.warehouse), read_only=True)


def _has_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    found = connection.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
        [schema, table],
    )
    return found.fetchone() is not None


def _feeds_table(connection: duckdb.DuckDBPyConnection, loads: dict[str, dict]) -> Table:
    headings = ("read", "current", "superseded", "repeated", "quarantined")
    table = _table(
        "Rows by feed: read = current + superseded + repeated + quarantined",
        "feed",
        numbers=("new files", "new rows", *headings) if loads else headings,
    )
    if not _has_table(connection, "raw_landing", "feed_counts"):
        return table
    for feed, *counts in connection.execute(_FEEDS).fetchall():
        load = loads.get(feed, {})
        news = [load.get("files_new", 0), load.get("rows_read", 0)] if loads else []
        table.add_row(feed, *(f"{count:,}" for count in [*news, *counts]))
    return table


def _latest_loads(run_id: str) -> dict[str, dict[str, Any]]:
    """Return what the ingestion step of run `run_id` said of each feed; empty if it did not run."""
    import dagster as dg  # noqa: PLC0415

    with dg.DagsterInstance.get() as instance:
        records = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    loads = {}
    for record in records:
        materialization = record.asset_materialization
        if materialization and materialization.asset_key.path[0] == "raw_landing":
            metadata = {key: value.value for key, value in materialization.metadata.items()}
            if "files_new" in metadata:
                loads[materialization.asset_key.path[-1]] = metadata
    return loads


def _print_nothing_new(console: Console, loads: dict[str, dict[str, Any]]) -> None:
    if loads and not any(load["files_new"] for load in loads.values()):
        skipped = sum(load["files_skipped"] for load in loads.values())
        console.print(f"Nothing new to load: all {skipped} landed files were loaded before.")


def _layers_table(connection: duckdb.DuckDBPyConnection) -> Table:
    rows = {row[0]: row for row in connection.execute(_CALLS_BY_LAYER).fetchall()}
    total = sum(row[1] for row in rows.values()) or 1
    table = _table(
        "Calls by what is known of their source (spam left out)",
        "layer",
        "what it means",
        numbers=("calls", "share", "qualified", "mean confidence"),
    )
    for layer, meaning in LAYERS.items():
        _, calls, qualified, confidence = rows.get(layer, (layer, 0, 0, None))
        sure = f"{confidence:.0%}" if confidence is not None else ""
        table.add_row(layer, meaning, f"{calls:,}", f"{calls / total:.0%}", f"{qualified:,}", sure)
    return table


def _channels_table(connection: duckdb.DuckDBPyConnection) -> Table:
    title = "Cost per call by channel (calls are sums of credit)"
    headings = ("spend", "calls", "qualified", "per call", "per qualified", "revenue", "ROAS")
    table = _table(title, "channel", numbers=headings)
    for row in connection.execute(_COST_BY_CHANNEL).fetchall():
        channel, currency, *amounts = row
        spend, calls, qualified, revenue = (float(amount or 0) for amount in amounts)
        table.add_row(
            channel,
            f"{spend:,.0f} {currency}" if spend else "",
            f"{calls:,.0f}",
            f"{qualified:,.0f}",
            _ratio(spend, calls),
            _ratio(spend, qualified),
            f"{revenue:,.0f} {currency}" if revenue else "",
            f"{revenue / spend:.2f}" if spend else "",
        )
    return table


def _visits_table(connection: duckdb.DuckDBPyConnection) -> Table:
    table = _table("Visits by channel", "channel", numbers=("sessions", "visitors", "page views"))
    for channel, *counts in connection.execute(_VISITS_BY_CHANNEL).fetchall():
        table.add_row(channel, *(f"{count or 0:,.0f}" for count in counts))
    return table


def _table(title: str, *texts: str, numbers: tuple[str, ...] = ()) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_style="bold", title_justify="left")
    for heading in texts:
        table.add_column(heading, no_wrap=True)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _ratio(spend: float, count: float) -> str:
    return f"{spend / count:,.2f}" if spend and count else ""


def _freshness_table(connection: duckdb.DuckDBPyConnection) -> Table:
    table = _table("Freshness", "feed", numbers=("files", "last loaded (UTC)", "ago"))
    if not _has_table(connection, "raw_landing", "landing_files"):
        return table
    now = datetime.now(UTC).replace(tzinfo=None)
    for feed, files, loaded_at in connection.execute(_FRESHNESS).fetchall():
        hours = (now - loaded_at).total_seconds() / 3600
        table.add_row(feed, str(files), f"{loaded_at:%Y-%m-%d %H:%M}", f"{hours:.1f} h")
    return table


def _print_published(console: Console, settings: Settings) -> None:
    if settings.serving_path.exists():
        changed = datetime.fromtimestamp(settings.serving_path.stat().st_mtime, UTC)
        console.print(f"Published copy: {settings.serving_path} of {changed:%Y-%m-%d %H:%M} UTC")
    else:
        console.print("Nothing is published yet: a good run writes serving.duckdb.")


def _print_last_run(console: Console, settings: Settings) -> None:
    if not (settings.dagster_home / "dagster.yaml").exists():
        return
    settings.export()
    import dagster as dg  # noqa: PLC0415

    with dg.DagsterInstance.get() as instance:
        records = instance.get_run_records(limit=1)
    for record in records:
        run, ended = record.dagster_run, record.end_time
        when = f"{datetime.fromtimestamp(ended, UTC):%Y-%m-%d %H:%M} UTC" if ended else "not ended"
        console.print(f"Last run: {run.run_id} {run.status.value.lower()}, {when}")


def _print_next_steps(console: Console, settings: Settings) -> None:
    flag = f" --warehouse {settings.warehouse}"
    console.print("\n[bold]Where to look next[/]")
    console.print(f"  ringtrail ui{flag}       assets, checks and runs in the browser")
    console.print(f"  ringtrail status{flag}   what is in the warehouse")
    console.print(f"  {settings.serving_path}   the marts, for any BI tool that reads DuckDB")
