"""Hostile ids, cursors, parameters and bodies to every route that the OpenAPI document names: 4xx, and never 5xx."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from refi_assets.store.sqlite_store import SqliteOfferStore
from tests.store.offers import offer, publish
from tests.support.api_process import ApiProcess, api_process

# Sent as they are here, so already escaped where HTTP needs it.
HOSTILE = [
    "%00",
    "a%00b",
    "%0d%0aX-Injected:%201",
    "%01%02%1b[2J%7f",
    "%ff%fe%c3%28",
    "%ed%a0%80",
    "..%2f..%2f..%2fetc%2fpasswd",
    "..%5c..%5cwindows",
    "%2e%2e",
    "%F0%9F%92%B8%E2%80%AE",
    "'%20OR%20'1'='1",
    "%22;DROP%20TABLE%20offer;--",
    "*",
    "%25",
    "-1",
    "9" * 5_000,
    "1e999999",
    "NaN",
    "x" * 10_000,
    "%00" * 3_000,
    "{}",
    "$%7Bjndi:ldap://127.0.0.1/a%7D",
]
RIGHT = {
    "program": "loan-offer-targeting",
    "customer_id": "c1",
    "offer_id": "o1",
    "creditTier": "good",
    "minScore": "0.5",
    "minAmount": "100",
    "limit": "5",
}
CURSORS = [
    base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()
    for text in (
        "[]",
        '["r1", 700000, "c1", "2026-02-20", "good", 500000, 10000]',
        '["../../keys", 1, "c1", "2026-02-20", "good", 500000, 10000]',
        '["r1\\u0000", 1e400, "\\ud800", "9999-99-99", null]',
        '{"a": 1}',
        "[" * 900,
        "9" * 900,
    )
]
BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"\\ud800"',
    b"\xff\xfe",
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b'{"event": "displayed", "event": "funded"}',
    b'{"event": "\\u0000", "features": {"\\ud800": 1e999}, "customer": {"a": ["b"]}}',
    b'{"event": NaN}',
    b'{"event": ' + b"9" * 60_000 + b"}",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """A server with a few offers."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    root = folder / "lake" / "store"
    root.mkdir(parents=True)
    with SqliteOfferStore(root, "loan_offer_targeting") as store:
        publish(store, "r1", [offer(f"o{number}", f"c{number}") for number in range(5)])
    settings = {
        "REFI_MLFLOW_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "REFI_API_REQUESTS_PER_SECOND": "100000",  # no request is refused for its rate instead
    }
    with api_process(folder, settings) as started:
        yield started


def operations(server: ApiProcess) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of everything that the document names and that needs a key."""
    document = httpx.get(f"{server.url}/openapi.json").json()
    return [
        (method.upper(), path, operation)
        for path, operations_of_path in document["paths"].items()
        for method, operation in operations_of_path.items()
        if path.startswith("/v1/")
    ]


def test_hostile_ids_parameters_and_bodies_are_never_a_failure(server: ApiProcess) -> None:
    """A customer who is unknown has no offers, so that a hostile id there may be 200; a model may not be loaded."""
    asked = operations(server)
    assert {"/v1/score", "/v1/customers/{customer_id}/offers", "/v1/offers/{offer_id}"} <= {
        path for _, path, _ in asked
    }
    with httpx.Client(headers=server.authorization) as client:
        for method, path, operation in asked:
            right = path
            for name, value in RIGHT.items():
                right = right.replace(f"{{{name}}}", value)
            for target in [*queries(right, operation), *hostile_paths(path)]:
                check(client, server, method, target, b"{}")
            for body in BODIES if "requestBody" in operation else ():
                check(client, server, method, right, body)
    assert [line for line in server.lines if line["level"] == "ERROR"] == []


def hostile_paths(path: str) -> Iterator[str]:
    """The path with each hostile id; more than one id is hostile at once."""
    if "{" in path:
        for value in HOSTILE:
            yield "/".join(value if part.startswith("{") else part for part in path.split("/"))


def queries(path: str, operation: dict[str, Any]) -> Iterator[str]:
    """The path with right parameters, and with each of them hostile."""
    names = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    given = [f"{name}={RIGHT[name]}" for name in names if name in RIGHT]
    yield f"{path}?{'&'.join(given)}"
    for name in names:
        others = [other for other in given if not other.startswith(f"{name}=")]
        for value in (*HOSTILE, *CURSORS):
            yield f"{path}?{'&'.join([*others, f'{name}={value}'])}"


def check(client: httpx.Client, server: ApiProcess, method: str, target: str, body: bytes) -> None:
    url = httpx.URL(server.url).copy_with(raw_path=target.encode())
    headers = {"Content-Type": "application/json", "Idempotency-Key": "hostile"}
    answer = client.request(method, url, content=body if method == "POST" else None, headers=headers)
    assert answer.status_code < 500 or answer.json()["type"].endswith(":model-not-loaded"), (target[:200], answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", target[:200]
        assert json.loads(answer.text)["request_id"] == answer.headers["x-request-id"]
    assert "x-injected" not in answer.headers
