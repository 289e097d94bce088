"""What every fake shares, whatever it speaks: serving in a `with`, and serving as a process."""

import argparse
import signal
import threading
from abc import ABC, abstractmethod
from typing import Self

from tests.fakes import faults


class Fake(ABC):
    """A server on 127.0.0.1 with a platform's rules."""

    @abstractmethod
    def start(self, port: int = 0) -> int:
        """Serve from threads of this process; return the port."""

    @abstractmethod
    def stop(self) -> None:
        """Stop serving; what was kept stays."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Make a parser of what every fake takes: its port, where it keeps, its faults."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="0: any free one; it is printed")
    parser.add_argument("--kept", default=":memory:", help="SQLite file of what was counted")
    faults.add_arguments(parser)
    return parser


def serve_until_terminated(fake: Fake, port: int) -> None:
    """Serve as a process of its own: print the port, and stop on SIGTERM or SIGINT."""
    print(fake.start(port), flush=True)  # noqa: T201
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    fake.stop()
