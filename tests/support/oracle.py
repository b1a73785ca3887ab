"""A second implementation of the refi rules in plain csv and Decimal, without SQL or any code of the platform.

For clean files only: no malformed row, no repeated key. The pipeline must publish what it computes.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

MAX_LTV, MIN_SPREAD = Decimal(80), Decimal(1)
TIERS = ((Decimal("1.25"), "Immediate Action"), (Decimal("0.75"), "Hot Lead"), (Decimal("0.50"), "Watchlist"))


@dataclass
class Expected:
    unified: int
    eligible: int
    tiers: Counter[str]
    audience: list[tuple[str, ...]]


def read(folder: Path, source: str) -> list[dict[str, str]]:
    with (folder / f"{source}.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def number(text: str) -> Decimal | None:
    return Decimal(text) if text.strip() else None


def tier(spread: Decimal | None) -> str:
    if spread is not None:
        for above, name in TIERS:
            if spread > above:
                return name
    return "Ineligible"


def expected(folder: Path) -> Expected:
    borrowers = {row["borrower_id"]: row for row in read(folder, "borrower_information")}
    market = {row["property_id"]: row for row in read(folder, "market_equity")}
    engagement = {row["borrower_id"]: row for row in read(folder, "borrower_engagement")}
    unified, eligible, tiers = 0, 0, Counter[str]()
    best: dict[str, tuple[tuple[Decimal, bool, Decimal, str], dict[str, str], dict[str, str], Decimal]] = {}
    for loan in read(folder, "loan_information"):
        borrower = borrowers.get(loan["borrower_id"])
        if borrower is None:
            continue
        offer = market.get(loan["property_id"] or borrower["property_id"])
        if offer is None:
            continue
        unified += 1
        rate, market_rate = number(loan["current_interest_rate"]), number(offer["market_rate_offer"])
        ltv, saving = number(offer["ltv_ratio"]), number(offer["monthly_savings_est"])
        spread = rate - market_rate if rate is not None and market_rate is not None else None
        tiers[tier(spread)] += 1
        if spread is None or ltv is None or ltv > MAX_LTV or spread < MIN_SPREAD or (saving is not None and saving < 0):
            continue
        balance = number(loan.get("remaining_balance", ""))
        if balance is not None and balance <= 0:
            continue
        eligible += 1
        rank = (-spread, saving is None, -(saving or Decimal(0)), loan["loan_id"])
        if loan["borrower_id"] not in best or rank < best[loan["borrower_id"]][0]:
            best[loan["borrower_id"]] = (rank, loan, offer, spread)
    chosen = sorted(best.items(), key=lambda item: (item[1][0][:3], item[0].encode()))
    audience = [row(borrowers[b], loan, offer, spread, engagement.get(b)) for b, (_, loan, offer, spread) in chosen]
    return Expected(unified, eligible, tiers, audience)


def row(
    borrower: dict[str, str], loan: dict[str, str], offer: dict[str, str], spread: Decimal, seen: dict[str, str] | None
) -> tuple[str, ...]:
    flags = ("paperless_billing", "email_open_last_30d", "mobile_app_login_last_30d", "sms_opt_in")
    return (
        borrower["borrower_id"],
        " ".join(part for part in (borrower["first_name"].strip(), borrower["last_name"].strip()) if part),
        f"{spread:.6f}",
        f"{Decimal(offer['monthly_savings_est']):.2f}",
        tier(spread),
        f"person-{borrower['borrower_id']}",
        loan["loan_id"],
        f"{Decimal(loan['current_interest_rate']):.6f}",
        f"{Decimal(offer['market_rate_offer']):.6f}",
        f"{Decimal(offer['ltv_ratio']):.6f}",
        *((seen[flag].lower() for flag in flags[:3]) if seen else ("", "", "")),
        "true" if seen and seen["sms_opt_in"].lower() == "true" else "false",
    )
