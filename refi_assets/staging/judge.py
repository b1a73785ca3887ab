"""Judging a file's cells by the contract: SQL that types what is good and names what is bad.

One row in, one row out: the typed columns and states, `fault` (null, or 'reason column' of the first bad required
cell), the cells as they were where there is a fault, and `noted`: which cells are not as the file has them.
How text is judged is in ingestion/cells.sql; which columns there are and their ranges come from the contract.
"""

from decimal import Decimal

from refi_assets.engines.duckdb import quoted, text_literal
from refi_assets.ingestion.files import FileColumn
from refi_assets.specs.columns import Column, Range, State
from refi_assets.specs.contracts import Contract

EMPTY = "empty"  # a cell's fault that is none: it reads as empty
INVISIBLE = "invisible"  # of a text: characters that no eye sees were taken out

_MANY = "CHR(30)"  # between notes; within one, CHR(31)


def judged_rows_sql(contract: Contract, columns: list[FileColumn], source_sql: str) -> str:
    """SELECT that judges every row of one file, in the file's order.

    `source_sql` is a FROM item with the file's rows. Columns of the result: the contract's, in order and
    typed, and its states; `raw_hash` (of the cells as they are); `fault`; `original_cells` (JSON); `noted` (see
    notes_sql).
    """
    in_file = {column.name for column in columns}
    judged = [column for column in contract.columns if column.name in in_file]
    names = {column.name: column for column in judged}
    texts = [f"{_text_of_cell(names[c.name], c.sql)} AS {_text(c.name)}" for c in columns if c.name in names]
    raws = [FileColumn(column.name, quoted(f"raw {number}")) for number, column in enumerate(columns)]
    renamed = [f"{column.sql} AS {raw.sql}" for column, raw in zip(columns, raws, strict=True)]
    raw_of = {raw.name: raw.sql for raw in raws if raw.name in names}
    typed = [column for column in judged if column.logical_type != "string"]
    values = [f"{_value(column)} AS {_value_of(column.name)}" for column in typed]
    faults = [f"{_fault(column, judged)} AS {_fault_of(column.name)}" for column in judged]
    staged = [f"{_judged(column, in_file)} AS {quoted(column.name)}" for column in contract.columns]
    staged += [f"{_state(column, in_file)} AS {quoted(column.state_column)}" for column in contract.columns_with_states]
    return f"""
SELECT
    {_listed(staged)},
    {_hash(raws)} AS raw_hash,
    fault,
    CASE WHEN fault IS NOT NULL THEN {_json(raws)} END AS original_cells,
    {_notes(judged, raw_of)} AS noted
FROM (
    SELECT
        {_listed(["*", f"{_row_fault(judged)} AS fault"])}
    FROM (
        SELECT
            {_listed(["*", *faults])}
        FROM (
            SELECT
                {_listed(["*", *values])}
            FROM (
                SELECT
                    {_listed(texts + renamed)}
                FROM {source_sql}
            )
        )
    )
)"""


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


def original_cells_sql(columns: list[FileColumn], source_sql: str, hashes: str) -> str:
    """SELECT of `raw_hash`, `original_cells` (JSON) and `trimmed_cells` of the rows with certain hashes.

    `hashes` has a column `raw_hash`. `trimmed_cells` is one text for all cells that are not null, by column name, to
    be compared. Rows come in no order; rows with the same raw_hash are the same to the letter.
    """
    trimmed = ", ".join(
        # Columns without a name, which come first, are told apart by their number: no name begins with a space.
        f"CASE WHEN {text} IS NOT NULL THEN {_json([FileColumn(column.name or f' {number}', text)])} END"
        for number, column in enumerate(sorted(columns, key=lambda column: column.name))
        for text in [f"cell({column.sql})"]
    )
    return f"""
SELECT
    {_hash(columns)} AS raw_hash,
    {_json(columns)} AS original_cells,
    CONCAT_WS(',', {trimmed}) AS trimmed_cells
FROM {source_sql}
WHERE {_hash(columns)} IN (SELECT raw_hash FROM {hashes})"""


