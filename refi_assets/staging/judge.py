"""Judging a file's cells by the contract: SELECTs that type the good ones and name the bad ones.

Most rows are plainly good, which a few cheap tests prove: their cells are taken as they are, codes in lower case. The
others are judged cell by cell, one row in, one row out: the typed columns and states, `fault` (null, or 'reason column'
of the first bad required cell), the original cells if there is a fault, and `noted`: the cells that differ from the
file's.
The expressions on single cells are in cell_sql.py.
"""

from collections.abc import Collection
from dataclasses import replace

from refi_assets.engines.duckdb_sql import constant_sql, quoted, text_literal
from refi_assets.ingestion.files import FileColumn
from refi_assets.specs.contracts import Contract
from refi_assets.staging.cell_sql import NOTE_SEPARATOR, CellSql

PLAIN = quoted("is plainly good")

_NUMBERS = quoted("numbers of the row")  # all cells of numbers, as one text


def plain_rows_sql(contract: Contract, columns: list[FileColumn], names: Collection[str], source_sql: str) -> str:
    """SELECT of every row of one file, in the file's order, with the cells of plainly good rows.

    `source_sql` is a FROM item with the file's rows. Columns of the result: those of the contract that are in `names`,
    in order and typed, and PLAIN: whether a few cheap tests prove that the row is good and has no state. The file's
    columns are null in every other row; judged_rows_sql judges those rows cell by cell.
    """
    raws, cells = _cells_of(contract, columns)
    numbers = ", ".join(cell.raw for cell in cells.values() if cell.column.is_numeric)
    casts = [f"{cell.cast_sql(cell.raw)} AS {cell.cast}" for cell in cells.values() if cell.is_typed]
    values = []
    for column in contract.columns:
        if column.name in names:
            value = constant_sql(column.when_absent, column.sql_type)
            if cell := cells.get(column.name):
                value = f"CASE WHEN {PLAIN} THEN {cell.plain_sql()} END"
            values.append(f"{value} AS {quoted(column.name)}")
    return _nested_selects(
        source_sql,
        _renamed(columns, raws),
        ["*", *casts, f"CONCAT('', {numbers or 'NULL'}) AS {_NUMBERS}"],
        ["*", f"CASE WHEN {_is_plainly_good([*cells.values()])} THEN TRUE ELSE FALSE END AS {PLAIN}"],
        [*values, PLAIN],
    )


def judged_rows_sql(contract: Contract, columns: list[FileColumn], source_sql: str) -> str:
    """SELECT that judges rows of one file cell by cell.

    `source_sql` is a FROM item with the rows and their `position`. Columns of the result: the `position`; the
    contract's, in order and typed, and its states; `fault`; `original_cells` (JSON); `noted` (see notes_sql).
    """
    raws, cells = _cells_of(contract, columns)
    judged = [*cells.values()]
    staged = []
    for column in contract.columns:
        cell = cells.get(column.name)
        value = cell.staged_sql() if cell else constant_sql(column.when_absent, column.sql_type)
        staged.append(f"{value} AS {quoted(column.name)}")
    for column in contract.columns_with_states:
        cell = cells.get(column.name)
        state = cell.state_sql() if cell else constant_sql(None, "VARCHAR")
        staged.append(f"{state} AS {quoted(column.state_column)}")
    missing, faulty = zip(*(cell.row_fault_whens() for cell in judged), strict=True)
    tests, notes = zip(*(note for cell in judged for note in cell.notes()), strict=True)
    noted = ", ".join(f"CASE WHEN {test} THEN {note} END" for test, note in zip(tests, notes, strict=True))
    return _nested_selects(
        source_sql,
        ["position", *_renamed(columns, raws)],
        ["*", *(f"{cell.text_sql()} AS {cell.text}" for cell in judged)],
        ["*", *(f"{cell.cast_sql(cell.text)} AS {cell.value}" for cell in judged if cell.is_typed)],
        ["*", *(f"{cell.fault_sql()} AS {cell.fault}" for cell in judged)],
        ["*", f"CASE {' '.join(filter(None, (*missing, *faulty)))} END AS fault"],
        [
            "position",
            *staged,
            "fault",
            f"CASE WHEN fault IS NOT NULL THEN {_json(raws)} END AS original_cells",
            f"CASE WHEN {' OR '.join(tests)} THEN CONCAT_WS({NOTE_SEPARATOR}, {noted}) END AS noted",
        ],
    )


