"""WSGI middleware around moto and the Athena API: records every request, and carries out ordered faults.

It writes one JSON line per request: at (seconds), service, operation, action and resource (the permission and ARN that
IAM would check first), needs (all of them), query (of the URL), access_key, condition (a conditional header of S3),
status, fault.
"""

import io
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.fakes.aws_requests import AwsRequest, parse_request
from tests.fakes.faults import Fault, Faults

WsgiApp = Callable[..., Iterable[bytes]]
Answer = tuple[str, list[tuple[str, str]], bytes]

FAULTS_PATH = "/_faults"
CONDITIONS = ("if-none-match", "if-match")
RESOURCE = "harness.resource"  # an ARN that the app knows and the request does not have
FAULT: ContextVar[Fault | None] = ContextVar("FAULT", default=None)  # of the current request


class Recorded:
    """The app, with its requests recorded in record_file, and with ordered faults."""

    def __init__(self, app: WsgiApp, record_file: Path) -> None:
        self._app = app
        self._record_file = record_file
        self._faults = Faults()
        self._writing = threading.Lock()
        self._conditional = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        if path == FAULTS_PATH:
            status, headers, body = self._control(environ)
        elif path.startswith("/moto-api"):
            return self._app(environ, start_response)
        else:
            status, headers, body = self._recorded(environ, path)
        start_response(status, headers)
        return [body]

    def _control(self, environ: dict[str, Any]) -> Answer:
        access_key = parse_qs(environ["QUERY_STRING"]).get("access_key", [""])[0]
        if environ["REQUEST_METHOD"] == "GET":
            met = json.dumps(self._faults.met(access_key)).encode()
            return "200 OK", [("Content-Length", str(len(met)))], met
        if environ["REQUEST_METHOD"] == "PUT":
            self._faults.add(Fault(**rule) for rule in json.loads(_read_body(environ)))
        else:
            self._faults.clear(access_key)
        return "204 No Content", [("Content-Length", "0")], b""

    def _recorded(self, environ: dict[str, Any], path: str) -> Answer:
        headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
        request = parse_request(environ["REQUEST_METHOD"], path, environ["QUERY_STRING"], headers, _read_body(environ))
        fault = self._faults.take(request)
        conditions = {name: headers[name] for name in CONDITIONS if name in headers}
        try:
            answer = self._answer(environ, request, fault, is_conditional=bool(conditions))
        except Exception:
            self._write(request, conditions, "500", fault, environ["QUERY_STRING"])
            raise
        self._write(
            _with_resource(request, environ.get(RESOURCE)), conditions, answer[0], fault, environ["QUERY_STRING"]
        )
        if fault and fault.truncate_to is not None:
            answer = (*answer[:2], answer[2][: fault.truncate_to])
        return answer

    def _answer(
        self, environ: dict[str, Any], request: AwsRequest, fault: Fault | None, is_conditional: bool
    ) -> Answer:
        if fault:
            time.sleep(fault.delay_seconds)
        if fault and fault.status and not fault.carried_out:
            return _error(environ, request, fault)
        token = FAULT.set(fault)
        try:
            if is_conditional:  # moto compares, then writes; on S3 both are one step
                with self._conditional:
                    answer = _call(self._app, environ)
            else:
                answer = _call(self._app, environ)
        finally:
            FAULT.reset(token)
        return _error(environ, request, fault) if fault and fault.status else answer

    def _write(
        self, request: AwsRequest, conditions: Mapping[str, str], status: str, fault: Fault | None, query: str
    ) -> None:
        action, resource = request.needs[0] if request.needs else (request.name, "*")
        line = json.dumps(
            {
                "at": time.time(),
                "service": request.service,
                "operation": request.operation,
                "action": action,
                "resource": resource,
                "needs": request.needs,
                "query": query,
                "access_key": request.access_key,
                "condition": conditions,
                "status": int(status.split(maxsplit=1)[0]),
                "fault": fault is not None,
            }
        )
        with self._writing, self._record_file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def _with_resource(request: AwsRequest, resource: str | None) -> AwsRequest:
    return replace(request, needs=((request.needs[0][0], resource),)) if resource else request


def _read_body(environ: dict[str, Any]) -> bytes:
    """The whole body, so that no error is sent during an unfinished upload. It stays in environ to be read again."""
    length = environ.get("CONTENT_LENGTH")
    is_terminated = environ.get("wsgi.input_terminated")
    body: bytes = environ["wsgi.input"].read(*([int(length)] if length else [] if is_terminated else [0]))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _call(app: WsgiApp, environ: dict[str, Any]) -> Answer:
    started: list[tuple[str, list[tuple[str, str]]]] = []
    chunks = app(environ, lambda status, headers, *_: started.append((status, headers)))
    try:
        body = b"".join(chunks)
    finally:
        getattr(chunks, "close", lambda: None)()
    return (*started[0], body)


def _error(environ: dict[str, Any], request: AwsRequest, fault: Fault) -> Answer:
    """The error in the service's protocol, so that botocore and others can read its code."""
    if request.service == "s3":
        text = f"<Error><Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message></Error>"
        kind, body = "application/xml", text.encode()
    elif "HTTP_X_AMZ_TARGET" in environ:
        kind, body = "application/x-amz-json-1.1", json.dumps({"__type": fault.code, "message": fault.message}).encode()
    elif "/operation/" in environ["PATH_INFO"]:
        kind, body = "application/cbor", _cbor({"__type": fault.code, "message": fault.message})
    else:
        error = f"<Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message>"
        kind, body = "text/xml", f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>".encode()
    headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
    if kind == "application/cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    return f"{fault.status} Fault", headers, b"" if environ["REQUEST_METHOD"] == "HEAD" else body


def _cbor(texts: Mapping[str, str]) -> bytes:
    """A map of texts; each shorter than 65,536 bytes."""
    items = [item.encode() for pair in texts.items() for item in pair]
    return bytes([0xA0 | len(texts)]) + b"".join(b"\x79" + len(i).to_bytes(2, "big") + i for i in items)
