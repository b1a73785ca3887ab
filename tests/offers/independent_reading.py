"""An independent reading of a program: who is stopped by which rule, and who gets which offer.

Written from the issue's text alone, one customer at a time, in plain csv and Decimal; it uses nothing of refi_assets.
The pipeline must agree with it on every customer, reason and offer. The sources are read in independent_staging.py, the
program in independent_program.py; prices are in independent_pricing.py.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.offers.independent_pricing import Price, largest_amount, price_of, rounded
from tests.offers.independent_program import Program, Segment, State, program_in, states_in
from tests.offers.independent_staging import Absent, Row, staged

SCORE, OFFER = "score", "offer"  # the two entries after the chain
OFFER_COLUMNS = (
    *("customer_id", "credit_tier", "score_band", "tier", "approval_likelihood", "default_probability", "amount"),
    *("note_rate_pct", "term_months", "monthly_payment", "last_payment", "origination_fee", "amount_financed"),
    *("finance_charge", "total_of_payments", "apr_pct", "expires_on"),
)

# The columns that a source need not have, by the filter that cannot judge without them.
_OPTIONAL: dict[str, dict[str, str | None]] = {
    "trust": {"identity_verified": None, "account_status": None},
    "affordability": {"income_variation": "checkIncomeStability", "employment_status": "checkEmploymentStatus"},
    "regulatory-compliance": {"state": "checkStateLaws", "covered_borrower": "checkFederalCompliance"},
}


@dataclass
class Verdict:
    """What became of one accepted customer. `failed` has the codes of each filter that stops the customer, in order."""

    failed: dict[str, tuple[str, ...]]
    credit_tier: str | None = None
    score_band: str | None = None
    tier: str | None = None

    @property
    def first_filter(self) -> str | None:
        return next(iter(self.failed), None)

    @property
    def first_reason(self) -> str | None:
        return next(iter(self.reasons), None)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(code for codes in self.failed.values() for code in codes))


@dataclass
class Reading:
    """The verdict on every accepted customer, the offers with all columns of the export, and the counts of the run."""

    verdicts: dict[str, Verdict]
    offers: dict[str, dict[str, Any]]
    counts: dict[str, Any]


def read_program(
    folder: Path,
    program_file: Path,
    states_file: Path,
    as_of: date,
    scores: Mapping[str, tuple[str | float, str | float]],
    persons: Mapping[str, str] | None = None,
    products: Mapping[str, str] | None = None,
) -> Reading:
    """Judge the customers of a folder of source files.

    `scores`: approval likelihood and default probability by customer, at least of those who pass the chain; `persons`:
    the person of a customer, by default a person each; `products`: the products of other programs, by program_id.
    Raises Absent if a filter needs a column that the file does not have.
    """
    program = program_in(program_file)
    profiles = staged(folder, "customer_credit_profiles")
    for filter_id in program.filters:
        for column, switch in _OPTIONAL.get(filter_id, {}).items():
            if column not in profiles.columns and (switch is None or program.parameters[filter_id][switch]):
                raise Absent(f"customer_credit_profiles.csv: column {column} is missing; filter {filter_id} needs it")
    customers = {row["customer_id"]: row for row in profiles.rows}
    run = _Run(program, states_in(states_file), as_of, customers, persons or {})
    run.find_people(
        {row["customer_id"]: row for row in staged(folder, "contact_preferences").rows},
        [*staged(folder, "offer_history").rows, *staged(folder, "offer_log").rows],
        products or {},
    )
    return run.reading(scores)


@dataclass
class _Run:
    program: Program
    states: dict[str, State]
    as_of: date
    customers: dict[str, Row]
    persons: Mapping[str, str]
    offered: set[str] = field(default_factory=set)  # persons who were offered such a loan within the days
    reachable: set[str] = field(default_factory=set)  # persons with an open channel

    def person(self, customer_id: str) -> str:
        return self.persons.get(customer_id, customer_id)

    def parameter(self, filter_id: str, name: str) -> Any:
        return self.program.parameters[filter_id][name]

    def find_people(self, preferences: dict[str, Row], offers: list[Row], products: Mapping[str, str]) -> None:
        """Who was offered a loan lately, by the lender's history or our log, and who can be reached."""
        days = self.program.parameters.get("eligibility", {}).get("suppressionDays", 0)
        for row in offers:
            is_this = row["program_id"] == self.program.program_id
            is_same = is_this or products.get(row["program_id"], self.program.product) == self.program.product
            if row["customer_id"] in self.customers and is_same and (self.as_of - row["offered_on"]).days < days:
                self.offered.add(self.person(row["customer_id"]))
        open_channels: dict[str, set[str]] = {}
        for customer_id in self.customers:
            person, channels = self.person(customer_id), _open_channels(preferences.get(customer_id))
            open_channels[person] = open_channels.get(person, channels) & channels
        self.reachable = {person for person, channels in open_channels.items() if channels & self.program.channels}

    # --- The chain ----------------------------------------------------------------------------------------------------

    def failed_in_chain(self, row: Row) -> dict[str, tuple[str, ...]]:
        """The codes of each filter that stops a customer, in order."""
        judges: dict[str, Callable[[Row], list[str]]] = {
            "trust": self.trust,
            "credit-qualification": self.credit_qualification,
            "affordability": self.affordability,
            "eligibility": self.eligibility,
            "regulatory-compliance": self.regulatory_compliance,
        }
        codes = {filter_id: tuple(dict.fromkeys(judges[filter_id](row))) for filter_id in self.program.filters}
        return {filter_id: found for filter_id, found in codes.items() if found}

    def trust(self, row: Row) -> list[str]:
        return [
            *_rule(row, "identity_verified", "identity_unverified", lambda verified: not verified),
            *_rule(row, "account_status", "account_not_active", lambda status: status.lower() != "active"),
        ]

    def credit_qualification(self, row: Row) -> list[str]:
        parameters = self.program.parameters["credit-qualification"]
        lowest, highest_ratio = parameters["minCreditScore"], Decimal(str(parameters["maxDebtToIncome"]))
        months, loans = parameters["minPaymentHistory"], parameters["maxExistingLoans"]
        return [
            *_rule(row, "credit_score", "credit_score_below_min", lambda score: score < lowest),
            *_rule(row, "debt_to_income_ratio", "dti_above_max", lambda ratio: ratio > highest_ratio),
            *_rule(row, "payment_history", "late_payment", lambda text: bool(set(text[:months]) & set("123456"))),
            *_rule(row, "payment_history", "payment_history_short", lambda text: _known_months(text[:months]) < months),
            *_rule(row, "existing_loans", "too_many_loans", lambda number: number > loans),
        ]

    def affordability(self, row: Row) -> list[str]:
        parameters = self.program.parameters["affordability"]
        most, accepted = Decimal(str(parameters["maxIncomeVariation"])), parameters["employmentAccepted"]
        codes: list[str] = []
        if parameters["checkIncomeStability"]:
            codes += _rule(row, "income_variation", "income_unstable", lambda variation: variation > most)
        if parameters["checkEmploymentStatus"]:
            codes += _rule(row, "employment_status", "employment_not_accepted", lambda status: status not in accepted)
        return codes + self.amount_codes(row, self.program.segment_of(row["credit_score"]))

    def eligibility(self, row: Row) -> list[str]:
        person = self.person(row["customer_id"])
        codes = ["offered_within_days"] if person in self.offered else []
        return codes if person in self.reachable else [*codes, "opted_out"]

    def regulatory_compliance(self, row: Row) -> list[str]:
        codes: list[str] = []
        if self.parameter("regulatory-compliance", "checkStateLaws"):
            excluded = self.parameter("regulatory-compliance", "excludedStates")
            law = self.states.get(_state_key(row))
            if row["state"] is None:
                codes.append("state_missing")
            elif law is None or not law.licensed or _state_key(row) in excluded:
                codes.append("state_excluded")
        return codes + self.price_codes(row, self.price(row, self.program.segment_of(row["credit_score"])))

    # --- Amount and price ---------------------------------------------------------------------------------------------

    def amount(self, row: Row, segment: Segment | None) -> Decimal | None:
        """What the customer can pay back under a segment's terms; None if that is not even nothing, or unknown."""
        income, ratio = row["income"], row["debt_to_income_ratio"]
        if segment is None or income is None or ratio is None:
            return None
        room = (Decimal(str(self.parameter("credit-qualification", "maxDebtToIncome"))) - ratio) * income
        return None if room < 0 else largest_amount(room, segment.rate_pct, segment.months, segment.max_amount)

    def amount_codes(self, row: Row, segment: Segment | None) -> list[str]:
        cells = ("debt_to_income_ratio", "income")
        codes = [f"{column}_missing" for column in cells if row[column] is None]
        amount = self.amount(row, segment)
        return codes if amount is None or amount >= self.program.min_amount else ["amount_below_min"]

    def price(self, row: Row, segment: Segment | None) -> Price | None:
        """The price of the amount, if there is one that can be offered."""
        amount = self.amount(row, segment)
        if segment is None or amount is None or amount < self.program.min_amount:
            return None
        return price_of(amount, segment.rate_pct, segment.months, self.program.fee_pct)

    def price_codes(self, row: Row, price: Price | None) -> list[str]:
        """The rules of regulatory compliance that need a price."""
        if price is None or "regulatory-compliance" not in self.program.filters:
            return []
        codes: list[str] = []
        if self.parameter("regulatory-compliance", "checkStateLaws"):
            law = self.states.get(_state_key(row))
            if law is not None and law.max_apr_pct is not None and price.apr_pct > law.max_apr_pct:
                codes.append("state_rate_cap")
        most = Decimal(str(self.parameter("regulatory-compliance", "maxMaprPct")))
        if self.parameter("regulatory-compliance", "checkFederalCompliance") and price.apr_pct > most:
            codes += _rule(row, "covered_borrower", "covered_borrower", bool)
        return codes

    # --- Scores and offers --------------------------------------------------------------------------------------------

    def score_codes(self, verdict: Verdict, likelihood: Decimal, default_probability: Decimal) -> list[str]:
        rules = (
            ("no_segment", verdict.credit_tier is None),
            ("score_below_min", verdict.score_band is None),
            ("default_risk_above_max", default_probability > self.program.max_default_probability),
        )
        return [code for code, fails in rules if fails]

    def reading(self, scores: Mapping[str, tuple[str | float, str | float]]) -> Reading:
        verdicts = {customer_id: Verdict(self.failed_in_chain(row)) for customer_id, row in self.customers.items()}
        offers: dict[str, dict[str, Any]] = {}
        for customer_id, verdict in verdicts.items():
            if not verdict.failed:
                likelihood, default_probability = map(_score, scores[customer_id])
                offer = self._judge_scored(customer_id, verdict, likelihood, default_probability)
                offers |= {customer_id: offer} if offer else {}
        self._choose_records(verdicts, offers)
        return Reading(verdicts, offers, self._counts(verdicts))

    def _judge_scored(
        self, customer_id: str, verdict: Verdict, likelihood: Decimal, default_probability: Decimal
    ) -> dict[str, Any] | None:
        """Fill in the verdict on a customer who passed the chain; returns the offer, if there is one."""
        row = self.customers[customer_id]
        segment = self.program.segment_of(row["credit_score"])
        verdict.credit_tier = segment.tier if segment else None
        verdict.score_band = self.program.band_of(likelihood)
        if verdict.credit_tier and verdict.score_band:
            verdict.tier = self.program.worse(verdict.credit_tier, verdict.score_band)
        if codes := self.score_codes(verdict, likelihood, default_probability):
            verdict.failed[SCORE] = tuple(codes)
            return None
        final = self.program.segment_named(verdict.tier or "")
        price = self.price(row, final)
        codes = self.amount_codes(row, final) + self.price_codes(row, price)
        if price is None or codes:
            verdict.failed[OFFER] = tuple(dict.fromkeys(codes))
            return None
        return {
            "customer_id": customer_id,
            "credit_tier": verdict.credit_tier,
            "score_band": verdict.score_band,
            "tier": verdict.tier,
            "approval_likelihood": likelihood,
            "default_probability": default_probability,
            **vars(price),
            "expires_on": self.as_of + timedelta(days=self.program.ttl_days),
        }

    def _choose_records(self, verdicts: dict[str, Verdict], offers: dict[str, dict[str, Any]]) -> None:
        """Leave each person the best offer of all records."""
        tiers = [segment.tier for segment in self.program.segments]
        by_person: dict[str, list[str]] = defaultdict(list)
        for customer_id in offers:
            by_person[self.person(customer_id)].append(customer_id)
        for records in by_person.values():
            records.sort(
                key=lambda record: (tiers.index(offers[record]["tier"]), -offers[record]["amount"], record.encode())
            )
            for other in records[1:]:
                del offers[other]
                verdicts[other].failed[OFFER] = ("other_record_chosen",)

    def _counts(self, verdicts: dict[str, Verdict]) -> dict[str, Any]:
        stopped: dict[str, dict[str, Any]] = {}
        for filter_id in (*self.program.filters, SCORE, OFFER):
            failing = [verdict for verdict in verdicts.values() if filter_id in verdict.failed]
            stopped[filter_id] = {
                "alone": len(failing),
                "in_sequence": sum(verdict.first_filter == filter_id for verdict in failing),
                "reasons": dict(Counter(code for verdict in failing for code in verdict.failed[filter_id])),
            }
        tiers = Counter(verdict.tier for verdict in verdicts.values() if not verdict.failed)
        offers = {segment.tier: tiers[segment.tier] for segment in self.program.segments}
        return {"accepted": len(verdicts), "stopped": stopped, "offers": offers}


