"""Single cells judged one by one: each in a row that is otherwise good, and as it is, without CSV around it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from refi_assets.ingestion.files import MACROS, FileColumn
from refi_assets.specs.contracts import load_contracts
from refi_assets.staging.judge import PLAIN, judged_rows_sql, plain_rows_sql
from tests.support.sources import GOOD_ROW

# The value of a cell, or the reason why it is bad.
Outcome = Decimal | int | bool | date | str | None

MONEY = ("market_equity", "monthly_savings_est")  # DECIMAL(18, 2), required, no range
RATE = ("market_equity", "market_rate_offer")  # DECIMAL(9, 6), required, 0 < r <= 30
LTV = ("market_equity", "ltv_ratio")  # DECIMAL(10, 6), required, 0..1000
SCORE = ("borrower_information", "credit_score")  # INTEGER, optional, 300..850
TERM = ("loan_information", "remaining_term_months")  # INTEGER, optional, 1..480
YEAR = ("loan_information", "origination_year")  # INTEGER, optional, no range
BALANCE = ("loan_information", "remaining_balance")  # DECIMAL(18, 2), optional, >= 0
AMOUNT = ("loan_information", "loan_amount")  # DECIMAL(18, 2), optional, > 0


class CellJudge:
    """Judges the cells of one column."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(MACROS)

    def outcomes(self, source: str, column: str, texts: list[str], **declared: Any) -> list[Outcome]:
        """For each text: the value; the reason if the row is quarantined; 'nulled' if the cell becomes null; 'empty'.

        The contract may be `declared` differently for the column. By default, every number in range is plausible.
        """
        contract = load_contracts()[source]
        attributes = {"plausible": None} | declared
        columns = (replace(each, **attributes) if each.name == column else each for each in contract.columns)
        contract = replace(contract, columns=tuple(columns))
        good = {name: cell for name, cell in GOOD_ROW[source].items() if name != column}
        names = [*good, column]
        file_columns = [FileColumn(name, f"c{number}") for number, name in enumerate(names)]
        cells = ", ".join(f"'{cell}' AS c{number}" for number, cell in enumerate(good.values()))
        self.connection.execute("CREATE OR REPLACE TEMP TABLE cells (n INTEGER, text VARCHAR)")
        self.connection.executemany("INSERT INTO cells VALUES (?, ?)", list(enumerate(texts)))
        rows = f"(SELECT n AS position, {cells}, text AS c{len(good)} FROM cells ORDER BY n)"
        judged = f"SELECT {column}, fault, noted FROM ({judged_rows_sql(contract, file_columns, rows)})"
        plain = f"SELECT {PLAIN}, {column} FROM ({plain_rows_sql(contract, file_columns, names, rows)})"
        outcomes: list[Outcome] = []
        for (value, fault, noted), (is_plain, plain_value) in zip(
            self.connection.execute(judged).fetchall(), self.connection.execute(plain).fetchall(), strict=True
        ):
            assert not is_plain or (plain_value, None, None) == (value, fault, noted), value
            assert fault is None or fault.endswith(f" {column}")
            name, kind = noted.split("\x1f")[:2] if noted else (column, None)
            assert name == column
            assert value is None or kind in (None, "invisible")
            note = "empty" if kind == "empty" else "nulled" if kind else value
            outcomes.append(fault.split(" ")[0] if fault else value if kind == "invisible" else note)
        return outcomes

    def outcome(self, source: str, column: str, text: str) -> Outcome:
        """The outcome of one text."""
        return self.outcomes(source, column, [text])[0]
