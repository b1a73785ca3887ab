"""`refi ml generate`: source files of the domain ml, from a known process, with their truth.

Whether a loan defaults is drawn from a probability that depends on nothing but features as of the day of the decision
(DRIVERS), so the best possible ROC-AUC of a model is known. Payments after a default are missed: a feature that reads
later days does better than that. Dates are arrays of datetime64[D], money is in whole cents, months are numbered from
START; an array of months has one row per customer.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from refi_assets.errors import SettingError
from refi_assets.sample.written_tables import Array, write_table

START = np.datetime64("2023-01", "M")
MONTHS = 38  # up to February 2026
LAST_DAY = np.datetime64("2026-02-28", "D")
FIRST_DECISION = 14  # months; there are 13 months of history before it
MAXIMUM_CUSTOMERS = 100_000  # all of them are in memory, in about 1 GB
DUE_DAY, PAY_DAY = 5, 25

# Change of the log-odds of default for one more unit of a feature, and the value at which it changes nothing, which
# stands for unknown, too.
DRIVERS: Mapping[str, tuple[float, float]] = {
    "debt_to_income": (2.6, 0.32),
    "credit_utilization": (1.8, 0.4),
    "combined_ltv": (0.015, 60.0),
    "worst_payment_delay_12m": (0.5, 0.5),
    "income_variation": (2.5, 0.2),
    "savings_rate": (-2.0, 0.1),
    "account_age": (-0.009, 80.0),
    "overdrafts_12m": (0.35, 0.5),
}
BASE_LOG_ODDS = -2.6


@dataclass(frozen=True)
class History:
    """What happened to customers, month by month."""

    first: Array  # number of the month before which there is no history
    opened: Array  # days
    base: Array  # usual income a month
    income: Array  # 0: none
    paid_out: Array  # months of the customers, and up to four amounts in each
    balance: Array  # at the end of the month
    days_late: Array  # of the payment due in the month; -1: none


def generate_customers(customers: int, seed: int, out_dir: Path) -> dict[str, Any]:
    """Write seven source files, truth.json and expected_probabilities.csv; returns the content of truth.json.

    expected_probabilities.csv has each decision's probability of default and its drivers. The same arguments give the
    same files with the same version of NumPy. Raises SettingError for a number outside 10 to MAXIMUM_CUSTOMERS, or if
    out_dir cannot be written to.
    """
    if not 10 <= customers <= MAXIMUM_CUSTOMERS:
        raise SettingError(f"{customers} customers cannot be generated; ask for 10 to {MAXIMUM_CUSTOMERS:,}.")
    rng = np.random.default_rng(seed)
    history = _history(rng, customers)
    decisions = _decisions(rng, history)
    _miss_payments_after_default(history, decisions)
    tables = {**_decision_tables(decisions), **_history_tables(history), "customer_group": _groups(rng, history)}
    known = decisions["is_known"]
    document = {
        "customers": customers,
        "seed": seed,
        "last_day": str(LAST_DAY),
        "decisions": len(known),
        "outcomes_known": int(known.sum()),
        "defaults": int(decisions["defaulted"][known].sum()),
        "best_possible_auc": roc_auc(decisions["probability"][known], decisions["defaulted"][known]),
        "drivers": {name: {"log_odds": weight, "neutral_at": at} for name, (weight, at) in DRIVERS.items()},
    }
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        (out_dir / "truth.json").unlink(missing_ok=True)  # a generation cut short must not look finished
        for name, columns in tables.items():
            write_table(out_dir / f"{name}.csv", columns)
        (out_dir / "truth.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{out_dir} cannot be written to as a folder: {error}. Name another folder.") from None
    return document


def roc_auc(score: Array, positive: Array) -> float | None:
    """The share of pairs of a positive and another row in which the positive has the higher score; ties count half.

    Rounded to six decimals; None if there is no such pair.
    """
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positives = int(positive.sum())
    pairs = positives * (len(positive) - positives)
    return round(float(ranks[positive].sum() - positives * (positives + 1) / 2) / pairs, 6) if pairs else None


def _history(rng: np.random.Generator, customers: int) -> History:
    shape = (customers, MONTHS)
    base = np.exp(rng.normal(8.3, 0.4, customers))
    swing = rng.beta(1.2, 5, (customers, 1)) * 0.9
    income = np.rint(100 * base[:, None] * np.exp(swing * rng.normal(size=shape))).astype(np.int64)
    first = rng.integers(FIRST_DECISION, MONTHS - 3, customers) - 13
    month = np.arange(MONTHS)
    gap = first[:, None] + rng.integers(1, MONTHS * 5, (customers, 1))  # most customers never lose their income
    income[(month >= gap) & (month < gap + 3)] = 0
    spent = base[:, None] * 100 * (1 - rng.uniform(-0.15, 0.4, (customers, 1))) * rng.uniform(0.7, 1.3, shape)
    shares = rng.uniform(0.2, 1, (*shape, 4)) * (np.arange(4) < rng.integers(2, 5, (customers, 1, 1)))
    paid_out = np.rint(spent[:, :, None] * shares / shares.sum(axis=2, keepdims=True)).astype(np.int64)
    level = base * rng.uniform(0.05, 2.0, customers)
    drift = np.cumsum(rng.normal(0, 0.08, shape), axis=1) + rng.normal(0, 0.25, shape)
    balance = np.rint(100 * (level[:, None] + base[:, None] * drift)).astype(np.int64)
    is_late = rng.uniform(size=shape) < rng.beta(0.6, 6, (customers, 1))
    days_late = np.where(is_late, rng.choice([12, 20, 33, 45, 64, 95], shape), 0)
    days_late[rng.uniform(size=customers) < 0.1] = -1
    age = rng.integers(30, 5000, customers)  # days, when the history begins
    opened = (START + first).astype("datetime64[D]") - age.astype("timedelta64[D]")
    return History(first, opened, base, income, paid_out, balance, days_late)


def _decisions(rng: np.random.Generator, history: History) -> dict[str, Array]:
    """The decisions: one of each customer, and a later one of some whose loan has not defaulted by then."""
    customer = np.arange(len(history.first))
    first = _decided(rng, history, customer, history.first + 13)
    later = first["month"] + rng.integers(8, 16, len(customer))
    again = (rng.uniform(size=len(customer)) < 0.25) & (later < MONTHS - 2) & ~first["defaulted"]
    second = _decided(rng, history, customer[again], later[again])
    return {name: np.concatenate([first[name], second[name]]) for name in first}


def _decided(rng: np.random.Generator, history: History, customer: Array, month: Array) -> dict[str, Array]:
    """Decisions about customers in months, with what was known, the probability of default, and the outcome."""
    rows = len(customer)
    day = (START + month).astype("datetime64[D]") + rng.integers(0, 27, rows)
    facts = _facts(rng, history.base[customer])
    texts = _payment_histories(rng, rows)
    features = _features(history, customer, month, day, facts, texts)
    log_odds = np.full(rows, BASE_LOG_ODDS)
    for name, (weight, neutral_at) in DRIVERS.items():
        log_odds += weight * (np.where(np.isnan(features[name]), neutral_at, features[name]) - neutral_at)
    probability = 1 / (1 + np.exp(-log_odds))
    defaulted = rng.uniform(size=rows) < probability
    known_on = day + 365  # of a default, too: otherwise the known outcomes of recent months would all be defaults
    return {
        "customer": customer,
        "month": month,
        "day": day,
        **facts,
        "payment_history": texts,
        **features,
        "probability": probability,
        "defaulted": defaulted,
        "missed_from": month + rng.integers(1, 9, rows),
        "known_on": known_on,
        "is_known": known_on <= LAST_DAY,
    }


def _facts(rng: np.random.Generator, base: Array) -> dict[str, Array]:
    """What an application states, in cents; NaN is missing."""
    rows = len(base)

    def some(values: Array, missing: float) -> Array:
        return np.where(rng.uniform(size=rows) < missing, np.nan, np.rint(100 * values))

    gross = base * 1.3
    limit = base * rng.uniform(0.5, 5, rows)
    value = base * rng.uniform(30, 90, rows)
    has_home = rng.uniform(size=rows) < 0.55
    homes = {
        "property_value": some(value, 0.02),
        "first_lien": some(value * rng.uniform(0.1, 0.95, rows), 0.03),
        "other_liens": some(value * rng.uniform(0.02, 0.25, rows) * (rng.uniform(size=rows) < 0.25), 0),
    }
    return {
        "amount": some(base * rng.uniform(1, 12, rows), 0),
        "gross_monthly_income": some(gross, 0.05),
        "monthly_debt": some(gross * rng.beta(2.2, 4, rows) * 0.95, 0.03),
        "revolving_balance": some(limit * rng.beta(1.2, 2, rows) * 1.1, 0.02),
        "revolving_limit": some(limit, 0.04),
        **{name: np.where(has_home, cents, np.nan) for name, cents in homes.items()},
    }


def _payment_histories(rng: np.random.Generator, rows: int) -> Array:
    """Texts of a credit bureau, 12 months each; some are shorter or missing."""
    late = rng.uniform(size=(rows, 12)) < rng.beta(0.5, 9, (rows, 1))
    letters = np.where(late, rng.choice(list("1123"), (rows, 12)), "0")
    letters[rng.uniform(size=(rows, 12)) < 0.1] = "."
    texts = np.array(["".join(row) for row in letters.tolist()], dtype=object)
    texts[rng.uniform(size=rows) < 0.1] = "."
    texts[rng.uniform(size=rows) < 0.15] = ""
    return texts


def _features(
    history: History, customer: Array, month: Array, day: Array, facts: Mapping[str, Array], texts: Array
) -> dict[str, Array]:
    """The drivers as of the decisions' days, computed from the history in another way than in sql/ml/features/."""
    before = month[:, None] - np.arange(1, 13)  # the twelve whole months before
    row = customer[:, None]
    income, balance = history.income[row, before], history.balance[row, before[:, :11]]
    earlier = history.balance[row, before[:, :11] - 1]
    paid_in = history.income[row, before[:, :6]].sum(axis=1)
    paid_out = history.paid_out[row, before[:, :6]].sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "debt_to_income": facts["monthly_debt"] / facts["gross_monthly_income"],
            "credit_utilization": facts["revolving_balance"] / facts["revolving_limit"],
            "combined_ltv": 100 * (facts["first_lien"] + facts["other_liens"]) / facts["property_value"],
            "worst_payment_delay_12m": _worst_delay(history, customer, month, day, texts),
            "income_variation": income.std(axis=1, ddof=1) / income.mean(axis=1),
            "savings_rate": (paid_in - paid_out) / paid_in,
            "account_age": _whole_months(history.opened[customer], day).astype(float),
            "overdrafts_12m": ((balance < 0) & (earlier >= 0)).sum(axis=1).astype(float),
        }


