"""A world of a given size as landed Parquet: `landing/<feed>/day=YYYY-MM-DD/*.parquet`.

    ingestion.simulate ─► JSON Lines, CSV, Parquet ─► DuckDB ─► Parquet, one folder a day of arrival

A day's folder holds what a connector would have brought on that day: a corrected row lies in the
folder of its correction, a row delivered twice comes again a day later. The truth is left out,
since the oracle's work grows with the square of the traffic.
"""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb

from ingestion.contracts import LANDING_FEEDS
from ingestion.simulate import World, simulate

DAYS = 90
EVENTS_PER_CLICK = 8.75
"""Web events for each ad click of the default agency, its other traffic included."""
CALL_FACTOR = 1.5
"""By which more touches call than in the default agency: 20 calls for a thousand web events."""

_TIMES = {
    "web_events": ("received_at", ("occurred_at", "received_at")),
    "ad_clicks": ("click_date", ("clicked_at",)),
    "ad_spend": ("updated_at", ()),
    "cdr": ("updated_at", ()),
    "call_outcomes": ("updated_at", ()),
    "platform_calls": ("started_at", ("started_at",)),
    "tracking_numbers": ("updated_at", ()),
    "buyers": ("updated_at", ()),
}
"""By feed the field whose day is the day of arrival, and the instants kept as timestamps."""

_READERS = {
    ".parquet": "read_parquet({files}, union_by_name = true, filename = true)",
    ".csv": "read_csv({files}, all_varchar = true, union_by_name = true, filename = true)",
    ".jsonl": "read_json({files}, columns = {fields}, ignore_errors = true, filename = true)",
}


def agency_of(clients: int) -> World:
    """The default agency `clients` times over: as many sites and campaigns, each of its own.

    An agency with twenty times the traffic has more clients, not seven sites that are twenty times
    as busy. The matcher weighs a lost call against every touch of its site, so that the number of
    sites matters to it more than the number of events does.
    """
    one = World()
    sites = tuple(
        replace(site, host=f"c{client}.{site.host}", share=site.share / clients)
        for client in range(clients)
        for site in one.sites
    )
    campaigns = tuple(
        replace(
            campaign,
            campaign_id=f"{campaign.campaign_id}{client:03d}",
            name=f"{campaign.name} {client}",
            share=campaign.share / clients,
            sites=tuple((site + client * len(one.sites), share) for site, share in campaign.sites),
        )
        for client in range(clients)
        for campaign in one.campaigns
    )
    others = one.other_calls
    others = replace(
        others,
        # Rates of the whole traffic by site and number: there are as many times more of those.
        null_per_site=others.null_per_site / clients,
        wrong_numbers_per_site=others.wrong_numbers_per_site / clients,
        billboard_per_number=others.billboard_per_number / clients,
    )
    return replace(one, sites=sites, campaigns=campaigns, other_calls=others)


def ensure_world(folder: Path, events: int, clients: int) -> Path:
    """Return the landing folder below `folder`, made if it is not there yet."""
    landing = folder / "landing"
    if landing.exists():
        return landing
    agency = agency_of(clients)
    calling = {name: CALL_FACTOR * p for name, p in agency.propensity.by_vertical.items()}
    agency = replace(agency, propensity=replace(agency.propensity, by_vertical=calling))
    mixed, partial = folder / "mixed", folder / "landing.partial"
    for left_over in (mixed, partial):
        shutil.rmtree(left_over, ignore_errors=True)
    clicks = round(events / EVENTS_PER_CLICK / DAYS)
    simulate(mixed, days=DAYS, clicks_per_day=clicks, world=agency, progress=print, has_truth=False)
    split_world(mixed, partial, agency.last_day, DAYS)
    shutil.rmtree(mixed)
    partial.rename(landing)
    return landing


def split_world(mixed: Path, target: Path, last_day: date, days: int) -> None:
    """Write a simulated landing folder anew, by day of arrival, within its `days` days."""
    target.mkdir(parents=True)
    with duckdb.connect(config={"temp_directory": str(target.parent / "spill")}) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute("set TimeZone = 'UTC'")
        for feed in _TIMES:
            connection.execute(_split_sql(feed, mixed, target, last_day, days))


def _split_sql(feed: str, mixed: Path, target: Path, last_day: date, days: int) -> str:
    """SQL that writes a feed's rows as Parquet by day of arrival, within the world's days."""
    day, instants = _TIMES[feed]
    fields = {field.name: "VARCHAR" for field in LANDING_FEEDS[feed].fields}
    files: dict[str, list[str]] = {}
    for path in sorted((mixed / feed).rglob("*.*")):
        files.setdefault(path.suffix.replace(".gz", Path(path.stem).suffix), []).append(str(path))
    casts = ", ".join(f"try_cast({name} as timestamptz)::timestamp as {name}" for name in instants)
    replaced = f"replace ({casts})" if casts else ""
    rows = " union all by name ".join(
        f"select * {replaced} from {_READERS[suffix].format(files=paths, fields=fields)}"
        for suffix, paths in files.items()
    )
    first_day = last_day - timedelta(days=days - 1)
    arrival = f"try_cast(left(cast({day} as varchar), 10) as date)"
    again = "cast(contains(filename, '/redelivered/') as integer)"
    (target / feed).mkdir(parents=True)
    return f"""
        copy (
            select
                * exclude (filename),
                least(
                    greatest({arrival} + {again}, date '{first_day}'),
                    date '{last_day}'
                ) as day
            from ({rows})
            order by day
        ) to '{target / feed}' (format parquet, partition_by (day), overwrite_or_ignore)
    """
