"""Rows a second from landed files to raw tables, beside a floor measured in the same run.

The floor is DuckDB reading the same files and casting nothing it does not have to: what the machine
can do at best today. The ratio is the figure to compare between machines.

    python benchmarks/loading.py [--events 1000000]
"""

import argparse
import tempfile
import time
from pathlib import Path

import duckdb

from ingestion.pipelines import load_landing

_EVENTS = """
select
    md5('e' || i) as event_id,
    case i % 5 when 0 then 'page_view' when 1 then 'number_shown' else 'ping' end as event_type,
    strftime(timestamp '2026-11-01' + to_milliseconds(i * 40), '%Y-%m-%dT%H:%M:%S.%gZ')
        as occurred_at,
    strftime(timestamp '2026-11-01' + to_milliseconds(i * 40 + 90), '%Y-%m-%dT%H:%M:%S.%gZ')
        as received_at,
    md5('v' || (i // 5)) as visitor_id,
    'https://www.roofs.example/repair?gclid=Cj0KCQ' || md5('c' || (i // 5)) || '&utm_source=google'
        as page_url,
    'https://www.google.com/' as page_referrer,
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15' as user_agent,
    'mobile' as device_type,
    'US' as geo_country,
    'TX' as geo_region,
    case when i % 5 = 1 then 'pool-1' end as pool_id,
    case when i % 5 = 1 then '+1512555' || lpad((i % 10000)::varchar, 4, '0') end
        as tracking_number,
    'granted' as consent_ad_user_data
from range({events}) as numbers (i)
"""
_FORMATS = {
    "jsonl.gz": ("(format json, compression gzip)", "read_json"),
    "jsonl": ("(format json)", "read_json"),
    "csv": ("(format csv, header)", "read_csv"),
    "parquet": ("(format parquet)", "read_parquet"),
}


def main() -> None:
    """Print one line a format."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    events = parser.parse_args().events
    print(f"{events:,} web events, landed files to raw tables, validation included")
    print(f"{'format':10} {'floor s':>8} {'load s':>8} {'ratio':>6} {'rows a second':>14}")
    for suffix, (options, reader) in _FORMATS.items():
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), suffix, options, reader, events)


def measure(folder: Path, suffix: str, options: str, reader: str, events: int) -> None:
    """Write the events in one format, read them bare, load them, print a line."""
    file = folder / "landing" / "web_events" / f"part.{suffix}"
    file.parent.mkdir(parents=True)
    duckdb.sql(f"copy ({_EVENTS.format(events=events)}) to '{file}' {options}")
    started = time.perf_counter()
    with duckdb.connect(str(folder / "floor.duckdb")) as connection:
        connection.execute(f"create table floor as from {reader}('{file}')")
    floor_seconds = time.perf_counter() - started
    started = time.perf_counter()
    summary = load_landing(
        landing=str(folder / "landing"),
        warehouse=folder / "w.duckdb",
        state_dir=folder / "w.duckdb.state",
        caller_secret="benchmark-secret-only",  # noqa: S106
    )
    seconds = time.perf_counter() - started
    loaded = summary.feeds["web_events"].total.rows_current
    if loaded != events:
        raise SystemExit(f"{suffix}: loaded {loaded:,} of {events:,} events")
    ratio = seconds / floor_seconds
    print(f"{suffix:10} {floor_seconds:8.2f} {seconds:8.2f} {ratio:6.1f} {events / seconds:14,.0f}")


if __name__ == "__main__":
    main()
