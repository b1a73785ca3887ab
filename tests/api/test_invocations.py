"""SageMaker's container contract. Expected probabilities are computed in support/scored.py."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refi_assets.ml.registry import CHAMPION
from tests.support.scored import MODEL, POOR, POOR_PROBABILITY, ServedApp, register, scorecard_by_hand

CSV = {"content-type": "text/csv"}
ROWS = b'40000,other\n,full_time\r\n6e4,\n"60000","full\ntime"\n'
EXPECTED = [POOR_PROBABILITY, 0.3775406687981454, 0.2689414213699951, 0.3775406687981454]


def test_ping_answers_200_once_the_model_is_loaded(served: ServedApp) -> None:
    client = served.client
    assert client.get("/ping").status_code == 503
    served.poll()
    answer = client.get("/ping")
    assert (answer.status_code, answer.content) == (200, b"")


def test_rows_of_csv_are_in_the_order_of_the_signature(client: TestClient) -> None:
    answer = client.post("/invocations", content=ROWS, headers={"content-type": "text/csv; charset=utf-8"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert [float(line) for line in answer.text.splitlines()] == pytest.approx(EXPECTED, rel=1e-12)


def test_rows_of_json_are_named(client: TestClient) -> None:
    rows = [POOR, {"employment": "full_time", "income": None}, {"income": 60_000, "employment": True}]
    answer = client.post("/invocations", json={"instances": rows}).json()
    assert [row["probability"] for row in answer["predictions"]] == pytest.approx([*EXPECTED[:2], EXPECTED[3]])


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("text/csv", "text/csv"), ("application/json", "application/json"), ("*/*", "application/json")],
)
def test_the_caller_chooses_the_form_of_the_answer(client: TestClient, accept: str, content_type: str) -> None:
    answer = client.post("/invocations", json={"instances": [POOR]}, headers={"accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == content_type


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "the body has no row."),
        (b"\n\n", "the body has no row."),
        (b"1\n2,a,b", "row 1: it has 1 cells and must have 2; row 2: it has 3 cells and must have 2."),
        (b"income,employment", "row 1.income: it must be a number or null."),
        (
            b"1,a\nnan,a\ninf,a\n1_0,a",
            "; ".join(f"row {n}.income: it must be a number or null" for n in (2, 3, 4)) + ".",
        ),
        (b"1,\xff", "the body is not CSV in UTF-8."),
        (b'1,"a', "the body is not CSV in UTF-8."),
        (b"1," + b"x" * 200_000, "the body is not CSV in UTF-8."),
    ],
)
def test_rows_of_csv_that_cannot_be_read_are_named(client: TestClient, body: bytes, detail: str) -> None:
    answer = client.post("/invocations", content=body, headers=CSV)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("", "the body is not valid JSON."),
        ("[]", "the body must be a JSON object, with the header Content-Type: application/json."),
        ('{"instances": []}', "instances: List should have at least 1 item after validation, not 0."),
        ('{"instances": [{"income": 1}]}', "instances.0.employment: it is missing; send null if it is unknown."),
        (
            '{"instances": [{"income": NaN, "employment": null}]}',
            "instances.0.income: it must be a finite number, a text, true, false or null.",
        ),
    ],
)
def test_rows_of_json_that_cannot_be_read_are_named(client: TestClient, body: str, detail: str) -> None:
    answer = client.post("/invocations", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


def test_only_the_first_errors_are_listed(client: TestClient) -> None:
    answer = client.post("/invocations", content="x,\n" * 1_000, headers=CSV)
    assert len(answer.json()["errors"]) == 20


def test_other_types_of_content_and_larger_bodies_are_refused(client: TestClient) -> None:
    answer = client.post("/invocations", content=b"<x/>", headers={"content-type": "text/xml"})
    assert (answer.status_code, answer.json()["detail"]) == (415, "The body must be application/json or text/csv.")
    answer = client.post("/invocations", content=b" " * (6 * 2**20 + 1), headers=CSV)
    assert (answer.status_code, answer.json()["detail"]) == (413, "The body may have 6,291,456 bytes at most.")


def test_of_several_models_the_path_names_one(served: ServedApp) -> None:
    register(served.registry, scorecard_by_hand(), "second")
    served.registry.set_alias("second", CHAMPION, 1)
    both: Any = ServedApp(served.registry, served.lake, (MODEL, "second"))
    both.poll()
    client = both.client
    assert client.post("/invocations", json={"instances": [POOR]}).json()["detail"] == (
        "model: name one of default_risk, second."
    )
    assert client.post("/endpoints/second/invocations", json={"instances": [POOR]}).status_code == 200
    assert client.post("/endpoints/third/invocations", json={"instances": [POOR]}).status_code == 404
    served.registry.remove_alias("second", CHAMPION)
