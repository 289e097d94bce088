"""Moving a ledger from its SQLite file to PostgreSQL, where several workers are to send.

    echo "$POSTGRESQL_URL" | python -m activation.ledger.moving <warehouse>.uploads.db

Everything is copied in one transaction of the new ledger, or nothing: rows, their ids and their
events. The triggers that would append an event for every copied row are off inside it. The file
stays as it was; who sends from both sends everything twice, so move it away at once.
"""

import argparse
import sys
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select, text

from activation.ledger.database import Ledger
from activation.ledger.tables import metadata, uploads

ROWS_A_BATCH = 5_000


class NotMoved(Exception):
    """Why nothing was copied, and what to do."""


def move(source: Ledger, target: Ledger) -> dict[str, int]:
    """Copy a whole ledger into an empty one on PostgreSQL; return the rows by table.

    Raises:
        NotMoved: the new ledger is not PostgreSQL's or not empty, or a sender is still at work.
    """
    if target.is_sqlite:
        raise NotMoved("the new ledger must be a PostgreSQL database")
    # The write lock of the old ledger: no sender claims anything while its rows are copied.
    with source.write() as old, target.engine.begin() as new:
        _check(old, new)
        copied = {}
        for table in metadata.sorted_tables:
            new.execute(text(f"alter table {table.name} disable trigger user"))
            copied[table.name] = _copy(old, new, table)
            new.execute(text(f"alter table {table.name} enable trigger user"))
    return copied


def _check(old: Connection, new: Connection) -> None:
    for table in metadata.sorted_tables:
        if _size(new, table):
            raise NotMoved(f"{table.name} of the new ledger is not empty")
    leased = select(func.count()).where(uploads.c.lease_token.is_not(None))
    if count := old.scalar(leased):
        raise NotMoved(
            f"{count} rows are claimed: stop the senders; a dead one's lease lapses in 10 minutes,"
            " and `ringtrail uploads send` then settles them"
        )


def _copy(old: Connection, new: Connection, table: Table) -> int:
    rows = old.execute(select(table).order_by(*table.primary_key)).mappings()
    for batch in rows.partitions(ROWS_A_BATCH):
        new.execute(insert(table), [dict(row) for row in batch])
    (key,) = table.primary_key
    if key.autoincrement is True:
        # Ids go on where the old ledger's ended.
        sequence = func.pg_get_serial_sequence(table.name, key.name)
        latest = select(func.setval(sequence, func.max(key))).select_from(table)
        new.execute(latest.having(func.max(key).is_not(None)))
    if (copied := _size(new, table)) != _size(old, table):
        raise NotMoved(f"{copied} rows of {table.name} arrived, and that is not all of them")
    return copied


def _size(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def main() -> None:
    """Move one ledger; the new one's address comes on standard input, for it holds a password."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="the ledger's SQLite file")
    options = parser.parse_args()
    if not options.file.is_file():
        sys.exit(f"there is no ledger at {options.file}")
    url = sys.stdin.readline().strip()
    try:
        copied = move(Ledger(f"sqlite:///{options.file}"), Ledger(url))
    except NotMoved as reason:
        sys.exit(str(reason))
    sys.stdout.writelines(f"{table}: {count} rows\n" for table, count in copied.items())


if __name__ == "__main__":
    main()
