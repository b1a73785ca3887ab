"""The OpenAPI document is complete and true: schemathesis, an independent reader of it, finds no contradiction."""

from datetime import date

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import ScenarioFinished
from starlette.testclient import TestClient

from tests.support.scored import MODEL, ServedApp, publish_customers


def test_every_answer_is_as_described(served: ServedApp) -> None:
    publish_customers(served.lake, "r1", date(2026, 3, 2), {"C1": "1 AS income, CAST(NULL AS VARCHAR) AS employment"})
    served.poll()
    generation = {"max-examples": 20, "deterministic": True, "database": "none"}
    config = SchemathesisConfig.from_dict({"seed": 1, "generation": generation})
    checks = [
        check
        for event in from_schema(schemathesis.openapi.from_asgi("/openapi.json", served.app, config=config)).execute()
        if isinstance(event, ScenarioFinished)
        for checks_of_case in event.recorder.checks.values()
        for check in checks_of_case
    ]
    assert [str(check.failure_info.failure) for check in checks if check.failure_info] == []
    assert {"not_a_server_error", "positive_data_acceptance", "negative_data_rejection"} < {c.name for c in checks}


def test_all_routes_but_those_of_sagemaker_are_described(client: TestClient) -> None:
    assert set(client.get("/openapi.json").json()["paths"]) == {
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/score",
        "/v1/programs/{program}/candidates",
        "/v1/customers/{customer_id}/offers",
        "/v1/customers/{customer_id}/banners",
        "/v1/offers/{offer_id}",
        "/v1/offers/{offer_id}/events",
    }


def test_a_request_names_the_features_of_the_champion(served: ServedApp) -> None:
    client = served.client
    general = client.get("/openapi.json").json()["components"]["schemas"]["ScoreRequest"]["anyOf"][0]
    assert "properties" not in general["properties"]["features"]
    served.poll()
    exact = client.get("/openapi.json").json()["components"]["schemas"]["ScoreRequest"]["anyOf"][0]
    assert exact["properties"]["model"]["anyOf"] == [{"const": MODEL}, {"type": "null"}]
    features = exact["properties"]["features"]
    assert features["required"] == ["income", "employment"]
    assert features["properties"] == {
        "income": {"type": ["number", "null"]},
        "employment": {"type": ["string", "boolean", "null"]},
    }
