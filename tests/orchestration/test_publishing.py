"""Tests of orchestration.publishing: readers get all of the marts, and nothing else."""

from pathlib import Path

import duckdb
import pytest

from orchestration.publishing import PublicationRefused, publish_marts
from tests.warehouse import query


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema restricted")
        connection.execute("create table marts.fct_calls as select 'CA1' as call_id")
        connection.execute("create table restricted.callers as select '+12125550100' as number")
    return path


def test_marts_are_copied_and_nothing_restricted(warehouse: Path, tmp_path: Path) -> None:
    serving = tmp_path / "state" / "serving.duckdb"

    assert publish_marts(warehouse, serving) == {"fct_calls": 1}
    assert query(serving, "select schema_name, table_name from duckdb_tables()") == [
        ("marts", "fct_calls")
    ]


def test_reader_keeps_the_old_copy_until_it_closes(warehouse: Path, tmp_path: Path) -> None:
    serving = tmp_path / "serving.duckdb"
    publish_marts(warehouse, serving)
    with duckdb.connect(str(serving), read_only=True) as reader:
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("insert into marts.fct_calls values ('CA2')")
        publish_marts(warehouse, serving)
        assert reader.execute("select count(*) from marts.fct_calls").fetchone() == (1,)

    assert query(serving, "select count(*) from marts.fct_calls") == [(2,)]


def test_leftover_of_a_killed_publication_is_no_obstacle(warehouse: Path, tmp_path: Path) -> None:
    serving = tmp_path / "serving.duckdb"
    (tmp_path / "serving.duckdb.tmp").write_bytes(b"half a file")

    publish_marts(warehouse, serving)

    assert query(serving, "select call_id from marts.fct_calls") == [("CA1",)]


def test_view_is_published_as_the_table_it_shows(warehouse: Path, tmp_path: Path) -> None:
    serving = tmp_path / "serving.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema activation")
        connection.execute("create table activation.states as select 'CA1' as call_id, 'sent' as s")
        connection.execute(
            "create view marts.uploads as select s.call_id, s.s from x.marts.fct_calls as c"
            " join x.activation.states as s using (call_id)"
        )

    assert publish_marts(warehouse, serving) == {"fct_calls": 1, "uploads": 1}
    assert query(serving, "select s from marts.uploads") == [("sent",)]
    assert query(serving, "select count(*) from duckdb_views() where not internal") == [(0,)]


EXPLAINED = """
create schema ml;
create schema staging;
create table ml.parts as select 'CA1' as call_id, 2 as part, 'not asked for' as other;
create view ml.sums as select call_id, 2 * part as log_sum from ml.parts;
create view staging.stg_sums as with s as (select * from x.ml.sums) select * from s;
create view marts.fct_call_explanations as
select max.call_id, max.log_sum from x.staging.stg_sums as max
inner join x.marts.fct_calls as calls on max.call_id = calls.call_id
"""


def test_the_largest_view_stays_one_over_the_columns_that_it_names(
    warehouse: Path, tmp_path: Path
) -> None:
    serving = tmp_path / "another name.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(EXPLAINED)

    assert publish_marts(warehouse, serving) == {"fct_calls": 1}
    warehouse.unlink()
    assert query(serving, "select * from marts.fct_call_explanations") == [("CA1", 4)]
    assert query(serving, "from ml.parts") == [("CA1", 2)]
    assert query(serving, "select schema_name, table_name from duckdb_tables() order by all") == [
        ("marts", "fct_calls"),
        ("ml", "parts"),
    ]


def test_a_view_that_would_lose_a_column_is_not_published(warehouse: Path, tmp_path: Path) -> None:
    serving = tmp_path / "serving.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema ml; create table ml.parts as select 1 as a, 2 as b")
        connection.execute(
            "create view marts.fct_call_explanations as select *, a + 1 as c from ml.parts"
        )

    with pytest.raises(PublicationRefused, match="fct_call_explanations"):
        publish_marts(warehouse, serving)
    assert not serving.exists()
