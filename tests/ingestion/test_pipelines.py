"""Loads into a real warehouse: once each, whatever happens in between, and every row counted."""

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import fsspec
import pytest

from ingestion.caller_keys import CallerKeys
from ingestion.contracts import CDR, LANDING_FEEDS
from ingestion.feeds import text
from ingestion.ledger import Counts
from ingestion.pipelines import load_landing
from tests.conftest import CALLER_SECRET, REPO_ROOT
from tests.ingestion.landing_files import (
    FORMATS,
    Warehouse,
    make_call,
    make_event,
    make_number,
    make_spend,
)

pytestmark = pytest.mark.integration

GA360_HITS = 6_633


def contents(warehouse: Warehouse) -> dict[str, list[tuple]]:
    """Every table of a load, without what tells one run from another."""
    tables = [f"raw_landing.{feed}" for feed in LANDING_FEEDS]
    tables += [f"quarantine.{feed}" for feed in LANDING_FEEDS]
    tables += ["raw_landing.landing_files", "raw_landing.feed_counts", "restricted.callers"]
    run_columns = "columns(c -> c not in ('_loaded_at', 'loaded_at', '_dlt_load_id'))"
    return {
        table: warehouse.rows(f"select {run_columns} from {table} order by all") for table in tables
    }


def land_a_bit_of_everything(warehouse: Warehouse) -> None:
    calls = [make_call(call_id=f"CA{i}", from_number=f"+1512555{i:04}") for i in range(500)]
    warehouse.land("cdr/2026/11/01/a.jsonl.gz", calls)
    warehouse.land("cdr/2026/11/02/b.csv", [make_call(status="ringing"), *calls[:3]])
    warehouse.land("web_events/a.parquet", [make_event(event_id=f"e{i}") for i in range(2_000)])
    warehouse.land("ad_spend/a.jsonl", [make_spend(), make_spend(cost="1")])


def test_empty_folder_gives_every_table_empty(warehouse: Warehouse) -> None:
    summary = warehouse.load()

    assert all(
        rows == [] for name, rows in contents(warehouse).items() if "feed_counts" not in name
    )
    assert warehouse.rows("select count(*), sum(rows_read) from raw_landing.feed_counts") == [
        (len(LANDING_FEEDS), 0)
    ]
    assert (summary.files_new, summary.rows_read) == (0, 0)


def test_raw_tables_have_the_contracts_columns_and_types(warehouse: Warehouse) -> None:
    warehouse.load()

    for feed in LANDING_FEEDS.values():
        stored = warehouse.rows(
            "select column_name, lower(data_type) from duckdb_columns()"
            f" where schema_name = 'raw_landing' and table_name = '{feed.name}'"
            " order by column_index"
        )
        expected = [(c.name, c.sql_type.replace(", ", ",")) for c in feed.columns]
        assert stored == expected


def test_every_format_loads_from_any_depth_and_other_folders_are_ignored(
    warehouse: Warehouse,
) -> None:
    for i, suffix in enumerate(FORMATS):
        warehouse.land(f"web_events/{'deep/' * i}part{suffix}", [make_event(event_id=f"e{i}")])
    warehouse.land("truth.parquet", [make_event()])
    warehouse.land("web_events/_tmp/part.jsonl", [make_event()])
    warehouse.land("notes/part.jsonl", b"not ours")

    summary = warehouse.load()

    assert warehouse.rows("select event_id from raw_landing.web_events order by all") == [
        (f"e{i}",) for i in range(len(FORMATS))
    ]
    assert summary.files_new == len(FORMATS)


def test_second_load_reads_nothing_even_when_the_folder_was_copied(warehouse: Warehouse) -> None:
    land_a_bit_of_everything(warehouse)
    first = warehouse.load()
    before = contents(warehouse)
    copy = warehouse.landing.with_name("copy")
    shutil.copytree(warehouse.landing, copy, copy_function=shutil.copy)

    second = warehouse.load(str(copy))

    assert (first.files_new, second.files_new, second.files_skipped) == (4, 0, 4)
    assert second.rows_read == 0
    assert contents(warehouse) == before


