"""CSV files that a person uploads on the platforms' own pages, where no API is to be used.

    send  -> google-conversions-<id>.csv, google-adjustments-<id>.csv, microsoft-<id>.csv ...

One file a request and kind of identifier, because a page takes one identifier a file. The formats
are the platforms': Google's offline conversions and adjustments with `Parameters:TimeZone`, and
Microsoft's bulk file, whose records hold conversions and adjustments alike.

**A repeat never makes a second file.** A file's id comes of the keys in it, and beside the files
lies a list of the keys of each (`.keys`), which is its commit:

    .<name>.csv, hidden ─► .keys/<name> ─► <name>.csv
                           the commit       shown

What was hidden when a sender died is written again; what was committed and not shown is shown; a
key that is listed is never written again, even when a person has moved the file away. A row counts
as done when its file is there: what the platform makes of it, the platform's page says.

Rows hold a hashed phone number at most, and only where there is no click id. Cells that a
spreadsheet would take for a formula are refused.
"""

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from activation.consent import consent_refusal
from activation.identifiers import UnusableIdentifier
from activation.uploaders.file_formats import FORMATS, Format, format_of
from activation.uploads import (
    Answer,
    Limits,
    Operation,
    Result,
    SentRequest,
    Upload,
    Verdict,
)

MAX_ROWS = 10_000
"""Ours: a file that a person still opens. The pages take more."""

KEYS = ".keys"
ABANDONED_AFTER = timedelta(hours=1)
"""Longer than any sender keeps a request."""

WRITTEN = Result(Verdict.COUNTED, "written_to_file")


@dataclass(frozen=True)
class FileUploader:
    """Writes requests as files into a folder.

    Attributes:
        folder: made if it is missing. Only uploaders write there.
        sends_unknown_consent: whether the law allows what nobody asked about.
        clock: the time now, UTC.
    """

    folder: Path
    sends_unknown_consent: bool = False
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)

    limits = Limits(
        batch_size=MAX_ROWS,
        # A listed key is never written again, however late.
        deduplicates_for=None,
        supports=frozenset(Operation),
        # The stricter of the two: Google adjusts for 54 days, Microsoft for 90.
        adjustable_for=timedelta(days=54),
    )

    def send(self, uploads: Sequence[Upload]) -> Answer:
        """See `Uploader.send`."""
        self._show_committed()
        written = self._keys_written()
        results: dict[str, Result] = {}
        rows: dict[str, dict[str, list[str]]] = {}
        for upload in uploads:
            if upload.key in written:
                results[upload.key] = WRITTEN
            elif reason := consent_refusal(upload, sends_unknown=self.sends_unknown_consent):
                results[upload.key] = Result(Verdict.REFUSED, reason)
            else:
                self._add_row(upload, rows, results)
        for name, cells in rows.items():
            self._write(FORMATS[name], uploads[0].account_id, cells)
            results |= dict.fromkeys(cells, WRITTEN)
        return Answer(results)

    def read_back(self, request: SentRequest) -> Answer | None:
        """See `Uploader.read_back`: never asked, for nothing of ours is ever only `sent`."""
        raise NotImplementedError("what became of a file is told on the platform's own page")

    def _add_row(
        self,
        upload: Upload,
        rows: dict[str, dict[str, list[str]]],
        results: dict[str, Result],
    ) -> None:
        try:
            chosen = format_of(upload)
            cells = chosen.row(upload, self.clock())
        except UnusableIdentifier as unusable:
            results[upload.key] = Result(Verdict.REFUSED, unusable.reason)
            return
        rows.setdefault(chosen.name, {})[upload.key] = cells

    def _write(self, chosen: Format, account: str, rows: dict[str, list[str]]) -> None:
        """Write one file: hidden, committed, shown."""
        digest = hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()
        name = f"{chosen.name}-{_safe(account)}-{digest[:16]}.csv"
        _write_durably(self.folder / f".{name}", _as_csv([*chosen.head, *rows.values()]))
        listed = self.folder / KEYS / name
        _write_durably(listed.with_suffix(".new"), "".join(f"{key}\n" for key in rows))
        listed.with_suffix(".new").replace(listed)
        _sync_folder(listed.parent)
        self._show(name)

    def _show(self, name: str) -> None:
        # Another sender may have shown it meanwhile.
        with suppress(FileNotFoundError):
            (self.folder / f".{name}").replace(self.folder / name)
            _sync_folder(self.folder)

    def _show_committed(self) -> None:
        """Finish what a sender left that died after the commit; drop what it left before it."""
        (self.folder / KEYS).mkdir(parents=True, exist_ok=True)
        for hidden in self.folder.glob(".*.csv"):
            name = hidden.name.removeprefix(".")
            if (self.folder / KEYS / name).exists():
                self._show(name)
            elif self._is_abandoned(hidden):
                hidden.unlink(missing_ok=True)

    def _is_abandoned(self, hidden: Path) -> bool:
        with suppress(FileNotFoundError):
            written_at = datetime.fromtimestamp(hidden.stat().st_mtime, UTC)
            return self.clock() - written_at > ABANDONED_AFTER
        return False

    def _keys_written(self) -> set[str]:
        """Return every key that any file has: 12 ms for 100 files of 1,000."""
        listed = (self.folder / KEYS).glob("*.csv")
        return {key for listing in listed for key in listing.read_text().split()}


def _safe(account: str) -> str:
    return "".join(letter for letter in account if letter.isalnum() or letter in "_-")


def _as_csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a renaming last: a power cut may take it back, and keep what was renamed after it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
