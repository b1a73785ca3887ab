"""Judging a file's cells by the contract: SQL that types what is good and names what is bad.

Most rows are plainly good, which a few cheap tests prove: their cells are taken as they are. The others are judged cell
by cell, one row in, one row out: the typed columns and states, `fault` (null, or 'reason column' of the first bad
required cell), the cells as they were if there is a fault, and `noted`: which cells are not as the file has them.
How text is judged is in ingestion/cells.sql; which columns there are and their ranges come from the contract.
"""

import re
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

from refi_assets.engines.duckdb_sql import constant_sql, quoted, text_literal
from refi_assets.ingestion.files import FileColumn
from refi_assets.specs.columns import Column, Range, State
from refi_assets.specs.contracts import Contract

EMPTY = "empty"  # a cell's fault that is none: it reads as empty
INVISIBLE = "invisible"  # of a text: characters that no eye sees were taken out
PLAIN = quoted("is plainly good")

_MANY = "CHR(30)"  # between notes; within one, CHR(31)

_NUMBERS = quoted("numbers of the row")  # the cells of numbers, as one text


def plain_rows_sql(contract: Contract, columns: list[FileColumn], names: Collection[str], source_sql: str) -> str:
    """SELECT of every row of one file, in the file's order, that takes the cells of plainly good rows as they are.

    `source_sql` is a FROM item with the file's rows. Columns of the result: those of the contract that are in `names`,
    in order and typed, and PLAIN: whether a few cheap tests prove that the row is good and tells no state. The file's
    columns are null in every other row, which judged_rows_sql judges cell by cell.
    """
    judged, raws, raw_of = _raws(contract, columns)
    renamed = [f"{column.sql} AS {raw.sql}" for column, raw in zip(columns, raws, strict=True)]
    typed = [column for column in judged if column.logical_type != "string"]
    casts = [f"{_cast(column, raw_of[column.name].sql)} AS {_cast_of(column.name)}" for column in typed]
    return _selected(
        source_sql,
        [*renamed],
        ["*", *casts, f"{_numbers(judged, raw_of)} AS {_NUMBERS}"],
        ["*", f"CASE WHEN {_plainly_good(judged, raw_of)} THEN TRUE ELSE FALSE END AS {PLAIN}"],
        [
            *(
                f"{_plain_value(column, raw_of.get(column.name))} AS {quoted(column.name)}"
                for column in contract.columns
                if column.name in names
            ),
            PLAIN,
        ],
    )


def judged_rows_sql(contract: Contract, columns: list[FileColumn], source_sql: str) -> str:
    """SELECT that judges rows of one file cell by cell.

    `source_sql` is a FROM item with the rows and their `position`. Columns of the result: the `position`; the
    contract's, in order and typed, and its states; `fault`; `original_cells` (JSON); `noted` (see notes_sql).
    """
    judged, raws, raw_of = _raws(contract, columns)
    in_file = {column.name for column in judged}
    renamed = [f"{column.sql} AS {raw.sql}" for column, raw in zip(columns, raws, strict=True)]
    typed = [column for column in judged if column.logical_type != "string"]
    staged = [f"{_staged(column, in_file)} AS {quoted(column.name)}" for column in contract.columns]
    staged += [f"{_state(column, in_file)} AS {quoted(column.state_column)}" for column in contract.columns_with_states]
    return _selected(
        source_sql,
        ["position", *renamed],
        ["*", *(f"{_text_of_cell(column, raw_of[column.name].sql)} AS {_text(column.name)}" for column in judged)],
        ["*", *(f"{_cast(column, _text(column.name))} AS {_value_of(column.name)}" for column in typed)],
        ["*", *(f"{_fault(column, judged)} AS {_fault_of(column.name)}" for column in judged)],
        ["*", f"{_row_fault(judged)} AS fault"],
        [
            "position",
            *staged,
            "fault",
            f"CASE WHEN fault IS NOT NULL THEN {_json(raws)} END AS original_cells",
            f"{_notes(judged, raw_of)} AS noted",
        ],
    )


