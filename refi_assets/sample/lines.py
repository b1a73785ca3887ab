"""The lines of generated source files, as SQL: the columns of each file, drawn and then changed as the cases say.

DuckDB computes each row as a finished line, so that ten million borrowers take little memory and time. Only integers
and decimals are used, since a spread meant to be 1.000 must be exactly that.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.sample.case_model import BORROWER, ENGAGEMENT, LOAN, MARKET, Case, Texts
from refi_assets.sample.draws import Deal, cut, one_of, select_items
from refi_assets.sample.people import People
from refi_assets.sample.person_names import ACCENTED_SURNAMES, GIVEN_NAMES, PLACES, SURNAMES, UNUSUAL_NAMES
from refi_assets.sample.person_records import CELLS, records_sql

RankedCases = list[tuple[Case, range]]

# A borrower's 128 random bits, cut into draws: the upper half, then the lower.
_UPPER = {"spread_draw": 16, "ltv_draw": 16, "value_draw": 14, "offer_draw": 8, "year_draw": 6, "kind_draw": 4}
_LOWER = {"first_draw": 10, "last_draw": 10, "city_draw": 8, "phone_draw": 14, "score_draw": 16, "flag_draw": 6}


@dataclass(frozen=True)
class GeneratedFile:
    """A source file: its columns with their SQL, its header if it differs from their names, and its encoding.

    `tables` are further CTEs on `money`; `cells_of` names the one whose columns the SQL reads.
    """

    source: str
    columns: Mapping[str, str]
    header: str | None = None
    byte_order_mark: bool = False
    carriage_return: bool = False
    tables: str = ""
    cells_of: str = "money"

    @property
    def header_line(self) -> str:
        """The first line, without its line feed."""
        header = self.header or ",".join(self.columns)
        return ("\ufeff" if self.byte_order_mark else "") + header + ("\r" if self.carriage_return else "")

    def with_people(self, people: People | None) -> "GeneratedFile":
        """The file with the cells of generated people, and more columns of them, if it is the borrowers' file."""
        if people is None or self.source != BORROWER:
            return self
        order = (*list(self.columns)[:6], "date_of_birth", "street", "city", "state", "postcode", "credit_score")
        columns = {name: CELLS.get(name) or self.columns[name] for name in order}
        return replace(self, columns=columns, tables=records_sql(people, "money") + ",", cells_of="people")


def _scaled(integer: str, scale: int) -> str:
    """SQL of an integer divided by 10^scale, as text, exactly."""
    return f"CAST(CAST({integer} AS DECIMAL(18, 0)) * 0.{1:0{scale}} AS VARCHAR)"


FILES = (
    GeneratedFile(
        BORROWER,
        {
            "borrower_id": "'B' || n",
            "first_name": one_of((*GIVEN_NAMES, *UNUSUAL_NAMES), "first_draw"),
            "last_name": one_of((*SURNAMES, *ACCENTED_SURNAMES, *UNUSUAL_NAMES), "last_draw"),
            "email": "'b' || n || '@example.com'",
            "phone": "(201 + phone_draw // 100 % 700) || '-555-01' || (10 + phone_draw % 90)",
            "property_id": "'P' || n",
            "city": one_of([city for city, *_ in PLACES], "city_draw"),
            "state": one_of([state for _, state, *_ in PLACES], "city_draw"),
            "credit_score": "CAST(850 - score_draw % 160 - score_draw // 160 % 180 AS VARCHAR)",
        },
    ),
    GeneratedFile(
        LOAN,
        {
            "loan_id": "'L' || n",
            "borrower_id": "'B' || n",
            "borrower_role": "''",
            "property_id": "'P' || n",
            "loan_amount": _scaled("loan_amount", 2),
            "current_interest_rate": _scaled("offer + spread", 3),
            "origination_year": "CAST(origination_year AS VARCHAR)",
            "loan_type": one_of(("Fixed", "Fixed", "ARM", "FHA", "VA"), "kind_draw"),
            "remaining_balance": _scaled("balance", 2),
            "remaining_term_months": "CAST(12 * (years - age) AS VARCHAR)",
            "loan_status": "'Current'",
            "lien_position": "'1'",
            "servicer": one_of(("North", "South"), "flag_draw"),  # not in the contract
        },
    ),
    GeneratedFile(
        MARKET,
        {  # not in the contract's order
            "market_rate_offer": _scaled("offer", 3),
            "current_home_value": _scaled("home_value", 2),
            "property_id": "'P' || n",
            "product": "''",
            "term_months": "''",
            "offered_by": "'own'",
            "monthly_savings_est": _scaled("balance * spread // 1200000", 2),  # a month's interest on the spread
            "estimated_equity_amt": _scaled("home_value - balance", 2),
            "ltv_ratio": _scaled("ltv", 2),
        },
        byte_order_mark=True,
    ),
    GeneratedFile(
        ENGAGEMENT,
        {
            "borrower_id": "'B' || n",
            "paperless_billing": one_of(("false", "true"), "flag_draw"),
            "email_open_last_30d": one_of(("No", "Yes"), "(flag_draw >> 1)"),
            "mobile_app_login_last_30d": one_of(("f", "t"), "(flag_draw >> 2)"),
            "sms_opt_in": one_of(("0", "1"), "(flag_draw >> 3)"),
        },
        header="Borrower_ID, Paperless_Billing ,EMAIL_OPEN_LAST_30D,mobile_app_login_last_30d,Sms_Opt_In",
        carriage_return=True,
    ),
)

