"""POST /v1/score for a program. Expected terms are those of the table in docs/offers.md, computed by hand.

That answers are those of a batch, of thousands of customers, is in tests/offers/test_program_run.py.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from refi_assets.lake import FolderStore
from refi_assets.ml.registry import CHAMPION, Registry
from refi_assets.offers.programs import programs
from refi_assets.store.key_file import Scope
from tests.support.scored import ServedApp, new_authorization, without_id

PROGRAM_ID, GROUP = "loan-offer-targeting", "loan_offer_targeting"
MONDAY = datetime(2026, 3, 9, 12, tzinfo=UTC)
NO_SUCH_PROGRAM = {
    "type": "urn:refi:problem:unknown-program",
    "title": "Not Found",
    "status": 404,
    "detail": "There is no such program here.",
    "errors": [],
}

# The models give an approval of .9 (.75 for a score up to 700), and a default of .02 (.2 without savings).
BASE = {
    "credit_score": 780,
    "income": 120_000,
    "debt_to_income_ratio": 0.2,
    "account_age": 48,
    "deposit_balance": 6_500.5,
    "existing_loans": 1,
    "payment_history": "000000000000",
    "state": "ca",
    "identity_verified": True,
    "account_status": "Active",
    "employment_status": "full_time",
    "income_variation": 0.1,
    "savings_rate": 0.12,
    "transactions_90d": 60,
    "overdrafts_12m": 0,
    "covered_borrower": False,
}


@pytest.fixture(scope="module")
def registry_of_program(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    from tests.support.offer_runs import register_models  # not earlier: pytest rewrites its plug-in before its import

    return Registry(register_models(tmp_path_factory.mktemp("program") / "registry"))


def new_app(registry: Registry, folder: Path) -> ServedApp:
    """An app with the project's programs, whose clock stands still."""
    lake = FolderStore(str(folder / "lake"))
    return ServedApp(registry, lake, programs=tuple(programs().values()), clock=lambda: MONDAY)


@pytest.fixture
def served(registry_of_program: Registry, tmp_path: Path) -> ServedApp:
    """An app of the test's own, which has not looked at registry and lake yet."""
    return new_app(registry_of_program, tmp_path)


