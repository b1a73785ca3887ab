"""POST /v1/score for a borrower: decisions by live features, the log of them, and every request that is refused.

The model is the scorecard of support/scored.py with 2 subtracted from the log-odds: poor 1.5 - 2, unknown 0 - 2, good
-1.5 - 2. That adds 28.854 points to each feature. The policy approves below 5 % and declines from 20 %.
"""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest

from refi_assets.lake import FolderStore
from refi_assets.ml.mlflow_client import SQLITE
from refi_assets.ml.registry import CHAMPION, Registry
from refi_assets.risk.live_store import open_alert_outbox, open_decision_log, open_live_scores
from refi_assets.risk.policy import load_risk_policy
from refi_assets.store.alert_outbox import KeyAlert
from refi_assets.store.live_scores import LiveBatch
from tests.support.scored import ServedApp, new_authorization, register, scorecard_by_hand, without_id

MODEL = "live_default"
TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NAMES = ("income", "employment", "other")
POOR, UNKNOWN, GOOD = [40_000, "other", 1], [None, None, 1], [60_000, "full_time", 1]
OF_POOR, OF_UNKNOWN, OF_GOOD = 0.377541, 0.119203, 0.029312  # 1 / (1 + exp(0.5)), of 2, of 3.5


def keep(
    served: ServedApp, features: dict[str, list[Any]], at: datetime = NOON, names: tuple[str, ...] = NAMES
) -> None:
    """Store live features of borrowers, as the stream does."""
    batch = LiveBatch("first", 7, MODEL, 1, at, names)
    count = len(features)
    rows = {
        "key": pa.array(list(features)),
        "as_of": pa.array([TODAY] * count),
        "millionths": pa.array([1] * count, pa.int32()),
        "band": pa.array(["low"] * count),
        "reasons": pa.array([""] * count),
        "newest_event_time": pa.array([NOON - timedelta(minutes=1)] * count).cast(pa.timestamp("us")),
        "features": pa.array([json.dumps(values) for values in features.values()]),
    }
    open_live_scores(str(served.lake.root)).keep(batch, pa.table(rows))