def notes_sql(judged: str) -> str:
    """SELECT of the notes on judged rows, one per row: the row's `position`, `name` of the column, `kind`, `cell`.

    `kind` is EMPTY (`cell` is the word that reads as empty, in upper case), INVISIBLE, or the fault by which a cell
    became null (`cell` is its text if that is a number).
    """
    return (
        "SELECT position, SPLIT_PART(note, CHR(31), 1) AS name, SPLIT_PART(note, CHR(31), 2) AS kind, "
        f"SPLIT_PART(note, CHR(31), 3) AS cell FROM (SELECT position, UNNEST(STRING_SPLIT(noted, {NOTE_SEPARATOR})) "
        f"AS note FROM {judged} WHERE noted IS NOT NULL)"
    )


def original_cells_sql(columns: list[FileColumn], source_sql: str) -> str:
    """SELECT of `original_cells` (JSON) and `trimmed_cells` of rows, and of their `position`.

    `trimmed_cells` is one text for all cells that are not null, by column name, for comparison.
    """
    trimmed = ", ".join(
        # Columns without a name, which come first, are told apart by their number: no name begins with a space.
        f"CASE WHEN {text} IS NOT NULL THEN {_json([FileColumn(column.name or f' {number}', text)])} END"
        for number, column in enumerate(sorted(columns, key=lambda column: column.name))
        for text in [f"cell({column.sql})"]
    )
    return (
        f"SELECT position, {_json(columns)} AS original_cells, CONCAT_WS(',', {trimmed}) AS trimmed_cells "
        f"FROM {source_sql}"
    )


def _cells_of(contract: Contract, columns: list[FileColumn]) -> tuple[list[FileColumn], dict[str, CellSql]]:
    """The file's columns under the names 'raw 0', 'raw 1', …, and by name those that the contract has, in its order."""
    raws = [replace(column, sql=quoted(f"raw {number}")) for number, column in enumerate(columns)]
    by_name = {raw.name: raw for raw in raws}
    cells = {
        column.name: CellSql(column, by_name[column.name]) for column in contract.columns if column.name in by_name
    }
    names = [cell for cell in cells.values() if cell.column.person_attribute in ("given_name", "surname")]
    if len(names) == 2:
        for cell in names:
            cell.full_name = names
    return raws, cells


def _is_plainly_good(cells: list[CellSql]) -> str:
    tests = [test for cell in cells for test in cell.plainly_good_tests()]
    if any(cell.column.is_numeric and cell.is_tidy for cell in cells):  # see is_cast_rightly
        tests += [f"NOT CONTAINS({_NUMBERS}, {text_literal(sign)})" for sign in ("e", "E", "_")]
    return " AND ".join(tests) or "TRUE"


def _renamed(columns: list[FileColumn], raws: list[FileColumn]) -> list[str]:
    return [f"{column.sql} AS {raw.sql}" for column, raw in zip(columns, raws, strict=True)]


def _nested_selects(source_sql: str, *steps: list[str]) -> str:
    """A SELECT of each step's items from the step before."""
    sql = source_sql
    for items in steps:
        selected = ",\n    ".join(items)
        sql = f"(\nSELECT\n    {selected}\nFROM {sql}\n)"
    return sql.removeprefix("(").removesuffix(")")


def _json(columns: list[FileColumn]) -> str:
    pairs = ", ".join(f"{text_literal(column.name)}, {column.original}" for column in columns)
    return f"CAST(json_object({pairs}) AS VARCHAR)"