@pytest.fixture(scope="module")
def client(registry_of_program: Registry, tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A client of an app on an empty lake, after its first look."""
    shared = new_app(registry_of_program, tmp_path_factory.mktemp("shared"))
    shared.poll()
    return shared.client


def ask(client: TestClient, **request: Any) -> Any:
    answer = client.post("/v1/score", json={"program": PROGRAM_ID, **request})
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(reason["filter_id"], reason["code"]) for reason in answer["reasons"]]


def test_given_values_get_the_tier_and_every_number_of_the_price(client: TestClient) -> None:
    assert ask(client, customer=BASE) == {
        "program_id": PROGRAM_ID,
        "as_of": "2026-03-09",
        "run_id": None,
        "approval_likelihood": 0.9,
        "default_probability": 0.02,
        "credit_tier": "excellent",
        "score_band": "excellent",
        "tier": "excellent",
        "amount": 50_000,
        "note_rate_pct": 5.5,
        "term_months": 60,
        "monthly_payment": 955.06,
        "last_payment": 954.94,
        "origination_fee": 1_500,
        "amount_financed": 48_500,
        "finance_charge": 8_803.48,
        "total_of_payments": 57_303.48,
        "apr_pct": 6.768001,
        "expires_on": "2026-06-07",
        "reasons": [],
        "models": [
            {"role": "approval", "name": "loan_approval", "version": 1},
            {"role": "default", "name": "default_risk", "version": 1},
        ],
    }


def test_a_customer_whom_the_chain_stops_has_all_reasons_in_words_and_no_scores(client: TestClient) -> None:
    answer = ask(client, customer={**BASE, "credit_score": None, "state": "NY", "covered_borrower": None})
    assert answer.pop("reasons") == [
        {
            "filter_id": "credit-qualification",
            "code": "credit_score_missing",
            "text": "credit_score is at least 680",
        },
        {
            "filter_id": "regulatory-compliance",
            "code": "state_excluded",
            "text": "state is a state with a license that the program does not exclude "
            "(checkStateLaws: true; excludedStates: none)",
        },
    ]
    assert {name: value for name, value in answer.items() if value} == {
        "program_id": PROGRAM_ID,
        "as_of": "2026-03-09",
    }


def test_a_customer_whom_the_scores_stop_has_them_and_no_tier(client: TestClient) -> None:
    answer = ask(client, customer={**BASE, "savings_rate": -0.1})
    assert codes(answer) == [("score", "default_risk_above_max")]
    assert answer["reasons"][0]["text"] == "default_probability is at most 0.08"
    assert (answer["approval_likelihood"], answer["default_probability"]) == (0.9, 0.2)
    assert [model["name"] for model in answer["models"]] == ["loan_approval", "default_risk"]
    assert (answer["tier"], answer["amount"], answer["expires_on"]) == (None, None, None)


def test_an_optional_value_that_is_absent_null_or_blank_is_unknown(client: TestClient) -> None:
    absent = {name: value for name, value in BASE.items() if name != "account_status"}
    answers = [ask(client, customer=absent | more) for more in ({}, {"account_status": None}, {"account_status": " "})]
    assert [codes(answer) for answer in answers] == [[("trust", "account_status_missing")]] * 3


def test_a_number_is_rounded_half_up_as_in_a_file(client: TestClient) -> None:
    at_limit, above = (ask(client, customer={**BASE, "debt_to_income_ratio": x}) for x in (0.4300004, 0.4300005))
    assert codes(at_limit) == [("affordability", "amount_below_min")]  # passes the limit of .43; nothing is left
    assert codes(above) == [("credit-qualification", "dti_above_max")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"credit_score": 299}, "credit_score: it must be from 300 to 850, or null"),
        ({"credit_score": 720.5}, "credit_score: it must be a whole number or null"),
        ({"credit_score": "720"}, "credit_score: it must be a number or null"),
        ({"credit_score": True}, "credit_score: it must be a number or null"),
        ({"income": -0.001}, "income: it must be from 0 to 9,999,999,999,999.99, or null"),
        ({"debt_to_income_ratio": 10.0000001}, "debt_to_income_ratio: it must be from 0 to 10, or null"),
        ({"savings_rate": -1000}, "savings_rate: it must be from -999.999999 to 999.999999, or null"),
        ({"identity_verified": "yes"}, "identity_verified: it must be true, false or null"),
        ({"state": 7}, "state: it must be a text or null"),
        (
            {"employment_status": "astronaut"},
            "employment_status: it must be one of full_time, part_time, self_employed, retired, public_assistance, "
            "unemployed, other, or null",
        ),
        ({"first_name": "Ada"}, "first_name: the rules read no such column"),
        ({"income": [1]}, "income: it must be a finite number, a text, true, false or null"),
    ],
)
def test_a_wrong_value_is_named_and_not_quoted(client: TestClient, change: Any, message: str) -> None:
    answer = client.post("/v1/score", json={"program": PROGRAM_ID, "customer": BASE | change})
    assert (answer.status_code, answer.json()["detail"]) == (422, f"customer.{message}.")


def test_all_columns_that_every_file_has_are_needed(client: TestClient) -> None:
    answer = client.post("/v1/score", json={"program": PROGRAM_ID, "customer": {"state": "CA"}})
    assert answer.status_code == 422
    assert {error["field"].removeprefix("customer."): error["message"] for error in answer.json()["errors"]} == (
        dict.fromkeys(
            (
                *("credit_score", "income", "debt_to_income_ratio", "account_age", "deposit_balance"),
                *("existing_loans", "payment_history"),
            ),
            "it is missing; send null if it is unknown",
        )
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"program": PROGRAM_ID}, "give either customer or customer_id."),
        ({"program": PROGRAM_ID, "customer": BASE, "customer_id": "C1"}, "give either customer or customer_id."),
        ({"program": PROGRAM_ID, "customer": BASE, "model": "m"}, "model does not go with a program."),
        ({"program": PROGRAM_ID, "features": {}}, "features does not go with a program."),
        ({"customer": BASE}, "customer needs a program."),
    ],
)
def test_a_request_of_another_form_is_refused_in_words(client: TestClient, body: Any, detail: str) -> None:
    answer = client.post("/v1/score", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


@pytest.mark.parametrize("text", ["\0", "a\0b", "'; DROP TABLE x", "\u2028", "😀", "x" * 60_000])
def test_hostile_texts_are_values(client: TestClient, text: str) -> None:
    assert codes(ask(client, customer={**BASE, "state": text})) == [("regulatory-compliance", "state_excluded")]


def test_until_rules_and_models_are_loaded_the_answer_is_503(served: ServedApp) -> None:
    answer = served.client.post("/v1/score", json={"program": PROGRAM_ID, "customer": BASE})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:refi:problem:program-not-loaded")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_new_champion_scores_and_stays_if_it_is_withdrawn_or_the_next_one_does_not_fit(served: ServedApp) -> None:
    """Version 2 of loan_approval reads a feature that the program does not give it."""
    from tests.support.offer_runs import approval_model
    from tests.support.registries import record_of

    served.poll()
    registry = served.registry
    registry.set_alias("loan_approval", CHAMPION, registry.register("loan_approval", approval_model(), record_of()))
    served.poll()
    answer = ask(served.client, customer=BASE)
    assert [model["version"] for model in answer["models"]] == [3, 1]
    contact = served.served.programs.by_id[PROGRAM_ID].contact
    registry.set_alias("loan_approval", CHAMPION, 2)
    served.poll()
    assert "version 2, reads savings_rate" in (contact.error or "")
    registry.remove_alias("loan_approval", CHAMPION)
    served.poll()
    assert contact.error == "The registry has no champion of loan_approval."
    assert ask(served.client, customer=BASE) == answer
    registry.set_alias("loan_approval", CHAMPION, 1)


# --- Customers of a published run -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    """A customer of a run: the person, other values than those of BASE, and what was known of contact."""

    person_id: str
    values: Mapping[str, Any]
    is_reachable: bool = True
    last_offered_on: date | None = None


def publish(lake: FolderStore, run_id: str, day: date, records: Mapping[str, Record]) -> None:
    """Publish customers of the program, as its batch does."""
    run, key = {"run_id": run_id, "as_of": day.isoformat()}, f"{GROUP}/customers"
    rows = []
    for customer_id, record in records.items():
        values = {
            **{"customer_id": customer_id, "person_id": record.person_id, "is_reachable": record.is_reachable},
            **BASE,
            **record.values,
        }
        cells = [f"{_literal(value)} AS {name}" for name, value in values.items()]
        offered_on = "NULL" if record.last_offered_on is None else f"'{record.last_offered_on}'"
        rows.append(f"SELECT {', '.join(cells)}, CAST({offered_on} AS DATE) AS last_offered_on")
    relation = {
        "key": key,
        **run,
        "kind": "view",
        "columns": {"customer_id": "VARCHAR"},
        "sql": " UNION ALL ".join(rows),
    }
    lake.put_json(f"runs/{run_id}/{key}.json", relation)
    lake.put_json(f"output/{GROUP}/{run_id}.manifest.json", {**run, "relations": {key: {"run_id": run_id}}})
    lake.put_json(f"output/{GROUP}/latest.json", run)


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


def test_a_customer_of_the_run_is_judged_with_all_that_the_run_knew(served: ServedApp) -> None:
    records = {
        "C1": Record("P1", {}),
        "C2": Record("P2", {"credit_score": 690}),
        "C3": Record("P2", {}),  # the better record of the same person
        "C4": Record("P4", {}, is_reachable=False),
        "C5": Record("P5", {}, last_offered_on=date(2026, 2, 1)),
    }
    publish(served.lake, "r1", date(2026, 3, 2), records)
    served.poll()
    answers = {name: ask(served.client, customer_id=name) for name in records}
    assert {(answer["run_id"], answer["as_of"]) for answer in answers.values()} == {("r1", "2026-03-02")}
    assert {name: (answer["tier"], *codes(answer)) for name, answer in answers.items()} == {
        "C1": ("excellent",),
        "C2": (None, ("offer", "other_record_chosen")),
        "C3": ("excellent",),
        "C4": (None, ("eligibility", "opted_out")),
        "C5": (None, ("eligibility", "offered_within_days")),
    }
    assert answers["C1"]["expires_on"] == "2026-05-31"  # 90 days after the run's Monday


def test_a_customer_who_is_not_in_the_run_is_unknown(served: ServedApp) -> None:
    publish(served.lake, "r1", date(2026, 3, 2), {"C1": Record("P1", {})})
    served.poll()
    for customer_id in ("C2", "'; DROP TABLE record; --", "C1\0", "😀"):
        answer = served.client.post("/v1/score", json={"program": PROGRAM_ID, "customer_id": customer_id})
        assert (answer.status_code, answer.json()["detail"]) == (
            404,
            "The program's published run of 2026-03-02 has no such customer.",
        )


def test_a_new_publication_is_followed_and_stays_if_the_lake_goes_away(served: ServedApp) -> None:
    publish(served.lake, "r1", date(2026, 3, 2), {"C1": Record("P1", {})})
    served.poll()
    assert ask(served.client, customer_id="C1")["tier"] == "excellent"
    publish(served.lake, "r2", date(2026, 3, 9), {"C1": Record("P1", {"credit_score": 690})})
    served.poll()
    answer = ask(served.client, customer_id="C1")
    assert (answer["run_id"], answer["tier"]) == ("r2", "good")
    damage_pointer(served.lake)
    served.poll()
    assert ask(served.client, customer_id="C1") == answer


def damage_pointer(lake: FolderStore) -> None:
    pointer = lake.root / "output" / GROUP / "latest.json"
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.write_text("{")


@pytest.mark.parametrize(
    ("is_damaged", "status", "kind"), [(True, 503, "customers-not-loaded"), (False, 404, "customers-not-published")]
)
def test_before_a_run_is_loaded_there_are_no_customers(
    served: ServedApp, is_damaged: bool, status: int, kind: str
) -> None:
    if is_damaged:
        damage_pointer(served.lake)
    served.poll()
    answer = served.client.post("/v1/score", json={"program": PROGRAM_ID, "customer_id": "C1"})
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:refi:problem:{kind}")
    assert ask(served.client, customer=BASE)["tier"] == "excellent"


# --- Keys -------------------------------------------------------------------------------------------------------------


REQUESTS = {"/v1/score": {"program": PROGRAM_ID, "customer": BASE}, "/invocations": {"instances": [{}]}}


@pytest.mark.parametrize("path", REQUESTS)
def test_a_score_needs_a_key_with_its_scope(served: ServedApp, path: str) -> None:
    """Before anything of the body is read."""
    reading = new_authorization(served.lake.root / "store", Scope.READ, Scope.EVENTS)
    served.poll()
    assert TestClient(served.app).post(path, content=b"{").status_code == 401
    assert TestClient(served.app, headers=reading).post(path, content=b"{").status_code == 403


def test_a_key_of_a_program_may_only_name_that_program(served: ServedApp) -> None:
    own, other = (
        TestClient(served.app, headers=new_authorization(served.lake.root / "store", program=program))
        for program in (PROGRAM_ID, "card-offers")
    )
    served.poll()
    assert ask(own, customer=BASE)["tier"] == "excellent"
    refused = other.post("/v1/score", json=REQUESTS["/v1/score"])
    unknown = other.post("/v1/score", json={"program": "no-such", "customer": BASE})
    assert without_id(refused.json()) == without_id(unknown.json()) == NO_SUCH_PROGRAM
    features = {"model": "default_risk", "features": {"savings_rate": 1}}
    for client in (own, other):
        for path, body in (("/v1/score", features), ("/invocations", {"instances": [{"savings_rate": 1}]})):
            answer = client.post(path, json=body)
            assert (answer.status_code, answer.json()["type"]) == (404, "urn:refi:problem:unknown-model")
    assert served.client.post("/v1/score", json=features).status_code == 200


def test_in_sagemaker_invocations_need_no_key(served: ServedApp) -> None:
    container = ServedApp(served.registry, served.lake, ("default_risk",), sagemaker=True)
    container.poll()
    client = TestClient(container.app)
    assert client.post("/invocations", json={"instances": [{"savings_rate": 1}]}).status_code == 200
    assert client.post("/v1/score", json={"features": {"savings_rate": 1}}).status_code == 401
