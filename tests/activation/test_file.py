"""Files for the platforms' upload pages: their formats, and that a repeat makes no second file."""

import csv
import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from activation.uploaders.file import FileUploader
from activation.uploaders.file_formats import MICROSOFT_COLUMNS
from activation.uploads import Operation, Result, SentRequest, Upload, Verdict
from tests.activation.upload_factories import (
    CALLER_NUMBER,
    NOW,
    by_phone,
    correction,
    make_upload,
    msclkid_upload,
    now,
)
from tests.conftest import REPO_ROOT

WRITTEN = Result(Verdict.COUNTED, "written_to_file")
OCCURRED_AT = datetime(2026, 11, 1, 13, 5, 9, tzinfo=UTC)


def gclid_upload(**overrides: object) -> Upload:
    values = {"account_id": "410-221-7781", "conversion_action": "Sold call", "click_id": "Cj0K_1"}
    values |= {"click_id_type": "gclid", "occurred_at": OCCURRED_AT}
    return make_upload(**values | overrides)


@pytest.fixture
def uploader(tmp_path: Path) -> FileUploader:
    return FileUploader(tmp_path / "uploads", clock=now)


def shown(uploader: FileUploader) -> dict[str, list[list[str]]]:
    """Return the rows of every file that a person sees, by the file's kind."""
    files = {}
    for path in sorted(uploader.folder.glob("[!.]*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            files[path.name] = list(csv.reader(file))
    return files


def only_file(uploader: FileUploader) -> list[list[str]]:
    (rows,) = shown(uploader).values()
    return rows


def keys_shown(uploader: FileUploader, column: int = 5) -> list[str]:
    return sorted(row[column] for rows in shown(uploader).values() for row in rows[2:])


def test_a_click_of_googles_is_a_row_of_its_conversion_template(uploader: FileUploader) -> None:
    upload = gclid_upload()
    assert uploader.send([upload]).results == {upload.key: WRITTEN}
    (name,) = shown(uploader)
    assert name.startswith("google-gclid-410-221-7781-")
    conversion = "Google Click ID,Conversion Name,Conversion Time,Conversion Value"
    assert only_file(uploader) == [
        ["Parameters:TimeZone=+0000"],
        [*f"{conversion},Conversion Currency,Order ID,Ad User Data,Ad Personalization".split(",")],
        [
            *["Cj0K_1", "Sold call", "2026-11-01 13:05:09", "120.50", "USD"],
            upload.key,
            "Granted",
            "Granted",
        ],
    ]


def test_times_are_told_in_the_zone_that_the_file_declares(uploader: FileUploader) -> None:
    uploader.send([gclid_upload(occurred_at=OCCURRED_AT.astimezone().replace(microsecond=0))])
    assert only_file(uploader)[2][2] == "2026-11-01 13:05:09"


def test_every_kind_of_identifier_has_a_file_of_its_own(uploader: FileUploader) -> None:
    uploads = [
        gclid_upload(),
        gclid_upload(click_id_type="gbraid"),
        gclid_upload(click_id_type="wbraid"),
        by_phone(gclid_upload),
        msclkid_upload(),
    ]
    uploader.send(uploads)
    heads = {rows[1][0] for name, rows in shown(uploader).items() if name.startswith("google")}
    assert heads == {"Google Click ID", "GBRAID", "WBRAID", "Phone Number"}
    assert len(shown(uploader)) == 5


def test_a_phone_number_is_hashed_and_goes_only_without_a_click(uploader: FileUploader) -> None:
    uploader.send([by_phone(gclid_upload), gclid_upload(caller_number=CALLER_NUMBER)])
    written = "".join(path.read_text() for path in uploader.folder.rglob("*") if path.is_file())
    assert CALLER_NUMBER.removeprefix("+") not in written
    (hashed,) = (rows[2][0] for name, rows in shown(uploader).items() if "phone" in name)
    (by_click,) = (rows[2] for name, rows in shown(uploader).items() if "gclid" in name)
    assert len(hashed) == 64
    assert hashed not in by_click


def test_corrections_for_google_go_by_order_id_in_the_pages_own_words(
    uploader: FileUploader,
) -> None:
    kept, refunded = gclid_upload(), gclid_upload()
    uploader.send(
        [
            correction(kept, Operation.RESTATE, value=Decimal(80)),
            correction(refunded, Operation.RETRACT),
        ]
    )
    adjusted = "Order ID,Conversion Name,Adjustment Time,Adjustment Type,Adjusted Value"
    assert only_file(uploader) == [
        ["Parameters:TimeZone=+0000"],
        [*f"{adjusted},Adjusted Value Currency".split(",")],
        [kept.key, "Sold call", "2026-11-02 15:00:00", "RESTATE", "80.00", "USD"],
        [refunded.key, "Sold call", "2026-11-02 15:00:00", "RETRACT", "", ""],
    ]


def test_clicks_of_microsofts_are_records_of_its_bulk_file(uploader: FileUploader) -> None:
    first = msclkid_upload(occurred_at=OCCURRED_AT, click_id="a" * 32)
    uploader.send([first])
    uploader.send([correction(first, Operation.RESTATE, value=Decimal("80.5"))])
    uploader.send([correction(first, Operation.RETRACT)])
    files = list(shown(uploader).values())
    assert all(rows[0] == MICROSOFT_COLUMNS for rows in files)
    assert all(rows[1][:3] == ["Format Version", "", "6.0"] for rows in files)
    records = [dict(zip(rows[0], rows[2], strict=True)) for rows in files]
    conversion = {"Conversion Name": "Qualified call", "Conversion Time": "11/1/2026 1:05:09 PM"}
    assert all(conversion.items() <= record.items() for record in records)
    values = {
        record["Adjustment Type"]: (
            record["Conversion Value"],
            record["Adjustment Value"],
            record["Adjustment Currency Code"],
            record["Adjustment Time"],
        )
        for record in records
    }
    assert values == {
        "": ("120.50", "", "", ""),
        "Restate": ("", "80.50", "USD", "11/2/2026 3:00:00 PM"),
        "Retract": ("", "", "", "11/2/2026 3:00:00 PM"),
    }
    assert {record["Client Id"] for record in records} > {first.key}


REFUSED = {
    "denied": (gclid_upload(consent_ad_user_data="denied"), "denied_consent"),
    "unknown": (gclid_upload(consent_ad_user_data="unknown"), "unknown_consent"),
    "no identifier": (by_phone(gclid_upload, caller_number=None), "no_identifier"),
    "click of Meta's": (gclid_upload(click_id_type="fbclid"), "click_id_of_another_platform"),
    "formula": (gclid_upload(click_id="=cmd()"), "unreadable_click_id"),
    "formula in a name": (
        gclid_upload(conversion_action="@SUM(1)"),
        "unreadable_conversion_action",
    ),
    "correction of an erased click of Microsoft's": (
        correction(msclkid_upload(), Operation.RETRACT, click_id=None),
        "no_msclkid",
    ),
    "correction of Meta's": (
        correction(gclid_upload(click_id_type="fbclid"), Operation.RETRACT),
        "click_id_of_another_platform",
    ),
}


@pytest.mark.parametrize(("bad", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_no_page_takes_or_nobody_agreed_to_is_in_no_file(
    uploader: FileUploader, bad: Upload, reason: str
) -> None:
    good = gclid_upload()
    results = uploader.send([bad, good]).results
    assert results == {bad.key: Result(Verdict.REFUSED, reason), good.key: WRITTEN}
    assert keys_shown(uploader) == [good.key]


def test_a_conversion_at_google_is_taken_back_after_its_identifiers_were_erased(
    uploader: FileUploader,
) -> None:
    erased = {"click_id": None, "clicked_at": None, "consent_ad_user_data": None}
    retraction = correction(gclid_upload(), Operation.RETRACT, **erased)
    assert uploader.send([retraction]).results == {retraction.key: WRITTEN}
    assert only_file(uploader)[2][0] == retraction.target_key


# --- once


def test_the_same_request_again_makes_no_second_file(uploader: FileUploader) -> None:
    uploads = [gclid_upload() for _ in range(3)]
    for _ in range(3):
        assert uploader.send(uploads).results == {upload.key: WRITTEN for upload in uploads}
    assert keys_shown(uploader) == sorted(upload.key for upload in uploads)


def test_a_request_put_together_anew_writes_only_what_no_file_has(uploader: FileUploader) -> None:
    first, second, third = (gclid_upload() for _ in range(3))
    uploader.send([first, second])
    uploader.send([second, third])
    assert keys_shown(uploader) == sorted([first.key, second.key, third.key])


def test_a_file_that_a_person_has_taken_away_is_not_written_again(uploader: FileUploader) -> None:
    upload = gclid_upload()
    uploader.send([upload])
    for path in uploader.folder.glob("*.csv"):
        path.unlink()
    assert uploader.send([upload]).results == {upload.key: WRITTEN}
    assert shown(uploader) == {}


KILLED = """
import os, pickle, sys
from pathlib import Path
from activation.uploaders import file

folder, uploads, step = pickle.load(sys.stdin.buffer)
steps = iter(range(99))

def dying(function):
    def call(*arguments, **named):
        if next(steps) == step:
            os.kill(os.getpid(), 9)
        return function(*arguments, **named)
    return call

os.fsync = dying(os.fsync)
Path.replace = dying(Path.replace)
file.FileUploader(folder).send(uploads)
"""


@pytest.mark.parametrize("step", range(7))
def test_a_sender_killed_at_any_step_leaves_every_row_in_one_file(
    tmp_path: Path, step: int
) -> None:
    """Killed before every `fsync` and renaming in turn; then the rows go again, with one more."""
    uploader = FileUploader(tmp_path)
    uploads = [gclid_upload() for _ in range(3)]
    command = [sys.executable, "-c", KILLED]
    given = pickle.dumps((tmp_path, uploads, step))
    killed = subprocess.run(command, cwd=REPO_ROOT, input=given, check=False)
    assert killed.returncode == (-9 if step < 6 else 0)
    again = [*uploads, gclid_upload()]
    assert uploader.send(again).results == {upload.key: WRITTEN for upload in again}
    assert keys_shown(uploader) == sorted(upload.key for upload in again)


def test_what_a_dead_sender_left_hidden_goes_after_an_hour(uploader: FileUploader) -> None:
    uploader.send([gclid_upload()])
    fresh, old = (uploader.folder / f".google-gclid-1-{name}.csv" for name in ("fresh", "old"))
    for path, age in ((fresh, timedelta(minutes=50)), (old, timedelta(minutes=70))):
        path.write_text("")
        os.utime(path, (0, (NOW - age).timestamp()))
    uploader.send([gclid_upload()])
    assert fresh.exists()
    assert not old.exists()


def test_an_account_cannot_name_another_folder(uploader: FileUploader) -> None:
    uploader.send([gclid_upload(account_id="../../1")])
    (name,) = shown(uploader)
    assert name.startswith("google-gclid-1-")


def test_limits_say_that_a_file_is_the_last_word(uploader: FileUploader) -> None:
    assert uploader.limits.supports == set(Operation)
    assert uploader.limits.deduplicates_for is None
    assert not uploader.limits.is_confirmed_later
    with pytest.raises(NotImplementedError):
        uploader.read_back(SentRequest("x", [], NOW, 1))
