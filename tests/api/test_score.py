"""POST /v1/score: the answer, and every request that is refused. Expected scores are computed in support/scored.py."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refi_assets.ml.registry import CHAMPION
from tests.support.scored import MODEL, POOR, POOR_PROBABILITY, ServedApp, boosting_of_debt, register, without_id

JSON = {"content-type": "application/json"}


def test_a_score_has_probability_points_reasons_and_the_version(client: TestClient) -> None:
    answer = client.post("/v1/score", json={"model": MODEL, "features": POOR})
    assert answer.status_code == 200
    assert answer.json() == {
        "model": MODEL,
        "version": 1,
        "kind": "logistic_regression",
        "probability": pytest.approx(POOR_PROBABILITY, rel=1e-12),
        "points": 222 + 237,
        "reasons": [
            {"feature": "income", "value": 40_000, "contribution": 280 - 222, "text": None},
            {"feature": "employment", "value": "other", "contribution": 265 - 237, "text": None},
        ],
        "as_of": None,
        "run_id": None,
    }


@pytest.mark.parametrize(
    ("features", "probability", "points"),
    [
        ({"income": None, "employment": "full_time"}, 0.3775406687981454, 251 + 265),  # 1 / (1 + exp(0.5))
        ({"income": 60_000.0, "employment": None}, 0.2689414213699951, 280 + 251),  # 1 / (1 + exp(1))
        ({"income": 60_000, "employment": False}, 0.3775406687981454, 280 + 237),  # a level that the model never saw
    ],
)
def test_null_is_an_unknown_value(client: TestClient, features: Any, probability: float, points: int) -> None:
    answer = client.post("/v1/score", json={"features": features}).json()
    assert answer["probability"] == pytest.approx(probability, rel=1e-12)
    assert answer["points"] == points


def test_a_model_of_trees_has_no_points(served: ServedApp) -> None:
    served.registry.set_alias(MODEL, CHAMPION, 2)
    served.poll()
    answer = served.client.post("/v1/score", json={"features": {"debt_to_income": 0.9}}).json()
    assert (answer["kind"], answer["version"], answer["points"]) == ("gradient_boosting", 2, None)
    assert answer["probability"] > 0.9
    assert [reason["feature"] for reason in answer["reasons"]] == ["debt_to_income"]


def test_a_reason_has_the_words_of_form_c1_where_the_models_file_has_them(served: ServedApp) -> None:
    """The words are those of 12 CFR 1002, appendix C."""
    served.registry.set_alias("default_12m", CHAMPION, register(served.registry, boosting_of_debt(), "default_12m"))
    declared = ServedApp(served.registry, served.lake, ("default_12m",))
    declared.poll()
    answer = declared.client.post("/v1/score", json={"features": {"debt_to_income": 0.9}}).json()
    assert [reason["text"] for reason in answer["reasons"]] == ["Excessive obligations in relation to income"]
    served.registry.remove_alias("default_12m", CHAMPION)


@pytest.mark.parametrize(
    ("features", "errors"),
    [
        ({"income": 1}, {"features.employment": "it is missing; send null if it is unknown"}),
        ({**POOR, "zodiac": "leo"}, {"features.zodiac": "the model has no such feature"}),
        ({**POOR, "income": "40000"}, {"features.income": "it must be a number or null"}),
        ({**POOR, "income": True}, {"features.income": "it must be a number or null"}),
        ({**POOR, "employment": 7}, {"features.employment": "it must be a text or null"}),
        ({**POOR, "income": [1]}, {"features.income": "it must be a finite number, a text, true, false or null"}),
        ({}, dict.fromkeys(("features.income", "features.employment"), "it is missing; send null if it is unknown")),
    ],
)
def test_each_wrong_feature_is_named(client: TestClient, features: Any, errors: dict[str, str]) -> None:
    answer = client.post("/v1/score", json={"features": features})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert without_id(answer.json()) == {
        "type": "urn:refi:problem:invalid-request",
        "title": answer.json()["title"],
        "status": 422,
        "detail": "; ".join(f"{field}: {message}" for field, message in errors.items()) + ".",
        "errors": [{"field": field, "message": message} for field, message in errors.items()],
    }


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "give either features or customer_id."),
        ({"features": POOR, "customer_id": "C1"}, "give either features or customer_id."),
        ({"features": POOR, "extra": 1}, "extra: there is no such field."),
        ({"customer_id": ""}, "customer_id: String should have at least 1 character."),
        ([], "the body must be a JSON object, with the header Content-Type: application/json."),
    ],
)
def test_a_request_of_another_form_is_refused_in_words(client: TestClient, body: Any, detail: str) -> None:
    answer = client.post("/v1/score", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
def test_a_number_that_is_not_finite_is_refused(client: TestClient, number: str) -> None:
    body = f'{{"features": {{"income": {number}, "employment": null}}}}'
    answer = client.post("/v1/score", content=body, headers=JSON)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["features.income"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b'{"features":', 422),
        (b"\xff", 400),
        (b"[" * 60_000, 400),
        (b'{"features": {"income": ' + b"9" * 5_000 + b"}}", 400),
        (b'{"features": {"\\ud800": 1}}', 422),
        (b'{"features": {"income": 1, "employment": "\\ud800"}}', 422),
        (b'{"model": "\\ud800", "features": {}}', 404),
        (b'{"customer_id": "' + b"x" * 300 + b'"}', 422),
        (b" " * 70_000, 413),
    ],
)
def test_a_hostile_body_is_a_problem_and_never_a_failure(client: TestClient, body: bytes, status: int) -> None:
    answer = client.post("/v1/score", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_without_a_length_is_limited_too(client: TestClient) -> None:
    answer = client.post("/v1/score", content=(b" " * 1_000 for _ in range(100)), headers=JSON)
    assert (answer.status_code, answer.json()["detail"]) == (413, "The body may have 65,536 bytes at most.")


def test_problems_quote_no_value(client: TestClient) -> None:
    answer = client.post("/v1/score", json={"features": {"income": "secret", "employment": 4711}, "customer_id": None})
    assert answer.status_code == 422
    assert "secret" not in answer.text
    assert "4711" not in answer.text