def test_versions_and_repeats_are_told_apart_whichever_came_first(warehouse: Warehouse) -> None:
    late = make_call(updated_at="2026-11-03T00:00:00Z", talk_seconds=70)
    warehouse.land("cdr/1.jsonl", [late, make_call(), make_call()])
    first = warehouse.load().feeds["cdr"]
    warehouse.land("cdr/2.csv", [make_call(), make_call(call_id="CA2")])
    second = warehouse.load().feeds["cdr"]

    assert first.loaded == Counts(3, rows_current=1, rows_superseded=1, rows_repeated=1)
    assert second.loaded == Counts(2, rows_current=1, rows_superseded=0, rows_repeated=1)
    assert second.total == Counts(5, rows_current=2, rows_superseded=1, rows_repeated=2)


def test_null_in_a_key_equals_null(warehouse: Warehouse) -> None:
    rows = [make_spend(), make_spend(cost="13"), make_spend(), make_spend(keyword_id="k")]
    warehouse.land("ad_spend/a.jsonl", rows)

    total = warehouse.load().feeds["ad_spend"].total

    assert total == Counts(4, rows_current=2, rows_superseded=1, rows_repeated=1)


def test_unknown_field_makes_another_version_and_never_breaks_a_load(warehouse: Warehouse) -> None:
    warehouse.land(
        "web_events/a.jsonl", [make_event(), make_event(scroll=80), make_event(scroll=80)]
    )

    total = warehouse.load().feeds["web_events"].total

    assert total == Counts(3, rows_current=1, rows_superseded=1, rows_repeated=1)
    assert warehouse.rows("select _extra from raw_landing.web_events order by all") == [
        ('{"scroll":80}',),
        ('{"scroll":80}',),
        (None,),
    ]