@pytest.fixture(scope="module")
def live_registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A registry with a champion of live_default."""
    from tests.support.registries import (
        new_registry_file,  # not earlier: pytest rewrites that plug-in before its import
    )

    file = new_registry_file(tmp_path_factory.mktemp("live"), tmp_path_factory.getbasetemp())
    registry = Registry(f"{SQLITE}{file}")
    model = replace(scorecard_by_hand(), calibration=(-2, 1))
    registry.set_alias(MODEL, CHAMPION, register(registry, model, MODEL))
    return registry


@pytest.fixture
def live(live_registry: Registry, tmp_path: Path) -> ServedApp:
    """An app at noon, with a store in which the stream has put three borrowers just before."""
    served = ServedApp(live_registry, FolderStore(str(tmp_path / "lake")), (MODEL,), clock=lambda: NOON)
    served.poll()
    keep(served, {"poor": POOR, "unknown": UNKNOWN, "good": GOOD}, NOON - timedelta(seconds=3))
    return served


def decided(served: ServedApp, borrower_id: str) -> dict[str, Any]:
    answer = served.client.post("/v1/score", json={"borrower_id": borrower_id})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_decision_has_its_reasons_and_those_of_the_score(live: ServedApp) -> None:
    assert decided(live, "poor") == {
        "borrower_id": "poor",
        "decision": "decline",
        "decision_reasons": [
            {"code": "probability_too_high", "text": "The probability of default is at least 20 %."},
        ],
        "model": MODEL,
        "version": 1,
        "probability": OF_POOR,
        "reasons": [
            {"feature": "income", "value": 40_000, "contribution": 309 - 251, "text": None},
            {"feature": "employment", "value": "other", "contribution": 294 - 265, "text": None},
        ],
        "as_of": "2026-03-02",
        "processed_at": "2026-03-02T11:59:57Z",
        "newest_event_time": "2026-03-02T11:59:00Z",
    }


def test_probabilities_between_the_bounds_are_referred_and_lower_ones_approved(live: ServedApp) -> None:
    unknown, good = decided(live, "unknown"), decided(live, "good")
    assert (unknown["decision"], unknown["probability"]) == ("refer", OF_UNKNOWN)
    assert [reason["code"] for reason in unknown["decision_reasons"]] == ["probability_not_low"]
    assert (good["decision"], good["probability"], good["decision_reasons"]) == ("approve", OF_GOOD, [])


def test_old_features_neither_approve_nor_decline(live: ServedApp) -> None:
    hours = load_risk_policy().decisions.stale_after_hours
    keep(live, {"good": GOOD, "poor": POOR}, NOON - timedelta(hours=hours, microseconds=1))
    for borrower_id, codes in (("good", []), ("poor", ["probability_too_high"])):
        answer = decided(live, borrower_id)
        assert answer["decision"] == "refer"
        assert [reason["code"] for reason in answer["decision_reasons"]] == ["features_too_old", *codes]
    keep(live, {"good": GOOD}, NOON - timedelta(hours=hours))
    assert decided(live, "good")["decision"] == "approve"


def test_a_borrower_whom_a_rule_reported_of_late_is_referred(live: ServedApp) -> None:
    outbox = open_alert_outbox(str(live.lake.root))
    outbox.add([KeyAlert("good", "payout_velocity", TODAY - timedelta(3))], NOON)
    assert decided(live, "good")["decision"] == "approve"
    outbox.add([KeyAlert(key, "payout_velocity", TODAY - timedelta(2)) for key in ("good", "poor")], NOON)
    good = decided(live, "good")
    assert good["decision"] == "refer"
    assert good["decision_reasons"] == [
        {"code": "reported_by_rule", "text": "Rules reported the borrower: payout_velocity."}
    ]
    assert decided(live, "poor")["decision"] == "decline"


def test_a_champion_that_needs_more_than_the_stream_computed_refers(live: ServedApp) -> None:
    keep(live, {"good": [60_000]}, names=("income",))
    answer = decided(live, "good")
    assert (answer["decision"], answer["probability"], answer["reasons"]) == ("refer", None, [])
    assert answer["decision_reasons"] == [
        {"code": "features_missing", "text": "Features that the model needs are missing: employment."}
    ]


def test_every_answer_is_in_the_log_with_what_it_was_derived_from(live: ServedApp) -> None:
    open_alert_outbox(str(live.lake.root)).add([KeyAlert("poor", "payout_velocity", TODAY)], NOON)
    headers = {"X-Request-ID": "request-1"}
    live.client.post("/v1/score", json={"borrower_id": "poor"}, headers=headers)
    live.client.post("/v1/score", json={"borrower_id": "nobody"})
    log = open_decision_log(str(live.lake.root))
    (decision,) = log.decisions_of("poor")
    assert decision.model_dump() == {
        "at": NOON,
        "request_id": "request-1",
        "client": live.authorization["Authorization"].split("_")[1],
        "key": "poor",
        "answer": "decline",
        "reasons": ("reported_by_rule", "probability_too_high"),
        "probability": OF_POOR,
        "model": MODEL,
        "version": 1,
        "policy_sha256": load_risk_policy().sha256,
        "checkpoint_id": "first",
        "batch": 7,
        "as_of": TODAY,
        "processed_at": NOON - timedelta(seconds=3),
        "alerts": ("payout_velocity",),
        "features": {"income": 40_000, "employment": "other"},
    }
    assert log.decisions_of("nobody") == []


def test_an_unknown_borrower_and_a_missing_stream_are_told_apart(live: ServedApp, tmp_path: Path) -> None:
    answer = live.client.post("/v1/score", json={"borrower_id": "nobody"})
    assert answer.status_code == 404
    problem = without_id(answer.json())
    assert problem["type"] == "urn:refi:problem:unknown-borrower"
    assert "nobody" not in problem["detail"]
    empty = ServedApp(live.registry, FolderStore(str(tmp_path / "empty")), (MODEL,))
    empty.poll()
    answer = empty.client.post("/v1/score", json={"borrower_id": "good"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert answer.json()["type"] == "urn:refi:problem:no-live-scores"


def test_nothing_is_answered_that_cannot_be_logged(live: ServedApp) -> None:
    decided(live, "good")
    path = live.lake.root / "store" / "risk" / "decisions.sqlite"
    for file in path.parent.glob("decisions.sqlite*"):
        file.unlink()
    path.write_bytes(b"not a database" * 1_000)
    answer = live.client.post("/v1/score", json={"borrower_id": "good"})
    assert answer.status_code == 503
    problem = answer.json()
    assert problem["type"] == "urn:refi:problem:live-store-unavailable"
    assert "decision" not in problem


def test_without_a_champion_nothing_is_decided(live: ServedApp, registry: Registry) -> None:
    other = ServedApp(registry, live.lake, ("default_risk",))
    other.poll()
    answer = other.client.post("/v1/score", json={"borrower_id": "good"})
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:refi:problem:unknown-model")
    assert open_decision_log(str(live.lake.root)).decisions_of("good") == []


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"model": MODEL}, "model does not go with a borrower_id"),
        ({"customer_id": "C1"}, "customer_id does not go with a borrower_id"),
        ({"program": "cards", "customer": {}}, "customer does not go with a borrower_id"),
        ({"features": {}}, "features does not go with a borrower_id"),
    ],
)
def test_a_borrower_goes_with_nothing_else(live: ServedApp, more: dict[str, Any], message: str) -> None:
    answer = live.client.post("/v1/score", json={"borrower_id": "good", **more})
    assert answer.status_code == 422
    assert message in answer.json()["detail"]


@pytest.mark.parametrize("borrower_id", ["", "x" * 201, 7, "\ud800"])
def test_a_wrong_borrower_id_is_refused(live: ServedApp, borrower_id: object) -> None:
    body = json.dumps({"borrower_id": borrower_id})
    answer = live.client.post("/v1/score", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "borrower_id"


def test_a_key_of_a_program_decides_on_no_borrower(live: ServedApp) -> None:
    headers = new_authorization(live.lake.root / "store", program="cards-weekly")
    answer = live.client.post("/v1/score", json={"borrower_id": "good"}, headers=headers)
    assert answer.status_code == 404
    assert open_decision_log(str(live.lake.root)).decisions_of("good") == []


def test_decisions_under_load_are_all_logged(live: ServedApp) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with live.client as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/score", json={"borrower_id": "good"}), range(80)))
    assert {answer.status_code for answer in answers} == {200}
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert {decision.request_id for decision in open_decision_log(str(live.lake.root)).decisions_of("good")} == ids


def test_the_document_describes_the_request(live: ServedApp) -> None:
    schemas = live.client.get("/openapi.json").json()["components"]["schemas"]
    variant = schemas["ScoreRequest"]["anyOf"][-1]
    assert variant["required"] == ["borrower_id"]
    assert {name for name, schema in variant["properties"].items() if schema != {"type": "null"}} == {"borrower_id"}
    described = {"$ref": "#/components/schemas/BorrowerScoreAnswer", "components": {"schemas": schemas}}
    for borrower_id in ("poor", "good", "unknown"):
        jsonschema.validate(decided(live, borrower_id), described)
