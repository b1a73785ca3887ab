"""Requests for a score by a program, and their answers in the form of the program's exported files."""

import csv
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

# Of given values, nothing is known of contact, of earlier offers and of other records of the person.
CODES_OF_RUNS_ALONE = {"opted_out", "offered_within_days", "other_record_chosen"}

# The columns of the extract that decide, and those of them whose numbers have decimals.
DECIMALS = {"income", "debt_to_income_ratio", "deposit_balance", "income_variation", "savings_rate"}
VALUES = DECIMALS | {
    *("credit_score", "account_age", "existing_loans", "payment_history", "state", "identity_verified"),
    *("account_status", "employment_status", "transactions_90d", "overdrafts_12m", "covered_borrower"),
}

Answer = dict[str, Any]


def published_answers(offers: Path, judged: Path) -> dict[str, Answer]:
    """The reasons and the offer of each customer, from the files that `refi offers export` writes."""
    terms = {row.pop("customer_id"): row for row in _rows(offers)}
    return {
        row["customer_id"]: {
            "reasons": row["reasons"].split("|") if row["reasons"] else [],
            "offer": {name: _number(text) for name, text in terms.get(row["customer_id"], {}).items()},
        }
        for row in _rows(judged)
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _number(text: str) -> Decimal | str:
    return text if "-" in text or text.isalpha() else Decimal(text)


def values_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the extract, as `refi offers query --json` prints it, as the values of a request."""
    return {
        name: float(value) if name in DECIMALS and value is not None else value
        for name, value in row.items()
        if name in VALUES
    }


def answered(client: TestClient, **request: Any) -> Answer:
    """The answer to a request, in the same form as published_answers()."""
    response = client.post("/v1/score", json={"program": "loan-offer-targeting", **request})
    assert response.status_code == 200, response.text
    body = json.loads(response.text, parse_float=Decimal, parse_int=Decimal)
    not_terms = {"program_id", "as_of", "run_id", "reasons", "models"}
    is_offered = body["tier"] is not None
    return {
        "reasons": [reason["code"] for reason in body["reasons"]],
        "offer": {name: value for name, value in body.items() if name not in not_terms} if is_offered else {},
    }
