"""`refi offers generate`: source files of the domain offers, with their share of every defect, and their truth.

Customers are drawn in parts, so that memory does not grow with their number. Each is of one case of offer_cases.py, and
some of a second one; truth.json counts what follows from the cases, for the limits of the program loan_offer_targeting,
records that are not matched to persons, and a state of which only the license matters. The history from which models
learn is in offer_decisions.py. Protected traits are in no file.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from refi_assets.errors import SettingError
from refi_assets.sample.offer_cases import (
    OFFER_CASES,
    OFFERS,
    PREFERENCES,
    PROFILES,
    RULES,
    SECOND_RECORD,
    Cells,
    OfferCase,
)
from refi_assets.sample.offer_decisions import decision_tables
from refi_assets.sample.offer_profiles import PERSONAL, good_preferences, good_profiles, old_offers
from refi_assets.sample.written_tables import Array, Columns, write_table

OFFERS_AS_OF = date(2026, 3, 2)  # a Monday, on which the program runs
MOST_CUSTOMERS = 10_000_000
CUSTOMERS_OF_PART = 100_000  # in memory together, in about 500 MB
SECOND_CASE_SHARE = 0.2  # of the customers with whom something is wrong
NONE = 0  # the case in which nothing is wrong
CASE_NUMBERS = {case.name: number for number, case in enumerate(OFFER_CASES)}


@dataclass
class Counts:
    """The files' contents in numbers, by construction."""

    rows: Counter[str] = field(default_factory=Counter)
    quarantined: dict[str, Counter[str]] = field(default_factory=dict)
    cases: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[int, ...]] = field(default_factory=Counter)  # numbers of RULES that a customer fails

    def quarantine(self, source: str, reason: str, rows: int) -> None:
        """Count rows that staging does not accept."""
        if rows:
            self.quarantined.setdefault(source, Counter())[reason] += rows


def generate_offer_customers(customers: int, seed: int, out_dir: Path, *, as_of: date = OFFERS_AS_OF) -> dict[str, Any]:
    """Write customers, preferences, offers and decisions as CSV, and truth.json; returns the content of truth.json.

    Days are relative to `as_of`: offers of 89 and 90 days ago are meant for a run as of that day. The same arguments
    give the same files with the same version of NumPy. Raises SettingError for a number outside 10 to MOST_CUSTOMERS,
    or if out_dir cannot be written to.
    """
    if not 10 <= customers <= MOST_CUSTOMERS:
        raise SettingError(f"{customers} customers cannot be generated; ask for 10 to {MOST_CUSTOMERS:,}.")
    counts, day = Counts(), np.datetime64(as_of, "D")
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        (out_dir / "truth.json").unlink(missing_ok=True)  # a generation cut short must not look finished
        for first in range(0, customers, CUSTOMERS_OF_PART):
            rows = min(CUSTOMERS_OF_PART, customers - first)
            for source, columns in _part(np.random.default_rng([seed, first]), first + 1, rows, day, counts).items():
                counts.rows[source] += len(next(iter(columns.values())))
                write_table(out_dir / f"{source}.csv", columns, append=first > 0)
        decisions = decision_tables(np.random.default_rng([seed, MOST_CUSTOMERS]), day)
        for source, columns in decisions.tables.items():
            counts.rows[source] = len(next(iter(columns.values())))
            write_table(out_dir / f"{source}.csv", columns)
            for reason, quarantined in decisions.quarantined[source].items():
                counts.quarantine(source, reason, quarantined)
        document = {
            "customers": customers,
            "seed": seed,
            "as_of": str(as_of),
            "rows": dict(sorted(counts.rows.items())),
            "quarantined": {
                name: dict(sorted(reasons.items())) for name, reasons in sorted(counts.quarantined.items())
            },
            "customers_by_case": {case.name: counts.cases[case.name] for case in OFFER_CASES},
            **_verdicts(counts),
            "models": decisions.models,
        }
        (out_dir / "truth.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{out_dir} cannot be written to as a folder: {error}. Name another folder.") from None
    return document


def _part(rng: np.random.Generator, first_number: int, rows: int, as_of: Any, counts: Counts) -> dict[str, Columns]:
    """The files' rows of some customers; adds to the counts."""
    case, second = _deal(rng, rows, each_once=first_number == 1 and rows >= len(OFFER_CASES))
    profiles = good_profiles(rng, first_number, rows)
    customer_id = profiles["customer_id"].copy()
    preferences = good_preferences(rng, customer_id, as_of)
    program, offered_on = old_offers(rng, rows, as_of)
    again = np.flatnonzero(case == CASE_NUMBERS[SECOND_RECORD])
    for column in PERSONAL:
        profiles[column][again] = profiles[column][again - 1]
    for number, changed in enumerate(OFFER_CASES):
        at = np.flatnonzero((case == number) | (second == number))
        counts.cases[changed.name] += len(at)
        _change(rng, profiles, changed.profile, at)
        _change(rng, preferences, changed.preferences, at)
        if changed.offered:
            names, days = (np.array(values, dtype=object) for values in zip(*changed.offered, strict=True))
            pick = rng.integers(len(names), size=len(at))
            program[at], offered_on[at] = names[pick], as_of - days[pick].astype(int)
    _count_verdicts(counts, case, second)
    had_offer = ~np.isnat(offered_on)
    offers = {
        "customer_id": customer_id[had_offer],
        "program_id": program[had_offer],
        "offered_on": np.datetime_as_string(offered_on[had_offer]).astype(object),
    }
    return {
        PROFILES: _with_copies(profiles, case, counts),
        PREFERENCES: _with_second_answers(preferences, case, second, counts),
        OFFERS: _with_spoiled_rows(offers, counts),
    }


