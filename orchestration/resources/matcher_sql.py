"""The warehouse's connection in the form that `ml/` asks for (`ml.sql.Sql`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    import pandas as pd


class DuckDbSql:
    """Three verbs over one connection; its temporary tables live as long as it does."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def frame(self, query: str) -> "pd.DataFrame":
        """Run a query and return its rows."""
        return self._connection.execute(query).df()

    def execute(self, statement: str) -> None:
        """Run a statement and forget what it returns."""
        self._connection.execute(statement)

    def register(self, name: str, frame: "pd.DataFrame") -> None:
        """Make `frame` readable as the view `name`, replacing one of that name."""
        self._connection.register(name, frame)


@contextmanager
def matcher_sql(connection: duckdb.DuckDBPyConnection) -> Iterator[DuckDbSql]:
    """Yield `connection` inside one transaction: committed at the end, or as if never begun."""
    connection.execute("begin transaction")
    try:
        yield DuckDbSql(connection)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
