"""What operators see of requests: ids, metrics and the access log, none of them with personal data."""

import json
import logging

import pytest
from starlette.testclient import TestClient

from refi_assets.api.middleware import ACCESS, AccessFormatter
from refi_assets.ml.registry import RegisteredModel
from tests.support.scored import MODEL, POOR, ServedApp, scorecard_without_evidence


def test_a_request_keeps_its_own_id_or_gets_one(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "trace-1.b_2"}).headers["x-request-id"] == "trace-1.b_2"
    ids = {client.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"] for given in ("", "a b")}
    assert len(ids) == 2
    assert "a b" not in ids
    refused = client.get("/nothing")
    assert refused.json()["request_id"] == refused.headers["x-request-id"]


def test_answers_are_not_to_be_stored(client: TestClient) -> None:
    assert client.post("/v1/score", json={"features": POOR}).headers["cache-control"] == "no-store"


def test_metrics_count_requests_and_scores(client: TestClient) -> None:
    for features in (POOR, POOR, {}):
        client.post("/v1/score", json={"features": features})
    client.post("/invocations", json={"instances": [POOR] * 5})
    client.get("/v1/customers/C-secret")
    lines = client.get("/metrics").text.splitlines()
    assert 'refi_request_seconds_count{route="/v1/score",status="200"} 2.0' in lines
    assert 'refi_request_seconds_count{route="/v1/score",status="422"} 1.0' in lines
    assert 'refi_request_seconds_count{route="unknown",status="404"} 1.0' in lines
    assert f'refi_scores_total{{model="{MODEL}",version="1"}} 7.0' in lines
    values = dict(line.rsplit(" ", 1) for line in lines)
    assert 0 < float(values[f'refi_model_age_seconds{{model="{MODEL}",version="1"}}']) < 3600
    assert 0 < float(values['refi_contact_age_seconds{source="registry"}']) < 3600


def test_the_access_log_names_no_person(
    served: ServedApp, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, ACCESS.name)
    client.post("/v1/score?q=secret", json={"features": POOR}, headers={"X-Request-ID": "r7", "X-Name": "secret"})
    client.post("/v1/score", json={"customer_id": "secret"})
    client.get("/v1/customers/secret")
    lines = [AccessFormatter().format(record) for record in caplog.records if record.name == ACCESS.name]
    assert "secret" not in "".join(lines)
    first, second, third = map(json.loads, lines)
    assert first.pop("milliseconds") > 0
    assert first.pop("time")
    assert first == {
        "level": "INFO",
        "event": "REQUEST",
        "message": "POST /v1/score 200",
        "request_id": "r7",
        "method": "POST",
        "route": "/v1/score",
        "status": 200,
        "key": served.authorization["Authorization"].split("_")[1],
        "model": MODEL,
        "version": 1,
        **dict.fromkeys(("run_id", "job", "asset")),
    }
    assert (second["status"], second["route"], second["model"]) == (404, "/v1/score", None)
    assert (third["status"], third["route"]) == (404, "unknown")


def test_a_failure_of_ours_is_a_problem_and_its_message_is_not_logged(
    served: ServedApp, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    champion = served.champions.served[MODEL].champion
    assert champion is not None
    served.champions.served[MODEL].champion = RegisteredModel(
        MODEL, 9, scorecard_without_evidence(), champion.record, champion.sha256
    )
    answer = client.post("/v1/score", json={"features": {"income": 60_001}})
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:refi:problem:internal-error")
    (failure,) = (record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)
    assert failure.startswith(f"Request {answer.json()['request_id']} failed: IndexError at refi_assets.ml.")
    assert "bounds" not in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/score", 405, "unknown-method"),
        ("PATCH", "/healthz", 405, "unknown-method"),
        ("GET", "/v2", 404, "unknown-route"),
    ],
)
def test_other_routes_and_methods_are_problems(
    client: TestClient, method: str, path: str, status: int, kind: str
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:refi:problem:{kind}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("allow" in answer.headers) == (status == 405)
