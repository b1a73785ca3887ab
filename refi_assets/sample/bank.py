"""`refi banking generate`: source files of the domain banking, from known processes, with their truth.

Clients are drawn in parts, so that memory does not grow with their number. Next to the files, truth.json counts what
follows from the processes, and three files list it: expected_defaults.csv has each loan's chance of default, what
it depends on, and the outcome; expected_unusual.csv the unusual transactions; expected_purchases.csv who bought what.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from refi_assets.errors import SettingError
from refi_assets.sample.bank_accounts import (
    BankCalendar,
    account_cells,
    client_cells,
    disposition_cells,
    district_rows,
)
from refi_assets.sample.bank_defects import BankQuarantine, GoodParent, add_cut_row, add_defects
from refi_assets.sample.bank_files import BankCells, BankFile
from refi_assets.sample.bank_lending import loan_cells, loan_columns
from refi_assets.sample.bank_movements import order_cells, transaction_cells
from refi_assets.sample.bank_parts import BankPart, draw_bank_part
from refi_assets.sample.bank_purchases import LOAN, card_cells, purchase_columns
from refi_assets.sample.bank_truth import BankTotals
from refi_assets.sample.bank_unusual import REASONS
from refi_assets.sample.written_tables import Columns, write_table
from refi_assets.specs.contracts import contracts_of

FEWEST_CLIENTS, MOST_CLIENTS = 100, 10_000_000
SHORTEST_HISTORY, LONGEST_HISTORY = 12, 240  # months
CLIENT_MONTHS_OF_PART = 120_000  # in memory together, in about 300 MB
TRANSACTIONS_A_CLIENT_MONTH = 3.55  # on average


def clients_for(transactions: int, months: int) -> int:
    """The number of clients who make about so many transactions."""
    return max(FEWEST_CLIENTS, round(transactions / (TRANSACTIONS_A_CLIENT_MONTH * months)))


def generate_bank(
    customers: int, seed: int, out_dir: Path, *, as_of: date, months: int = 48, clean: bool = False, cut: bool = False
) -> dict[str, Any]:
    """Write the source files, truth.json and the lists of the truth; returns the content of truth.json.

    The history has `months` months, the last of which ends on `as_of`. If `clean`, nothing is defective, and all
    amounts are in one currency, for which files have no column. If `cut`, the last transaction is cut in its quotes.
    The same arguments give the same files with the same version of NumPy. Raises SettingError for numbers that are out
    of range, or if out_dir cannot be written to.
    """
    if not FEWEST_CLIENTS <= customers <= MOST_CLIENTS:
        raise SettingError(f"{customers} customers cannot be generated; ask for {FEWEST_CLIENTS} to {MOST_CLIENTS:,}.")
    if not SHORTEST_HISTORY <= months <= LONGEST_HISTORY:
        raise SettingError(
            f"A history of {months} months cannot be generated; ask for {SHORTEST_HISTORY} to {LONGEST_HISTORY}."
        )
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        (out_dir / "truth.json").unlink(missing_ok=True)  # a generation cut short must not look finished
        bank = _Bank(out_dir, as_of, months, has_euro=not clean)
        bank.write_clients(customers, seed)
        quarantine = bank.write_defects(clean=clean, cut=cut)
        document = {
            "customers": customers,
            "seed": seed,
            "as_of": str(as_of),
            "months": months,
            **bank.truth(quarantine),
        }
        (out_dir / "truth.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except (OSError, duckdb.IOException) as error:
        raise SettingError(f"{out_dir} cannot be written to as a folder: {error}. Name another folder.") from None
    return document


class _Bank:
    """The files in the making, the next free key of each source, and the totals so far."""

    def __init__(self, folder: Path, as_of: date, months: int, *, has_euro: bool) -> None:
        self._folder, self._as_of, self._has_euro = folder, as_of, has_euro
        self._calendar = BankCalendar(np.datetime64(as_of, "D"), months)
        self._files = {
            source: BankFile(contract, folder, has_currency=has_euro)
            for source, contract in contracts_of("banking").items()
        }
        self._next_id = dict.fromkeys(self._files, 1)
        self._totals = BankTotals()
        self._parent: GoodParent | None = None

    def write_clients(self, clients: int, seed: int) -> None:
        """Write the good rows, part by part, and the lists of the truth."""
        self._files["district"].append_rows(district_rows(np.random.default_rng([seed, MOST_CLIENTS])))
        of_part = max(FEWEST_CLIENTS, CLIENT_MONTHS_OF_PART // self._calendar.months)
        with duckdb.connect() as connection:
            for first in range(0, clients, of_part):
                rng = np.random.default_rng([seed, first])
                part = draw_bank_part(
                    rng,
                    self._calendar,
                    min(of_part, clients - first),
                    first_client=self._next_id["client"],
                    first_account=self._next_id["account"],
                    has_euro=self._has_euro,
                )
                self._write_part(connection, rng, part)
                self._totals.add(self._calendar, part)
                self._parent = self._parent or _parent_in(part)

    def _write_part(self, connection: duckdb.DuckDBPyConnection, rng: np.random.Generator, part: BankPart) -> None:
        ids, accounts, movements = self._next_id, part.accounts, part.movements
        loan_id = ids["loan"] + np.arange(len(part.loans.account))
        transaction_id = ids["transaction"] + rng.permutation(len(movements))  # ids do not tell the order of a day
        by_day = np.argsort(movements.day, kind="stable")
        transactions = movements.at(by_day), transaction_id[by_day], movements.balance[by_day]
        is_unusual = movements.unusual > 0
        unusual = np.array(REASONS)[movements.unusual[is_unusual]]
        lists: dict[str, Columns] = {
            "expected_defaults": loan_columns(part.loans, loan_id),
            "expected_unusual": {"transaction_id": transaction_id[is_unusual], "kind": unusual},
            "expected_purchases": purchase_columns(accounts, part.products),
        }
        for name, columns in lists.items():
            write_table(self._folder / f"{name}.csv", columns, append=self._parent is not None)
        files: dict[str, dict[str, BankCells]] = {
            "client": client_cells(accounts),
            "account": account_cells(accounts),
            "disposition": disposition_cells(accounts, ids["disposition"]),
            "card": card_cells(accounts, part.products, ids["card"], ids["disposition"]),
            "order": order_cells(accounts, part.products, part.bills, ids["order"]),
            "loan": loan_cells(accounts, part.bills, part.loans, loan_id),
            "transaction": transaction_cells(accounts, *transactions),
        }
        for source, cells in files.items():
            self._files[source].append(connection, cells)
            self._next_id[source] = 1 + self._files[source].rows

    def write_defects(self, *, clean: bool, cut: bool) -> BankQuarantine:
        """Write the defective rows after the good ones."""
        quarantine = BankQuarantine()
        if self._parent and not clean:
            add_defects(quarantine, self._files, self._next_id, self._parent, self._as_of)
        if self._parent and cut:
            add_cut_row(quarantine, self._files["transaction"], self._parent, self._as_of)
        return quarantine

    def truth(self, quarantine: BankQuarantine) -> dict[str, Any]:
        """The numbers of rows, by what becomes of them, and the totals."""
        return {
            "rows": {source: file.rows for source, file in sorted(self._files.items())},
            "quarantined": _shown(quarantine.staging),
            "quarantined_in_silver": _shown(quarantine.silver),
            **self._totals.document(self._calendar),
        }


def _parent_in(part: BankPart) -> GoodParent:
    accounts = part.accounts
    without_loan = int(np.flatnonzero(~part.products.has(LOAN))[0])
    return GoodParent(
        client_id=int(accounts.client_id[0]),
        account_id=int(accounts.account_id[0]),
        account_without_loan=int(accounts.account_id[without_loan]),
        opened_on=date.fromisoformat(str(accounts.opened_on[without_loan])),
    )


def _shown(reasons: Mapping[str, Counter[str]]) -> dict[str, dict[str, int]]:
    return {source: dict(sorted(counts.items())) for source, counts in sorted(reasons.items()) if counts}
