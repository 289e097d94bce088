"""What counts as a file of a feed, and when it is the same file."""

import os
from pathlib import Path

import pytest

from ingestion.landing import EDGE_BYTES, list_landing

FEEDS = {"cdr": None, "web_events": None}


def land(root: Path, path: str, content: bytes = b"{}") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def paths(root: Path) -> list[str]:
    return [file.path for file in list_landing(str(root), FEEDS)[1]]


def fingerprint(root: Path) -> str:
    (file,) = list_landing(str(root), FEEDS)[1]
    return file.fingerprint


def test_files_come_by_feed_and_path_from_any_depth(tmp_path: Path) -> None:
    for path in ("web_events/b.jsonl", "web_events/2026/11/a.csv", "cdr/z.parquet"):
        land(tmp_path, path)

    assert paths(tmp_path) == ["cdr/z.parquet", "web_events/2026/11/a.csv", "web_events/b.jsonl"]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("truth.parquet", id="beside the feeds"),
        pytest.param("invoices/a.csv", id="a folder that is no feed"),
        pytest.param("cdr/.a.jsonl.swp", id="hidden"),
        pytest.param("cdr/_SUCCESS", id="a marker"),
        pytest.param("cdr/_temporary/0/a.parquet", id="in a scratch folder"),
        pytest.param("cdr/a.jsonl.tmp", id="still being written"),
    ],
)
def test_scratch_files_are_left_alone(tmp_path: Path, path: str) -> None:
    land(tmp_path, path)

    assert paths(tmp_path) == []


def test_new_times_do_not_make_a_new_file(tmp_path: Path) -> None:
    file = land(tmp_path, "cdr/a.jsonl", b"x" * (EDGE_BYTES + 5))
    before = fingerprint(tmp_path)

    os.utime(file, (0, 0))

    assert fingerprint(tmp_path) == before


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"y" + b"x" * 2 * EDGE_BYTES, id="another beginning"),
        pytest.param(b"x" * 2 * EDGE_BYTES + b"y", id="another end"),
        pytest.param(b"x" * 2 * EDGE_BYTES, id="another size"),
    ],
)
def test_other_content_makes_a_new_file(tmp_path: Path, content: bytes) -> None:
    land(tmp_path, "cdr/a.jsonl", b"x" * (2 * EDGE_BYTES + 1))
    before = fingerprint(tmp_path)

    land(tmp_path, "cdr/a.jsonl", content)

    assert fingerprint(tmp_path) != before


def test_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = land(tmp_path, "cdr/a.jsonl")

    with pytest.raises(ValueError, match="landing must be an existing folder"):
        list_landing(str(file), FEEDS)