def _hash(columns: list[FileColumn]) -> str:
    return f"HASH({', '.join(column.sql for column in columns)})"


def _json(columns: list[FileColumn]) -> str:
    pairs = ", ".join(f"{text_literal(column.name)}, {column.sql}" for column in columns)
    return f"CAST(json_object({pairs}) AS VARCHAR)"


def _text_of_cell(column: Column, raw: str) -> str:
    """The trimmed text of a cell. Text loses what no eye sees; of anything else that makes a bad cell."""
    if column.logical_type == "string":
        return f"cell({'visible_name' if column.is_name else 'visible'}({raw}))"
    return f"cell({raw})"


def _value(column: Column) -> str:
    """What a cell's text is cast to. From text, DuckDB rounds half away from zero, whatever the number of digits."""
    text = _text(column.name)
    if column.logical_type == "boolean":
        return f"truth({text})"
    if column.logical_type == "integer":
        return f"TRY_CAST(TRY_CAST({text} AS DECIMAL(18, 0)) AS {column.sql_type})"
    return f"TRY_CAST({text} AS {column.sql_type})"


def _fault(column: Column, judged: list[Column]) -> str:
    """Why a cell is bad, EMPTY if it reads as empty, or null. Most cells are plainly good."""
    text, value = _text(column.name), _value_of(column.name)
    empty = f"WHEN {_reads_empty(column, judged)} THEN {text_literal(EMPTY)}"
    if column.logical_type == "string":
        others = f" WHEN LOWER({text}) NOT IN ({_texts(column.values)}) THEN 'not_a_value'" if column.values else ""
        return f"CASE {empty}{others} END"
    if column.logical_type == "boolean":
        return f"CASE WHEN {text} IS NULL OR {value} IS NOT NULL THEN NULL {empty} ELSE 'not_a_boolean' END"
    tests = _bounds(column)
    # Rounding keeps the order, and the bounds have no more decimals than the column: inside them, so is the text.
    plainly_good = [f"{value} > {bound}" for sign, bound in tests if sign in ("is_below", "NOT is_above")]
    plainly_good += [f"{value} < {bound}" for sign, bound in tests if sign in ("is_above", "NOT is_below")]
    plainly_good += [f"{value} NOT IN ({', '.join(column.missing_values)})"] if column.missing_values else []
    plainly_good += [f"{value} IS NOT NULL", f"is_cast_rightly({text})"]
    plainly_good += [f"NOT CONTAINS({text}, '.')"] if column.logical_type == "integer" else []
    if column.plausible is not None:
        plainly_good += [f"{value} > {column.plausible.minimum}", f"{value} < {column.plausible.maximum}"]
    out_of_range = [f"{test}({text}, {bound})" for test, bound in tests]
    out_of_range.append(f"{value} IS NULL")  # more digits than the column holds
    implausible = f" WHEN {_is_implausible(text, column.plausible)} THEN 'implausible'" if column.plausible else ""
    return (
        f"CASE WHEN {text} IS NULL OR ({' AND '.join(plainly_good)}) THEN NULL {empty} "
        f"WHEN NOT {'is_whole' if column.logical_type == 'integer' else 'is_number'}({text}) THEN 'not_a_number' "
        f"WHEN {' OR '.join(out_of_range)} THEN 'out_of_range'{implausible} END"
    )


def _reads_empty(column: Column, judged: list[Column]) -> str:
    """Whether a cell's text says that there is nothing."""
    text = _text(column.name)
    if column.missing_words is not None:
        tests = [f"UPPER({text}) IN ({_texts(column.missing_words)})"] if column.missing_words else []
    elif column.is_name:
        tests = [f"is_spreadsheet_error({text})"]
        # People are called Null; nobody is called Null Null.
        name = {c.person_attribute: _text(c.name) for c in judged if c.person_attribute in ("given_name", "surname")}
        if column.person_attribute in name and len(name) == 2:
            tests.append("(" + " AND ".join(f"UPPER({part}) = 'NULL'" for part in name.values()) + ")")
    else:
        tests = [f"is_word_for_nothing({text})"]
    if column.missing_values and column.is_numeric:
        tests += [
            f"(is_number({text}) AND NOT is_below({text}, {number}) AND NOT is_above({text}, {number}))"
            for number in column.missing_values
        ]
    elif column.missing_values:
        tests.append(f"{text} IN ({_texts(column.missing_values)})")
    return " OR ".join(tests) or "FALSE"


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