def _raws(
    contract: Contract, columns: list[FileColumn]
) -> tuple[list[Column], list[FileColumn], dict[str, FileColumn]]:
    """The columns that are judged, those of the file under names of their own, and of these the judged ones by name."""
    in_file = {column.name for column in columns}
    judged = [column for column in contract.columns if column.name in in_file]
    names = {column.name for column in judged}
    raws = [replace(column, sql=quoted(f"raw {number}")) for number, column in enumerate(columns)]
    return judged, raws, {raw.name: raw for raw in raws if raw.name in names}


def _selected(source_sql: str, *steps: list[str]) -> str:
    """A SELECT of each step's items from the one before."""
    sql = source_sql
    for step in steps:
        sql = f"(\nSELECT\n    {_listed(step)}\nFROM {sql}\n)"
    return sql.removeprefix("(").removesuffix(")")


def notes_sql(judged: str) -> str:
    """SELECT of the notes on judged rows, one a row: the row's `position`, `name` of the column, `kind`, `cell`.

    `kind` is EMPTY (`cell` is the word that reads as empty, in upper case), INVISIBLE, or the fault by which a cell
    became null (`cell` is its text if that is a number).
    """
    return (
        f"SELECT position, SPLIT_PART(note, CHR(31), 1) AS name, SPLIT_PART(note, CHR(31), 2) AS kind, "
        f"SPLIT_PART(note, CHR(31), 3) AS cell FROM (SELECT position, UNNEST(STRING_SPLIT(noted, {_MANY})) AS note "
        f"FROM {judged} WHERE noted IS NOT NULL)"
    )


def original_cells_sql(columns: list[FileColumn], source_sql: str) -> str:
    """SELECT of `original_cells` (JSON) and `trimmed_cells` of rows, and of their `position`.

    `trimmed_cells` is one text for all cells that are not null, by column name, to be compared.
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


def _json(columns: list[FileColumn]) -> str:
    pairs = ", ".join(f"{text_literal(column.name)}, {column.original}" for column in columns)
    return f"CAST(json_object({pairs}) AS VARCHAR)"


def _text_of_cell(column: Column, raw: str) -> str:
    """The trimmed text of a cell. Text loses what no eye sees; of anything else that makes a bad cell."""
    if column.logical_type == "string":
        return f"cell({'visible_name' if column.is_name else 'visible'}({raw}))"
    return f"cell({raw})"


def _cast(column: Column, text: str) -> str:
    """What a cell's text is cast to. From text, DuckDB rounds half away from zero, whatever the number of digits."""
    if column.logical_type == "boolean":
        return f"truth({text})"
    if column.logical_type == "integer":
        return f"TRY_CAST(TRY_CAST({text} AS DECIMAL(18, 0)) AS {column.sql_type})"
    return f"TRY_CAST({text} AS {column.sql_type})"


def _plainly_good(judged: list[Column], raw_of: dict[str, FileColumn]) -> str:
    """Tests of a row that, if all hold, make it good, and its cells as they are what they are judged to be.

    Cheap ones: a comparison of a number or of the start of a text takes some nanoseconds, a pattern a hundred.
    """
    tests = [test for column in judged for test in _plainly_good_cell(column, raw_of[column.name], judged)]
    tidy = [column for column in judged if column.is_numeric and raw_of[column.name].is_tidy]
    if tidy:  # see is_cast_rightly
        tests += [f"NOT CONTAINS({_NUMBERS}, {text_literal(sign)})" for sign in ("e", "E", "_")]
    return " AND ".join(tests) or "TRUE"


