"""A customer made by hand, and what must become of it: one case of the tables in chain_cases.py and offer_cases.py.

A case is one record: the base customer, who is offered 50,000 USD at 5.5 %, with some cells changed. The programs by
which they are judged, and their files, are in cases.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STRICT, LENIENT = "loan-offer-targeting", "lenient-loan-offers"  # the two programs by which cases are judged
UNKNOWN, SAME_PRODUCT, OTHER_PRODUCT = "spring-mailing-2019", "second-loan-offers", "auto-loan-offers"
TRUST, CREDIT, AFFORDABILITY = "trust", "credit-qualification", "affordability"
ELIGIBILITY, REGULATORY, SCORE, OFFER = "eligibility", "regulatory-compliance", "score", "offer"

BASE_CELLS = {
    "credit_score": "780",
    "income": "120000.00",
    "debt_to_income_ratio": "0.20",
    "account_age": "48",
    "deposit_balance": "6500.00",
    "existing_loans": "1",
    "payment_history": "000000000000",
    "state": "CA",
    "postcode": "94110",
    "time_zone": "America/Los_Angeles",
    "identity_verified": "true",
    "account_status": "active",
    "employment_status": "full_time",
    "income_variation": "0.10",
    "savings_rate": "0.12",
    "transaction_history": "",
    "transactions_90d": "60",
    "overdrafts_12m": "0",
    "covered_borrower": "false",
}
OPEN = {
    "email_opt_out": "false",
    "sms_consent": "true",
    "in_app_opt_out": "false",
    "call_consent": "false",
    "do_not_contact": "false",
    "changed_on": "2026-01-15",
}
CLOSED = {"email_opt_out": "true", "sms_consent": "false", "in_app_opt_out": "true"}


@dataclass(frozen=True)
class Case:
    """One record and what must become of it.

    `failed`: the codes of each filter that stops it, filters in the order of the program. `offer`: some columns of its
    offer, as numbers or texts; empty if it is stopped. `preferences`: rows of contact_preferences as changes to OPEN.
    `history`: program and days before the as-of day of past offers, by the lender; `log`: the same, by our own events.
    `person`: records of one person have the same.
    `further_rows`: more rows of customer_credit_profiles with this customer_id, as changes to this one.
    """

    customer_id: str
    failed: Mapping[str, tuple[str, ...]]
    offer: Mapping[str, str]
    cells: Mapping[str, str]
    preferences: tuple[Mapping[str, str], ...] = ({},)
    history: tuple[tuple[str, int], ...] = ()
    log: tuple[tuple[str, int], ...] = ()
    approval_likelihood: str = "0.900000"
    default_probability: str = "0.020000"
    person: str = ""
    program: str = STRICT
    further_rows: tuple[Mapping[str, str], ...] = ()
    quarantined: bool = False

    @property
    def reasons(self) -> tuple[str, ...]:
        """The distinct codes of all filters, in order."""
        return tuple(dict.fromkeys(code for codes in self.failed.values() for code in codes))


class CaseTable:
    """Cases in the order in which they were added; `more` are further fields of a case, `cells` changes to the base."""

    def __init__(self) -> None:
        self.cases: list[Case] = []

    def stopped(self, customer_id: str, *failed: tuple[str, ...], more: Any = None, **cells: str) -> None:
        """A record that filters stop; `failed` are tuples of a filter and its codes."""
        codes = {filter_id: tuple(rest) for filter_id, *rest in failed}
        self.cases.append(Case(customer_id, codes, {}, cells, **(more or {})))

    def offered(
        self,
        customer_id: str,
        tier: str = "excellent",
        amount: str = "50000",
        terms: Any = None,
        more: Any = None,
        **cells: str,
    ) -> None:
        """A record with an offer; `terms` are further columns of it."""
        offer = {"tier": tier, "amount": amount, **(terms or {})}
        self.cases.append(Case(customer_id, {}, offer, cells, **(more or {})))

    def quarantined(self, customer_id: str, further_rows: tuple[Mapping[str, str], ...] = (), **cells: str) -> None:
        """A record that staging does not accept."""
        self.cases.append(Case(customer_id, {}, {}, cells, further_rows=further_rows, quarantined=True))