def _judged(column: Column, in_file: set[str]) -> str:
    """The value of a column. A required column's bad cell costs the row, and is kept for the column's profile."""
    if column.name not in in_file:
        return (
            f"CAST({'NULL' if column.when_absent is None else text_literal(column.when_absent)} AS {column.sql_type})"
        )
    value = _text(column.name) if column.logical_type == "string" else _value_of(column.name)
    value = f"LOWER({value})" if column.values else value
    if column.present:
        not_kept = f"{text_literal(EMPTY)}, 'not_a_number'"
        return f"CASE WHEN COALESCE({_fault_of(column.name)} NOT IN ({not_kept}), TRUE) THEN {value} END"
    return f"CASE WHEN {_fault_of(column.name)} IS NULL THEN {value} END"


def _state(column: Column, in_file: set[str]) -> str:
    if column.name not in in_file:
        return "CAST(NULL AS VARCHAR)"
    text = _text(column.name)
    passed_over = [f"{text} IS NULL"]
    bounds = [state.at_most for state in column.states if state.at_most is not None]
    passed_over += [f"{_value_of(column.name)} > {max(bounds)}"] if bounds else []  # most of them
    whens = [f"WHEN {_tells(text, state)} THEN {text_literal(state.name)}" for state in column.states]
    return f"CASE WHEN {' OR '.join(passed_over)} THEN NULL {' '.join(whens)} END"


def _tells(text: str, state: State) -> str:
    tests = [f"spaced({text}) IN ({_texts(state.words)})"] if state.words else []
    if state.at_most is not None:
        tests.append(f"(is_number({text}) AND NOT is_above({text}, {state.at_most}))")
    return " OR ".join(tests)


def _notes(judged: list[Column], raw_of: dict[str, str]) -> str:
    """What is not as the file has it: of each cell that is nulled, or reads as empty, or lost characters, one note."""
    tests, notes = [], []
    for column in judged:
        text, fault = _text(column.name), _fault_of(column.name)
        shown = f"CASE WHEN {fault} = {text_literal(EMPTY)} THEN UPPER({text}) WHEN is_number({text}) THEN {text} END"
        counts = f"{fault} IS NOT NULL" if not column.present else f"{fault} = {text_literal(EMPTY)}"
        tests.append(counts)
        notes.append(f"CASE WHEN {counts} THEN {_note(column, fault, shown)} END")
        if column.logical_type == "string":
            raw = raw_of[column.name]
            changed = f"(NOT is_plain({raw}) AND cell({raw}) IS DISTINCT FROM {text})"
            tests.append(changed)
            notes.append(f"CASE WHEN {changed} THEN {_note(column, text_literal(INVISIBLE), text_literal(''))} END")
    return f"CASE WHEN {' OR '.join(tests)} THEN CONCAT_WS({_MANY}, {', '.join(notes)}) END"


def _note(column: Column, kind: str, cell: str) -> str:
    return f"CONCAT_WS(CHR(31), {text_literal(column.name)}, {kind}, {cell})"


def _texts(words: tuple[str, ...]) -> str:
    return ", ".join(map(text_literal, words))


def _text(name: str) -> str:
    return quoted(f"text of {name}")


def _value_of(name: str) -> str:
    return quoted(f"value of {name}")


def _fault_of(name: str) -> str:
    return quoted(f"fault of {name}")


def _listed(items: list[str]) -> str:
    return ",\n    ".join(items)
