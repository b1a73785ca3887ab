"""Source files made up for demonstrations, tests and measurements: `refi generate`.

The same number of borrowers and the same seed give the same bytes, whatever the number of threads and the
machine. What may befall a borrower, and what must come of it, is in cases.py; this module writes the
rows and adds up the truth, which it never takes from the files. DuckDB computes the rows, each as a finished line,
so that ten million borrowers take neither memory nor patience; only integers and decimals are used, since a spread
meant to be 1.000 must be exactly that.
"""

import json
import mmap
import re
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.errors import SettingError
from refi_assets.sample.cases import (
    BORROWER,
    CASES,
    CLEAN_CASES,
    ENGAGEMENT,
    LOAN,
    MARKET,
    NOT_UTF8,
    SOURCES,
    Case,
    Texts,
    borrowers_by_case,
)
from refi_assets.sample.draws import Deal, cut, one_of
from refi_assets.sample.people import People
from refi_assets.sample.records import CELLS, records_sql

MAXIMUM_ROWS = 1_000_000_000  # beyond it, scattering the cases would overflow 64 bits
TRUTH_FILE = "truth.json"
PERSONS_FILE = "persons.csv"

_FIRST_NAMES = (
    *("Ana", "James", "Zoë", "Mary", "Wei", "Fatima", "José", "Linda", "Oluwaseun", "Björn", "Priya", "Renée"),
    *("Robert", "Siobhán", "李", "Karen", "Łukasz", "Aisha", "Mary Ann", "D'Arcy", "Thị Mai", "Carlos", "Emily"),
)
_LAST_NAMES = (
    *("Smith", "Núñez", "Johnson", "O'Brien", "García", "Nguyễn", "Müller", "van der Berg", "Kowalska", "小明"),
    *("Brown", "Okafor", "Patel", "Smith-Jones", "Davis", "Ångström", "Lee", "Martin", "St. Clair", "Çelik", "Wilson"),
)
_CITIES = (
    *(("Springfield", "IL"), ("Austin", "TX"), ("Cañon City", "CO"), ("Portland", "OR"), ("Columbus", "OH")),
    *(("San José", "CA"), ("Albany", "NY"), ("Mobile", "AL"), ("Tampa", "FL"), ("Boise", "ID"), ("Reno", "NV")),
)

# A borrower's 128 random bits, cut into named draws: the upper half first.
_DRAWS = (
    {"spread_draw": 16, "ltv_draw": 16, "value_draw": 14, "offer_draw": 8, "year_draw": 6, "kind_draw": 4},
    {"first_draw": 10, "last_draw": 10, "city_draw": 8, "phone_draw": 14, "score_draw": 16, "flag_draw": 6},
)


@dataclass(frozen=True)
class _File:
    """A source file: its columns with their SQL, its header where that differs, and how it is encoded.

    `tables` are further CTEs on `money`, which the SQL of the columns then reads from the one named `cells_of`.
    """

    source: str
    columns: dict[str, str]
    header: str | None = None
    byte_order_mark: bool = False
    carriage_return: bool = False
    tables: str = ""
    cells_of: str = "money"

    @property
    def header_line(self) -> str:
        """The first line, without its line feed."""
        return (
            ("\ufeff" if self.byte_order_mark else "")
            + (self.header or ",".join(self.columns))
            + ("\r" if self.carriage_return else "")
        )


def _scaled(integer: str, scale: int) -> str:
    """An integer SQL expression divided by 10^scale, as text, exactly."""
    return f"CAST(CAST({integer} AS DECIMAL(18, 0)) * 0.{1:0{scale}} AS VARCHAR)"


