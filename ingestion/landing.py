"""What lies in a landing root: files by feed, each with a fingerprint.

    landing root/<feed>/any/sub/folder/part-0.jsonl.gz
    └ local path or fsspec URL └ one of LANDING_FEEDS

A file is known by its path and a fingerprint of its content rather than by its times: a folder
that was copied, or simulated again from the same seed, has new times and the same content, and
must not load twice. Landed files never change, so the first and the last 64 KB and the size stand
for the whole; reading everything once more on each run would cost as much as loading it. On a
remote store the entity tag that its listing brings is used, which costs no read at all.

Names that begin with a dot or an underscore, or end in `.tmp`, `.part` or `.crc`, are other
programs' scratch files and are left alone. Any other name counts: one that no reader knows is
quarantined, for a file that was dropped here was meant to be loaded.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

SCRATCH_PREFIXES = (".", "_")
SCRATCH_SUFFIXES = (".tmp", ".part", ".crc")
EDGE_BYTES = 65_536
REMOTE_FINGERPRINTS = ("ETag", "etag", "md5Hash", "crc32c", "content_md5", "checksum", "mtime")


@dataclass(frozen=True)
class LandedFile:
    """A file of a feed; ``path`` is relative to the root, ``location`` is what opens it."""

    feed: str
    path: str
    location: str
    size_bytes: int
    fingerprint: str

    @property
    def identity(self) -> tuple[str, str]:
        """What the ledger knows the file by."""
        return self.path, self.fingerprint


def list_landing(
    landing: str, feeds: Mapping[str, object]
) -> tuple[AbstractFileSystem, list[LandedFile]]:
    """Return the root's file system and its files, by feed and path.

    Order matters: it is the order of arrival within one load, and by path it does not depend on
    the times of a copied folder.

    Raises:
        ValueError: if the root does not exist or is no folder.
    """
    fs, root = url_to_fs(landing)
    if not fs.isdir(root):
        raise ValueError(f"landing must be an existing folder or URL, got {landing!r}")
    files = [file for feed in feeds for file in _feed_files(fs, root, feed)]
    return fs, sorted(files, key=lambda file: (file.feed, file.path))


def _feed_files(fs: AbstractFileSystem, root: str, feed: str) -> Iterator[LandedFile]:
    folder = f"{root.rstrip('/')}/{feed}"
    if not fs.isdir(folder):
        return
    for location, info in fs.find(folder, detail=True).items():
        path = f"{feed}/{location[len(folder) :].lstrip('/')}"
        if not _is_scratch(path):
            size = int(info["size"] or 0)
            yield LandedFile(feed, path, location, size, _fingerprint(fs, location, size, info))


def _is_scratch(path: str) -> bool:
    parts = PurePosixPath(path).parts[1:]
    return parts[-1].endswith(SCRATCH_SUFFIXES) or any(
        part.startswith(SCRATCH_PREFIXES) for part in parts
    )


def _fingerprint(fs: AbstractFileSystem, location: str, size: int, info: Mapping[str, Any]) -> str:
    if not isinstance(fs, LocalFileSystem):
        tag = next((info[name] for name in REMOTE_FINGERPRINTS if info.get(name)), None)
        if tag is not None:
            return f"{size}-{tag}"
    with fs.open(location, "rb") as stream:
        digest = hashlib.blake2b(stream.read(EDGE_BYTES), digest_size=16)
        if size > EDGE_BYTES:
            stream.seek(max(EDGE_BYTES, size - EDGE_BYTES))
            digest.update(stream.read(EDGE_BYTES))
    return f"{size}-{digest.hexdigest()}"
