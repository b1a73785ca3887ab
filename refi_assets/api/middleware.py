"""Around every request: its id, its limit of size, its seconds in the metrics, and its line in the access log.

Pure ASGI, since Starlette's other kind of middleware costs more than a score. No part of a path, query, header or body
is logged: they may name a person.
"""

import logging
import re
import time
import uuid

from fastapi import HTTPException
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from refi_assets.api.problems import ProblemError, problem_response
from refi_assets.api.prometheus import ApiMetrics
from refi_assets.errors import type_and_place
from refi_assets.observability.json_logs import Fields, JsonFormatter

REQUEST_ID = "X-Request-ID"
MOST_BYTES = 64 * 1024
MOST_BYTES_OF_A_BATCH = 6 * 1024 * 1024  # as SageMaker has it

ACCESS = logging.getLogger("refi_assets.api.access")
_LOG = logging.getLogger(__name__)


class AccessFormatter(JsonFormatter):
    """A request as one line."""

    def fields(self, record: logging.LogRecord) -> Fields:
        """The keys of a request."""
        return {"event": "REQUEST", "message": record.getMessage(), **getattr(record, "request", {})}


class RequestMiddleware:
    """The middleware, inside of which all other work on a request is done."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered[REQUEST_ID], answered["Cache-Control"] = request_id, "no-store"
            await send(message)

        try:
            await self._app(scope, _limited(scope["path"], headers, receive), send_with_id)
        except Exception as error:
            _LOG.error("Request %s failed: %s", request_id, type_and_place(error))
            if status:
                raise
            problem = ProblemError(500, "internal-error", "The log has the reason, under the request's id.")
            await problem_response(problem, request_id)(scope, receive, send_with_id)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        self._metrics.request_seconds.labels(route, status).observe(seconds)
        request: Fields = {
            "request_id": scope["state"]["request_id"],
            "method": scope["method"],
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 3),
            "key": key.key_id if (key := scope["state"].get("key")) else None,
            "model": scope["state"].get("model"),
            "version": scope["state"].get("version"),
        }
        ACCESS.info("%s %s %d", scope["method"], route, status, extra={"request": request})


def _request_id(headers: Headers) -> str:
    """The caller's own id, if it is harmless in a log, or a new one."""
    given = headers.get(REQUEST_ID, "")
    return given if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) else uuid.uuid4().hex


def _limited(path: str, headers: Headers, receive: Receive) -> Receive:
    """Read at most so many bytes of a body, whether or not the request says how many there are."""
    most = MOST_BYTES_OF_A_BATCH if path.endswith("/invocations") else MOST_BYTES
    declared, read = headers.get("content-length", ""), 0

    async def receive_limited() -> Message:
        nonlocal read
        message: Message = {} if declared.isdigit() and int(declared) > most else await receive()
        if message.get("type") == "http.disconnect":
            raise HTTPException(400, "The body did not arrive whole.")  # seen by nobody, but not logged as our error
        read += len(message.get("body", b""))
        if not message or read > most:
            # FastAPI lets this one error through, and answers 400 to any other.
            raise HTTPException(413, f"The body may have {most:,} bytes at most.")
        return message

    return receive_limited
