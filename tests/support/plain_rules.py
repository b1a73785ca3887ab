"""A second implementation of the refi rules under the shipped policy, on staged rows: plain Python, without SQL.

The truth about generated files must agree with it.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """A judged loan: the row, its spread under the taken offer, and whether the offer may be made."""

    loan: Row
    spread: Decimal | None
    is_eligible: bool


@dataclass(frozen=True)
class Outcome:
    """The result of the rules; `audience` maps borrowers who get a letter to their largest spread."""

    judged: list[Judged]
    unmatched: Counter[str]
    loans_without_borrower: int
    engagement_without_borrower: int
    offers_without_home: int
    letter_to_another: int
    audience: dict[str, Decimal]


def outcome(accepted: dict[str, list[Row]]) -> Outcome:
    """Judge all loans, each under its taken offer."""
    borrowers = {row["borrower_id"]: row for row in accepted["borrower_information"]}
    market: dict[str, list[Row]] = defaultdict(list)
    owners: dict[str, list[tuple[bool, str]]] = defaultdict(list)
    eligible: dict[str, list[tuple[tuple[bool, str], Decimal]]] = defaultdict(list)
    for offer in accepted["market_equity"]:
        market[offer["property_id"]].append(offer)
    loans = [loan for loan in accepted["loan_information"] if loan["borrower_id"] in borrowers]
    for loan in loans:
        owners[loan["loan_id"]].append(_rank(loan))
    homes = {row["property_id"] for row in accepted["borrower_information"] + accepted["loan_information"]}
    unmatched = Counter({"no_loan": len(borrowers) - len({loan["borrower_id"] for loan in loans})})
    judged: list[Judged] = []
    for loan in loans:
        _, head = min(owners[loan["loan_id"]])
        offers = market[loan["property_id"] or borrowers[head]["property_id"]]
        own = [offer for offer in offers if (offer["offered_by"] or "").lower() == "own"]
        if own:
            taken = max(own, key=lambda offer: (may_be_made(loan, offer), offer["monthly_savings_est"] or Decimal(-1)))
            judged.append(Judged(loan, spread(loan, taken), may_be_made(loan, taken)))
        else:
            unmatched["no_own_offer" if offers else "no_market_data"] += 1
    for verdict in judged:
        if verdict.is_eligible and verdict.spread is not None:
            eligible[verdict.loan["loan_id"]].append((_rank(verdict.loan), verdict.spread))
    audience: dict[str, Decimal] = {}
    for (_, borrower), gain in map(min, eligible.values()):
        audience[borrower] = max(gain, audience.get(borrower, gain))
    return Outcome(
        judged=judged,
        unmatched=+unmatched,
        loans_without_borrower=len(accepted["loan_information"]) - len(loans),
        engagement_without_borrower=sum(row["borrower_id"] not in borrowers for row in accepted["borrower_engagement"]),
        offers_without_home=sum(row["property_id"] not in homes for row in accepted["market_equity"]),
        letter_to_another=sum(len(rows) - 1 for rows in eligible.values()),
        audience=audience,
    )


def _rank(loan: Row) -> tuple[bool, str]:
    return loan["borrower_role"] != "primary", loan["borrower_id"]


def spread(loan: Row, offer: Row) -> Decimal | None:
    rates = loan["current_interest_rate"], offer["market_rate_offer"]
    return None if None in rates else rates[0] - rates[1]


def may_be_made(loan: Row, offer: Row) -> bool:
    gain, ltv, saving = spread(loan, offer), offer["ltv_ratio"], offer["monthly_savings_est"]
    paid_off = any(loan[f"{column}_state"] for column in ("remaining_balance", "loan_type", "loan_status"))
    enough = gain is not None and gain >= 1 and ltv is not None and ltv <= 80 and (saving is None or saving >= 0)
    return enough and loan["lien_position"] in (None, 1) and not paid_off
