"""Who may ask: keys, scopes, rates, and a key file that changes, vanishes or fails."""

import asyncio
import gc
import logging
import sqlite3
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from refi_assets.api import authorization
from refi_assets.api.authorization import Authorizer, authorized, authorized_route
from refi_assets.api.problems import ProblemError
from refi_assets.store.key_file import KEY_FILE, ApiKey, KeyFile, Scope

NEW_YORK = ZoneInfo("America/New_York")
RATE = 100
UNKNOWN = f"refi_{'0' * 12}_{'0' * 64}"


@dataclass
class Gate:
    """An authorizer on a new file, with a clock that a test moves. It looks at the file for each request."""

    path: Path
    now: datetime = datetime(2026, 3, 2, 12, tzinfo=NEW_YORK)
    authorizer: Authorizer = field(init=False)

    def __post_init__(self) -> None:
        self.file = KeyFile(self.path)
        self.authorizer = Authorizer(self.path, lambda: self.now, RATE)

    def key(self, *scopes: Scope, expires_on: date | None = None, rate: int | None = None) -> str:
        """The token of a new key."""
        return self.file.create(scopes or (Scope.READ,), None, expires_on, rate, self.now)

    def ask(self, token: str, scope: Scope = Scope.READ) -> ApiKey | ProblemError:
        """The key that a request with a token is answered for, or the error."""
        return self.ask_with({"authorization": f"Bearer {token}"}, scope)

    def ask_with(self, headers: dict[str, str], scope: Scope = Scope.READ) -> ApiKey | ProblemError:
        """The same, of a request with these headers."""
        request = request_with(headers)
        try:
            key = self.authorizer.authorize(request, scope)
        except ProblemError as problem:
            assert not hasattr(request.state, "key")
            return problem
        assert request.state.key == key
        return key

    def status(self, token: str, scope: Scope = Scope.READ) -> int:
        """The status that a request with a token gets."""
        answer = self.ask(token, scope)
        return answer.status if isinstance(answer, ProblemError) else 200


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gate:
    monkeypatch.setattr(authorization, "LOOK_SECONDS", 0)
    return Gate(tmp_path / KEY_FILE)


def request_with(headers: dict[str, str]) -> Request:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "headers": encoded})


def id_of(token: str) -> str:
    return token.split("_")[1]


def test_a_valid_key_is_the_requests(gate: Gate) -> None:
    token = gate.key(Scope.READ, Scope.EVENTS)
    key = gate.ask(token)
    assert isinstance(key, ApiKey)
    assert (key.key_id, sorted(key.scopes)) == (id_of(token), ["events", "read"])
    assert isinstance(gate.ask_with({"authorization": f"bearer  {token}"}), ApiKey), "a scheme has no case (RFC 9110)"


