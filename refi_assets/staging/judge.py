"""Judging a file's cells by the contract: SQL that types what is good and names what is bad.

One row in, one row out: the typed columns, `fault` (null, or 'reason column' of the first bad required
cell), the cells as they were where there is a fault, and the optional columns whose cell became null.
How text is judged is in ingestion/cells.sql; which columns there are and their ranges come from the contract.
"""

from decimal import Decimal

from refi_assets.engines.duckdb import text_literal
from refi_assets.ingestion.files import FileColumn
from refi_assets.specs.contracts import Column, Contract


def judged_rows_sql(contract: Contract, columns: list[FileColumn], source_sql: str) -> str:
    """SELECT that judges every row of one file, in the file's order.

    `source_sql` is a FROM item with the file's rows. Columns of the result: the contract's, in order and
    typed; `raw_hash` (of the cells as they are); `fault`; `original_cells` (JSON); `nulled` (names,
    space-separated).
    """
    in_file = {column.name for column in columns}
    judged = [column for column in contract.columns if column.name in in_file]
    names = {column.name for column in judged}
    texts = [f"cell({column.sql}) AS {_text(column.name)}" for column in columns if column.name in names]
    raws = [FileColumn(column.name, _quote(f"raw {number}")) for number, column in enumerate(columns)]
    renamed = [f"{column.sql} AS {raw.sql}" for column, raw in zip(columns, raws, strict=True)]
    typed = [column for column in judged if column.logical_type != "string"]
    values = [f"{_value(column)} AS {_value_of(column.name)}" for column in typed]
    faults = [f"{_fault(column)} AS {_fault_of(column.name)}" for column in typed]
    optional = [column for column in typed if _may_be_nulled(column)]
    nulled = ", ".join(f"CASE WHEN {_fault_of(c.name)} IS NOT NULL THEN {text_literal(c.name)} END" for c in optional)
    any_nulled = " OR ".join(f"{_fault_of(column.name)} IS NOT NULL" for column in optional)
    return f"""
SELECT
    {_listed([f"{_judged(c, in_file)} AS {_quote(c.name)}" for c in contract.columns])},
    {_hash(raws)} AS raw_hash,
    fault,
    CASE WHEN fault IS NOT NULL THEN {_json(raws)} END AS original_cells,
    {f"CASE WHEN {any_nulled} THEN CONCAT_WS(' ', {nulled}) END" if nulled else "CAST(NULL AS VARCHAR)"} AS nulled
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


def row_key_sql(contract: Contract, file_columns: set[str]) -> str:
    """SQL of a judged row's key, for a file that has these columns."""
    key = contract.key(file_columns)
    return _row_key(key, _quote(key.name))


def keyed_cells_sql(contract: Contract, columns: list[FileColumn], source_sql: str, keys_table: str) -> str:
    """SELECT of `row_key`, `raw_hash`, `original_cells` (JSON) and `trimmed_cells` of the rows with certain keys.

    `keys_table` has a column `key_hash`. `trimmed_cells` is one text for all cells that are not null, by column
    name, to be compared. Rows come in no order; rows with the same raw_hash are the same to the letter.
    """
    trimmed = ", ".join(
        # Columns without a name, which come first, are told apart by their number: no name begins with a space.
        f"CASE WHEN {text} IS NOT NULL THEN {_json([FileColumn(column.name or f' {number}', text)])} END"
        for number, column in enumerate(sorted(columns, key=lambda column: column.name))
        for text in [f"cell({column.sql})"]
    )
    key_column = contract.key({column.name for column in columns})
    key = _row_key(key_column, next(f"cell({column.sql})" for column in columns if column.name == key_column.name))
    return f"""
SELECT
    {key} AS row_key,
    {_hash(columns)} AS raw_hash,
    {_json(columns)} AS original_cells,
    CONCAT_WS(',', {trimmed}) AS trimmed_cells
FROM {source_sql}
WHERE HASH({key}) IN (SELECT key_hash FROM {keys_table})"""


