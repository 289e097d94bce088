"""What `ml/` asks of a database: three verbs. The caller brings the connection."""

from typing import Protocol

import pandas as pd


class Sql(Protocol):
    """A connection that holds the warehouse and keeps temporary tables between calls.

    The matcher hands over SQL text and small frames only; temporary tables are named
    ``matcher_*``, so one `Sql` serves one matcher at a time.
    """

    def frame(self, query: str) -> pd.DataFrame:
        """Run a query and return its rows."""
        ...

    def execute(self, statement: str) -> None:
        """Run a statement and forget what it returns."""
        ...

    def register(self, name: str, frame: pd.DataFrame) -> None:
        """Make `frame` readable as the view `name`, replacing one of that name."""
        ...


def put_table(sql: Sql, name: str, frame: pd.DataFrame) -> None:
    """Copy `frame` into the temporary table `name`.

    A copy, not a view: a registered frame is scanned by Python objects each time it is joined.
    Text of no rows would lose its type on the way, so it is typed here.
    """
    objects = [name for name, kind in frame.dtypes.items() if kind == "object"]
    frame = frame.astype(dict.fromkeys(objects, "str"))
    sql.register(f"{name}_frame", frame)
    sql.execute(f"create or replace temp table {name} as select * from {name}_frame")


def text_literal(text: str) -> str:
    """Return `text` as a SQL literal.

    Examples
    --------
    >>> text_literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def number_literal(number: float) -> str:
    """Return `number` as a DOUBLE literal: long decimals would overflow DECIMAL(38).

    Examples
    --------
    >>> number_literal(0.0000123)
    '1.23e-05'
    >>> number_literal(30)
    '3e+01'
    """
    mantissa, exponent = f"{float(number):.17e}".split("e")
    short = f"{float(number):.12g}"
    if "e" in short and float(short) == float(number):
        return short
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"