def differences(reading: Reading, offers_file: Path, judged_file: Path) -> list[str]:
    """Each customer and column in which the exported CSV files of a run differ from the reading."""
    exported_offers, exported_verdicts = _by_customer(offers_file), _by_customer(judged_file)
    expected_verdicts = {
        customer_id: {
            "first_filter": verdict.first_filter or "",
            "first_reason": verdict.first_reason or "",
            "reasons": "|".join(verdict.reasons),
        }
        for customer_id, verdict in reading.verdicts.items()
    }
    return [*_differences(reading.offers, exported_offers), *_differences(expected_verdicts, exported_verdicts)]


def _by_customer(file: Path) -> dict[str, dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    by_customer = {row["customer_id"]: row for row in rows}
    if len(by_customer) < len(rows):
        raise ValueError(f"{file.name}: a customer is in it twice")
    return by_customer


def _differences(expected: Mapping[str, Mapping[str, Any]], exported: dict[str, dict[str, str]]) -> list[str]:
    found = [f"{customer_id}: not exported" for customer_id in expected.keys() - exported.keys()]
    found += [f"{customer_id}: exported, not expected" for customer_id in exported.keys() - expected.keys()]
    for customer_id in expected.keys() & exported.keys():
        for column, value in expected[customer_id].items():
            text = exported[customer_id][column]
            is_equal = Decimal(text or "NaN") == value if isinstance(value, Decimal | int) else text == str(value)
            if not is_equal:
                found.append(f"{customer_id}: {column} is {text!r}, expected {value}")
    return sorted(found)


def _rule(row: Row, column: str, code: str, fails: Callable[[Any], bool]) -> list[str]:
    """The code of a rule on one cell, if it fails or the cell is empty."""
    if row[column] is None:
        return [f"{column}_missing"]
    return [code] if fails(row[column]) else []


def _known_months(text: str) -> int:
    return sum(character in "0123456." for character in text)


def _open_channels(preferences: Row | None) -> set[str]:
    """The channels by which a record may be contacted: an empty cell closes its channel, or all of them."""
    if preferences is None or preferences["do_not_contact"] is not False:
        return set()
    is_open = {
        "email": preferences["email_opt_out"] is False,
        "sms": preferences["sms_consent"] is True,
        "in-app": preferences["in_app_opt_out"] is False,
    }
    return {channel for channel, opened in is_open.items() if opened}


def _state_key(row: Row) -> str:
    return (row["state"] or "").upper()


def _score(value: str | float) -> Decimal:
    return rounded(Decimal(str(value)), Decimal("0.000001"))
