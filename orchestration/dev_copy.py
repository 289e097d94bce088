"""A copy of the warehouse to try a change on, made without stopping anyone.

Copy-on-write where the file system can (Btrfs, XFS, APFS): then it takes no time and no room. The
copy holds all layers, so that dbt builds only what the change touches and what is downstream of it.
It also holds production's matcher: evidence is judged with the coefficients as they are.
"""

import shutil
import subprocess
from pathlib import Path

import duckdb


class CopyRefused(Exception):
    """No copy was made; the message says why and what to do."""


def copy_warehouse(warehouse: Path, copy: Path) -> None:
    """Copy `warehouse` to `copy`, replacing it; a writer waits, a reader does not notice.

    Raises:
        CopyRefused: If there is no warehouse, a run is writing it, or the copy could not be built
            in: views name their database, and DuckDB names that after the file.
    """
    if not warehouse.exists():
        raise CopyRefused(f"no warehouse at {warehouse} yet: `ringtrail run` makes it")
    if copy == warehouse or copy.name != warehouse.name:
        raise CopyRefused(
            f"the copy must be called {warehouse.name} too, in another folder; got {copy}"
        )
    copy.parent.mkdir(parents=True, exist_ok=True)
    partial = copy.with_name(copy.name + ".tmp")
    try:
        # An open reader keeps writers out, so that the file stands still while it is copied.
        with duckdb.connect(str(warehouse), read_only=True):
            _clone(warehouse, partial)
    except duckdb.IOException as error:
        raise CopyRefused(f"a run is writing {warehouse}: wait until it is done") from error
    copy.with_name(copy.name + ".wal").unlink(missing_ok=True)
    partial.replace(copy)


def _clone(source: Path, target: Path) -> None:
    cp = shutil.which("cp")
    command = [str(cp), "--reflink=auto", str(source), str(target)]
    # Not every cp knows --reflink.
    if cp is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:  # noqa: S603
        shutil.copyfile(source, target)
