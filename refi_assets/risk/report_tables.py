"""The tables of the report on default risk, which its page and its CSV files show: amounts in USD, shares in percent.

Amounts are rounded to the cent in the cells alone: a total is that of the amounts before they were rounded.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from refi_assets.engines.base import Row
from refi_assets.engines.spreadsheets import escape_formula
from refi_assets.errors import writing
from refi_assets.risk.losses import (
    cents,
    exact_sum,
    expected_loss,
    exposure_at_default,
    herfindahl_index,
    loss_of,
    percent_of,
)
from refi_assets.risk.policy import Loss
from refi_assets.risk.report_rows import RiskRows

BANDS = ("high", "medium", "low")
NOT_SCORED = "not_scored"
LARGEST = (1, 10, 100)  # borrowers whose share of all balances is shown

Losses = Mapping[str, Loss]
Tables = dict[str, list[Row]]  # by name, which is that of the CSV file


def risk_tables(rows: RiskRows, losses: Losses) -> Tables:
    """All tables. Raises SettingError if the policy lacks a product's losses."""
    cells = [_with_loss(row, losses) for row in rows["exposure_cells"]]
    borrowers = {row["band"]: row["borrowers"] for row in rows["borrowers_by_band"]}
    return {
        "portfolio": [{"borrowers": sum(borrowers.values()), **_totals(cells)}],
        "portfolio_by_band": [
            {"band": band, "borrowers": borrowers.get(band, 0), **_totals(group)}
            for band, group in _groups(cells, lambda row: row["band"], (*BANDS, NOT_SCORED))
        ],
        "expected_loss_by_product": [
            {"product": product, **loss_of(product, losses).model_dump(), **_totals(group)}
            for product, group in _groups(cells, lambda row: row["product"])
        ],
        "vintages": [
            {"vintage": vintage, "past_due_pct": _past_due_pct(group), **_totals(group)}
            for vintage, group in _groups(
                [_with_loss(row, losses) for row in rows["exposure_by_vintage"]], lambda row: row["vintage"]
            )
        ],
        "band_migration": [dict(row) for row in rows["band_migration"]],
        "concentration": _concentration(rows, cells),
        "regulatory_aggregates": [
            {**{name: row[name] for name in ("product", "band", "delinquency")}, **_totals([row])} for row in cells
        ],
    }


def write_tables(tables: Tables, folder: Path) -> None:
    """One CSV file for each table, <name>.csv; an unknown number is an empty cell. Raises RefiError."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        file = folder / f"{name}.csv"
        with writing(file), file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(rows[0] if rows else [])
            writer.writerows(map(_as_cells, rows))


def _as_cells(row: Row) -> list[Any]:
    return [escape_formula(value) if isinstance(value, str) else value for value in row.values()]


def _with_loss(row: Row, losses: Losses) -> Row:
    """A row of one product with its exposure and expected loss; null without a score."""
    loss, likely = loss_of(row["product"], losses), row["likely_balance"]
    return {
        **row,
        "exposure": exposure_at_default(row["balance"], loss),
        "expected_loss": None if likely is None else expected_loss(likely, loss),
    }


def _totals(rows: Sequence[Row]) -> Row:
    """Loans, balance, exposure at default, expected loss, and that in percent of the exposure.

    The expected loss is of the loans with a score; it is unknown if no loan has one.
    """
    balance, exposure = (exact_sum(row[name] for row in rows) for name in ("balance", "exposure"))
    scored = [row["expected_loss"] for row in rows if row["expected_loss"] is not None]
    loss = exact_sum(scored) if scored else None
    return {
        "loans": sum(row["loans"] for row in rows),
        "balance": cents(balance),
        "exposure_at_default": cents(exposure),
        "expected_loss": None if loss is None else cents(loss),
        "expected_loss_pct": None if loss is None else percent_of(loss, exposure),
    }


def _groups(rows: Sequence[Row], key: Callable[[Row], Any], first: Sequence[Any] = ()) -> list[tuple[Any, list[Row]]]:
    """The rows by key: keys in `first` in its order, then the others in theirs."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    order = {name: place for place, name in enumerate(first)}
    return sorted(groups.items(), key=lambda group: (order.get(group[0], len(order)), group[0]))


def _past_due_pct(rows: Sequence[Row]) -> Decimal | None:
    return percent_of(exact_sum(row["past_due_balance"] for row in rows), exact_sum(row["balance"] for row in rows))


def _concentration(rows: RiskRows, cells: Sequence[Row]) -> list[Row]:
    """Shares of all balances: by state, by product, and of the borrowers who owe the most; and the indices."""
    products = {
        product: exact_sum(row["balance"] for row in group)
        for product, group in _groups(cells, lambda row: row["product"])
    }
    states = {row["state"]: row["balance"] for row in rows["exposure_by_state"]}
    owed = [row["balance"] for row in rows["largest_exposures"]]
    whole = exact_sum(products.values())
    largest = {f"largest {count}": exact_sum(owed[:count]) for count in LARGEST}

    def shares(basis: str, amounts: Mapping[str, Decimal]) -> list[Row]:
        return [
            {"basis": basis, "part": part, "balance": cents(amount), "share_pct": percent_of(amount, whole)}
            for part, amount in amounts.items()
        ]

    return [*shares("product", products), *shares("state", states), *shares("borrowers", largest)]


def concentration_indices(tables: Tables) -> dict[str, Decimal | None]:
    """The Herfindahl-Hirschman index of balances by product and by state."""
    return {
        basis: herfindahl_index(row["balance"] for row in tables["concentration"] if row["basis"] == basis)
        for basis in ("product", "state")
    }
