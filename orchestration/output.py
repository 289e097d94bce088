"""Keep what the steps print out of the way of what the user should read."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console


@contextmanager
def divert_output(log: Path) -> Iterator[Console]:
    """Send stdout and stderr of this process and its children to `log` while the block runs.

    dbt and Dagster write hundreds of lines, at the level of file descriptors; the Dagster UI keeps
    them by step, and `log` keeps them in the order they came.

    Yields:
        A console on the real stdout.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    log.parent.mkdir(parents=True, exist_ok=True)
    stdout, stderr = os.dup(1), os.dup(2)
    with log.open("ab") as sink, os.fdopen(os.dup(stdout), "w") as terminal:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        try:
            yield Console(file=terminal, highlight=False)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(stdout, 1)
            os.dup2(stderr, 2)
            os.close(stdout)
            os.close(stderr)
