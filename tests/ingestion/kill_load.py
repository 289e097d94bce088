"""Load a folder and die by SIGKILL when a progress message holds a word: run by the tests.

Usage: python kill_load.py FOLDER WORD SECONDS
"""

import os
import signal
import sys
from pathlib import Path
from threading import Timer

from ingestion.pipelines import load_landing

FOLDER, WORD, SECONDS = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])


def die_at(message: str) -> None:
    """Kill this process now, or a little later while the load goes on."""
    if WORD in message:
        kill = Timer(SECONDS, os.kill, (os.getpid(), signal.SIGKILL))
        kill.start()
        if SECONDS == 0:
            kill.join()


if __name__ == "__main__":
    load_landing(
        landing=str(FOLDER / "landing"),
        warehouse=FOLDER / "test.duckdb",
        state_dir=FOLDER / "test.state",
        caller_secret=os.environ["RINGTRAIL_CALLER_SECRET"],
        progress=die_at,
    )
