"""Why a borrower is in the audience or not, by rule, and what would have to change.

Values and limits are those of the run, so that the answer is the same a year later. The verdicts are SQL's: this module
translates their codes into text and compares nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from refi_assets.engines.base import Row
from refi_assets.errors import RefiError
from refi_assets.ingestion.headers import trim
from refi_assets.ingestion.record_grammar import unquoted_cells
from refi_assets.publishing.published import PublishedRun
from refi_assets.refi.audience import OFFERS
from refi_assets.refi.policy import RefiPolicy
from refi_assets.specs.rules import rules_of


@dataclass(frozen=True)
class JudgedRule:
    """One rule: the value, the limit, and whether it holds (None if the value is not known)."""

    name: str
    value: Decimal | None
    limit: str
    passed: bool | None


@dataclass(frozen=True)
class JudgedLoan:
    """One loan: its tier, the rules, and the change that would make it eligible (None if it is eligible).

    LTV and spread are always among the rules, others only if they are broken. `letter_to` is the borrower of a joint
    loan who gets the letter instead.
    """

    loan_id: str | None
    marketing_category: str
    is_eligible: bool
    is_chosen: bool
    letter_to: str | None
    rules: tuple[JudgedRule, ...]
    eligible_when: str | None


@dataclass(frozen=True)
class JudgedOffer:
    """One offer for the home of a loan and its verdict; `reasons` is empty if the offer may be made."""

    loan_id: str | None
    product: str | None
    term_months: int | None
    offered_by: str | None
    market_rate_offer: Decimal | None
    rate_spread: Decimal | None
    monthly_savings_est: Decimal | None
    is_own: bool
    is_taken: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class BorrowerExplanation:
    """Everything a run knows about one borrower. `quarantined` has the places of rows and the reasons, no cells.

    `sms_answers` maps each record of the person to its answer about text messages; `sms_opt_in` is the result (None if
    the person is not in the audience).
    """

    borrower_id: str
    run_id: str
    as_of: str
    in_audience: bool
    person_id: str | None  # None if the borrower's row is in quarantine
    other_records: tuple[str, ...]  # of the same person
    in_audience_as: str | None  # the person's record that is in the audience
    unmatched: str | None
    loans: tuple[JudgedLoan, ...]
    offers: tuple[JudgedOffer, ...]
    sms_opt_in: bool | None
    sms_answers: dict[str, str]
    quarantined: tuple[dict[str, Any], ...]


def explain_borrower(run: PublishedRun, borrower_id: str) -> BorrowerExplanation:
    """Explain a borrower. Raises RefiError if no file of the run has the borrower."""
    policy = RefiPolicy.model_validate(run.manifest["policy"]["values"])
    limits, least_spread = policy.eligibility.model_dump(mode="json"), policy.parameters["min_rate_spread"]
    offers = run.ask("refi/answers/judged_offers", borrower_id=borrower_id)
    answers = run.ask("refi/answers/sms_answers", borrower_id=borrower_id)
    taken = {row["loan_id"]: row for row in offers if row["is_taken"]}
    loans = tuple(
        _judged({**taken.get(row["loan_id"], {}), **row}, limits)
        for row in run.ask("refi/answers/judged_loans", borrower_id=borrower_id, min_rate_spread=least_spread)
    )
    unmatched = [row["reason"] for row in run.ask("refi/answers/unmatched_reason", borrower_id=borrower_id)]
    records = run.ask("refi/answers/records_of_person", borrower_id=borrower_id)
    homes = {row["property_id"] for row in run.ask("refi/answers/homes", borrower_id=borrower_id)}
    homes |= {row["property_id"] for row in offers}
    all_quarantined = run.ask("refi/answers/quarantined_rows")
    quarantined = tuple(
        {name: row[name] for name in ("source", "file", "record_number", "reason", "column_name", "problem")}
        for row in all_quarantined
        if _concerns(row, borrower_id, homes)
    )
    if not (loans or unmatched or quarantined or run.ask("refi/answers/accepted_borrower", borrower_id=borrower_id)):
        raise RefiError(f"No file of run {run.run_id} (as of {run.as_of}) has a borrower {borrower_id!r}.")
    return BorrowerExplanation(
        borrower_id=borrower_id,
        run_id=run.run_id,
        as_of=run.as_of.isoformat(),
        in_audience=any(loan.is_chosen for loan in loans),
        person_id=next((row["person_id"] for row in records), None),
        other_records=tuple(row["borrower_id"] for row in records if row["borrower_id"] != borrower_id),
        in_audience_as=next((row["borrower_id"] for row in records if row["is_in_audience"]), None),
        unmatched=unmatched[0] if unmatched else None,
        loans=loans,
        offers=tuple(map(_offer, offers)),
        sms_opt_in=next((row["sms_opt_in"] for row in answers), None),
        sms_answers={row["borrower_id"]: _answer(row, all_quarantined) for row in answers},
        quarantined=quarantined,
    )


def _offer(row: Row) -> JudgedOffer:
    names = [field.name for field in fields(JudgedOffer) if field.name != "reasons"]
    return JudgedOffer(**{name: row[name] for name in names}, reasons=tuple(row["ineligibility_reasons"]))


def _answer(row: Row, quarantined: list[Row]) -> str:
    """The answer of a record about text messages; "quarantined" if its only engagement row is in quarantine."""
    is_quarantined = any(
        rejected["source"] == "borrower_engagement" and _concerns(rejected, row["borrower_id"], set())
        for rejected in quarantined
    )
    return "quarantined" if row["answer"] == "no_engagement" and is_quarantined else str(row["answer"])


ALWAYS_SHOWN = ("ltv_ratio", "rate_spread")  # other columns only if one of their rules is broken


def _judged(row: Row, limits: Mapping[str, Any]) -> JudgedLoan:
    """A loan with SQL's verdict: its reason codes, in the text of sql/refi/judged_offer.sql."""
    rates = {name: _shown(row[name]) for name in ("current_interest_rate", "current_rate_needed", "market_rate_needed")}
    rules = [rule for rule in rules_of(OFFERS).values() if rule.has_limit]
    passed: dict[str, bool | None] = dict.fromkeys(ALWAYS_SHOWN, True)
    changes = []
    for rule in rules:
        if rule.code in row["ineligibility_reasons"]:
            passed[rule.column] = None if rule.code.endswith("_missing") else False
            changes.append(rule.needed_change({**limits, **rates}))
    limit_of = {rule.column: rule.limit(limits) for rule in reversed(rules)}
    needed = " and ".join(filter(None, changes))
    return JudgedLoan(
        loan_id=row["loan_id"],
        marketing_category=row["marketing_category"],
        is_eligible=row["is_eligible"],
        is_chosen=row["is_chosen"],
        letter_to=row.get("letter_to"),
        rules=tuple(JudgedRule(column, row.get(column), limit_of[column], holds) for column, holds in passed.items()),
        eligible_when=f"eligible when {needed}, all else equal" if needed else None,
    )


def _shown(rate: Decimal | None) -> str | None:
    """A rate with three decimals, or more if it has more."""
    if rate is None:
        return None
    text = f"{rate:.6f}"
    return text[:-3] + text[-3:].rstrip("0")


def _concerns(row: Row, borrower_id: str, homes: set[str]) -> bool:
    """Whether a row in quarantine names the borrower, or the market's offer for one of their homes."""
    if row["original_cells"] is None:
        fields = {trim(cell.decode(errors="replace")) for cell in unquoted_cells(row["original_bytes"])}
        return borrower_id in fields or (row["source"] == "market_equity" and bool(homes & fields))
    record = {name: trim(cell) for name, cell in json.loads(row["original_cells"]).items() if cell is not None}
    if row["source"] == "market_equity":
        return record.get("property_id") in homes
    return record.get("borrower_id") == borrower_id
