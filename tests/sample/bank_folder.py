"""The files of a made-up bank, read with the csv module; rows are judged by rules written here."""

import csv
import json
from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path

FILES = {
    **{"account": "account.asc", "client": "client.asc", "disposition": "disp.asc", "card": "card.asc"},
    **{"loan": "loan.asc", "order": "order.asc", "transaction": "trans.asc", "district": "district.asc"},
}
CODES = {
    "frequency": {"POPLATEK MESICNE", "POPLATEK TYDNE", "POPLATEK PO OBRATU"},
    "type": {"OWNER", "DISPONENT", "PRIJEM", "VYDAJ", "VYBER", "junior", "classic", "gold"},
    "status": set("ABCD"),
}
PARENTS = {
    **{"card": {"disp_id": "disposition"}, "disposition": {"account_id": "account", "client_id": "client"}},
    **{"loan": {"account_id": "account"}, "order": {"account_id": "account"}, "transaction": {"account_id": "account"}},
}
Row = dict[str, str]


class BankFolder:
    """The files of a folder, and its truth. `staged` are good rows by source, `rows` those with all their parents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.truth = json.loads((folder / "truth.json").read_text())
        self.staged: dict[str, list[Row]] = {}
        self.reasons: dict[str, Counter[str]] = {}
        self.rows_in_files: dict[str, int] = {}
        for source, name in FILES.items():
            self._read(source, folder / name)
        self.rows, self.without_parent = self._with_parents()

    def _read(self, source: str, path: Path) -> None:
        with path.open(encoding="utf-8", newline="") as stream:
            header, *records = csv.reader(stream, delimiter=";")
        self.rows_in_files[source] = len(records)
        by_key = defaultdict(list)
        reasons = Counter[str]()
        for record in records:
            if len(record) == len(header):
                by_key[record[0]].append(record)
            else:
                reasons["malformed_row"] += 1
        self.staged[source] = []
        for same in by_key.values():
            row = dict(zip(header, same[0], strict=True))
            if any(record != same[0] for record in same):
                reasons["conflicting_key"] += len(same)
                continue
            reasons["duplicate_row"] += len(same) - 1
            if reason := fault_of(row):
                reasons[reason] += 1
            else:
                self.staged[source].append(row)
        self.reasons[source] = +reasons

    def _with_parents(self) -> tuple[dict[str, list[Row]], dict[str, Counter[str]]]:
        """The rows with all their parents, and the others by reason."""
        rows, reasons = dict(self.staged), {}
        for source in ("disposition", "card", "loan", "order", "transaction"):
            keys = {
                column: {next(iter(row.values())) for row in rows[parent]} for column, parent in PARENTS[source].items()
            }
            reasons[source] = Counter[str]()
            kept = []
            opened = {row["account_id"]: day_of(row["date"]) for row in rows["account"]}
            for row in rows[source]:
                lost = [PARENTS[source][column] for column in keys if row[column] not in keys[column]]
                if lost:
                    reasons[source][f"without_{lost[0]}"] += 1
                elif source == "loan" and day_of(row["date"]) < opened[row["account_id"]]:
                    reasons[source]["loan_before_account"] += 1
                else:
                    kept.append(row)
            rows[source] = kept
        return rows, {source: counts for source, counts in reasons.items() if counts}

    @cached_property
    def transactions(self) -> dict[str, list[Row]]:
        """Transactions by account, in the order of the file."""
        by_account = defaultdict(list)
        for row in self.rows["transaction"]:
            by_account[row["account_id"]].append(row)
        return by_account

    def listed(self, name: str) -> list[Row]:
        """The rows of a list of the truth."""
        with (self.folder / f"{name}.csv").open(newline="") as stream:
            return list(csv.DictReader(stream))


def fault_of(row: Row) -> str | None:
    """The reason by which a row is not accepted."""
    if row.get("birth_number") == "":
        return "missing_key"
    for column, codes in CODES.items():
        if column in row and row[column] not in codes:
            return "not_a_value"
    for column in ("date", "issued"):
        if column in row:
            try:
                day_of(row[column])
            except ValueError:
                return "not_a_date"
    if "amount" in row:
        try:
            return "out_of_range" if float(row["amount"]) < 0 else None
        except ValueError:
            return "not_a_number"
    return None


def day_of(text: str) -> date:
    """The day of yymmdd, with or without a time."""
    if len(text.partition(" ")[0]) != 6:
        raise ValueError(text)
    return datetime.strptime(text.partition(" ")[0], "%y%m%d").date()  # noqa: DTZ007


def signed(row: Row) -> Decimal:
    return Decimal(row["amount"]) * (1 if row["type"] == "PRIJEM" else -1)
