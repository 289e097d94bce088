"""What goes wrong on the way: rows delivered twice, and rows that break the contract.

Both are *extra* rows. A bad row is a broken copy of a good one, so no call or click is lost with
it and the truth stays true; late and corrected versions are made where the feeds are.
"""

from ingestion.simulate.feeds import Feed

TRUNCATED, NO_TIME = 100, 101
"""Breaks of the written line rather than of a value: only in JSON Lines."""

BREAKS: dict[str, tuple[dict[str, str], ...]] = {
    "cdr": (
        {"call_id": "null"},
        {"duration_seconds": "-5"},
        {"started_at": "'yesterday noon'"},
        {"to_number": "'front desk'"},
        {"status": "'ringing'"},
        {"ended_at": "'2019-01-01T00:00:00.000Z'"},
        {"_bad": str(TRUNCATED)},
    ),
    "web_events": (
        {"event_id": "null"},
        {"event_type": "'pageview'"},
        {"tracking_number": "'call us'"},
        {"page_url": "null"},
        {"_bad": str(TRUNCATED)},
        {"_bad": str(NO_TIME)},
    ),
    "ad_clicks": (
        {"campaign_id": "null"},
        {"click_id": "null"},
        {"click_id_type": "'clickid'"},
        {"click_date": "null"},
    ),
    "ad_spend": (
        {"cost": "'-1.00'"},
        {"clicks": "'many'"},
        {"spend_date": "'31/11/2026'"},
        {"campaign_id": "null"},
    ),
    "call_outcomes": (
        {"outcome": "'maybe'"},
        {"call_id": "null"},
        {"_bad": str(TRUNCATED)},
    ),
}
"""Per feed the breaks that its bad rows take in turn."""


def extra_rows_sql(feed: Feed, table: str, *, repeats: float, bad_rows: float) -> list[str]:
    """Queries that give the repeated and the bad rows of a feed's table of good rows."""
    breaks = BREAKS.get(feed.name)
    if breaks is None:
        return []
    every, rare = _one_in(repeats), _one_in(bad_rows)
    queries = [
        f"select * replace ({_REDELIVERED} as _file) from {table} "
        f"where _order % {every} = 7 % {every}"
    ]
    for turn, values in enumerate(breaks):
        replaced = {"_bad": str(1 + turn), **values}
        expressions = ", ".join(f"{value} as {column}" for column, value in replaced.items())
        chosen = f"_order % {rare} = 3 and _order // {rare} % {len(breaks)} = {turn}"
        if int(replaced["_bad"]) >= TRUNCATED:
            chosen += " and _file like '%.jsonl%'"
        queries.append(f"select * replace ({expressions}) from {table} where {chosen}")
    return queries


_REDELIVERED = "regexp_replace(_file, '^(\\w+)/(\\d+)/(\\d+)/\\d+/', '\\1/redelivered/\\2-\\3/')"
"""Repeats arrive a month at a time, in a folder of their own."""


def _one_in(share: float) -> int:
    """Every how many-th row a share stands for; a share of 0 picks none."""
    return round(1 / share) if share > 0 else 1_000_000_000