def _deal(rng: np.random.Generator, rows: int, *, each_once: bool) -> tuple[Array, Array]:
    """The numbers of each customer's case and second case. With `each_once`, every case has a customer."""
    shares = np.array([case.share for case in OFFER_CASES]) / 10_000
    shares[NONE] = 1 - shares.sum()
    case = rng.choice(len(OFFER_CASES), size=rows, p=shares)
    if each_once:
        case[: len(OFFER_CASES)] = np.arange(len(OFFER_CASES))
        rng.shuffle(case)
    fits = _fitting_pairs()
    shares = np.where(fits.any(axis=1), shares, 0)
    second = rng.choice(len(OFFER_CASES), size=rows, p=shares / shares.sum())
    second[~fits[case, second] | (rng.uniform(size=rows) >= SECOND_CASE_SHARE)] = NONE
    return case, second


@cache
def _fitting_pairs() -> Array:
    """Whether a customer may be of two cases: both fail, and neither changes cells of the other."""
    fails = [bool(case.fails) and not case.quarantined for case in OFFER_CASES]
    return np.array(
        [
            [fails[a] and fails[b] and not one.touched & two.touched for b, two in enumerate(OFFER_CASES)]
            for a, one in enumerate(OFFER_CASES)
        ]
    )


def _change(rng: np.random.Generator, columns: Columns, cells: Cells, at: Array) -> None:
    """Give some rows cells of a case; columns with equally many possible cells have those of one place."""
    picks: dict[int, Array] = {}
    for name, possible in cells.items():
        pick = picks.setdefault(len(possible), rng.integers(len(possible), size=len(at)))
        columns[name][at] = np.array(possible, dtype=object)[pick]


def _with_copies(profiles: Columns, case: Array, counts: Counts) -> Columns:
    """The rows, and after them the second rows of some customers; counts the rows that are not accepted."""
    copies = {
        copy: [number for number, changed in enumerate(OFFER_CASES) if changed.copy == copy]
        for copy in ("same", "different")
    }
    same, different = (np.flatnonzero(np.isin(case, numbers)) for numbers in copies.values())
    again = np.concatenate([same, different])
    both = {name: np.concatenate([cells, cells[again]]) for name, cells in profiles.items()}
    both["existing_loans"][len(case) + len(same) :] = 1
    both["existing_loans"][different] = 0
    for number, changed in enumerate(OFFER_CASES):
        if reason := changed.quarantined.get(PROFILES):
            rows = int((case == number).sum())
            counts.quarantine(PROFILES, reason, 2 * rows if changed.copy == "different" else rows)
    return both


def _with_second_answers(preferences: Columns, case: Array, second: Array, counts: Counts) -> Columns:
    """The rows of customers who have one, then second rows that differ; counts the rows that are not accepted."""
    rows = np.array([changed.preference_rows for changed in OFFER_CASES])
    rows_of_customer = np.where(rows[case] == 1, rows[second], rows[case])
    first, again = np.flatnonzero(rows_of_customer > 0), np.flatnonzero(rows_of_customer == 2)
    answers = {name: np.concatenate([cells[first], cells[again]]) for name, cells in preferences.items()}
    answers["do_not_contact"][len(first) :] = "true"
    counts.quarantine(PREFERENCES, "conflicting_key", 2 * len(again))
    for number, changed in enumerate(OFFER_CASES):
        if reason := changed.quarantined.get(PREFERENCES):
            counts.quarantine(PREFERENCES, reason, int((case == number).sum()))
    return answers


def _with_spoiled_rows(offers: Columns, counts: Counts) -> Columns:
    """The rows, and after them copies of a few: whole ones, and some without a day, or without a customer."""
    copies = {
        reason: {name: cells[start::400].copy() for name, cells in offers.items()}
        for start, reason in enumerate(("duplicate_row", "not_a_date", "missing_key"))
    }
    copies["not_a_date"]["offered_on"][:] = "last week"
    copies["missing_key"]["customer_id"][:] = ""
    for reason, copy in copies.items():
        counts.quarantine(OFFERS, reason, len(copy["customer_id"]))
    return {name: np.concatenate([cells, *(copy[name] for copy in copies.values())]) for name, cells in offers.items()}


def _count_verdicts(counts: Counts, case: Array, second: Array) -> None:
    """Count the customers that fail the same rules, of those whose profile is accepted."""
    pairs, customers = np.unique(np.stack([case, second]), axis=1, return_counts=True)
    for one, two, number in zip(*pairs.tolist(), customers.tolist(), strict=True):
        if OFFER_CASES[one].quarantined.get(PROFILES, "duplicate_row") == "duplicate_row":
            counts.verdicts[tuple(sorted({*_rules_of(OFFER_CASES[one]), *_rules_of(OFFER_CASES[two])}))] += number


def _rules_of(case: OfferCase) -> list[int]:
    return [RULES.index((filter_id, code)) for filter_id, codes in case.fails.items() for code in codes]


def _verdicts(counts: Counts) -> dict[str, Any]:
    """The chain's counts, as the cases say: by filter alone, in sequence and by reason, and those who pass."""
    stopped: dict[str, Any] = {name: {"alone": 0, "in_sequence": 0, "reasons": {}} for name, _ in RULES}
    for numbers, customers in counts.verdicts.items():
        for place, filter_id in enumerate(dict.fromkeys(RULES[number][0] for number in numbers)):
            stopped[filter_id]["alone"] += customers
            stopped[filter_id]["in_sequence"] += customers if place == 0 else 0
        for filter_id, code in (RULES[number] for number in numbers):
            reasons = stopped[filter_id]["reasons"]
            reasons[code] = reasons.get(code, 0) + customers
    return {"accepted": counts.verdicts.total(), "passed": counts.verdicts[()], "stopped": stopped}
