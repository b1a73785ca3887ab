"""Generated customers with whom nothing is wrong, for loan offers: credit, income, accounts, contact, preferences.

Every program rule passes for them. Columns are arrays of objects, the cells as they are written. The cases in
offer_cases.py change some of them.
"""

from typing import Any

import numpy as np

from refi_assets.sample.offer_cases import OWN_PROGRAM, UNLICENSED_STATES
from refi_assets.sample.person_names import GIVEN_NAMES, SURNAMES
from refi_assets.sample.written_tables import Array, Columns

PERSONAL = ("first_name", "last_name", "email", "phone", "state", "postcode", "time_zone")
STATES_BY_TIME_ZONE = {
    "America/New_York": "CT DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV DC",
    "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
}
STATES_AND_ZONES = [
    (state, zone)
    for zone, states in STATES_BY_TIME_ZONE.items()
    for state in states.split()
    if state not in UNLICENSED_STATES
]
# email_opt_out, sms_consent, in_app_opt_out, call_consent; at least one channel is open.
ANSWERS = (
    *(("false", "true", "false", "true"), ("false", "true", "false", "false"), ("false", "false", "false", "false")),
    *(("false", "false", "true", "false"), ("true", "true", "false", "false"), ("false", "", "false", "")),
    ("no", "yes", "no", "no"),
)
TEXTS = ("12 card, 3 transfers", "31 card, 2 checks, 5 transfers", "4 transfers", "52 card, 9 transfers, 1 wire")


def good_profiles(rng: np.random.Generator, first_number: int, rows: int) -> Columns:
    """The columns of customer_credit_profiles of `rows` customers, numbered from `first_number`."""
    numbers = range(first_number, first_number + rows)
    place = np.array(STATES_AND_ZONES, dtype=object)[rng.integers(len(STATES_AND_ZONES), size=rows)]
    first_name, last_name = _drawn(rng, GIVEN_NAMES, rows), _drawn(rng, SURNAMES, rows)
    return {
        "customer_id": _objects([f"C{number}" for number in numbers]),
        "credit_score": _objects(680 + np.rint(170 * rng.beta(1.5, 2.1, rows)).astype(int)),
        "income": _objects(_incomes(rng, rows)),
        "debt_to_income_ratio": _objects(np.round(0.04 + 0.31 * rng.beta(2.0, 2.2, rows), rng.choice([2, 4]))),
        "account_age": _objects(6 + rng.gamma(2.2, 40, rows).astype(int)),
        "deposit_balance": _objects(np.round(np.exp(rng.normal(9.0, 0.9, rows)), 2)),
        "existing_loans": _objects(rng.choice(3, rows, p=[0.5, 0.33, 0.17])),
        "payment_history": _drawn(rng, _punctual_texts(rng), rows),
        "first_name": first_name,
        "last_name": last_name,
        "email": _objects([f"customer{number}@mail.example" for number in numbers]),
        "phone": _objects(
            [f"{201 + draw // 90}-555-01{10 + draw % 90}" for draw in rng.integers(63_000, size=rows).tolist()]
        ),
        "state": place[:, 0],
        "postcode": _objects([f"{code:05}" for code in rng.integers(1_000, 99_999, rows).tolist()]),
        "time_zone": place[:, 1],
        "identity_verified": _mostly(rng, rows, "true", ("TRUE", "yes", "1")),
        "account_status": _mostly(rng, rows, "active", ("Active", "ACTIVE")),
        "employment_status": _employments(rng, rows),
        # A smaller number would be written with an exponent, which the contract does not take.
        "income_variation": _objects(np.maximum(np.round(0.48 * rng.beta(1.5, 4, rows), 6), 0.0001)),
        "savings_rate": _objects(np.round(rng.normal(0.13, 0.08, rows), 4)),
        "transaction_history": _drawn(rng, TEXTS, rows),
        "transactions_90d": _objects(rng.poisson(rng.gamma(6, 11, rows))),
        "overdrafts_12m": _objects(rng.poisson(rng.gamma(0.8, 0.4, rows))),
        "covered_borrower": _mostly(rng, rows, "false", ("true",)),
    }


def good_preferences(rng: np.random.Generator, customer_id: Array, as_of: np.datetime64) -> Columns:
    """The columns of contact_preferences, a row for each customer."""
    rows = len(customer_id)
    answers = np.array(ANSWERS, dtype=object)[
        rng.choice(len(ANSWERS), rows, p=[0.3, 0.2, 0.25, 0.08, 0.06, 0.05, 0.06])
    ]
    return {
        "customer_id": customer_id.copy(),
        "email_opt_out": answers[:, 0],
        "sms_consent": answers[:, 1],
        "in_app_opt_out": answers[:, 2],
        "call_consent": answers[:, 3],
        "do_not_contact": _mostly(rng, rows, "false", ("no", "0")),
        "changed_on": _objects(np.datetime_as_string(as_of - rng.integers(1, 1500, rows))),
    }


def old_offers(rng: np.random.Generator, rows: int, as_of: np.datetime64) -> tuple[Array, Array]:
    """The program and the day of an offer of 90 days ago or more; NaT for most customers, who had none."""
    offered_on = as_of - rng.integers(90, 900, rows)
    offered_on[rng.uniform(size=rows) < 0.75] = np.datetime64("NaT")
    return _mostly(rng, rows, OWN_PROGRAM, ("spring-loans", "auto-refinance")), offered_on


def _incomes(rng: np.random.Generator, rows: int) -> Array:
    """Whole hundreds of USD, or cents; at least 30,000, of which every ratio leaves enough for the smallest amount."""
    income = np.clip(np.exp(rng.normal(11.2, 0.42, rows)), 30_000, 600_000)
    return np.where(rng.uniform(size=rows) < 0.6, np.round(income, -2), np.round(income, 2))


def _employments(rng: np.random.Generator, rows: int) -> Array:
    words = ("full_time", "part_time", "self_employed", "retired", "public_assistance", "Full_time")
    return np.array(words, dtype=object)[rng.choice(len(words), rows, p=[0.58, 0.12, 0.12, 0.11, 0.04, 0.03])]


def _punctual_texts(rng: np.random.Generator) -> list[str]:
    """Payment histories of 12 to 36 months: nothing late in the newest twelve."""
    texts = []
    for months in rng.integers(12, 37, 512).tolist():
        letters = np.where(rng.uniform(size=months) < 0.1, ".", "0")
        is_late = (np.arange(months) >= 12) & (rng.uniform(size=months) < 0.06)
        texts.append("".join(np.where(is_late, "1", letters).tolist()))
    return texts


def _drawn(rng: np.random.Generator, texts: tuple[str, ...] | list[str], rows: int) -> Array:
    return np.array(texts, dtype=object)[rng.integers(len(texts), size=rows)]


def _mostly(rng: np.random.Generator, rows: int, usual: str, others: tuple[str, ...]) -> Array:
    """The usual text in about 95 of 100 rows."""
    return np.where(rng.uniform(size=rows) < 0.95, _objects([usual] * rows), _drawn(rng, others, rows))


def _objects(values: Array | list[Any]) -> Array:
    cells = np.empty(len(values), dtype=object)
    cells[:] = values.tolist() if isinstance(values, np.ndarray) else values
    return cells