def test_field_that_the_contract_gains_becomes_a_column(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.land("cdr/a.jsonl", [make_call()])
    warehouse.load()
    wider = replace(CDR, fields=(*CDR.fields, text("agent_name", "Who answered.")))
    monkeypatch.setitem(LANDING_FEEDS, "cdr", wider)

    warehouse.land("cdr/b.jsonl", [make_call(call_id="CA2", agent_name="Bo")])
    warehouse.load()

    assert warehouse.rows("select call_id, agent_name from raw_landing.cdr order by all") == [
        ("CA1", None),
        ("CA2", "Bo"),
    ]


def test_thousand_small_files_load_together(warehouse: Warehouse) -> None:
    for i in range(1_000):
        warehouse.land(f"tracking_numbers/{i:04}.jsonl", [make_number(pool_id=f"p{i}")])

    summary = warehouse.load()

    assert summary.feeds["tracking_numbers"].total.rows_read == 1_000
    assert warehouse.rows(
        "select count(distinct _file_id), max(_source_line) from raw_landing.tracking_numbers"
    ) == [(1_000, 1)]
    assert summary.feeds["tracking_numbers"].seconds < 30


def test_url_is_a_landing_root_too(warehouse: Warehouse) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/bucket/cdr/2026/a.csv.gz", FORMATS[".csv.gz"]([make_call()]))
    memory.pipe("/bucket/web_events/a.parquet", FORMATS[".parquet"]([make_event()]))

    first, second = warehouse.load("memory://bucket"), warehouse.load("memory://bucket")

    assert (first.rows_read, second.rows_read, second.files_skipped) == (2, 0, 2)


def test_root_that_does_not_exist_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(ValueError, match=r"landing must be an existing folder.*nowhere"):
        warehouse.load(str(warehouse.landing / "nowhere"))


def test_callers_are_kept_apart_and_only_under_one_secret(warehouse: Warehouse) -> None:
    warehouse.land("cdr/a.jsonl", [make_call(), make_call(call_id="CA2", from_number=None)])
    warehouse.land("web_events/a.jsonl", [make_event(form_phone="+15125550100")])
    warehouse.load()

    ((key, number),) = warehouse.rows("select caller_key, caller_number from restricted.callers")
    assert number == "+15125550100"
    assert warehouse.rows("select form_caller_key from raw_landing.web_events") == [(key,)]
    with pytest.raises(ValueError, match="caller_secret differs"):
        load_landing(
            landing=str(warehouse.landing),
            warehouse=warehouse.file,
            state_dir=warehouse.state_dir,
            caller_secret="another",
        )


def test_real_day_loads_whole(warehouse: Warehouse, shared_data: Path) -> None:
    summary = warehouse.load(str(shared_data / "ga360_day" / "landing"))

    assert summary.feeds["web_events"].total == Counts(GA360_HITS, rows_current=GA360_HITS)


def load_in_two_steps(folder: Path) -> Warehouse:
    """Load a call, and land more files for a second load."""
    folder.mkdir()
    warehouse = Warehouse(folder)
    warehouse.land("cdr/0.jsonl", [make_call(call_id="before")])
    warehouse.load()
    land_a_bit_of_everything(warehouse)
    return warehouse


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple]]:
    warehouse = load_in_two_steps(tmp_path_factory.mktemp("never_killed") / "whole")
    warehouse.load()
    return contents(warehouse)


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        pytest.param("new files", 1.5, id="a moment into reading"),
        pytest.param("on their way", 0.0, id="before the rows go in"),
        pytest.param("on their way", 0.15, id="while the rows go in"),
        pytest.param("closing the books", 0.0, id="before the commit"),
    ],
)
def test_load_that_was_killed_and_run_again_equals_one_that_was_not(
    tmp_path: Path, never_killed: dict[str, list[tuple]], word: str, seconds: float
) -> None:
    warehouse = load_in_two_steps(tmp_path / "killed")
    script = REPO_ROOT / "tests" / "ingestion" / "kill_load.py"

    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "killed"), word, str(seconds)],
        env={"PYTHONPATH": str(REPO_ROOT), "RINGTRAIL_CALLER_SECRET": CALLER_SECRET},
        check=False,
    )
    warehouse.load()

    # A kill on a timer may come too late on a fast machine; the others must have happened.
    assert done.returncode in ((-signal.SIGKILL, 0) if seconds else (-signal.SIGKILL,))
    assert contents(warehouse) == never_killed


def test_rows_of_a_load_that_never_committed_are_swept(warehouse: Warehouse) -> None:
    warehouse.land("cdr/a.jsonl", [make_call()])
    warehouse.load()
    with duckdb.connect(str(warehouse.file)) as connection:
        connection.execute(
            "insert into raw_landing.cdr select * replace (_file_id + 1 as _file_id)"
            " from raw_landing.cdr"
        )

    summary = warehouse.load()

    assert summary.rows_swept == 1
    assert warehouse.rows("select count(*) from raw_landing.cdr") == [(1,)]


def test_two_loads_of_one_warehouse_never_run_at_once(warehouse: Warehouse) -> None:
    warehouse.land("cdr/a.jsonl", [make_call()])
    refused = []

    def load_again(message: str) -> None:
        with pytest.raises(RuntimeError, match="another load") as error:
            warehouse.load()
        refused.append(error)

    load_landing(
        landing=str(warehouse.landing),
        warehouse=warehouse.file,
        state_dir=warehouse.state_dir,
        caller_secret=CALLER_SECRET,
        progress=load_again,
    )

    assert refused
    assert warehouse.rows("select count(*) from raw_landing.cdr") == [(1,)]


def test_nothing_is_written_outside_the_state_folder(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    warehouse.land("cdr/a.jsonl", [make_call()])

    warehouse.load()

    assert list(home.rglob("*")) == []
    assert CallerKeys.of(CALLER_SECRET).inner not in warehouse.file.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path != home) == [
        "landing",
        "test.duckdb",
        "test.state",
    ]