def test_no_answer_says_whether_a_key_is_unknown_revoked_or_expired_but_the_log_does(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    revoked, expired = gate.key(), gate.key(expires_on=gate.now.date() - timedelta(days=1))
    gate.file.revoke(id_of(revoked), gate.now)
    wrong = [
        {},
        *({"authorization": f"Bearer {token}"} for token in (revoked, expired, expired, UNKNOWN, "", "x", "é" * 82)),
        *({"authorization": f"{scheme}{gate.key()}"} for scheme in ("", "Basic ", "Bearer: ", "Bearer Bearer ")),
        {"authorization": f"Bearer {gate.key()} "},
        {"authorization": f"Bearer {gate.key().upper()}"},
        {"x-api-key": gate.key()},
    ]
    problems = [gate.ask_with(headers) for headers in wrong]
    answers = {(p.status, p.kind, p.detail, tuple(p.headers.items())) for p in problems if isinstance(p, ProblemError)}
    assert len(problems) == len(wrong)
    assert answers == {
        (
            401,
            "unauthorized",
            "Send a valid key, as in: Authorization: Bearer refi_…",
            (("WWW-Authenticate", "Bearer"),),
        )
    }
    assert [record.getMessage() for record in caplog.records] == [
        f"The key {id_of(revoked)} is revoked; its requests are refused.",
        f"The key {id_of(expired)} is expired; its requests are refused.",
    ]


def test_a_key_is_valid_to_the_end_of_its_last_day_at_the_lender(gate: Gate) -> None:
    token = gate.key(expires_on=date(2026, 3, 31))
    statuses = []
    for gate.now in (
        datetime(2026, 3, 31, 23, 59, tzinfo=NEW_YORK),  # in UTC, it is April
        datetime(2026, 4, 1, 0, 0, tzinfo=NEW_YORK),
    ):
        statuses.append(gate.status(token))
    assert statuses == [200, 401]


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_without_the_scope_is_forbidden(gate: Gate, scope: Scope) -> None:
    token = gate.key(*set(Scope) - {scope})
    problem = gate.ask(token, scope)
    assert isinstance(problem, ProblemError)
    assert (problem.status, problem.kind) == (403, "forbidden")
    assert f"the scope {scope}" in problem.detail
    assert {gate.status(token, other) for other in set(Scope) - {scope}} == {200}


def test_each_key_has_a_rate_and_may_send_the_requests_of_a_second_at_once(gate: Gate) -> None:
    slow, other = gate.key(rate=2), gate.key()
    assert [gate.status(slow) for _ in range(3)] == [200, 200, 429]
    problem = gate.ask(slow)
    assert isinstance(problem, ProblemError)
    assert (problem.kind, problem.headers) == ("too-many-requests", {"Retry-After": "1"})
    assert problem.detail == "This key may send 2 requests a second."
    assert [gate.status(other) for _ in range(RATE + 1)] == [*[200] * RATE, 429]
    gate.now += timedelta(seconds=0.5)
    assert [gate.status(slow) for _ in range(2)] == [200, 429]
    gate.now += timedelta(hours=1)
    assert [gate.status(slow) for _ in range(3)] == [200, 200, 429]


def test_requests_without_the_scope_count(gate: Gate) -> None:
    token = gate.key(rate=1)
    assert [gate.status(token, Scope.SCORE) for _ in range(2)] == [403, 429]


def test_a_clock_that_is_set_back_neither_adds_requests_nor_stops_them(gate: Gate) -> None:
    token = gate.key(rate=2)
    assert [gate.status(token) for _ in range(3)] == [200, 200, 429]
    gate.now -= timedelta(hours=1)
    assert gate.status(token) == 429
    gate.now += timedelta(seconds=0.5)
    assert [gate.status(token) for _ in range(2)] == [200, 429]


def test_a_new_key_and_a_revocation_count_within_a_second(tmp_path: Path) -> None:
    gate = Gate(tmp_path / KEY_FILE)
    assert gate.status(gate.key()) == 200
    token = gate.key()
    _require_within_a_second(lambda: gate.status(token) == 200)
    gate.file.revoke(id_of(token), gate.now)
    _require_within_a_second(lambda: gate.status(token) == 401)


def _require_within_a_second(is_so: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < 1
        time.sleep(0.05)


def test_without_a_file_every_request_is_refused_until_it_is_there(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert [gate.status(UNKNOWN) for _ in range(2)] == [401, 401]
    assert [record.getMessage() for record in caplog.records] == [
        f"There are no API keys in {gate.path}: every request is refused. `refi keys create`"
    ]
    token = gate.key()
    assert gate.status(token) == 200
    gate.path.unlink()
    monkeypatch.setattr(authorization, "MOST_SECONDS", 0)
    assert gate.status(token) == 503, "a file that vanishes fails closed"
    assert f"{gate.path} is away" in caplog.text


def test_a_damaged_file_answers_503_until_it_is_restored(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = gate.key()
    content = gate.path.read_bytes()
    gate.path.write_bytes(b"damaged" * 1_000)
    problem = [gate.ask(token) for _ in range(3)][-1]
    assert isinstance(problem, ProblemError)
    assert (problem.status, problem.kind, problem.headers) == (503, "keys-unavailable", {"Retry-After": "1"})
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith(f"The API keys: {gate.path}: it is damaged")
    gate.path.write_bytes(content)
    assert gate.status(token) == 200
    monkeypatch.setattr(authorization, "MOST_SECONDS", 0)
    gate.path.write_bytes(b"damaged" * 1_000)
    assert gate.status(token) == 503, "keys of before are trusted for a moment only"
    assert len(caplog.records) == 2


def test_a_lock_is_not_waited_for_and_keys_of_before_are_trusted_for_a_moment_only(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = gate.key()
    assert gate.status(token) == 200
    with closing(sqlite3.connect(gate.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        started = time.perf_counter()
        assert gate.status(token) == 200, "as during the commit of any change"
        assert time.perf_counter() - started < 0.5
        assert caplog.records == []
        monkeypatch.setattr(authorization, "MOST_SECONDS", 0)
        assert gate.status(token) == 503
    assert "another process has locked it" in caplog.text
    monkeypatch.undo()
    assert gate.status(token) == 200


def test_wrong_tokens_leave_nothing_in_memory_and_no_token_is_logged(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = gate.key()
    assert gate.status(token) == 200
    monkeypatch.setattr(authorization, "LOOK_SECONDS", 60)
    gate.status(UNKNOWN)
    tracemalloc.start()
    for number in range(1_500):
        gate.status(f"refi_{number:012x}_{number:064x}")
        if number == 500:
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 10_000, "10 bytes a token would be as much"
    assert "refi_" not in caplog.text


def test_last_uses_are_kept_in_the_background(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    used, unused = gate.key(), gate.key()
    gate.status(used)
    assert {key.last_used_at for key in gate.file.all_keys()} == {None}, "not by the request"
    gate.authorizer.keep_last_uses()
    assert {key.key_id: key.last_used_at for key in gate.file.all_keys()} == {
        id_of(used): gate.now,
        id_of(unused): None,
    }

    content = gate.path.stat().st_mtime_ns
    gate.authorizer.keep_last_uses()
    assert gate.path.stat().st_mtime_ns == content, "nothing is written if nothing is new"

    gate.now += timedelta(minutes=1)
    gate.status(used)
    moved = gate.path.rename(gate.path.with_name("moved"))
    for _ in range(2):
        gate.authorizer.keep_last_uses()
    (line,) = (record.getMessage() for record in caplog.records)
    assert line.startswith(f"The last uses of API keys: {gate.path}: it is missing")
    moved.rename(gate.path)
    gate.authorizer.keep_last_uses()
    assert max(key.last_used_at for key in gate.file.all_keys() if key.last_used_at) == gate.now


class Body(BaseModel):
    event: str


@pytest.fixture
def app(gate: Gate) -> FastAPI:
    """A route of FastAPI with a body, and a plain one."""
    router = APIRouter(route_class=authorized_route(gate.authorizer, Scope.EVENTS))

    @router.post("/validated")
    async def validated(body: Body) -> str:
        return body.event

    async def plain(request: Request) -> Response:
        return Response((await request.body()).decode() + request.state.key.key_id)

    app = FastAPI()
    app.include_router(router)
    app.add_route("/plain", authorized(plain, gate.authorizer, Scope.EVENTS), methods=["POST"])
    return app


@pytest.mark.parametrize("path", ["/validated", "/plain"])
def test_nothing_of_the_body_is_read_before_the_key_is_known(app: FastAPI, gate: Gate, path: str) -> None:
    reads = 0

    async def receive() -> dict[str, object]:
        nonlocal reads
        reads += 1
        return {"type": "http.request", "body": b'{"event": "displayed"}'}

    async def ask(token: str) -> int:
        status = 0

        async def send(message: dict[str, object]) -> None:
            nonlocal status
            status = int(str(message.get("status", status)))

        headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {token}".encode())]
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
        try:
            await app(scope, receive, send)  # type: ignore[arg-type]
        except ProblemError as problem:
            return problem.status
        return status

    assert [asyncio.run(ask(token)) for token in (UNKNOWN, gate.key(Scope.READ))] == [401, 403]
    assert reads == 0
    assert asyncio.run(ask(gate.key(Scope.EVENTS))) == 200
    assert reads == 1
