"""Why a borrower is in the audience or not, by rule, and what would have to change.

Values and limits are those of the run that is asked, so that the answer is the same a year later.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from refi_assets.engines.base import Row
from refi_assets.errors import RefiError
from refi_assets.ingestion.headers import trim
from refi_assets.ingestion.records import cells
from refi_assets.publishing.published import PublishedRun
from refi_assets.refi.policy import Eligibility


@dataclass(frozen=True)
class Rule:
    """One rule: what was found, the limit, and whether it holds (None where the value is not known)."""

    name: str
    value: Decimal | None
    limit: str
    passed: bool | None


@dataclass(frozen=True)
class JudgedLoan:
    """One loan: its tier, every rule, and what would make it eligible (None where it is)."""

    loan_id: str | None
    marketing_category: str
    is_eligible: bool
    is_chosen: bool
    rules: tuple[Rule, ...]
    eligible_when: str | None


@dataclass(frozen=True)
class Explanation:
    """Everything a run knows about one borrower. `quarantined` has where a row is, and why, and no cells."""

    borrower_id: str
    run_id: str
    as_of: str
    in_audience: bool
    person_id: str | None  # None where the borrower's row is in quarantine
    other_records: tuple[str, ...]  # of the same person
    in_audience_as: str | None  # which of the person's records is in the audience
    unmatched: str | None
    loans: tuple[JudgedLoan, ...]
    quarantined: tuple[dict[str, Any], ...]


def explain(run: PublishedRun, borrower_id: str) -> Explanation:
    """Explain a borrower. Raises RefiError where no file of the run has such a borrower."""
    policy = Eligibility.model_validate(run.manifest["policy"]["values"]["eligibility"])
    loans = tuple(_judged(row, policy) for row in run.ask("refi/answers/judged_loans", borrower_id=borrower_id))
    unmatched = [row["reason"] for row in run.ask("refi/answers/unmatched_reason", borrower_id=borrower_id)]
    records = run.ask("refi/answers/records_of_person", borrower_id=borrower_id)
    homes = {row["property_id"] for row in run.ask("refi/answers/homes", borrower_id=borrower_id)}
    quarantined = tuple(
        {name: row[name] for name in ("source", "file", "record_number", "reason", "column_name", "problem")}
        for row in run.ask("refi/answers/quarantined_rows")
        if _concerns(row, borrower_id, homes)
    )
    if not (loans or unmatched or quarantined or run.ask("refi/answers/accepted_borrower", borrower_id=borrower_id)):
        raise RefiError(f"No file of run {run.run_id} (as of {run.as_of}) has a borrower {borrower_id!r}.")
    return Explanation(
        borrower_id=borrower_id,
        run_id=run.run_id,
        as_of=run.as_of.isoformat(),
        in_audience=any(loan.is_chosen for loan in loans),
        person_id=next((row["person_id"] for row in records), None),
        other_records=tuple(row["borrower_id"] for row in records if row["borrower_id"] != borrower_id),
        in_audience_as=next((row["borrower_id"] for row in records if row["is_in_audience"]), None),
        unmatched=unmatched[0] if unmatched else None,
        loans=loans,
        quarantined=quarantined,
    )


def _judged(row: Row, policy: Eligibility) -> JudgedLoan:
    ltv, spread = row["ltv_ratio"], row["rate_spread"]
    rules = (
        Rule("ltv_ratio", ltv, f"at most {policy.max_ltv_pct} %", None if ltv is None else ltv <= policy.max_ltv_pct),
        Rule(
            "rate_spread",
            spread,
            f"at least {policy.min_rate_spread}",
            None if spread is None else spread >= policy.min_rate_spread,
        ),
    )
    needs = list(_needs(row, policy))
    return JudgedLoan(
        loan_id=row["loan_id"],
        marketing_category=row["marketing_category"],
        is_eligible=row["is_eligible"],
        is_chosen=row["is_chosen"],
        rules=rules,
        eligible_when=f"eligible when {' and '.join(needs)}, all else equal" if needs else None,
    )


def _needs(row: Row, policy: Eligibility) -> Iterator[str]:
    current, market, ltv = row["current_interest_rate"], row["market_rate_offer"], row["ltv_ratio"]
    if current is None and market is None:
        yield f"both rates are known and at least {policy.min_rate_spread} apart"
    elif current is None:
        yield f"the current rate is known and is {_shown(market + policy.min_rate_spread)} % or above"
    elif market is None or current - market < policy.min_rate_spread:
        highest = current - policy.min_rate_spread
        verb = "is known and is" if market is None else "falls to"
        yield f"the market rate {verb} {_shown(highest)} % or below" if highest > 0 else "the current rate is higher"
    if ltv is None:
        yield f"the loan to value is known and is {policy.max_ltv_pct} % or below"
    elif ltv > policy.max_ltv_pct:
        yield f"the loan to value falls to {policy.max_ltv_pct} % or below"


def _shown(rate: Decimal) -> str:
    """A rate with three decimals, or as many as it has."""
    text = f"{rate:.6f}"
    return text[:-3] + text[-3:].rstrip("0")


def _concerns(row: Row, borrower_id: str, homes: set[str]) -> bool:
    """Whether a row in quarantine names the borrower, or the market's offer for one of their homes."""
    if row["original_cells"] is None:
        fields = {trim(cell.decode(errors="replace")) for cell in cells(row["original_bytes"])}
        return borrower_id in fields or (row["source"] == "market_equity" and bool(homes & fields))
    found = {name: trim(cell) for name, cell in json.loads(row["original_cells"]).items() if cell is not None}
    if row["source"] == "market_equity":
        return found.get("property_id") in homes
    return found.get("borrower_id") == borrower_id
