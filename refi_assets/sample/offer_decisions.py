"""Generated decisions from which the models of loan offers learn, drawn from processes that are known.

Whether an application is approved, and whether a loan defaults, depends on nothing but features as of the day of the
decision (DRIVERS), so the best possible ROC-AUC of a model is known. Decisions are of customers of the extract and of
others; there are as many whatever the number of customers. Money is in whole cents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from refi_assets.sample.customers import roc_auc
from refi_assets.sample.written_tables import Array, Columns

APPLICATIONS, LOANS = "application_history", "loan_history"
DECISIONS = 30_000  # of either file
DAYS = 3 * 365  # before the as-of day
DAYS_UNTIL_DECISION_IS_KNOWN, DAYS_UNTIL_DEFAULT_IS_KNOWN = 1, 365

# Change of the log-odds for one more unit of a feature, and the value at which it changes nothing, which stands for
# unknown as well.
Drivers = Mapping[str, tuple[float, float]]
APPROVAL_DRIVERS: Drivers = {
    "credit_score": (0.02, 690.0),
    "income": (0.000008, 60_000.0),
    "debt_to_income": (-6.0, 0.3),
    "worst_payment_delay_12m": (-0.7, 0.0),
}
DEFAULT_DRIVERS: Drivers = {
    "overdrafts_12m": (0.45, 0.5),
    "savings_rate": (-5.0, 0.1),
    "account_age": (-0.01, 80.0),
    "deposit_balance": (-0.00004, 8_000.0),
    "transactions_90d": (-0.008, 60.0),
}
APPROVAL_LOG_ODDS, DEFAULT_LOG_ODDS = -0.9, -3.15


@dataclass(frozen=True)
class DecisionTables:
    """The files' columns, the rows by reason that staging does not accept, and the truth about each model."""

    tables: dict[str, Columns]
    quarantined: dict[str, dict[str, int]]
    models: dict[str, Any]


def decision_tables(rng: np.random.Generator, as_of: np.datetime64) -> DecisionTables:
    """The decisions of the three years before a day."""
    applications, approval = _applications(rng, as_of)
    loans, default = _loans(rng, as_of)
    tables, quarantined = {}, {}
    for name, key, columns in ((APPLICATIONS, "application_id", applications), (LOANS, "loan_id", loans)):
        tables[name], quarantined[name] = _with_repeated_rows(columns, key)
    return DecisionTables(tables, quarantined, {"loan_approval": approval, "default_risk": default})


def _applications(rng: np.random.Generator, as_of: np.datetime64) -> tuple[Columns, dict[str, Any]]:
    day = _days(rng, as_of)
    texts = _payment_histories(rng)
    facts = {
        "credit_score": _some(rng, np.clip(np.rint(rng.normal(705, 70, DECISIONS)), 300, 850), 0.02),
        "income": _some(rng, np.round(np.exp(rng.normal(11.0, 0.5, DECISIONS)), 2), 0.03),
        "debt_to_income": _some(rng, np.round(0.03 + 0.65 * rng.beta(2, 3.2, DECISIONS), 4), 0.03),
        "worst_payment_delay_12m": _worst_delays(texts),
    }
    probability = _probability(facts, APPROVAL_DRIVERS, APPROVAL_LOG_ODDS)
    approved = _outcomes(rng, probability, day)
    is_known = rng.uniform(size=DECISIONS) >= 0.01  # the others were withdrawn
    known_on = day + DAYS_UNTIL_DECISION_IS_KNOWN
    columns = {
        "application_id": _ids("A"),
        "customer_id": _customer_ids(rng),
        "decided_on": day,
        "credit_score": _cells(rng, facts["credit_score"], ("", "n/a", "0"), whole=True),
        "income": _cells(rng, facts["income"], ("", "unknown", "-1")),
        "debt_to_income_ratio": _cells(rng, facts["debt_to_income"], ("", "28%")),
        "payment_history": texts,
        "approved": np.where(is_known, np.where(approved, "true", "false"), ""),
        "outcome_known_on": np.where(is_known, known_on, np.datetime64("NaT")),
    }
    return columns, _truth(probability, approved, is_known, APPROVAL_DRIVERS, APPROVAL_LOG_ODDS)


def _loans(rng: np.random.Generator, as_of: np.datetime64) -> tuple[Columns, dict[str, Any]]:
    day = _days(rng, as_of)
    facts = {
        "overdrafts_12m": _some(rng, rng.poisson(rng.gamma(0.7, 2.2, DECISIONS)), 0.02),
        "savings_rate": _some(rng, np.round(rng.normal(0.09, 0.12, DECISIONS), 4), 0.05),
        "account_age": _some(rng, 2 + rng.gamma(1.6, 45, DECISIONS).astype(int), 0.02),
        "deposit_balance": _some(rng, np.round(np.exp(rng.normal(8.5, 1.0, DECISIONS)), 2), 0.02),
        "transactions_90d": _some(rng, rng.poisson(rng.gamma(4, 16, DECISIONS)), 0.02),
    }
    probability = _probability(facts, DEFAULT_DRIVERS, DEFAULT_LOG_ODDS)
    defaulted = _outcomes(rng, probability, day)
    known_on = day + DAYS_UNTIL_DEFAULT_IS_KNOWN  # of a default, too: recent known outcomes would all be defaults
    is_known = known_on <= as_of
    columns = {
        "loan_id": _ids("L"),
        "customer_id": _customer_ids(rng),
        "decided_on": day,
        "account_age": _cells(rng, facts["account_age"], ("", "-2"), whole=True),
        "deposit_balance": _cells(rng, facts["deposit_balance"], ("", "n/a")),
        "savings_rate": _cells(rng, facts["savings_rate"], ("", "none")),
        "transactions_90d": _cells(rng, facts["transactions_90d"], ("", "many"), whole=True),
        "overdrafts_12m": _cells(rng, facts["overdrafts_12m"], ("", "1.5"), whole=True),
        "defaulted": np.where(is_known, np.where(defaulted, "true", "false"), ""),
        "outcome_known_on": np.where(is_known, known_on, np.datetime64("NaT")),
    }
    return columns, _truth(probability, defaulted, is_known, DEFAULT_DRIVERS, DEFAULT_LOG_ODDS)


