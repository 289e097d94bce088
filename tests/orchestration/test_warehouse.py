"""Tests of orchestration.resources.warehouse: what a connection is set to."""

from pathlib import Path

from orchestration.resources.warehouse import Warehouse


def test_connection_is_in_utc_and_keeps_to_its_memory(tmp_path: Path) -> None:
    warehouse = Warehouse(path=str(tmp_path / "x.duckdb"), memory_limit="1GiB")

    with warehouse.connect() as connection:
        settings = connection.execute(
            "select current_setting('TimeZone'), current_setting('memory_limit')"
        ).fetchone()

    assert settings == ("UTC", "1.0 GiB")


def test_tables_are_written_without_trying_fsst(tmp_path: Path) -> None:
    with Warehouse(path=str(tmp_path / "x.duckdb")).connect() as connection:
        disabled = connection.execute("select current_setting('disabled_compression_methods')")

        assert disabled.fetchone() == ("FSST",)
