"""Connections: uvicorn's protocol on httptools, with limits of ours on what a client may send, and on how slowly.

A connection that breaks one is answered with a problem, like any other wrong request, or is closed; no work of the app
begins for it. Bodies are limited in middleware.py.

httptools has no limits of its own. With it, a small answer takes 0.10 ms of the processor, and 0.18 ms with h11; the
limits cost less than can be measured beside that.
"""

import math
import resource
import uuid
from asyncio import Transport
from collections.abc import Callable
from functools import partial
from typing import Any

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from refi_assets.api.middleware import ACCESS, REQUEST_ID
from refi_assets.api.problems import ProblemError, problem_response

MOST_HEAD_BYTES = 32 * 1024  # of a request's line and headers, and of what a chunked body has around its data
MOST_HEADERS = 100
MOST_PIPELINED = 16  # requests that wait for the answer to an earlier one
REQUEST_SECONDS = 10.0  # for a head from its first byte, for the first byte itself, and for a body
READ_SECONDS = 30.0  # for the client to read an answer
IDLE_SECONDS = 75  # between two requests: longer than the 60 of load balancers, since the client has to end it first
LINGER_SECONDS = 2.0  # after a refusal, for the client to read it
TICK_SECONDS = 1.0  # between two looks at a connection's deadlines
FILES_BESIDE = 256  # files that the process has open besides its connections, at most

_HEAD_TOO_LARGE = ProblemError(
    431, "head-too-large", f"A request may have {MOST_HEADERS} headers and {MOST_HEAD_BYTES:,} bytes before its body."
)
_INVALID_HTTP = ProblemError(400, "invalid-http", "The request is not valid HTTP/1.1.")
_TOO_SLOW = ProblemError(408, "request-too-slow", f"The request did not arrive within {REQUEST_SECONDS:g} seconds.")
_FULL = ProblemError(503, "too-many-connections", "The server has too many open connections.", retry_after=1)


def limited_protocol(most: int) -> Callable[..., "LimitedProtocol"]:
    """The protocol of a server with so many open connections at most, for uvicorn's setting `http`."""
    return partial(LimitedProtocol, most=most, waiting={})


def connections_allowed(most: int) -> int:
    """As many connections, or fewer if the process may not open so many files. Raises its soft limit to the hard."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + FILES_BESIDE
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(1, files - FILES_BESIDE)


class LimitedProtocol(HttpToolsProtocol):
    """A connection. `waiting` has those of the server without a request, the one that has waited longest first."""

    def __init__(self, *args: Any, most: int, waiting: "dict[LimitedProtocol, None]", **named: Any) -> None:
        super().__init__(*args, **named)
        self._most, self._waiting = most, waiting
        self._fed = self._head_bytes = self._header_count = 0
        self._deadline = self.loop.time() + REQUEST_SECONDS
        self._read_by = 0.0
        self._refused: ProblemError | None = None
        self._active: RequestResponseCycle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Make room for it by the end of the connection that has waited longest, or refuse it."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(TICK_SECONDS, self._tick)
        if len(self.connections) > self._most:
            if not self._waiting:
                self._refuse(_FULL)
                transport.close()
                return
            longest = next(iter(self._waiting))
            del self._waiting[longest]
            longest.transport.close()
        self._waiting[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it, and tell the app, which uvicorn tells only of the last of pipelined requests."""
        super().connection_lost(exc)
        self.pipeline.clear()
        if self._active is not None:
            self._active.disconnected = True
            self._active.message_event.set()
        self._unset_keepalive_if_required()
        self._timer.cancel()
        self._waiting.pop(self, None)

    def data_received(self, data: bytes) -> None:
        """Parse it, unless the request was refused before."""
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._fed += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.cycle.keep_alive = False  # answered as if it had not asked, since it may speak another protocol now
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, ProblemError) else _INVALID_HTTP)
        else:
            if self._fed > MOST_HEAD_BYTES:
                self._refuse(_HEAD_TOO_LARGE)
            elif self._deadline == math.inf and (self.cycle is None or self.cycle.response_complete):
                self._deadline = self.loop.time() + REQUEST_SECONDS  # empty lines before a request

    def on_message_begin(self) -> None:
        """A request's first byte."""
        super().on_message_begin()
        self._head_bytes = self._header_count = 0
        self._deadline = self.loop.time() + REQUEST_SECONDS

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer after a chunked body."""
        self._header_count += 1
        self._count_head(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete: the app begins."""
        if len(self.pipeline) >= MOST_PIPELINED:
            raise _INVALID_HTTP
        self._fed = 0
        super().on_headers_complete()
        self._waiting.pop(self, None)
        self._deadline = self.loop.time() + REQUEST_SECONDS

    def on_body(self, body: bytes) -> None:
        """A piece of the body; after the answer, the rest of the body is read and forgotten."""
        self._fed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete, and the app may take its time."""
        self._fed = 0
        super().on_message_complete()
        self.cycle.more_body = False
        self._deadline = math.inf

    def on_response_complete(self) -> None:
        """The answer is written, though perhaps not read."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self.scope = self.headers = self.cycle.scope = None  # type: ignore[assignment]  # a quarter of its memory
            if not self.transport.is_closing():
                self._waiting[self] = None
        self._read_by = self.loop.time() + READ_SECONDS

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._active = cycle
        super()._start_asgi_task(cycle, app)

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MOST_HEAD_BYTES or self._header_count > MOST_HEADERS:
            raise _HEAD_TOO_LARGE

    def _tick(self) -> None:
        now = self.loop.time()
        self._timer = self.loop.call_later(TICK_SECONDS, self._tick)
        if now >= self._read_by and self.transport.get_write_buffer_size():
            self.transport.abort()
        elif now >= self._deadline:
            if self._refused:
                self.transport.abort()
            elif self.scope is None:  # it never sent anything
                self.transport.close()
            else:
                self._refuse(_TOO_SLOW)

    def _refuse(self, problem: ProblemError) -> None:
        """Answer with this problem if an answer is due now, and end the connection."""
        self._refused = problem
        self._waiting.pop(self, None)
        if not self._is_answer_due():
            self.transport.close()
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # the app learns it when it reads the rest of the body
            self.cycle.message_event.set()
        request_id = uuid.uuid4().hex
        response = problem_response(problem, request_id)
        headers = [
            *self.server_state.default_headers,
            *response.raw_headers,
            (REQUEST_ID.lower().encode(), request_id.encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        self.transport.write(b"".join([STATUS_LINE[problem.status], *lines, b"\r\n", bytes(response.body)]))
        # Closed at once, the system would answer the bytes still on their way with a reset, and the client might
        # never read this.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._read_by = self._deadline = self.loop.time() + LINGER_SECONDS
        request = {"request_id": request_id, "route": "unknown", "status": problem.status}
        ACCESS.info("%s %d", problem.kind, problem.status, extra={"request": request})

    def _is_answer_due(self) -> bool:
        """Not to requests before this one, which may still be worked on, nor in the middle of an answer."""
        cycle = self.cycle
        if cycle is None or (cycle.response_complete and not cycle.more_body):
            return True
        return cycle.more_body and not cycle.response_started and not self.pipeline