def _probability(facts: Columns, drivers: Drivers, base_log_odds: float) -> Array:
    log_odds = np.full(DECISIONS, base_log_odds)
    for name, (weight, neutral_at) in drivers.items():
        log_odds += weight * (np.where(np.isnan(facts[name]), neutral_at, facts[name]) - neutral_at)
    probability: Array = 1 / (1 + np.exp(-log_odds))
    return probability


def _outcomes(rng: np.random.Generator, probability: Array, day: Array) -> Array:
    """Outcomes of these probabilities, drawn systematically by quarter of a year and probability.

    In a quarter, as many rows of about one probability are true as expected. So the best possible ROC-AUC of any period
    is close to that of all, and a model's on the newest decisions can be compared with it.
    """
    order = np.lexsort((probability, (day - day.min()).astype(int) // 91))
    total = np.floor(np.cumsum(probability[order]) + rng.uniform())
    outcomes = np.empty(len(order), dtype=bool)
    outcomes[order] = np.diff(total, prepend=0) > 0
    return outcomes


def _truth(
    probability: Array, outcomes: Array, is_known: Array, drivers: Drivers, base_log_odds: float
) -> dict[str, Any]:
    return {
        "decisions": DECISIONS,
        "outcomes_known": int(is_known.sum()),
        "positive": int(outcomes[is_known].sum()),
        "best_possible_auc": roc_auc(probability[is_known], outcomes[is_known]),
        "base_log_odds": base_log_odds,
        "drivers": {name: {"log_odds": weight, "neutral_at": at} for name, (weight, at) in drivers.items()},
    }


def _days(rng: np.random.Generator, as_of: np.datetime64) -> Array:
    """The days of decisions, in order; the last is the day before."""
    return np.sort(as_of - rng.integers(1, DAYS + 1, DECISIONS))


def _customer_ids(rng: np.random.Generator) -> Array:
    """Each customer has one decision: the features of a customer and a day are those of one row."""
    return np.array([f"C{number + 1}" for number in rng.permutation(DECISIONS).tolist()], dtype=object)


def _ids(letter: str) -> Array:
    return np.array([f"{letter}{number}" for number in range(1, DECISIONS + 1)], dtype=object)


def _some(rng: np.random.Generator, values: Array, missing: float) -> Array:
    return np.where(rng.uniform(size=len(values)) < missing, np.nan, values)


def _cells(rng: np.random.Generator, values: Array, unknown: tuple[str, ...], *, whole: bool = False) -> Array:
    """Numbers as cells; NaN is one of the texts that staging takes for unknown."""
    missing = np.isnan(values)
    numbers = np.where(missing, 0, values)
    cells = (numbers.astype(int) if whole else numbers).astype(object)
    cells[missing] = np.array(unknown, dtype=object)[rng.integers(len(unknown), size=int(missing.sum()))]
    return cells


def _payment_histories(rng: np.random.Generator) -> Array:
    """Texts of a credit bureau, 18 months each; some have nothing due, and some are missing."""
    is_late = rng.uniform(size=(DECISIONS, 18)) < rng.beta(0.4, 9, (DECISIONS, 1))
    letters = np.where(is_late, rng.choice(list("1112346"), (DECISIONS, 18)), "0")
    letters[rng.uniform(size=letters.shape) < 0.08] = "."
    texts = np.array(["".join(row) for row in letters.tolist()], dtype=object)
    texts[rng.uniform(size=DECISIONS) < 0.02] = "." * 18
    texts[rng.uniform(size=DECISIONS) < 0.04] = ""
    return texts


def _worst_delays(texts: Array) -> Array:
    """The longest delay of the newest twelve months of each text; NaN if nothing was due."""
    worst = np.array([max(("0123456".find(letter) for letter in text[:12]), default=-1) for text in texts])
    return np.where(worst < 0, np.nan, worst)


def _with_repeated_rows(columns: Columns, key: str) -> tuple[Columns, dict[str, int]]:
    """The rows, then copies of a few, and pairs with an id of their own and two days; the rows not accepted."""
    start, step = {"duplicate_row": 0, "conflicting_key": 1}, 1000
    copies, pairs = ({name: cells[first::step].copy() for name, cells in columns.items()} for first in start.values())
    pairs[key] = np.array([f"{identifier}-x" for identifier in pairs[key]], dtype=object)
    others = {**pairs, "decided_on": pairs["decided_on"] - 1}
    tables = {
        name: np.concatenate([cells, *(rows[name] for rows in (copies, pairs, others))])
        for name, cells in columns.items()
    }
    return tables, {"duplicate_row": len(copies[key]), "conflicting_key": 2 * len(pairs[key])}
