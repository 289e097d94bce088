"""A gRPC server on 127.0.0.1 for fakes of Google's APIs: faults, request rates, rich errors.

FakeGrpc.call(name, request, context)
    rate limit -> fault -> the fake's own method -> answer, or a cut or garbled one
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent import futures
from datetime import timedelta
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from tests.fakes.faults import CUTS, Fault, Faults, from_arguments
from tests.fakes.kept import Kept
from tests.fakes.serving import Fake, make_parser, serve_until_terminated

GARBAGE = b"\xff<html><body>502 Bad Gateway</body></html>"

Clock = Callable[[], float]
Method = Callable[[Any, grpc.ServicerContext, Fault], Any]


class Turned(Exception):
    """A request that the fake turns down, with the status that the platform would give."""

    def __init__(self, code: grpc.StatusCode, message: str, *details: Any, key: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.key = key
        """Name of the metadata entry that holds the first detail alone, where a client reads it."""


class RequestRate:
    """Turns requests down above so many a minute or a day of the fake's clock."""

    def __init__(self, a_minute: int, a_day: int, clock: Clock) -> None:
        self._limits = ((60.0, a_minute), (86_400.0, a_day))
        self._clock = clock
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def admit(self) -> float:
        """Count one request and return 0, or the seconds until it would be admitted."""
        with self._lock:
            now = self._clock()
            while self._times and self._times[0] <= now - self._limits[-1][0]:
                self._times.popleft()
            for seconds, limit in self._limits:
                within = [at for at in self._times if at > now - seconds]
                if len(within) >= limit:
                    return within[-limit] + seconds - now
            self._times.append(now)
            return 0.0


class FakeGrpc(Fake):
    """Serves methods of one or more services; subclasses say which in `services`."""

    def __init__(
        self,
        *,
        kept: Kept | str = ":memory:",
        faults: Faults | None = None,
        clock: Clock = time.time,
        requests_a_minute: int = 300,
        requests_a_day: int = 100_000,
    ) -> None:
        self.kept = kept if isinstance(kept, Kept) else Kept(kept)
        self.faults = faults or Faults()
        self.clock = clock
        self.rate = RequestRate(requests_a_minute, requests_a_day, clock)
        self.received: deque[Any] = deque(maxlen=100)
        """The last requests as they came in, whatever became of them."""
        self.port = 0
        self._server: grpc.Server | None = None

    def services(self) -> dict[str, dict[str, tuple[type, Method]]]:
        """Return by service and method: the request's protobuf class, and what answers it."""
        raise NotImplementedError

    def too_many_requests(self, wait_seconds: float) -> Turned:
        """Return the platform's words for a request rate above the quota."""
        wait = error_details_pb2.RetryInfo()
        wait.retry_delay.FromTimedelta(timedelta(seconds=wait_seconds))
        return Turned(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded", wait)

    def start(self, port: int = 0) -> int:
        """Serve from threads of this process; return the port."""
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
        for service, methods in self.services().items():
            handlers = {name: self._handler(*method) for name, method in methods.items()}
            handler = grpc.method_handlers_generic_handler(service, handlers)
            self._server.add_generic_rpc_handlers((handler,))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        self._server.start()
        return self.port

    def stop(self) -> None:
        """Stop serving; what was kept stays."""
        if self._server is not None:
            self._server.stop(grace=None).wait()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _handler(self, request_class: type, method: Method) -> grpc.RpcMethodHandler:
        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return self._answer(request, context, method)
            except Turned as turned:
                _abort(context, turned)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=request_class.FromString,
            response_serializer=lambda reply: (
                reply if isinstance(reply, bytes) else reply.SerializeToString()
            ),
        )

    def _answer(self, request: Any, context: grpc.ServicerContext, method: Method) -> Any:
        self.received.append(request)
        if wait_seconds := self.rate.admit():
            raise self.too_many_requests(wait_seconds)
        fault = self.faults.next()
        self.faults.wait_if(fault)
        if fault is Fault.REFUSE:
            raise Turned(grpc.StatusCode.UNAVAILABLE, "The service is currently unavailable.")
        if fault is Fault.RATE_LIMIT:
            raise self.too_many_requests(0.05)
        reply = method(request, context, fault)
        if fault in CUTS:
            raise Turned(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        return GARBAGE if fault is Fault.GARBAGE else reply


def _abort(context: grpc.ServicerContext, turned: Turned) -> NoReturn:
    """End the call with the status and its details, in the metadata where clients look for them."""
    packed = []
    for detail in turned.details:
        packed.append(any_pb2.Any())
        packed[-1].Pack(detail)
    status = status_pb2.Status(code=turned.code.value[0], message=turned.message, details=packed)
    if turned.key:
        context.set_trailing_metadata(((turned.key, turned.details[0].SerializeToString()),))
    else:
        context.set_trailing_metadata(rpc_status.to_status(status).trailing_metadata)
    context.abort(turned.code, turned.message)


def refused_fields(violations: Sequence[tuple[str, str]], quoted: str = "") -> Turned:
    """Return what a request with wrong fields is told: every field's path and its reason.

    Its message may quote what was sent.
    """
    details = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=field, reason=reason, description=f"{reason}: {quoted}"
            )
            for field, reason in violations
        ]
    )
    return Turned(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid argument. {quoted}", details)


def serve_google(
    fake: type[FakeGrpc], description: str | None, *, requests_a_minute: int = 300
) -> None:
    """Serve a fake of Google's as a process of its own, by its command line."""
    parser = make_parser(description)
    parser.add_argument("--requests-a-minute", type=int, default=requests_a_minute)
    parser.add_argument("--requests-a-day", type=int, default=100_000)
    parser.add_argument("--processing-seconds", type=float, default=0.0)
    options = parser.parse_args()
    served = fake(
        kept=options.kept,
        faults=from_arguments(options),
        requests_a_minute=options.requests_a_minute,
        requests_a_day=options.requests_a_day,
        processing_seconds=options.processing_seconds,
    )
    serve_until_terminated(served, options.port)
