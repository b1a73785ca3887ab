"""Defective rows of a made-up bank, and the reason by which each must end in quarantine.

They are added to the good rows, under keys of their own, so that all else in the truth stays as it is: by staging, or
by the relations of the domain banking, which find rows without their parent and loans before their account.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from refi_assets.sample.bank_files import BankFile

Cells = Mapping[str, str | date]
NOBODY = 90_000_000  # keys from here on belong to nobody


@dataclass(frozen=True)
class GoodParent:
    """An account that exists, with its owner, and one without a loan, with the day of its opening."""

    client_id: int
    account_id: int
    account_without_loan: int
    opened_on: date


@dataclass
class BankQuarantine:
    """Rows by source and reason: those that staging does not accept, and those that the domain does not."""

    staging: dict[str, Counter[str]] = field(default_factory=dict)
    silver: dict[str, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Defect:
    """Rows that are wrong in one way: cells that differ from a good row's, `rows` of them under one key."""

    reason: str
    cells: Cells
    rows: tuple[Cells, ...] = ({},)
    by_domain: bool = False


def _good_rows(parent: GoodParent, day: date) -> dict[str, Cells]:
    """A good row of each source, without its key."""
    account, client, money = str(parent.account_id), str(parent.client_id), {"amount": "700.00", "currency": "CZK"}
    return {
        "account": {"district_id": "1", "frequency": "POPLATEK MESICNE", "opened_on": day, "currency": "CZK"},
        "client": {"birth_number": "706213", "district_id": "1"},
        "disposition": {"client_id": client, "account_id": account, "role": "DISPONENT"},
        "card": {"disposition_id": "1", "card_type": "classic", "issued_on": day},
        "loan": {
            **{"account_id": account, "granted_on": day, "duration_months": "12", "monthly_payment": "60.00"},
            **{"status": "C", **money, "amount": "720.00"},
        },
        "order": {"account_id": account, "to_bank": "AB", "to_account": "87144583", "purpose": "SIPO", **money},
        "transaction": {
            **{"account_id": account, "booked_on": day, "direction": "PRIJEM", "operation": "VKLAD"},
            **{"balance": "700.00", **money},
        },
    }


def _defects(parent: GoodParent, orphaned_disposition: int) -> dict[str, list[_Defect]]:
    """Defects by source; the first of dispositions makes the row `orphaned_disposition`, which has a card."""
    nobody = str(NOBODY)
    without_account = _Defect("without_account", {"account_id": nobody}, by_domain=True)
    bad_amount = [_Defect("not_a_number", {"amount": "1.2.3"}), _Defect("out_of_range", {"amount": "-5.00"})]

    def conflict(column: str, *texts: str) -> _Defect:
        return _Defect("conflicting_key", {}, tuple({column: text} for text in texts))

    return {
        "account": [
            conflict("district_id", "1", "2"),
            _Defect("not_a_value", {"frequency": "POPLATEK ROCNE"}),
            _Defect("not_a_date", {"opened_on": "931301"}),
        ],
        "client": [conflict("district_id", "1", "2"), _Defect("missing_key", {"birth_number": ""})],
        "disposition": [
            without_account,
            _Defect("without_client", {"client_id": nobody}, by_domain=True),
            conflict("role", "OWNER", "DISPONENT"),
            _Defect("not_a_value", {"role": "HEIR"}),
        ],
        "card": [
            _Defect("without_disposition", {"disposition_id": nobody}, by_domain=True),
            _Defect("without_disposition", {"disposition_id": str(orphaned_disposition)}, by_domain=True),
            _Defect("not_a_value", {"card_type": "platinum"}),
            _Defect("not_a_date", {"issued_on": "soon"}),
        ],
        "loan": [
            without_account,
            _Defect(
                "loan_before_account",
                {"account_id": str(parent.account_without_loan), "granted_on": parent.opened_on - timedelta(days=40)},
                by_domain=True,
            ),
            conflict("duration_months", "12", "24"),
            _Defect("not_a_value", {"status": "E"}),
            _Defect("not_a_date", {"granted_on": "990230"}),
        ],
        "order": [without_account, conflict("amount", "700.00", "800.00"), *bad_amount],
        "transaction": [
            without_account,
            conflict("amount", "700.00", "700.10"),
            _Defect("not_a_value", {"direction": "STORNO"}),
            _Defect("not_a_date", {"booked_on": "19930101"}),
            *bad_amount,
        ],
    }


def add_defects(
    quarantine: BankQuarantine,
    files: Mapping[str, BankFile],
    next_id: Mapping[str, int],
    parent: GoodParent,
    day: date,
) -> None:
    """Append defective rows, each kind once in 2,000 rows; `next_id` is the first free key of each source."""
    good = _good_rows(parent, day)
    for source, defects in _defects(parent, next_id["disposition"]).items():
        file, number = files[source], next_id[source]
        times = max(1, file.rows // 2000)
        staging, silver = Counter[str](), Counter[str]()
        copies = file.first_lines(times)
        for defect in defects:
            for _ in range(times):
                key = {f"{source}_id": str(number)}
                file.append_rows({**good[source], **defect.cells, **cells, **key} for cells in defect.rows)
                (silver if defect.by_domain else staging)[defect.reason] += len(defect.rows)
                number += 1
        file.append_lines(copies)
        file.append_lines(f"{line}{file.delimiter}1" for line in copies)
        staging.update(duplicate_row=times, malformed_row=times)
        quarantine.staging[source], quarantine.silver[source] = staging, silver


def add_cut_row(quarantine: BankQuarantine, file: BankFile, parent: GoodParent, day: date) -> None:
    """Append a transaction that ends within a cell in quotes."""
    file.append_rows([{**_good_rows(parent, day)["transaction"], "transaction_id": str(NOBODY)}])
    file.cut_last_row()
    quarantine.staging.setdefault("transaction", Counter())["malformed_row"] += 1
