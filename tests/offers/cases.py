"""All customers made by hand, the programs and states by which they are judged, and their source files.

The tables are in chain_cases.py and offer_cases.py; nothing in them is computed by a program. Any reading of the rules
must give every case its codes, whether all cases are in one file or each in its own.
"""

import csv
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.offers.chain_cases import CHAIN_CASES
from tests.offers.made_customers import (
    BASE_CELLS,
    LENIENT,
    OPEN,
    OTHER_PRODUCT,
    SAME_PRODUCT,
    STRICT,
    Case,
)
from tests.offers.offer_cases import OFFER_CASES

CASES: dict[str, tuple[Case, ...]] = {
    program: tuple(case for case in (*CHAIN_CASES, *OFFER_CASES) if case.program == program)
    for program in (STRICT, LENIENT)
}
AS_OF = date(2026, 3, 9)

# The original program with two parameters changed; whatever else the issue adds has its default. The APR of 50,000 USD
# is below maxMaprPct, that of 30,000 USD above it.
_STRICT: dict[str, Any] = {
    "programId": STRICT,
    "programName": "Loan Offer Targeting",
    "enabled": True,
    "marketplaces": ["US"],
    "dataConnectors": [
        {
            "connectorId": "snowflake-credit-profiles",
            "type": "snowflake",
            "config": {
                "account": "bank.us-east-1",
                "database": "customer_data",
                "schema": "credit",
                "query": "SELECT * FROM customer_credit_profiles",
            },
        }
    ],
    "scoringModels": [
        {
            "modelId": "loan-approval-v4",
            "endpoint": "mlflow://loan-approval@champion",
            "features": ["credit_score", "income", "debt_to_income", "payment_history"],
        },
        {
            "modelId": "default-risk-v3",
            "endpoint": "mlflow://default-risk@champion",
            "features": ["account_age", "deposit_balance", "transaction_patterns", "savings_rate"],
        },
    ],
    "filterChain": [
        {"filterId": "trust", "type": "trust", "order": 1},
        {
            "filterId": "credit-qualification",
            "type": "business-rule",
            "order": 2,
            "parameters": {"minCreditScore": 680, "maxDebtToIncome": 0.43, "minPaymentHistory": 12},
        },
        {
            "filterId": "affordability",
            "type": "business-rule",
            "order": 3,
            "parameters": {"checkIncomeStability": True, "checkEmploymentStatus": True},
        },
        {"filterId": "eligibility", "type": "eligibility", "order": 4},
        {
            "filterId": "regulatory-compliance",
            "type": "business-rule",
            "order": 5,
            "parameters": {
                "checkStateLaws": True,
                "checkFederalCompliance": True,
                "excludedStates": ["TX"],
                "maxMaprPct": 7,
            },
        },
    ],
    "channels": [
        {
            "channelId": "email",
            "type": "email",
            "enabled": True,
            "priority": 1,
            "config": {
                "templateId": "loan-offer-v3",
                "sendTime": "10:00",
                "timezone": "local",
                "personalization": "high",
                "includePreApprovalDetails": True,
            },
        },
        {
            "channelId": "in-app",
            "type": "in-app",
            "enabled": True,
            "priority": 2,
            "config": {"bannerType": "loan-offer", "displayDuration": 30, "placement": "dashboard"},
        },
        {
            "channelId": "sms",
            "type": "sms",
            "enabled": True,
            "priority": 3,
            "config": {"message": "You have an offer: {link}", "excellentCreditOnly": True},
        },
    ],
    "loanOfferStrategy": {
        "enabled": True,
        "segmentedOffers": True,
        "segments": [
            {
                "creditTier": "excellent",
                "creditScoreRange": [750, 850],
                "maxLoanAmount": 50000,
                "interestRate": 5.5,
                "term": 60,
            },
            {
                "creditTier": "good",
                "creditScoreRange": [680, 749],
                "maxLoanAmount": 30000,
                "interestRate": 6.5,
                "term": 48,
            },
            {
                "creditTier": "fair",
                "creditScoreRange": [640, 679],
                "maxLoanAmount": 15000,
                "interestRate": 7.5,
                "term": 36,
            },
        ],
    },
    "regulatoryCompliance": {
        "enabled": True,
        "truthInLending": True,
        "fairLending": True,
        "equalCreditOpportunity": True,
        "disclosures": [{"type": kind, "required": True} for kind in ("APR", "fees", "terms")],
    },
    "batchSchedule": "cron(0 2 ? * MON *)",
    "candidateTTLDays": 90,
}


