"""The OpenAPI document is complete and true: schemathesis, an independent reader of it, finds no contradiction."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import ScenarioFinished
from starlette.testclient import TestClient

from refi_assets.lake import FolderStore
from refi_assets.ml.registry import Registry
from tests.support.offer_runs import register_models
from tests.support.scored import MODEL, ServedApp, publish_customers
from tests.support.stored_offers import OfferApp, offer_of


async def checks_of(schema: Any, served: ServedApp) -> list[Any]:
    """What schemathesis checked, in a thread, while events are written."""

    def checked() -> list[Any]:
        finished = [event for event in from_schema(schema).execute() if isinstance(event, ScenarioFinished)]
        return [check for event in finished for case in event.recorder.checks.values() for check in case]

    async with served.served.writer.running():
        return await asyncio.to_thread(checked)


def test_every_answer_is_as_described(tmp_path: Path) -> None:
    """Of an app with the program's models, features of a customer, and offers, for a key with every scope."""
    registry = Registry(register_models(tmp_path / "registry"))
    offered = OfferApp(registry, FolderStore(str(tmp_path / "lake")))
    offered.publish("w1", [offer_of("C1"), offer_of("C2", tier="excellent")])
    served = offered.served
    features = "780 AS credit_score, 1 AS income, CAST(NULL AS DOUBLE) AS savings_rate"
    publish_customers(served.lake, "r1", date(2026, 3, 2), {"C1": features})
    served.poll()
    generation = {"max-examples": 20, "deterministic": True, "database": "none"}
    config = SchemathesisConfig.from_dict({"seed": 1, "generation": generation, "headers": served.authorization})
    schema = schemathesis.openapi.from_asgi("/openapi.json", served.app, config=config)
    checks = asyncio.run(checks_of(schema, served))
    assert [str(check.failure_info.failure.message) for check in checks if check.failure_info] == []
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
