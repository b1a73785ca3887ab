"""Hostile connections to `refi serve`: each is answered with 4xx, or closed, and costs others neither time nor memory.

The limits are those that refi_assets/api/connections.py states; sizes and counts here are the issue's.
"""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.api_process import ApiProcess, api_process, read_to_end
from tests.support.serving import wait_for

MIB = 2**20
ALIVE = b"GET /healthz HTTP/1.1\r\nHost: refi\r\n"
SCORE = b"POST /v1/score HTTP/1.1\r\nHost: refi\r\nContent-Type: application/json\r\n"
CHUNKED = SCORE + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE = b"Connection: close\r\n\r\n"

# Until a slow request is refused: 10 seconds, up to one until that is noticed, and two for the client to read the
# answer; the rest is for a busy machine.
SLOW_SECONDS = 20
IDLE_CONNECTIONS = 10_000
FILES_BESIDE = 1_000


def settings(folder: Path, **others: object) -> dict[str, str]:
    """Of a server without models and stores."""
    return {
        "REFI_MLFLOW_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "REFI_STORE_DIR": str(folder / "store"),
        **{name: str(value) for name, value in others.items()},
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """A server. When the tests are over, it has logged no error, traceback or answer of 5xx."""
    folder = tmp_path_factory.mktemp("hostile")
    with api_process(folder, settings(folder)) as started:
        yield started
        assert is_answering(started)
        assert [line for line in started.lines if line["level"] == "ERROR" or line.get("status", 0) >= 500] == []


def is_answering(server: ApiProcess) -> bool:
    """Whether a new connection is answered now."""
    return b"200 OK" in server.exchange(ALIVE + CLOSE)


def problem_of(answer: bytes) -> tuple[int, str]:
    """Status and kind of an answer, which is a problem with the request's id in a header, and ends the connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status_line, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    problem: dict[str, Any] = json.loads(body)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert headers["x-request-id"] == problem["request_id"]
    assert int(status_line.split()[1]) == problem["status"]
    return problem["status"], problem["type"]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([ALIVE, *(b"X-%d: 1\r\n" % number for number in range(1_000)), b"\r\n"], id="1,000 headers"),
        pytest.param([ALIVE + b"X-Large: " + b"x" * MIB + b"\r\n\r\n"], id="a header of 1 MB"),
        pytest.param([b"GET /" + b"x" * MIB + b" HTTP/1.1\r\nHost: refi\r\n\r\n"], id="a path of 1 MB"),
        pytest.param([CHUNKED + b"1\r\n{\r\n0\r\nX-Large: " + b"x" * MIB + b"\r\n\r\n"], id="a trailer of 1 MB"),
        pytest.param([CHUNKED + b"1;x=" + b"x" * MIB + b"\r\n{\r\n0\r\n\r\n"], id="a chunk extension of 1 MB"),
        pytest.param([b"\r\n" * MIB], id="2 MB of empty lines"),
    ],
)
def test_too_large_a_head_is_431(server: ApiProcess, pieces: list[bytes]) -> None:
    assert problem_of(server.exchange(*pieces)) == (431, "urn:refi:problem:head-too-large")


def test_a_head_within_the_limits_is_answered(server: ApiProcess) -> None:
    headers = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 300) for number in range(90))
    assert b"200 OK" in server.exchange(ALIVE + headers + CLOSE)


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(b"GET\r\n\r\n", id="a line without a path"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(b"GET /healthz HTTP/9.9\r\nHost: refi\r\n\r\n", id="HTTP/9.9"),
        pytest.param(b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: refi\r\n\r\n", id="bytes outside ASCII in the path"),
        pytest.param(b"GET http://elsewhere HTTP/1.1\r\nHost: refi\r\n\r\n", id="an address without a path"),
        pytest.param(b"CONNECT refi:443 HTTP/1.1\r\nHost: refi\r\n\r\n", id="CONNECT"),
        pytest.param(ALIVE + b"X: a\x00b\r\n\r\n", id="NUL in a header"),
        pytest.param(SCORE + b"Content-Length: -1\r\n\r\n", id="a negative length"),
        pytest.param(SCORE + b"Content-Length: 5\r\n" + CHUNKED, id="two lengths, as for smuggling"),
        pytest.param(CHUNKED + b"many\r\n", id="a chunk whose length is no number"),
    ],
)
def test_what_is_not_http_is_400(server: ApiProcess, request_bytes: bytes) -> None:
    assert problem_of(server.exchange(request_bytes)) == (400, "urn:refi:problem:invalid-http")


def test_a_request_to_speak_websocket_is_answered_in_http(server: ApiProcess) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    assert server.exchange(ALIVE + upgrade + b"\x81\x85").startswith(b"HTTP/1.1 200 OK")


def test_pipelined_requests_are_answered_in_order_and_very_many_end_the_connection(server: ApiProcess) -> None:
    unknown = b"GET /unknown HTTP/1.1\r\nHost: refi\r\n\r\n"
    answers = server.exchange(*[ALIVE + b"\r\n", unknown] * 5, ALIVE + CLOSE)
    statuses = [piece[:3] for piece in answers.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404"] * 5 + [b"200"]
    assert server.exchange((ALIVE + b"\r\n") * 5_000).count(b"HTTP/1.1") < 5_000


def test_half_closed_and_reset_connections_harm_nobody(server: ApiProcess) -> None:
    for sent in (ALIVE + b"\r\n", ALIVE, CHUNKED + b"1\r\n{\r\n", SCORE + b"Content-Length: 9\r\n\r\n{"):
        with server.connected() as half_closed:
            half_closed.sendall(sent)
            half_closed.shutdown(socket.SHUT_WR)
            read_to_end(half_closed)
        with server.connected() as reset:
            reset.sendall(sent)
            reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert is_answering(server)


@pytest.mark.parametrize("head", [SCORE + b"Content-Length: 10000000\r\n\r\n", CHUNKED + b"989680\r\n"])
def test_a_body_of_10_mb_is_413(server: ApiProcess, head: bytes) -> None:
    with server.connected() as connection:
        connection.sendall(head)
        body = memoryview(bytes(10_000_000))
        connection.settimeout(0.2)
        sent = 0
        while sent < len(body):  # the answer may come first
            sent += connection.send(body[sent : sent + 65_536])
        connection.settimeout(20)
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_slow_clients_are_refused_or_closed_while_others_are_answered_at_once(server: ApiProcess) -> None:
    before = settled_mb(server)
    heads = [server.connected() for _ in range(200)]
    bodies = [server.connected() for _ in range(200)]
    silent = [server.connected() for _ in range(50)]
    unread = [server.connected() for _ in range(50)]
    for connection in bodies:
        connection.sendall(SCORE + b"Content-Length: 1000\r\n\r\n")
    for connection in unread:
        connection.sendall(b"GET /unknown HTTP/1.1\r\nHost: refi\r\nContent-Length: 1000000\r\n\r\n")
    slowly, begun = heads + bodies + unread, time.monotonic()
    seconds_of_others: list[float] = []
    ended: set[socket.socket] = set()
    while len(ended) < len(slowly) and time.monotonic() < begun + SLOW_SECONDS:
        for connection in set(slowly) - ended:
            try:
                connection.sendall(b"G" if time.monotonic() < begun + 1 else b"E")
            except ConnectionError:
                ended.add(connection)
        asked = time.monotonic()
        assert is_answering(server)
        seconds_of_others.append(time.monotonic() - asked)
        time.sleep(1)
    assert len(ended) == len(slowly)
    assert sorted(seconds_of_others)[len(seconds_of_others) // 2] < 0.5
    assert [read_to_end(connection) for connection in silent] == [b""] * len(silent)
    assert settled_mb(server) - before < 10


def settled_mb(server: ApiProcess) -> float:
    """The memory once it no longer grows: the server imports libraries for seconds after its start."""
    last = server.resident_mb

    def is_settled() -> bool:
        nonlocal last
        time.sleep(1)
        before, last = last, server.resident_mb
        return last - before < 1

    wait_for(is_settled, 60)
    return last