def _plainly_good_cell(column: Column, raw: FileColumn, judged: list[Column]) -> list[str]:
    cell, cast = raw.sql, _cast_of(column.name)
    tests = [] if raw.is_tidy else [f"(is_trimmed({cell}))"]
    if column.logical_type == "boolean":
        tests.append(f"{cast} IS NOT NULL")
    elif column.logical_type == "string":
        tests += [] if raw.is_tidy else [f"NOT CONTAINS({cell}, CHR(0))"]
        tests += [f"(is_visible({cell}))", *_says_something(column, cell, judged)]
        tests += [_is_one_of(cell, column.values)] if column.values else []
    else:
        tests += _good_number(column, cell, cast)
        tests += [] if raw.is_tidy else [f"(is_cast_rightly({cell}))"]
    tests += _tells_no_state(column, cell, cast)
    if column.not_null:
        return [f"{cell} IS NOT NULL", *tests]
    return [f"({cell} IS NULL OR ({' AND '.join(tests)}))"] if tests else []


def _good_number(column: Column, text: str, cast: str) -> list[str]:
    """Tests of a number that, if they hold and the cast is right, make its cell good."""
    # Rounding keeps the order, and bounds have no more decimals than the column: inside them, so is the text.
    # A whole number is not rounded.
    equal = "=" if column.logical_type == "integer" else ""
    bounds = (
        (f">{equal}", column.minimum),
        (f">{equal}", column.plausible and column.plausible.minimum),
        (">", column.exclusive_minimum),
        (f"<{equal}", column.maximum),
        (f"<{equal}", column.plausible and column.plausible.maximum),
        ("<", column.exclusive_maximum),
    )
    tests = [f"{cast} {sign} {bound}" for sign, bound in bounds if bound is not None]
    tests += [f"{cast} <> {number}" for number in column.missing_values]
    tests += [f"NOT CONTAINS({text}, '.')"] if column.logical_type == "integer" else []
    return [*tests, f"{cast} IS NOT NULL"]


def _numbers(judged: list[Column], raw_of: dict[str, FileColumn]) -> str:
    return f"CONCAT('', {', '.join(raw_of[column.name].sql for column in judged if column.is_numeric) or 'NULL'})"


def _says_something(column: Column, cell: str, judged: list[Column]) -> list[str]:
    """Tests of a cell of text that, if they hold, make it not read as empty."""
    tests = [f"NOT {_is_one_of(cell, column.missing_values)}"] if column.missing_values else []
    if column.missing_words:
        tests.append(f"NOT {_is_one_of(f'UPPER({cell})', column.missing_words)}")
    elif column.is_name:
        tests.append(f"(is_no_spreadsheet_error({cell}))")
        if _parts_of_name(column, judged):
            tests.append(f"({_begins_with_none_of(cell, {'n'})} OR UPPER({cell}) <> 'NULL')")
    elif column.missing_words is None:
        tests.append(f"(is_no_word_for_nothing({cell}))")
    return tests


def _tells_no_state(column: Column, cell: str, cast: str) -> list[str]:
    """Tests of a cell that, if they hold, make it tell no state. Its words may be spaced in other ways."""
    tests = [f"{cast} > {state.at_most}" for state in column.states if state.at_most is not None]
    words = [word for state in column.states for word in state.words]
    if column.is_numeric:
        words = [word for word in words if re.match(r"[+\-.\d]", word)]  # another is no number
    starts = sorted({word.partition(" ")[0][:2] for word in words})
    if starts:
        others = " AND ".join(f"NOT STARTS_WITH(LOWER({cell}), {text_literal(start)})" for start in starts)
        tests.append(f"({_begins_with_none_of(cell, {start[0] for start in starts})} OR ({others}))")
    return tests


def _begins_with_none_of(cell: str, letters: set[str]) -> str:
    """Whether a text begins with none of these letters, in either case, as comparisons."""
    low, ranges = "", []
    for letter in sorted(letters | {letter.upper() for letter in letters}):
        ranges.append(f"({cell} >= {text_literal(low)} AND {cell} < {text_literal(letter)})")
        low = chr(ord(letter) + 1)
    return " OR ".join([*ranges, f"{cell} >= {text_literal(low)}"])