def _row_key(key: Column, text: str) -> str:
    # The key of another column is told apart by a space, with which no trimmed text begins: a snapshot may have
    # files with the key column and files without.
    return text if key.is_key else f"' ' || {text}"


def _hash(columns: list[FileColumn]) -> str:
    return f"HASH({', '.join(column.sql for column in columns)})"


def _json(columns: list[FileColumn]) -> str:
    pairs = ", ".join(f"{text_literal(column.name)}, {column.sql}" for column in columns)
    return f"CAST(json_object({pairs}) AS VARCHAR)"


def _value(column: Column) -> str:
    """What a cell's text is cast to. From text, DuckDB rounds half away from zero, whatever the number of digits."""
    text = _text(column.name)
    if column.logical_type == "boolean":
        return f"truth({text})"
    if column.logical_type == "integer":
        return f"TRY_CAST(TRY_CAST({text} AS DECIMAL(18, 0)) AS {column.sql_type})"
    return f"TRY_CAST({text} AS {column.sql_type})"


def _fault(column: Column) -> str:
    """Why a cell is bad, or null. Most cells are plainly good; only the others are looked at closely."""
    text, value = _text(column.name), _value_of(column.name)
    if column.logical_type == "boolean":
        return f"CASE WHEN {text} IS NOT NULL AND {value} IS NULL THEN 'not_a_boolean' END"
    lows = [bound for bound in (column.minimum, column.exclusive_minimum) if bound is not None]
    highs = [bound for bound in (column.maximum, column.exclusive_maximum) if bound is not None]
    # Rounding keeps the order, and the bounds have no more decimals than the column: inside them, so is the text.
    plainly_good = [f"{value} > {bound}" for bound in lows] + [f"{value} < {bound}" for bound in highs]
    plainly_good += [f"{value} IS NOT NULL", f"is_cast_rightly({text})"]
    plainly_good += [f"NOT CONTAINS({text}, '.')"] if column.logical_type == "integer" else []
    out_of_range = [f"{test}({text}, {bound})" for test, bound in _bounds(column)]
    out_of_range.append(f"{value} IS NULL")  # more digits than the column holds
    return (
        f"CASE WHEN {text} IS NULL OR ({' AND '.join(plainly_good)}) THEN NULL "
        f"WHEN NOT {'is_whole' if column.logical_type == 'integer' else 'is_number'}({text}) THEN 'not_a_number' "
        f"WHEN {' OR '.join(out_of_range)} THEN 'out_of_range' END"
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
    whens = [f"WHEN {_text(c.name)} IS NULL THEN {text_literal('missing_key ' + c.name)}" for c in judged if c.not_null]
    whens += [
        f"WHEN {_fault_of(column.name)} IS NOT NULL THEN {_fault_of(column.name)} || {text_literal(' ' + column.name)}"
        for column in judged
        if column.present and column.logical_type != "string"
    ]
    return f"CASE {' '.join(whens)} END"


def _may_be_nulled(column: Column) -> bool:
    return not column.present and not column.not_null


def _judged(column: Column, in_file: set[str]) -> str:
    # A required column's bad cell costs the row, so that its value here does not matter.
    if column.name not in in_file:
        return f"CAST(NULL AS {column.sql_type})"
    if column.logical_type == "string":
        return _text(column.name)
    if _may_be_nulled(column):
        return f"CASE WHEN {_fault_of(column.name)} IS NULL THEN {_value_of(column.name)} END"
    return _value_of(column.name)


def _text(name: str) -> str:
    return _quote(f"text of {name}")


def _value_of(name: str) -> str:
    return _quote(f"value of {name}")


def _fault_of(name: str) -> str:
    return _quote(f"fault of {name}")


def _listed(items: list[str]) -> str:
    return ",\n    ".join(items)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