# Columns of a loan and its home, from the spread (thousandths of a point) and the LTV (hundredths of a percent).
_RATES = {
    "offer": "3500 + 125 * (offer_draw % 21)",  # thousandths of a point
    "home_value_in_hundreds": "1500 + value_draw % 10501",
    "origination_year": "2008 + year_draw % 18",
    "age": "2026 - origination_year",
    "years": "CASE WHEN kind_draw % 4 = 0 AND age < 15 THEN 15 ELSE 30 END",
}
_MONEY = {  # cents
    "home_value": "home_value_in_hundreds * 10000",
    "balance": "home_value_in_hundreds * ltv",
    # Paid off so far: half of u (1 + u), where u is the share of the term gone by; close to level payments.
    "loan_amount": "balance * 2 * years * years // (2 * years * years - age * (years + age)) // 50000 * 50000 + 50000",
}


def lines_sql(file: GeneratedFile, cases: RankedCases, rows: int, seed: int) -> str:
    """SELECT of a source's lines in the file's order: each borrower's row, then the second rows of some.

    Needs a table `place` with the column `position`, from 0 to rows - 1.
    """
    bounds = {name: _within_bounds(cases, name) for name in ("spread", "ltv")}
    edited = {name: _edited(file.source, name, cases) for name in file.columns}
    line_end = " || CHR(13)" if file.carriage_return else ""
    absent = ranks_of(cases, lambda case: not case.rows_in(file.source))
    return f"""
WITH borrower AS ({_borrowers_sql(file.source, cases, rows, seed)}),
bits AS (SELECT *, md5_number('{seed}:' || n) AS bits FROM borrower),
halves AS (SELECT *, CAST(bits >> 64 AS UBIGINT) AS half0, CAST(bits & {2**64 - 1} AS UBIGINT) AS half1 FROM bits),
draws AS (SELECT n, rank, number_of_row, {select_items(cut("half0", _UPPER) | cut("half1", _LOWER))} FROM halves),
rates AS (SELECT *, {select_items(bounds | _RATES)} FROM draws),
money AS (SELECT *, {select_items(_MONEY)} FROM rates),
{file.tables}
cells AS (SELECT n, rank, number_of_row, {select_items(file.columns)} FROM {file.cells_of}),
edited AS (SELECT n, rank, number_of_row, {select_items(edited)} FROM cells),
lines AS (SELECT n, rank, number_of_row, CONCAT_WS(',', {", ".join(file.columns)}) AS line FROM edited)
SELECT {_edited(file.source, "line", cases)}{line_end} AS "{file.header_line.replace('"', '""')}"
FROM lines
WHERE NOT ({absent})"""


def ranks_of(cases: RankedCases, belongs: Callable[[Case], bool]) -> str:
    """SQL: whether a rank is of a case that belongs."""
    return " OR ".join(_is_within(ranks) for case, ranks in cases if belongs(case)) or "FALSE"


def _is_within(ranks: range) -> str:
    return f"rank BETWEEN {ranks[0]} AND {ranks[-1]}"


def _borrowers_sql(source: str, cases: RankedCases, rows: int, seed: int) -> str:
    """SELECT of n (1 to rows), rank (which decides the case) and number_of_row (0, or 1 for a second row).

    Ranks are dealt to borrowers so that those of a case are far apart.
    """
    deal = Deal(rows, seed)
    selects = [f"SELECT position + 1 AS n, {deal.number_at('position')} AS rank, 0 AS number_of_row FROM place"]
    selects += [
        f"SELECT {deal.place_of('range')} + 1, range, 1 FROM range({ranks.start}, {ranks.stop})"
        for case, ranks in cases
        if len(case.rows_in(source)) > 1
    ]
    return " UNION ALL ".join(selects)


def _within_bounds(cases: RankedCases, name: str) -> str:
    """SQL of the spread or the LTV of a rank, drawn within the bounds of its case."""
    whens = []
    for case, ranks in cases:
        low, high = getattr(case.loans[0], name)
        whens.append(f"WHEN rank < {ranks.stop} THEN {low} + {name}_draw % {high - low + 1}")
    return f"CASE {' '.join(whens)} END"


def _edited(source: str, column: str, cases: RankedCases) -> str:
    """SQL of a column (or the line) of a row as its case changes it; most cases change nothing."""
    edits = [
        (ranks, number, texts)
        for case, ranks in cases
        for number, row in enumerate(case.rows_in(source))
        if (texts := row.line if column == "line" else row.cells.get(column, "{cell}")) not in ("{line}", "{cell}")
    ]
    if not edits:
        return column
    # Most rows leave by the first branch: the cases that change something come last.
    whens = [f"WHEN rank < {min(ranks.start for ranks, _, _ in edits)} THEN {column}"]
    whens += [
        f"WHEN {_is_within(ranks)} AND number_of_row = {number} "
        f"THEN {_replaced(texts, column, f'(rank - {ranks.start})')}"
        for ranks, number, texts in edits
    ]
    return f"CASE {' '.join(whens)} ELSE {column} END"


def _replaced(texts: Texts, column: str, turn: str) -> str:
    if isinstance(texts, tuple):
        whens = [f"WHEN {n} THEN {_replaced(text, column, turn)}" for n, text in enumerate(texts)]
        return f"CASE {turn} % {len(texts)} {' '.join(whens)} END"
    sql = {"{cell}": column, "{line}": column, "{n}": "n"}
    parts = [part for part in re.split(r"(\{cell\}|\{line\}|\{n\})", texts) if part]
    return " || ".join(sql.get(part, text_literal(part)) for part in parts) or "''"
