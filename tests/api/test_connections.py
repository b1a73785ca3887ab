"""Hostile connections to `refi serve`: each is answered with 4xx, or closed, and costs others neither time nor memory.

The limits are those that refi_assets/api/connections.py states; sizes and counts here are the issue's.
"""

import json
import resource
import socket
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.api_process import ApiProcess, api_process, read_to_end
from tests.support.serving import wait_for

MIB = 2**20
ALIVE = b"GET /healthz HTTP/1.1\r\nHost: refi\r\n"
KEY = b"(the server's own)"
SCORE = b"POST /v1/score HTTP/1.1\r\nHost: refi\r\nContent-Type: application/json\r\nAuthorization: " + KEY + b"\r\n"
CHUNKED = SCORE + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE = b"Connection: close\r\n\r\n"

# Until a slow request is refused: 10 seconds, and up to one until that is noticed; the rest is for a busy machine, and
# for what the test does meanwhile.
SLOW_SECONDS = 60
IDLE_CONNECTIONS = 10_000
SLOW_CONNECTIONS = 500
FILES_BESIDE = 1_000


def settings(folder: Path, **others: object) -> dict[str, str]:
    """Of a server without models and stores."""
    return {
        "REFI_MLFLOW_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "REFI_API_CONNECTIONS": "12000",
        **{name: str(value) for name, value in others.items()},
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """A server. When the tests are over, it has logged no error, traceback or answer of 5xx."""
    folder = tmp_path_factory.mktemp("hostile")
    with api_process(folder, settings(folder)) as started:
        yield started
        assert is_answering(started)
        assert [line for line in started.lines if is_failure(line)] == []


def is_failure(line: dict[str, Any]) -> bool:
    """Whether a line of the log is an error; /readyz may say that this server has no model."""
    return line["level"] == "ERROR" or (line.get("status", 0) >= 500 and line["route"] != "/readyz")


def is_answering(server: ApiProcess) -> bool:
    """Whether a new connection is answered now."""
    return b"200 OK" in server.exchange(ALIVE + CLOSE)


def with_key(server: ApiProcess, request_bytes: bytes) -> bytes:
    """A request with a key that is valid."""
    return request_bytes.replace(KEY, server.authorization["Authorization"].encode())


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
    assert problem_of(server.exchange(*(with_key(server, piece) for piece in pieces))) == (
        431,
        "urn:refi:problem:head-too-large",
    )


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
    assert problem_of(server.exchange(with_key(server, request_bytes))) == (400, "urn:refi:problem:invalid-http")


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
            half_closed.sendall(with_key(server, sent))
            half_closed.shutdown(socket.SHUT_WR)
            read_to_end(half_closed)
        with server.connected() as reset:
            reset.sendall(with_key(server, sent))
            reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert is_answering(server)


@pytest.mark.parametrize("head", [SCORE + b"Content-Length: 10000000\r\n\r\n", CHUNKED + b"989680\r\n"])
def test_a_body_of_10_mb_is_413(server: ApiProcess, head: bytes) -> None:
    with server.connected() as connection:
        connection.sendall(with_key(server, head))
        body = memoryview(bytes(10_000_000))
        connection.settimeout(0.2)
        sent = 0
        while sent < len(body):  # the answer may come first
            sent += connection.send(body[sent : sent + 65_536])
        connection.settimeout(20)
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_full_server_closes_who_has_waited_longest_and_refuses_others_while_all_are_at_work(tmp_path: Path) -> None:
    with api_process(tmp_path, settings(tmp_path) | {"REFI_API_CONNECTIONS": "3"}) as server:
        time.sleep(0.5)  # until the connections of the start are closed
        first, second, third = (server.connected() for _ in range(3))
        first.sendall(ALIVE + b"\r\n")
        assert first.recv(15) == b"HTTP/1.1 200 OK"
        assert is_answering(server)
        assert second.recv(1) == b""
        at_work = [server.connected() for _ in range(3)]
        for connection in at_work:
            connection.sendall(with_key(server, SCORE) + b"Content-Length: 9\r\n\r\n{")
        assert third.recv(1) == b""
        time.sleep(0.5)
        assert problem_of(server.exchange()) == (503, "urn:refi:problem:too-many-connections")
        at_work[0].close()
        wait_for(lambda: is_answering(server), 5)


def test_10000_idle_and_500_slow_connections_are_closed_while_others_are_answered_at_once(server: ApiProcess) -> None:
    """Idle ones take 8 kB each, and half as much again is allowed."""
    slow = SlowConnections(server)
    before = settled_mb(server)
    idle, peak = crowd(server, slow)
    assert peak - before < idle * 12 / 1024


@pytest.mark.parametrize(("soft", "hard", "allowed", "raised"), [(256, 300, 44, 300), (256, 12_000, 10_000, 10_256)])
def test_the_limit_on_open_files_is_raised_as_far_as_needed_or_allowed(
    soft: int, hard: int, allowed: int, raised: int
) -> None:
    """256 files are kept for what is not a connection."""
    code = (
        "import resource\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "from refi_assets.api.connections import connections_allowed\n"
        "print(connections_allowed(10_000), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{allowed} {raised}\n"


@pytest.mark.long
def test_memory_stays_as_it_is_when_they_come_again(server: ApiProcess) -> None:
    crowd(server, SlowConnections(server))
    _, peak = crowd(server, SlowConnections(server))
    for _ in range(3):
        assert crowd(server, SlowConnections(server))[1] - peak < 20


@pytest.mark.long
def test_clients_that_never_read_are_cut_off(server: ApiProcess) -> None:
    """At most 30 seconds after they could take no more. The system keeps some MB of answers for each, and we none."""
    before, begun = settled_mb(server), time.monotonic()
    asks = b"GET /openapi.json HTTP/1.1\r\nHost: refi\r\n\r\n" * 10
    deaf: set[socket.socket] = set()
    for _ in range(50):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(server.address)
        connection.setblocking(False)
        deaf.add(connection)
    while deaf:
        assert time.monotonic() < begun + 90
        for connection in list(deaf):
            try:
                connection.send(asks if time.monotonic() < begun + 20 else b"")
            except BlockingIOError:
                pass
            except ConnectionError:
                deaf.remove(connection)
                connection.close()
        assert server.resident_mb - before < 30
        assert is_answering(server)
        time.sleep(0.3)


def crowd(server: ApiProcess, slow: "SlowConnections") -> tuple[int, float]:
    """Open idle connections beside slow ones, until all slow ones have ended; the number of idle ones, and the memory.

    Some idle ones never send anything; the others have been answered once.
    """
    idle_count = min(IDLE_CONNECTIONS, raised_file_limit() - SLOW_CONNECTIONS - FILES_BESIDE)
    if idle_count < IDLE_CONNECTIONS:
        warnings.warn(f"the limit on open files allows only {idle_count} idle connections", stacklevel=1)
    idle: list[socket.socket] = []
    seconds: list[float] = []
    for number in range(10):
        batch = [server.connected() for _ in range(idle_count // 10)]
        idle += batch
        if number < 5:
            for connection in batch:
                connection.sendall(ALIVE + b"\r\n")
            assert all(connection.recv(15) == b"HTTP/1.1 200 OK" for connection in batch)
        slow.send_a_byte()
        seconds.append(seconds_of_an_answer(server))
    peak = server.resident_mb
    while slow.connections:
        assert time.monotonic() < slow.begun + SLOW_SECONDS
        time.sleep(0.5)
        slow.send_a_byte()
        seconds.append(seconds_of_an_answer(server))
    assert statistics.median(seconds) < 0.1
    for connection in idle:
        connection.close()
    return len(idle), peak


class SlowConnections:
    """Connections that send a byte now and then, until the server ends them.

    Some send a head, some a body that is waited for, some a body that nobody waits for, and some nothing at all.
    """

    def __init__(self, server: ApiProcess) -> None:
        self.begun = time.monotonic()
        self.connections = {server.connected(): b"G" for _ in range(SLOW_CONNECTIONS)}
        for number, connection in enumerate(list(self.connections)):
            if number < 200:
                connection.sendall(with_key(server, SCORE) + b"Content-Length: 1000\r\n\r\n")
            elif number < 250:
                connection.sendall(b"GET /unknown HTTP/1.1\r\nHost: refi\r\nContent-Length: 1000000\r\n\r\n")
            elif number < 300:
                self.connections[connection] = b""

    def send_a_byte(self) -> None:
        """Send one on each, and forget those that the server has ended; an answer may come before the end."""
        for connection, piece in list(self.connections.items()):
            try:
                connection.send(piece)
                if connection.recv(10_000, socket.MSG_DONTWAIT) == b"":
                    raise ConnectionError
            except BlockingIOError:
                pass
            except ConnectionError:
                del self.connections[connection]
                connection.close()


def seconds_of_an_answer(server: ApiProcess) -> float:
    begun = time.monotonic()
    assert is_answering(server)
    return time.monotonic() - begun


def raised_file_limit() -> int:
    """The most files that a process may have open; this one may, from now on."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = 2 * IDLE_CONNECTIONS
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def settled_mb(server: ApiProcess) -> float:
    """The memory after the server's first look at registry and lake, for which it imports much."""

    def has_looked() -> bool:
        state = httpx.get(f"{server.url}/readyz").json()
        return all(state[part]["age_seconds"] is not None or state[part]["error"] for part in ("registry", "features"))

    wait_for(has_looked, 60)
    return server.resident_mb
