"""The truth about a made-up bank: sums over its parts, and how they are shown in truth.json."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from refi_assets.sample.bank_accounts import CURRENCIES, BankCalendar
from refi_assets.sample.bank_lending import BASE_LOG_ODDS_OF_LOAN, LOAN_DRIVERS, STATUSES, LoanPart
from refi_assets.sample.bank_parts import BankPart
from refi_assets.sample.bank_purchases import CHANCE_A_MONTH, FACTORS, PRODUCTS, PurchaseCounts
from refi_assets.sample.bank_unusual import REASONS
from refi_assets.sample.customers import roc_auc

DAYS_UNTIL_OUTCOME_IS_KNOWN = 365


@dataclass
class BankTotals:
    """Sums over the parts that were added. Flows are in cents."""

    clients_with_two_accounts: int = 0
    accounts: Counter[str] = field(default_factory=Counter)
    account_months: Counter[str] = field(default_factory=Counter)
    flows: Counter[tuple[str, str]] = field(default_factory=Counter)
    unusual: Counter[str] = field(default_factory=Counter)
    cohorts: dict[str, Counter[str]] = field(default_factory=dict)
    loans: list[LoanPart] = field(default_factory=list)
    purchases: PurchaseCounts = field(default_factory=PurchaseCounts)

    def add(self, calendar: BankCalendar, part: BankPart) -> None:
        """Add a part."""
        accounts, movements, loans = part.accounts, part.movements, part.loans
        self.clients_with_two_accounts += int(accounts.is_savings.sum())
        used_months = len(np.unique(movements.account * calendar.months + calendar.month_of(movements.day)))
        all_months = int((calendar.months - accounts.opened_month).sum())
        self.account_months.update(with_transactions=used_months, without_transactions=all_months - used_months)
        is_euro = accounts.is_euro[movements.account]
        for place, currency in enumerate(CURRENCIES):
            self.accounts[currency] += int((accounts.is_euro == place).sum())
            cents = movements.cents[is_euro == place]
            self.flows[currency, "inflow"] += int(cents[cents > 0].sum())
            self.flows[currency, "outflow"] -= int(cents[cents < 0].sum())
        self.unusual.update(REASONS[number] for number in movements.unusual[movements.unusual > 0].tolist())
        months = accounts.opened_on[loans.account].astype("datetime64[M]").astype(str)
        for month, is_bad in zip(months.tolist(), loans.is_seen_to_default.tolist(), strict=True):
            self.cohorts.setdefault(month, Counter()).update(total_accounts=1, defaulted_accounts=int(is_bad))
        self.loans.append(loans)
        self.purchases.add(part.products)

    def document(self, calendar: BankCalendar) -> dict[str, Any]:
        """The sums, as they are shown."""
        return {
            "clients_with_two_accounts": self.clients_with_two_accounts,
            "accounts": {currency: count for currency, count in self.accounts.items() if count},
            "account_months": dict(self.account_months),
            "flows": {
                currency: {name: str(Decimal(self.flows[currency, name]) / 100) for name in ("inflow", "outflow")}
                for currency in CURRENCIES
                if self.accounts[currency]
            },
            "unusual_transactions": dict(sorted(self.unusual.items())),
            "loans": _loans_document(self.loans, calendar.as_of),
            "cohorts": {month: dict(counts) for month, counts in sorted(self.cohorts.items())},
            "products": {
                "chance_a_month": dict(zip(PRODUCTS, CHANCE_A_MONTH, strict=True)),
                "factors": {
                    f"{PRODUCTS[held]} -> {PRODUCTS[bought]}": factor for (held, bought), factor in FACTORS.items()
                },
                "bought": self.purchases.by_month(calendar),
                "first_recommendation": self.purchases.hit_rates(calendar),
            },
        }


def _loans_document(parts: Iterable[LoanPart], as_of: np.datetime64) -> dict[str, Any]:
    columns = [(part.status, part.probability, part.defaulted, part.granted_on) for part in parts]
    status, probability, defaulted, granted_on = (np.concatenate(arrays) for arrays in zip(*columns, strict=True))
    is_known = granted_on + DAYS_UNTIL_OUTCOME_IS_KNOWN <= as_of
    return {
        "by_status": {name: int((status == place).sum()) for place, name in enumerate(STATUSES)},
        "defaults": int(defaulted.sum()),
        "best_possible_auc": roc_auc(probability, defaulted),
        "after_a_year": {
            "loans": int(is_known.sum()),
            "defaults": int(defaulted[is_known].sum()),
            "best_possible_auc": roc_auc(probability[is_known], defaulted[is_known]),
        },
        "base_log_odds": BASE_LOG_ODDS_OF_LOAN,
        "drivers": {name: {"log_odds": weight, "neutral_at": at} for name, (weight, at) in LOAN_DRIVERS.items()},
    }
