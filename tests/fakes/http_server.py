"""An HTTP server on 127.0.0.1 for fakes of platforms that are spoken to over HTTP.

Request -> words put into its mouth (`say_next`) -> fault -> the fake's own `answer`
        -> reply, or a cut or garbled one
"""

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import Any

from tests.fakes.faults import CUTS, Fault, Faults
from tests.fakes.kept import Kept
from tests.fakes.serving import Fake

PROXY_PAGE = b"<html><body><h1>It works!</h1></body></html>"


@dataclass(frozen=True)
class Request:
    """What came in."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What goes out."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"


class FakeHttp(Fake):
    """Serves one platform; subclasses say what is answered, and in which words it refuses."""

    def __init__(
        self,
        *,
        kept: Kept | str = ":memory:",
        faults: Faults | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.kept = kept if isinstance(kept, Kept) else Kept(kept)
        self.faults = faults or Faults()
        self.clock = clock
        self.received: deque[Request] = deque(maxlen=100)
        """The last requests as they came in, whatever became of them."""
        self.port = 0
        self._said_next: deque[Reply] = deque()
        self._garbage = cycle((True, False))
        self._server: ThreadingHTTPServer | None = None

    def answer(self, request: Request, fault: Fault) -> Reply:
        """Do what is asked; under `fault` perhaps only half of it."""
        raise NotImplementedError

    def unavailable(self) -> Reply:
        """Return the platform's words for a passing error."""
        raise NotImplementedError

    def too_many_requests(self) -> Reply:
        """Return the platform's words for a request rate above its limit."""
        raise NotImplementedError

    def say_next(self, *replies: Reply) -> None:
        """Answer the next requests with these, and do nothing else."""
        self._said_next.extend(replies)

    def start(self, port: int = 0) -> int:
        """Serve from threads of this process; return the port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(self))
        self.port = self._server.server_port
        serve = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        serve.start()
        return self.port

    def stop(self) -> None:
        """Stop serving; what was kept stays."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reply_to(self, request: Request) -> Reply | None:
        """Return what is sent back, None where the connection is cut instead."""
        self.received.append(request)
        if self._said_next:
            return self._said_next.popleft()
        fault = self.faults.next()
        self.faults.wait_if(fault)
        if fault is Fault.REFUSE:
            return self.unavailable()
        if fault is Fault.RATE_LIMIT:
            return self.too_many_requests()
        reply = self.answer(request, fault)
        if fault in CUTS:
            return None
        if fault is Fault.GARBAGE:
            is_half = next(self._garbage)
            return Reply(reply.body[: len(reply.body) // 2] if is_half else PROXY_PAGE)
        return reply


def _handler_of(fake: FakeHttp) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: apart they cost 40 ms a request

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = fake.reply_to(Request(self.path, dict(self.headers), body))
            if reply is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
