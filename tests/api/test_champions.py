"""Which model is served: the champion, a new one without a restart, and the last good one whatever happens."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from refi_assets.api.app import create_app
from refi_assets.api.champions import Champions
from refi_assets.ml.registry import CHAMPION, Registry
from tests.support.scored import (
    MODEL,
    POOR,
    ServedApp,
    boosting_of_debt,
    register,
    scorecard_by_hand,
    scorecard_without_evidence,
    without_id,
)

FOR_TREES = {"features": {"debt_to_income": 0.1}}
FOR_SCORECARD = {"features": POOR}


def version_of(client: TestClient, body: object) -> int:
    answer = client.post("/v1/score", json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["version"])


def folder_of(registry: Registry) -> Path:
    return Path(registry.uri.removeprefix("sqlite:///")).parent


@contextmanager
def registry_away(registry: Registry) -> Iterator[None]:
    """A registry whose file is not a database for a while."""
    file = folder_of(registry) / "mlflow.db"
    contents = file.read_bytes()
    file.write_bytes(b"not a database. " * 1_000)
    try:
        yield
    finally:
        file.write_bytes(contents)


def test_a_new_champion_is_served_without_a_restart(served: ServedApp, client: TestClient) -> None:
    assert version_of(client, FOR_SCORECARD) == 1
    served.registry.set_alias(MODEL, CHAMPION, 2)
    assert version_of(client, FOR_SCORECARD) == 1
    served.poll()
    assert version_of(client, FOR_TREES) == 2
    assert "features.income" in client.post("/v1/score", json=FOR_SCORECARD).text  # version 2 has other features
    served.registry.set_alias(MODEL, CHAMPION, 1)
    served.poll()
    assert version_of(client, FOR_SCORECARD) == 1


def test_the_last_champion_is_served_while_the_registry_is_away(
    served: ServedApp, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with registry_away(served.registry):
        for _ in range(3):
            served.poll()
        assert version_of(client, FOR_SCORECARD) == 1
        ready = client.get("/readyz")
        assert ready.status_code == 200
        registry = ready.json()["registry"]
        assert registry["age_seconds"] > 0
        assert "REFI_MLFLOW_URI" in registry["error"]
    assert caplog.text.count("The registry: ") == 1, "an outage is logged once, not at every look"
    served.registry.set_alias(MODEL, CHAMPION, 2)
    served.poll()
    assert version_of(client, FOR_TREES) == 2
    assert client.get("/readyz").json()["registry"]["error"] is None


def test_a_damaged_version_is_not_served(
    registry: Registry, served: ServedApp, caplog: pytest.LogCaptureFixture
) -> None:
    name = "damaged_later"
    registry.set_alias(name, CHAMPION, register(registry, scorecard_by_hand(), name))
    served = ServedApp(registry, served.lake, (name,))
    served.poll()
    registry.set_alias(name, CHAMPION, register(registry, boosting_of_debt(), name))
    (file,) = (folder_of(registry) / "artifacts" / name).rglob("estimator.skops")
    file.write_bytes(b"damaged")
    for _ in range(2):
        served.poll()
    client = served.client
    assert version_of(client, FOR_SCORECARD) == 1
    (model,) = client.get("/readyz").json()["models"]
    assert model["version"] == 1
    assert f"{name}, version 2: model/estimator.skops: its SHA-256 is not" in model["error"]
    assert caplog.text.count(model["error"]) == 1
    assert f'refi_model_failed_loads_total{{model="{name}"}} 2.0' in client.get("/metrics").text
    registry.set_alias(name, CHAMPION, 1)
    served.poll()
    assert client.get("/readyz").json()["models"] == [{"model": name, "version": 1, "error": None}]
    registry.remove_alias(name, CHAMPION)


def test_a_version_that_cannot_score_is_not_served(registry: Registry, served: ServedApp) -> None:
    """Its files are as they were registered, but a bin has no evidence."""
    name = "broken"
    registry.set_alias(name, CHAMPION, register(registry, scorecard_without_evidence(), name))
    served = ServedApp(registry, served.lake, (name,))
    served.poll()
    ready = served.client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["models"][0]["error"].startswith("IndexError at refi_assets.ml.")
    registry.remove_alias(name, CHAMPION)


def test_without_a_champion_the_answer_says_when_to_ask_again(served: ServedApp) -> None:
    served.registry.remove_alias(MODEL, CHAMPION)
    served.poll()
    client = served.client
    for answer in (client.post("/v1/score", json=FOR_SCORECARD), client.get("/readyz"), client.get("/ping")):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "7"
    ready = client.get("/readyz").json()
    assert ready["type"] == "urn:refi:problem:not-ready"
    assert ready["detail"] == f"The registry has no champion of {MODEL}."
    assert ready["models"] == [{"model": MODEL, "version": None, "error": ready["detail"]}]
    assert client.get("/healthz").json() == {"status": "alive"}


def test_a_registry_without_any_champion_is_told_from_one_that_has_not_answered(served: ServedApp) -> None:
    served.registry.remove_alias(MODEL, CHAMPION)
    served = ServedApp(served.registry, served.lake)
    client = served.client
    assert client.get("/readyz").json()["detail"] == "The registry has not answered yet."
    served.poll()
    assert client.get("/readyz").json()["detail"] == (
        "There is nothing to serve: no model has a champion (refi model promote NAME VERSION), and no program has "
        "stored offers (refi offers run)."
    )
    assert client.post("/v1/score", json=FOR_SCORECARD).status_code == 503


def test_a_champion_that_the_registry_no_longer_names_is_still_served(served: ServedApp, client: TestClient) -> None:
    served.registry.remove_alias(MODEL, CHAMPION)
    served.poll()
    assert version_of(client, FOR_SCORECARD) == 1
    assert client.get("/readyz").json()["models"][0]["error"] == f"The registry has no champion of {MODEL}."


def test_by_default_every_model_with_a_champion_is_served(registry: Registry, served: ServedApp) -> None:
    names = ("approval", "unfinished")
    for name in names:
        register(registry, scorecard_by_hand(), name)
    registry.set_alias("approval", CHAMPION, 1)
    served = ServedApp(registry, served.lake)
    served.poll()
    client = served.client
    assert [model["model"] for model in client.get("/readyz").json()["models"]] == ["approval", MODEL]
    assert client.post("/v1/score", json={"model": "approval", **FOR_SCORECARD}).json()["model"] == "approval"
    answer = client.post("/v1/score", json=FOR_SCORECARD)
    assert (answer.status_code, answer.json()["detail"]) == (422, f"model: name one of approval, {MODEL}.")
    answer = client.post("/v1/score", json={"model": "zodiac", **FOR_SCORECARD})
    assert (answer.status_code, without_id(answer.json())["detail"]) == (
        404,
        f"There is no such model here; there is approval, {MODEL}.",
    )
    registry.remove_alias("approval", CHAMPION)


def test_a_registry_that_hangs_delays_no_request(served: ServedApp) -> None:
    asked, answered = threading.Event(), threading.Event()

    def hang() -> Registry:
        asked.set()
        answered.wait()
        return served.registry

    app = create_app(replace(served.served, champions=Champions(hang, (MODEL,))), 0.1)
    with TestClient(app, headers=served.authorization) as client:
        asked.wait()
        assert client.get("/healthz").status_code == 200
        assert client.post("/v1/score", json=FOR_SCORECARD).status_code == 503
        answered.set()
        while client.get("/readyz").status_code != 200:
            pass
        assert version_of(client, FOR_SCORECARD) == 1


@pytest.fixture(autouse=True)
def warnings_are_captured(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "refi_assets.api")
