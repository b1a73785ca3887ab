"""`refi generate`: source files for demonstrations, tests and measurements.

The same number of borrowers and the same seed give the same bytes on any machine and any number of threads. The cases
(cases.py) say what happens to borrowers' rows; lines.py computes the rows, and truth.py the counts of a run on them.
"""

import json
import mmap
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from refi_assets.engines.duckdb_sql import text_literal
from refi_assets.errors import SettingError
from refi_assets.sample.case_model import BORROWER, NOT_UTF8
from refi_assets.sample.cases import borrowers_by_case, cases_of
from refi_assets.sample.draws import Deal
from refi_assets.sample.lines import FILES, RankedCases, lines_sql, ranks_of
from refi_assets.sample.people import People
from refi_assets.sample.truth import truth

MAXIMUM_ROWS = 1_000_000_000  # with more, dealing the cases would overflow 64 bits
TRUTH_FILE = "truth.json"
PERSONS_FILE = "persons.csv"


def generate_files(
    rows: int, seed: int, out_dir: Path, *, duplicates: int = 0, clean: bool = False, threads: int = 0
) -> dict[str, Any]:
    """Write the four source files of `rows` borrowers, and truth.json; returns the content of truth.json.

    If `duplicates` is more than 0, that percentage of the borrowers are second or third records of a person;
    borrower_information then has more columns, and persons.csv gives each borrower's person. If `clean`, nothing is
    defective, missing, joint or odd. Existing files of the same name are replaced. `threads` 0 is one per core; the
    bytes are the same for any number.
    Raises SettingError if rows is below the number of cases or absurdly large, if there are more duplicates than
    possible or duplicates are to be clean, or if out_dir cannot be written to.
    """
    cases = cases_of(clean=clean)
    if not len(cases) <= rows <= MAXIMUM_ROWS:
        raise SettingError(
            f"{rows} rows cannot be generated; ask for at least {len(cases)}, so that every case has a borrower, and "
            f"at most {MAXIMUM_ROWS}."
        )
    if clean and duplicates:
        raise SettingError("Clean files have no duplicates: leave out --clean or --duplicates.")
    people = People(rows, seed, duplicates) if duplicates else None
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        for name in (TRUTH_FILE, PERSONS_FILE):  # a generation cut short must not look finished
            (out_dir / name).unlink(missing_ok=True)
        _write_files(borrowers_by_case(rows, cases), rows, seed, people, out_dir, threads)
    except (OSError, duckdb.IOException) as error:
        raise SettingError(f"{out_dir} cannot be written to as a folder: {error}. Name another folder.") from None
    document = truth(rows, seed, duplicates, clean=clean)
    (out_dir / TRUTH_FILE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return document


def _write_files(cases: RankedCases, rows: int, seed: int, people: People | None, out_dir: Path, threads: int) -> None:
    with tempfile.TemporaryDirectory(prefix="refi-generate-") as spill:
        config: dict[str, Any] = {"memory_limit": "2GB", "temp_directory": spill}
        with duckdb.connect(config=config | ({"threads": threads} if threads else {})) as connection:
            # range() is read by one thread, a table by all.
            connection.execute(f"CREATE TEMP TABLE place AS SELECT range AS position FROM range({rows})")
            for file in FILES:
                path = out_dir / f"{file.source}.csv"
                _copy(connection, lines_sql(file.with_people(people), cases, rows, seed), path)
                _break_utf8(path)
            if people is not None:
                _copy(connection, _persons_sql(people, cases), out_dir / PERSONS_FILE)


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    # Lines are already complete: without a quote character, DuckDB adds and escapes nothing.
    connection.execute(
        f"COPY ({query}) TO {text_literal(str(path))} "
        "(FORMAT csv, HEADER true, PRESERVE_ORDER true, QUOTE '', ESCAPE '')"
    )


def _persons_sql(people: People, cases: RankedCases) -> str:
    """SELECT of each borrower's person, for borrowers with a row in borrower_information, quarantined or not."""
    absent = ranks_of(cases, lambda case: not case.rows_in(BORROWER))
    joint = ranks_of(cases, lambda case: case.is_joint)
    return f"""
WITH borrower AS (
    SELECT position + 1 AS n, {Deal(people.rows, people.seed).number_at("position")} AS rank FROM place
),
{people.persons_sql("borrower")}
SELECT 'B' || n || suffix AS borrower_id, 'person-' || person || suffix AS person
FROM (SELECT *, UNNEST(CASE WHEN {joint} THEN ['', '-2'] ELSE [''] END) AS suffix FROM numbered WHERE NOT ({absent}))"""


def _break_utf8(path: Path) -> None:
    """Replace each placeholder by a byte that is not UTF-8 (é of Latin-1): DuckDB writes valid text only."""
    with path.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as content:
        at = content.find(NOT_UTF8.encode())
        while at >= 0:
            content[at] = 0xE9
            at = content.find(NOT_UTF8.encode(), at + 1)