def _worst_delay(history: History, customer: Array, month: Array, day: Array, texts: Array) -> Array:
    """The longest delay of the newest twelve months in months, by payments and by texts; NaN if nothing was due."""
    months = month[:, None] - np.arange(12)
    days_late = history.days_late[customer[:, None], months]
    since_due = (day[:, None] - _days(months, DUE_DAY)).astype(int)
    of_payments = np.where((days_late < 0) | (since_due < 0), -1, np.minimum(np.minimum(days_late, since_due) // 30, 6))
    of_texts = np.array([max(("0123456".find(letter) for letter in text), default=-1) for text in texts])
    worst = np.maximum(of_payments.max(axis=1), of_texts)
    return np.where(worst < 0, np.nan, worst)


def _whole_months(start: Array, end: Array) -> Array:
    months: Array = (end.astype("datetime64[M]") - start.astype("datetime64[M]")).astype(int)
    return months - (_day_of_month(end) < _day_of_month(start))


def _day_of_month(day: Array) -> Array:
    days: Array = day - day.astype("datetime64[M]").astype("datetime64[D]")
    return days.astype(int)


def _days(month: Array, day_of_month: int) -> Array:
    return (START + month).astype("datetime64[D]") + (day_of_month - 1)


def _miss_payments_after_default(history: History, decisions: Mapping[str, Array]) -> None:
    """From one of the months after the decision, who defaults pays nothing."""
    defaulted = decisions["defaulted"]
    missed = np.arange(MONTHS) >= decisions["missed_from"][defaulted][:, None]
    customer = decisions["customer"][defaulted]
    late = history.days_late[customer]
    history.days_late[customer] = np.where(missed & (late >= 0), 10_000, late)


def _decision_tables(decisions: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    rows = len(decisions["day"])
    decision_id = np.array([f"D{number}" for number in range(1, rows + 1)], dtype=object)
    money = (
        *("amount", "gross_monthly_income", "monthly_debt", "revolving_balance", "revolving_limit"),
        *("property_value", "first_lien", "other_liens"),
    )
    known = decisions["is_known"]
    order = np.argsort(decisions["day"], kind="stable")
    table = {
        "decision_id": decision_id,
        "customer_id": _customer_ids(decisions["customer"]),
        "decided_on": decisions["day"],
        **{name: decisions[name] / 100 for name in money},
        "payment_history": decisions["payment_history"],
        "defaulted": np.where(known, np.where(decisions["defaulted"], "true", "false"), ""),
        "outcome_known_on": np.where(known, decisions["known_on"], np.datetime64("NaT")),
    }
    truth = {"decision_id": decision_id, "probability": decisions["probability"]}
    truth |= {name: decisions[name] for name in DRIVERS}
    return {
        "credit_decision": {name: values[order] for name, values in table.items()},
        "expected_probabilities": {name: values[order] for name, values in truth.items()},
    }


def _history_tables(history: History) -> dict[str, dict[str, Array]]:
    customer, month = np.nonzero(np.arange(MONTHS) >= history.first[:, None])
    names = _customer_ids(np.arange(len(history.first)))
    customer_id = names[customer]
    income, late = history.income[customer, month], history.days_late[customer, month]
    received, is_due = income > 0, late >= 0
    due_on = _days(month, DUE_DAY)
    paid_on = due_on + np.maximum(late, 0)
    last_of_month = (START + month + 1).astype("datetime64[D]") - 1
    paid_out = history.paid_out[customer, month]
    at, number = np.nonzero(paid_out)
    booked_on = np.concatenate(
        [_days(month, PAY_DAY)[received], _days(month, 1)[at] + np.array([2, 8, 15, 21])[number]]
    )
    amount = np.concatenate([income[received], -paid_out[at, number]])
    return {
        "customer_account": {"account_id": _ids("A", len(names)), "customer_id": names, "opened_on": history.opened},
        "customer_payment": {
            "payment_id": _ids("P", int(is_due.sum())),
            "customer_id": customer_id[is_due],
            "due_on": due_on[is_due],
            "paid_on": np.where(paid_on <= LAST_DAY, paid_on, np.datetime64("NaT"))[is_due],
            "amount": np.rint(history.base[customer][is_due] * 15) / 100,
        },
        "customer_income": {
            "customer_id": customer_id[received],
            "received_on": _days(month, PAY_DAY)[received],
            "amount": income[received] / 100,
        },
        "customer_balance": {
            "customer_id": customer_id,
            "balance_on": last_of_month,
            "balance": history.balance[customer, month] / 100,
        },
        "customer_transaction": {
            "transaction_id": _ids("T", len(amount)),
            "customer_id": np.concatenate([customer_id[received], customer_id[at]]),
            "booked_on": booked_on,
            "amount": amount / 100,
        },
    }


def _groups(rng: np.random.Generator, history: History) -> dict[str, Array]:
    """Groups for fairness screens: older customers have older accounts, and sex is unrelated to anything."""
    years = 20 + (history.opened.max() - history.opened).astype(int) // 250 + rng.integers(0, 40, len(history.opened))
    bands = np.array(["18 to 34", "35 to 49", "50 to 61", "62 and over"], dtype=object)
    return {
        "customer_id": _customer_ids(np.arange(len(years))),
        "age_band": bands[np.searchsorted([35, 50, 62], years, side="right")],
        "sex": np.array(["female", "male"], dtype=object)[rng.integers(0, 2, len(years))],
    }


def _customer_ids(numbers: Array) -> Array:
    return np.array([f"C{number + 1}" for number in numbers.tolist()], dtype=object)


def _ids(letter: str, rows: int) -> Array:
    return np.array([f"{letter}{number}" for number in range(1, rows + 1)], dtype=object)