_FILES = (
    _File(
        BORROWER,
        {
            "borrower_id": "'B' || n",
            "first_name": one_of(_FIRST_NAMES, "first_draw"),
            "last_name": one_of(_LAST_NAMES, "last_draw"),
            "email": "'b' || n || '@example.com'",
            "phone": "(201 + phone_draw // 100 % 700) || '-555-01' || (10 + phone_draw % 90)",
            "property_id": "'P' || n",
            "city": one_of(tuple(city for city, _ in _CITIES), "city_draw"),
            "state": one_of(tuple(state for _, state in _CITIES), "city_draw"),
            "credit_score": "CAST(850 - score_draw % 160 - score_draw // 160 % 180 AS VARCHAR)",
        },
    ),
    _File(
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
            "servicer": one_of(("North", "South"), "flag_draw"),  # a column that the contract does not know
        },
    ),
    _File(
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
    _File(
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


def generate(
    rows: int, seed: int, out_dir: Path, *, duplicates: int = 0, clean: bool = False, threads: int = 0
) -> dict[str, Any]:
    """Write the four source files of so many borrowers, and truth.json; returns what is in truth.json.

    Truth has the shape of a run's counts (`rows` counts borrowers, of a joint loan one, not rows of files). If
    `duplicates` is more than 0, so many percent of the borrowers are second or third records of a person,
    borrower_information has more columns, and persons.csv says who each borrower of it is. If `clean`, nothing is
    defective, missing, joint or odd. Files of the same name are written over.
    `threads` 0 takes one a core; the bytes are the same for any.
    Raises SettingError if rows is below the number of cases or absurdly large, duplicates are more than can be or
    are to be clean, or out_dir cannot be written to.
    """
    minimum_rows = len(_cases(clean))
    if not minimum_rows <= rows <= MAXIMUM_ROWS:
        raise SettingError(
            f"{rows} rows cannot be generated; ask for at least {minimum_rows}, so that every case has a borrower, and "
            f"at most {MAXIMUM_ROWS}."
        )
    if clean and duplicates:
        raise SettingError("Clean files have no duplicates: leave out --clean or --duplicates.")
    people = _people(rows, seed, duplicates)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for name in (TRUTH_FILE, PERSONS_FILE):  # a generation cut short must not look finished
            (out_dir / name).unlink(missing_ok=True)
        _write(borrowers_by_case(rows, _cases(clean)), rows, seed, people, out_dir, threads)
    except (OSError, duckdb.IOException) as error:
        raise SettingError(f"{out_dir} cannot be written to as a folder: {error}. Name another folder.") from None
    known = truth(rows, seed, duplicates, clean=clean)
    (out_dir / TRUTH_FILE).write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    return known


def _cases(clean: bool) -> tuple[Case, ...]:
    return CLEAN_CASES if clean else CASES


def _people(rows: int, seed: int, duplicates: int) -> People | None:
    return People(rows, seed, duplicates) if duplicates else None


def _write(
    cases: list[tuple[Case, range]], rows: int, seed: int, people: People | None, out_dir: Path, threads: int
) -> None:
    with tempfile.TemporaryDirectory(prefix="refi-generate-") as spill:
        config: dict[str, Any] = {"memory_limit": "2GB", "temp_directory": spill}
        with duckdb.connect(config=config | ({"threads": threads} if threads else {})) as connection:
            # range() is read by one thread, a table by all.
            connection.execute(f"CREATE TEMP TABLE place AS SELECT range AS position FROM range({rows})")
            for file in _FILES:
                lines = _lines_sql(_with_people(file, people), cases, rows, seed)
                path = out_dir / f"{file.source}.csv"
                _copy(connection, lines, path)
                _break_utf8(path)
            if people is not None:
                _copy(connection, _persons_sql(people, cases), out_dir / PERSONS_FILE)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    # Lines are whole already: without a quote character, DuckDB adds and escapes nothing.
    connection.execute(
        f"COPY ({query}) TO {text_literal(str(path))} "
        "(FORMAT csv, HEADER true, PRESERVE_ORDER true, QUOTE '', ESCAPE '')"
    )


def _with_people(file: _File, people: People | None) -> _File:
    if people is None or file.source != BORROWER:
        return file
    order = (*list(file.columns)[:6], "date_of_birth", "street", "city", "state", "postcode", "credit_score")
    columns = {name: CELLS.get(name) or file.columns[name] for name in order}
    return replace(file, columns=columns, tables=records_sql(people, "money") + ",", cells_of="people")


def _persons_sql(people: People, cases: list[tuple[Case, range]]) -> str:
    """SELECT of who each borrower is, of those who have a row in borrower_information, whether it is good or not."""
    hidden, joint = (
        " OR ".join(f"rank BETWEEN {ranks[0]} AND {ranks[-1]}" for case, ranks in cases if belongs(case))
        for belongs in (lambda case: not case.rows_in(BORROWER), lambda case: case.is_joint)
    )
    return f"""
WITH borrower AS (
    SELECT position + 1 AS n, {Deal(people.rows, people.seed).number_at("position")} AS rank FROM place
),
{people.persons_sql("borrower")}
SELECT 'B' || n || other AS borrower_id, 'person-' || person || other AS person
FROM (SELECT *, UNNEST(CASE WHEN {joint} THEN ['', '-2'] ELSE [''] END) AS other FROM numbered WHERE NOT ({hidden}))"""


def truth(rows: int, seed: int, duplicates: int = 0, *, clean: bool = False) -> dict[str, Any]:
    """What a run on the generated files must count, by arithmetic over the cases. Zeros are left out of mappings.

    Raises SettingError where duplicates are more than can be.
    """
    sizes = [(case, len(ranks)) for case, ranks in borrowers_by_case(rows, _cases(clean))]
    tiers: Counter[str] = Counter()
    audience_tiers: Counter[str] = Counter()
    fates: Counter[str] = Counter()
    eligible = letter_to_another = 0
    for case, size in sizes:
        fates[case.fate] += size
        if case.fate != "unified":
            continue
        for judged in case.loans:
            tiers[judged.tier] += size
            eligible += size * judged.eligible
        letter_to_another += size * case.is_joint
        chosen = max((judged for judged in case.loans if judged.eligible), key=lambda one: one.spread, default=None)
        if chosen is not None:
            audience_tiers[chosen.tier] += size
    counts = {
        "sources": {source: _source_counts(source, sizes) for source in SOURCES},
        "unified": tiers.total(),
        "eligible": eligible,
        "unmatched": {
            reason: fates[reason] for reason in ("no_loan", "no_market_data", "no_own_offer") if fates[reason]
        },
        "loans_without_borrower": fates["no_borrower"],
        "engagement_without_borrower": sum(
            size * case.accepted_in(ENGAGEMENT) for case, size in sizes if not case.accepted_in(BORROWER)
        ),
        "offers_without_home": sum(
            size * case.accepted_in(MARKET)
            for case, size in sizes
            if not case.accepted_in(BORROWER) + case.accepted_in(LOAN)
        ),
        "letter_to_another": letter_to_another,
        "tiers": dict(sorted(tiers.items())),
        "audience_tiers": dict(sorted(audience_tiers.items())),
    }
    audience_rows = audience_tiers.total()
    people = _people(rows, seed, duplicates)
    return {
        "rows": rows,
        "seed": seed,
        **({} if people is None else {"duplicates": duplicates}),
        **({"clean": True} if clean else {}),
        "counts": counts,
        "audience_rows": audience_rows,
        **({} if people is None else people.truth(audience_rows)),
    }


def _source_counts(source: str, sizes: list[tuple[Case, int]]) -> dict[str, Any]:
    accepted = 0
    quarantined: Counter[str] = Counter()
    nulled: Counter[str] = Counter()
    emptied: dict[str, Counter[str]] = {}
    for case, size in sizes:
        for row in case.rows_in(source):
            if row.reason is not None:
                quarantined[row.reason] += size
                continue
            accepted += size
            nulled.update(dict.fromkeys(row.nulled, size))
            for column in row.emptied:
                emptied.setdefault(column, Counter()).update(row.words_of(column, size))
    return {
        "rows": accepted + quarantined.total(),
        "accepted": accepted,
        "quarantined": dict(sorted(quarantined.items())),
        "nulled": dict(sorted(nulled.items())),
        "emptied": {column: dict(sorted(words.items())) for column, words in sorted(emptied.items()) if words},
        "invisible": {},
    }


def _lines_sql(file: _File, cases: list[tuple[Case, range]], rows: int, seed: int) -> str:
    """SELECT of a source's lines, in the file's order: each borrower's row, then the second rows of some."""
    cells = ", ".join(f"{sql} AS {name}" for name, sql in file.columns.items())
    edited = ", ".join(f"{_edited(file.source, name, cases)} AS {name}" for name in file.columns)
    line_end = " || CHR(13)" if file.carriage_return else ""
    draws = [draw for half, widths in enumerate(_DRAWS) for draw in cut(f"half{half}", widths)]
    absent = [f"rank BETWEEN {ranks[0]} AND {ranks[-1]}" for case, ranks in cases if not case.rows_in(file.source)]
    return f"""
WITH borrower AS ({_borrowers_sql(file.source, cases, rows, seed)}),
bits AS (SELECT *, md5_number('{seed}:' || n) AS bits FROM borrower),
halves AS (SELECT *, CAST(bits >> 64 AS UBIGINT) AS half0, CAST(bits & {2**64 - 1} AS UBIGINT) AS half1 FROM bits),
draws AS (SELECT n, rank, number_of_row, {", ".join(draws)} FROM halves),
rates AS (
    SELECT
        *,
        {_drawn(cases, "spread")} AS spread,  -- thousandths of a point
        {_drawn(cases, "ltv")} AS ltv,  -- hundredths of a percent
        3500 + 125 * (offer_draw % 21) AS offer,  -- thousandths of a point
        1500 + value_draw % 10501 AS home_value_in_hundreds,
        2008 + year_draw % 18 AS origination_year,
        2026 - origination_year AS age,
        CASE WHEN kind_draw % 4 = 0 AND age < 15 THEN 15 ELSE 30 END AS years
    FROM draws
),
money AS (  -- cents
    SELECT
        *,
        home_value_in_hundreds * 10000 AS home_value,
        home_value_in_hundreds * ltv AS balance,
        -- Paid off by now: half of u (1 + u), where u is the share of the term gone by; close to level payments.
        balance * 2 * years * years // (2 * years * years - age * (years + age)) // 50000 * 50000 + 50000 AS loan_amount
    FROM rates
),
{file.tables}
cells AS (SELECT n, rank, number_of_row, {cells} FROM {file.cells_of}),
edited AS (SELECT n, rank, number_of_row, {edited} FROM cells),
lines AS (SELECT n, rank, number_of_row, CONCAT_WS(',', {", ".join(file.columns)}) AS line FROM edited)
SELECT {_edited(file.source, "line", cases)}{line_end} AS "{file.header_line.replace('"', '""')}"
FROM lines
WHERE NOT ({" OR ".join(absent) or "FALSE"})"""


def _borrowers_sql(source: str, cases: list[tuple[Case, range]], rows: int, seed: int) -> str:
    """SELECT of n (1 to rows), rank (which decides the case) and number_of_row (0, or 1 for a second row).

    Ranks are dealt to borrowers in such a way that those of a case lie far apart.
    """
    deal = Deal(rows, seed)
    selects = [f"SELECT position + 1 AS n, {deal.number_at('position')} AS rank, 0 AS number_of_row FROM place"]
    selects += [
        f"SELECT {deal.place_of('range')} + 1, range, 1 FROM range({ranks.start}, {ranks.stop})"
        for case, ranks in cases
        if len(case.rows_in(source)) > 1
    ]
    return " UNION ALL ".join(selects)


def _drawn(cases: list[tuple[Case, range]], what: str) -> str:
    """The spread or the LTV of a rank, within the bounds of its case."""
    whens = []
    for case, ranks in cases:
        low, high = getattr(case.loans[0], what)
        whens.append(f"WHEN rank < {ranks.stop} THEN {low} + {what}_draw % {high - low + 1}")
    return f"CASE {' '.join(whens)} END"


def _edited(source: str, column: str, cases: list[tuple[Case, range]]) -> str:
    """A column (or the line) of a row as its case will have it; most cases change nothing."""
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
        f"WHEN rank BETWEEN {ranks[0]} AND {ranks[-1]} AND number_of_row = {number} "
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


def _break_utf8(path: Path) -> None:
    """Put a byte that is no UTF-8 (é of Latin-1) where the placeholder stands: DuckDB writes valid text only."""
    with path.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as content:
        at = content.find(NOT_UTF8.encode())
        while at >= 0:
            content[at] = 0xE9
            at = content.find(NOT_UTF8.encode(), at + 1)