def _lenient() -> dict[str, Any]:
    """Eligibility first, then credit; checks that can be off are off; e-mail alone; other limits."""
    program = deepcopy(_STRICT)
    program["programId"], program["programName"] = LENIENT, "Lenient Loan Offers"
    trust, credit, affordability, eligibility, regulatory = program["filterChain"]
    for order, entry in enumerate((eligibility, credit, trust, affordability, regulatory), 1):
        entry["order"] = order
    credit["parameters"] |= {"minCreditScore": 600, "minPaymentHistory": 3}
    affordability["parameters"] = {"checkIncomeStability": False, "checkEmploymentStatus": False}
    eligibility["parameters"] = {"suppressionDays": 30}
    regulatory["parameters"] = {"checkStateLaws": False, "checkFederalCompliance": False, "excludedStates": []}
    for channel in program["channels"]:
        channel["enabled"] = channel["type"] == "email"
    program["loanOfferStrategy"]["segments"][0]["maxLoanAmount"] = 50050  # not a multiple of 100
    return program


# By programId. The last two judge nobody here; their products decide which past offers count.
PROGRAMS: dict[str, dict[str, Any]] = {
    STRICT: _STRICT,
    LENIENT: _lenient(),
    SAME_PRODUCT: _STRICT | {"programId": SAME_PRODUCT, "programName": "Second Loan Offers"},
    OTHER_PRODUCT: _STRICT | {"programId": OTHER_PRODUCT, "programName": "Auto Loan Offers", "product": "auto_loan"},
}
PRODUCTS = {program_id: program.get("product", "personal_loan") for program_id, program in PROGRAMS.items()}


def _state(max_apr_pct: float, licensed: bool = True) -> dict[str, Any]:
    return {"licensed": licensed, "max_apr_pct": max_apr_pct, "source": "made up", "as_of": "2026-01-01"}


# 50,000 USD at 5.5 % over 60 months have an APR of 6.768001 %, 30,000 at 6.5 % over 48 months 8.0756 %.
STATES: dict[str, Any] = {
    "reviewed_by": "nobody, made up for tests",
    "reviewed_on": "2026-01-01",
    "states": {
        "CA": _state(36),
        "WA": _state(6.768001),
        "ID": _state(6.768),
        "OR": _state(7),
        "NV": _state(6),
        "NY": _state(36, licensed=False),
        "VT": _state(6, licensed=False),
        "TX": _state(36),
    },
}


def write_sources(folder: Path, cases: Iterable[Case]) -> None:
    """Write the source files of some cases. Nobody shares a name or an address but the records of one person."""
    profiles, preferences = [], []
    history: list[dict[str, str]] = []
    log: list[dict[str, str]] = []
    for case in cases:
        profile = {"customer_id": case.customer_id, **_contact(case.person or case.customer_id), **BASE_CELLS}
        profiles += [{**profile, **case.cells, **row} for row in ({}, *case.further_rows)]
        preferences += [{"customer_id": case.customer_id, **OPEN, **row} for row in case.preferences]
        for rows, offers in ((history, case.history), (log, case.log)):
            for program_id, days in offers:
                offered_on = (AS_OF - timedelta(days=days)).isoformat()
                rows.append({"customer_id": case.customer_id, "program_id": program_id, "offered_on": offered_on})
    for sequence, row in enumerate(log, start=1):
        row |= {"sequence": str(sequence), "offer_id": f"offer-{sequence}", "kind": ("sent", "displayed")[sequence % 2]}
    _write(folder / "customer_credit_profiles.csv", profiles, ("customer_id", *_contact(""), *BASE_CELLS))
    _write(folder / "contact_preferences.csv", preferences, ("customer_id", *OPEN))
    _write(folder / "offer_history.csv", history, ("customer_id", "program_id", "offered_on"))
    _write(folder / "offer_log.csv", log, ("program_id", "sequence", "customer_id", "offer_id", "kind", "offered_on"))


def write_program(file: Path, program_id: str, changes: Mapping[str, Any] | None = None) -> None:
    """Write a program's file, with top-level keys changed."""
    file.write_text(yaml.safe_dump(PROGRAMS[program_id] | dict(changes or {}), sort_keys=False), "utf-8")


def write_states(file: Path) -> None:
    """Write the states' file."""
    file.write_text(yaml.safe_dump(STATES, sort_keys=False), "utf-8")


def scores_of(cases: Iterable[Case]) -> dict[str, tuple[str, str]]:
    """Approval likelihood and default probability, by customer."""
    return {case.customer_id: (case.approval_likelihood, case.default_probability) for case in cases}


def persons_of(cases: Iterable[Case]) -> dict[str, str]:
    """The person of each customer."""
    return {case.customer_id: case.person or case.customer_id for case in cases}


def _contact(person: str) -> dict[str, str]:
    """A name and addresses that only this person has."""
    number = 1 + sum(ord(letter) * 31**place for place, letter in enumerate(person)) % 8_999_999
    return {
        "first_name": person.replace("-", " ").title(),
        "last_name": person.replace("-", "").capitalize(),
        "email": f"{person.encode('punycode').decode()}@example.com" if person else "",
        "phone": f"+1 415 {number // 10_000 + 100:03d} {number % 10_000:04d}",
    }


def _write(file: Path, rows: list[dict[str, str]], columns: tuple[str, ...]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
