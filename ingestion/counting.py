"""What became of the rows of new files, counted without reading the older ones again.

Of the distinct contents of a key one is current and the others are superseded, whichever came
first; further copies of a content are repeats. So no order is needed to count, only to pick.
`group by` takes null for equal to null, as keys do.

A key that one new row brings and no older row has is current and needs no closer look. Hashes of
keys tell which those are, without keeping ten million keys in memory; two keys of one hash only
mean that both are looked at.
"""

from ingestion.feeds import Feed
from ingestion.warehouse import LEDGER, RAW

_NEW_COUNTS = """
with

new_keys as (
    select hash({key}) as key_hash, count(*) as copies
    from {table} where _file_id > $after group by all
),

older_keys as ({older_keys}),

shared_keys as (
    select key_hash from new_keys where copies > 1
    union
    select key_hash from older_keys
),

contents as (
    select
        {key},
        _row_hash,
        count(*) as copies,
        count(*) filter (where _file_id <= $after) as older_copies
    from {table}
    where hash({key}) in (select key_hash from shared_keys)
    group by {key}, _row_hash
),

keys as (
    select
        cast(max(older_copies) = 0 as bigint) as current_rows,
        count(*) filter (where older_copies = 0) as contents,
        sum(copies - older_copies) as copies
    from contents group by {key}
),

looked_at as (
    select
        coalesce(sum(current_rows), 0) as current_rows,
        coalesce(sum(contents), 0) as contents,
        coalesce(sum(copies), 0) as copies
    from keys
),

alone as (
    select count(*) as rows_alone
    from new_keys anti join shared_keys using (key_hash)
),

files as (
    select
        coalesce(sum(rows_read), 0) as rows_read,
        coalesce(sum(rows_quarantined), 0) as rows_quarantined
    from {ledger} where feed = $feed and file_id > $after
)

select
    rows_read,
    rows_alone + current_rows,
    contents - current_rows,
    copies - contents,
    rows_quarantined
from files, alone, looked_at
"""


_NO_KEYS = "select null::ubigint as key_hash where false"
_OLDER_KEYS = """
    select distinct hash({key}) as key_hash
    from {table}
    where _file_id <= $after and hash({key}) in (select key_hash from new_keys)
"""


def new_counts_sql(feed: Feed, *, has_older_rows: bool) -> str:
    """SQL of one row: what the files after ``$after`` of feed ``$feed`` add to each count.

    To say that there are no older rows saves a first load half of the time: DuckDB would hash all
    new keys before it saw that there is nothing to look for.
    """
    key, table = ", ".join(feed.key), f"{RAW}.{feed.name}"
    older = _OLDER_KEYS.format(key=key, table=table) if has_older_rows else _NO_KEYS
    return _NEW_COUNTS.format(key=key, table=table, ledger=LEDGER, older_keys=older)
