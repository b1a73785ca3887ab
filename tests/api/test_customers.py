"""Scores of customers whose features were published. Expected scores are computed in support/scored.py."""

from datetime import date

import pytest
from starlette.testclient import TestClient

from refi_assets.api.customer_features import PUBLICATION
from refi_assets.ml.registry import CHAMPION
from tests.support.scored import MODEL, POOR_PROBABILITY, ServedApp, publish_customers

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
COLUMNS = "CAST({income} AS DECIMAL(18, 2)) AS income, CAST({employment} AS VARCHAR) AS employment, true AS verified"


def columns(income: str, employment: str) -> str:
    return COLUMNS.format(income=income, employment=employment) + ", DATE '2026-03-01' AS opened_on, 3 AS open_loans"


def test_a_customer_is_scored_by_the_published_features(served: ServedApp, client: TestClient) -> None:
    publish_customers(served.lake, "r1", MONDAY, {"C1": columns("40000", "'other'"), "C2": columns("NULL", "NULL")})
    served.poll()
    answer = client.post("/v1/score", json={"customer_id": "C1"}).json()
    assert answer["probability"] == pytest.approx(POOR_PROBABILITY, rel=1e-12)
    assert (answer["as_of"], answer["run_id"]) == ("2026-03-02", "r1")
    assert [reason["value"] for reason in answer["reasons"]] == [40_000, "other"]
    unknown = client.post("/v1/score", json={"customer_id": "C2"}).json()
    assert unknown["probability"] == 0.5  # no evidence either way
    assert [reason["value"] for reason in unknown["reasons"]] == [None, None]


def test_a_new_publication_is_read_without_a_restart(served: ServedApp, client: TestClient) -> None:
    for run_id, day, income in (("r1", MONDAY, "40000"), ("r2", TUESDAY, "60000")):
        publish_customers(served.lake, run_id, day, {"C1": columns(income, "NULL")})
        served.poll()
        answer = client.post("/v1/score", json={"customer_id": "C1"}).json()
        assert (answer["as_of"], answer["run_id"]) == (day.isoformat(), run_id)
    assert answer["probability"] == pytest.approx(0.2689414213699951, rel=1e-12)  # 1 / (1 + exp(1))


def test_an_unknown_customer_is_404_without_the_id(served: ServedApp, client: TestClient) -> None:
    publish_customers(served.lake, "r1", MONDAY, {"C1": columns("40000", "NULL")})
    served.poll()
    answer = client.post("/v1/score", json={"customer_id": "C-secret"})
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:refi:problem:unknown-customer")
    assert answer.json()["detail"] == "The published features of 2026-03-02 have no such customer."
    assert "C-secret" not in answer.text


def test_before_the_first_publication_features_must_be_sent(client: TestClient) -> None:
    answer = client.post("/v1/score", json={"customer_id": "C1"})
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:refi:problem:features-not-published")
    assert answer.json()["detail"] == "No features of customers are published yet. Send features instead."


def test_until_the_lake_answers_a_customer_must_wait(served: ServedApp) -> None:
    served.champions.poll()
    answer = served.client.post("/v1/score", json={"customer_id": "C1"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert answer.json()["type"] == "urn:refi:problem:features-not-loaded"


def test_a_model_with_other_features_is_named_with_what_it_lacks(served: ServedApp, client: TestClient) -> None:
    publish_customers(served.lake, "r1", MONDAY, {"C1": columns("40000", "NULL")})
    served.registry.set_alias(MODEL, CHAMPION, 2)
    served.poll()
    answer = client.post("/v1/score", json={"customer_id": "C1"})
    assert answer.status_code == 404
    assert answer.json()["detail"] == (
        "The published features of 2026-03-02 have no debt_to_income, which the model needs. Send features instead."
    )


def test_the_last_features_are_kept_if_the_next_cannot_be_read(served: ServedApp, client: TestClient) -> None:
    publish_customers(served.lake, "r1", MONDAY, {"C1": columns("40000", "NULL")})
    served.poll()
    run = {"run_id": "r2", "as_of": "2026-03-03"}
    served.lake.put_json(PUBLICATION.manifest_key("r2"), {**run, "relations": {}})
    served.lake.put_json(PUBLICATION.latest_key, run)
    served.poll()
    assert client.post("/v1/score", json={"customer_id": "C1"}).json()["as_of"] == "2026-03-02"
    features = client.get("/readyz").json()["features"]
    assert (features["run_id"], features["customers"]) == ("r1", 1)
    assert features["error"] == (
        "Run r2 published no ml/customer_features, which the features of customers are read from."
    )