def _fault(column: Column, judged: list[Column]) -> str:
    """Why a cell is bad, EMPTY if it reads as empty, or null."""
    text, value = _text(column.name), _value_of(column.name)
    empty = f"WHEN {_reads_empty(column, judged)} THEN {text_literal(EMPTY)}"
    if column.logical_type == "string":
        others = f" WHEN NOT {_is_one_of(f'LOWER({text})', column.values)} THEN 'not_a_value'" if column.values else ""
        return f"CASE {empty}{others} END"
    if column.logical_type == "boolean":
        return f"CASE WHEN {text} IS NULL OR {value} IS NOT NULL THEN NULL {empty} ELSE 'not_a_boolean' END"
    out_of_range = [f"{test}({text}, {bound})" for test, bound in _bounds(column)]
    out_of_range.append(f"{value} IS NULL")  # more digits than the column holds
    implausible = f" WHEN {_is_implausible(text, column.plausible)} THEN 'implausible'" if column.plausible else ""
    good = " AND ".join([*_good_number(column, text, value), f"(is_cast_rightly({text}))"])
    return (
        f"CASE WHEN {text} IS NULL OR ({good}) THEN NULL {empty} "
        f"WHEN NOT {'is_whole' if column.logical_type == 'integer' else 'is_number'}({text}) THEN 'not_a_number' "
        f"WHEN {' OR '.join(out_of_range)} THEN 'out_of_range'{implausible} END"
    )


def _reads_empty(column: Column, judged: list[Column]) -> str:
    """Whether a cell's text says that there is nothing."""
    text = _text(column.name)
    if column.missing_words is not None:
        tests = [_is_one_of(f"UPPER({text})", column.missing_words)] if column.missing_words else []
    elif column.is_name:
        tests = [f"is_spreadsheet_error({text})"]
        if parts := _parts_of_name(column, judged):  # people are called Null; nobody is called Null Null
            tests.append("(" + " AND ".join(f"UPPER({_text(part.name)}) = 'NULL'" for part in parts) + ")")
    else:
        tests = [f"is_word_for_nothing({text})"]
    if column.missing_values and column.is_numeric:
        tests += [
            f"(is_number({text}) AND NOT is_below({text}, {number}) AND NOT is_above({text}, {number}))"
            for number in column.missing_values
        ]
    elif column.missing_values:
        tests.append(_is_one_of(text, column.missing_values))
    return " OR ".join(tests) or "FALSE"


def _parts_of_name(column: Column, judged: list[Column]) -> list[Column]:
    """The given name and the surname, if the column is one of them and the file has both."""
    parts = {one.person_attribute: one for one in judged if one.person_attribute in ("given_name", "surname")}
    return [*parts.values()] if column.person_attribute in parts and len(parts) == 2 else []


def _is_implausible(text: str, plausible: Range) -> str:
    outside = f"(is_below({text}, {plausible.minimum}) OR is_above({text}, {plausible.maximum}))"
    return outside + "".join(
        f" AND (is_below({text}, {number}) OR is_above({text}, {number}))" for number in plausible.also
    )


def _bounds(column: Column) -> list[tuple[str, Decimal]]:
    tests = (
        ("is_below", column.minimum),
        ("NOT is_above", column.exclusive_minimum),
        ("is_above", column.maximum),
        ("NOT is_below", column.exclusive_maximum),
    )
    return [(test, bound) for test, bound in tests if bound is not None]


def _row_fault(judged: list[Column]) -> str:
    """Why a row is rejected: 'reason column', or null."""
    whens = [
        f"WHEN {_text(c.name)} IS NULL OR {_fault_of(c.name)} = {text_literal(EMPTY)} "
        f"THEN {text_literal('missing_key ' + c.name)}"
        for c in judged
        if c.not_null
    ]
    whens += [
        f"WHEN {_fault_of(c.name)} <> {text_literal(EMPTY)} THEN {_fault_of(c.name)} || {text_literal(' ' + c.name)}"
        for c in judged
        if c.present and (c.logical_type != "string" or c.values)
    ]
    return f"CASE {' '.join(whens)} END"


