"""Cut a loaded world into batches of landed files: late rows, corrections, any order."""

from pathlib import Path

import duckdb

from ingestion.contracts import LANDING_FEEDS

HAPPENED_AT = {
    "web_events": "occurred_at",
    "ad_clicks": "cast(click_date as timestamp)",
    "ad_spend": "cast(spend_date as timestamp)",
    "cdr": "started_at",
    "call_outcomes": "occurred_at",
    "platform_calls": "started_at",
    "tracking_numbers": "valid_from",
    "buyers": "updated_at",
}

CORRECTIONS = {
    "cdr": """
        select * replace (
            case when draw = 0 then 'outbound' else direction end as direction,
            case when draw = 1 then (select max(from_number) from rows_of) else from_number end
                as from_number,
            case when draw = 2 then (select min(to_number) from rows_of) else to_number end
                as to_number,
            case when draw = 3 then started_at - interval '3 minutes' else started_at end
                as started_at,
            updated_at + interval '1 day' as updated_at
        )
        from rows_of where draw < 5
    """,
    "ad_spend": """
        select * replace (
            case when draw = 0 then 'Renamed ' || campaign_id else campaign_name end
                as campaign_name,
            cost + 1 as cost,
            updated_at + interval '1 day' as updated_at
        )
        from rows_of where draw < 3
    """,
    "tracking_numbers": """
        select * replace (
            case when draw = 0 and kind = 'pool' then 'fallback' else kind end as kind,
            case when draw = 0 and kind = 'pool' then 'www.elsewhere.example' else site end as site,
            updated_at + interval '1 day' as updated_at
        )
        from rows_of where draw < 2
    """,
}
"""Later versions of some rows: what a correction may change, by the draw of 0 to 99 of the row."""


def split_into_batches(
    warehouse: Path, folder: Path, *, batches: int, seed: int, late_share: float
) -> list[Path]:
    """Write the accepted rows of `warehouse` into landing folders, one a batch.

    Args:
        warehouse: Loaded from any landing folder; its raw tables are read.
        folder: Gets the sub-folders `batch-0`, `batch-1`, ...
        batches: How many.
        seed: Of which row is late, which is corrected, and by how much.
        late_share: Share of the rows that come in a batch drawn at random; the others come in the
            order in which they happened. 1 is no order at all.

    Returns:
        The landing folders, in the order in which they are to be loaded.
    """
    folders = [folder / f"batch-{number}" for number in range(batches)]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for feed in LANDING_FEEDS.values():
            fields = ", ".join(field.name for field in feed.fields)
            random = f"hash(row({fields}, {seed}))"
            connection.execute(
                f"create or replace temp table rows_of as select {fields},"
                f" cast({random} % 100 as integer) as draw from raw_landing.{feed.name}"
            )
            if feed.name in CORRECTIONS:
                connection.execute(f"insert into rows_of {CORRECTIONS[feed.name]}")
            happened = HAPPENED_AT[feed.name]
            connection.execute(
                f"create or replace temp table batched as select {fields}, cast(case"
                f" when hash(row({fields}, {seed}, 'late')) % 1000 < {1000 * late_share}"
                f" then hash(row({fields}, {seed}, 'batch')) % {batches}"
                f" else ntile({batches}) over (order by {happened}, {random}) - 1"
                " end as integer) as batch from rows_of"
            )
            for number, landing in enumerate(folders):
                part = landing / feed.name
                part.mkdir(parents=True)
                connection.execute(
                    f"copy (select {fields} from batched where batch = {number} order by all)"
                    f" to '{part}/part-{number}.parquet' (format parquet)"
                )
    return folders