def _plain_value(column: Column, raw: FileColumn | None) -> str:
    if raw is None:
        return constant_sql(column.when_absent, column.sql_type)
    return f"CASE WHEN {PLAIN} THEN {raw.sql if column.logical_type == 'string' else _cast_of(column.name)} END"


def _staged(column: Column, in_file: set[str]) -> str:
    """The value of a column. A required column's bad cell costs the row, and is kept for the column's profile."""
    if column.name not in in_file:
        return constant_sql(column.when_absent, column.sql_type)
    value = _text(column.name) if column.logical_type == "string" else _value_of(column.name)
    value = f"LOWER({value})" if column.values else value
    fault = _fault_of(column.name)
    is_kept = f"{fault} IS NULL"
    if column.present:
        is_kept = f"COALESCE({fault} NOT IN ({text_literal(EMPTY)}, 'not_a_number'), TRUE)"
    return f"CASE WHEN {is_kept} THEN {value} END"


def _state(column: Column, in_file: set[str]) -> str:
    if column.name not in in_file:
        return "CAST(NULL AS VARCHAR)"
    whens = [f"WHEN {_tells(_text(column.name), state)} THEN {text_literal(state.name)}" for state in column.states]
    return f"CASE WHEN {_text(column.name)} IS NULL THEN NULL {' '.join(whens)} END"


def _tells(text: str, state: State) -> str:
    tests = [_is_one_of(f"spaced({text})", state.words)] if state.words else []
    if state.at_most is not None:
        tests.append(f"(is_number({text}) AND NOT is_above({text}, {state.at_most}))")
    return " OR ".join(tests)


def _notes(judged: list[Column], raw_of: dict[str, FileColumn]) -> str:
    """What is not as the file has it: of each cell that is nulled, or reads as empty, or lost characters, one note."""
    tests, notes = [], []
    for column in judged:
        text, fault = _text(column.name), _fault_of(column.name)
        shown = f"CASE WHEN {fault} = {text_literal(EMPTY)} THEN UPPER({text}) WHEN is_number({text}) THEN {text} END"
        counts = f"{fault} IS NOT NULL" if not column.present else f"{fault} = {text_literal(EMPTY)}"
        tests.append(counts)
        notes.append(f"CASE WHEN {counts} THEN {_note(column, fault, shown)} END")
        if column.logical_type == "string":
            raw = raw_of[column.name].sql
            changed = f"(NOT is_plain({raw}) AND cell({raw}) IS DISTINCT FROM {text})"
            tests.append(changed)
            notes.append(f"CASE WHEN {changed} THEN {_note(column, text_literal(INVISIBLE), text_literal(''))} END")
    return f"CASE WHEN {' OR '.join(tests)} THEN CONCAT_WS({_MANY}, {', '.join(notes)}) END"


def _note(column: Column, kind: str, cell: str) -> str:
    return f"CONCAT_WS(CHR(31), {text_literal(column.name)}, {kind}, {cell})"


def _is_one_of(text: str, words: tuple[str, ...]) -> str:
    """Of an IN with many words DuckDB would make a join, see cells.sql."""
    return f"LIST_CONTAINS([{', '.join(map(text_literal, words))}], {text})"


def _text(name: str) -> str:
    return quoted(f"text of {name}")


def _cast_of(name: str) -> str:
    return quoted(f"cast of {name}")


def _value_of(name: str) -> str:
    return quoted(f"value of {name}")


def _fault_of(name: str) -> str:
    return quoted(f"fault of {name}")


def _listed(items: list[str]) -> str:
    return ",\n    ".join(items)
