"""Judging a file's cells by the contract: SQL that types what is good and names what is bad.

One row in, one row out: the typed columns, `fault` (null, or 'reason column' of the first bad required
cell), the cells as they were where there is a fault, and the optional columns whose cell became null.
How text is judged is in macros.sql; which columns there are and their ranges come from the contract.
"""

from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files

from refi_assets.contracts import Column, Contract
from refi_assets.engines.duckdb import text_literal

MACROS = files("refi_assets.staging").joinpath("macros.sql").read_text("utf-8")


@dataclass(frozen=True)
class FileColumn:
    """A column of a file: its name in the contract's sense, and the SQL that reads it as text."""

    name: str
    sql: str


def judged_rows_sql(contract: Contract, columns: list[FileColumn], source_sql: str) -> str:
    """SELECT that judges every row of one file, in the file's order.

    `source_sql` is a FROM item with the file's rows. Columns of the result: the contract's, in order and
    typed; `row_key`; `raw_hash` (of the cells as they are); `fault`; `original_cells` (JSON); `nulled` (names,
    space-separated).
    """
    in_file = {column.name for column in columns}
    judged = [column for column in contract.columns if column.name in in_file]
    names = {column.name for column in judged}
    key = contract.key(in_file)
    texts = [f"cell({column.sql}) AS {_text(column.name)}" for column in columns if column.name in names]
    raws = [FileColumn(column.name, _quote(f"raw {number}")) for number, column in enumerate(columns)]
    renamed = [f"{column.sql} AS {raw.sql}" for column, raw in zip(columns, raws, strict=True)]
    cuts = [f"cut({_text(c.name)}) AS {_cut(c.name)}" for c in judged if _bounds(c)]
    optional = [column for column in judged if _may_be_nulled(column)]
    bads = [f"{' OR '.join(condition for condition, _ in _faults(c))} AS {_bad(c.name)}" for c in optional]
    nulled = [f"CASE WHEN {_bad(c.name)} THEN {text_literal(c.name)} END" for c in optional]
    typed = [f"{_value(c, c.name in in_file)} AS {_quote(c.name)}" for c in contract.columns]
    return f"""
SELECT
    {_listed(typed)},
    {_row_key(key, _text(key.name))} AS row_key,
    {_hash(raws)} AS raw_hash,
    fault,
    CASE WHEN fault IS NOT NULL THEN {_json(raws)} END AS original_cells,
    {f"NULLIF(CONCAT_WS(' ', {', '.join(nulled)}), '')" if nulled else "CAST(NULL AS VARCHAR)"} AS nulled
FROM (
    SELECT
        {_listed(["*", *bads, f"{_fault(judged)} AS fault"])}
    FROM (
        SELECT
            {_listed(["*", *cuts])}
        FROM (
            SELECT
                {_listed(texts + renamed)}
            FROM {source_sql}
        )
    )
)"""


def keyed_cells_sql(contract: Contract, columns: list[FileColumn], source_sql: str, keys_table: str) -> str:
    """SELECT of `row_key`, `raw_hash`, `original_cells` (JSON) and `trimmed_cells` of the rows with certain keys.

    `trimmed_cells` is one text for all cells that are not null, by column name, to be compared. Rows come in no
    order; rows with the same raw_hash are the same to the letter.
    """
    key_column = contract.key({column.name for column in columns})
    key = _row_key(key_column, next(f"cell({column.sql})" for column in columns if column.name == key_column.name))
    trimmed = ", ".join(
        f"CASE WHEN cell({column.sql}) IS NOT NULL THEN {_json([FileColumn(column.name, f'cell({column.sql})')])} END"
        for column in sorted(columns, key=lambda column: column.name)
    )
    return f"""
SELECT
    {key} AS row_key,
    {_hash(columns)} AS raw_hash,
    {_json(columns)} AS original_cells,
    CONCAT_WS(',', {trimmed}) AS trimmed_cells
FROM {source_sql}
WHERE {key} IN (SELECT row_key FROM {keys_table})"""


def _row_key(key: Column, text: str) -> str:
    # The key of another column is told apart by a space, with which no trimmed text begins: a snapshot may have
    # files with loan_id and files without.
    return text if key.is_key else f"' ' || {text}"


def _hash(columns: list[FileColumn]) -> str:
    return f"HASH({', '.join(column.sql for column in columns)})"


def _json(columns: list[FileColumn]) -> str:
    pairs = ", ".join(f"{text_literal(column.name)}, {column.sql}" for column in columns)
    return f"CAST(json_object({pairs}) AS VARCHAR)"


def _fault(judged: list[Column]) -> str:
    whens = [f"WHEN {_text(c.name)} IS NULL THEN {text_literal('missing_key ' + c.name)}" for c in judged if c.not_null]
    whens += [
        f"WHEN {condition} THEN {text_literal(f'{reason} {column.name}')}"
        for column in judged
        if column.present
        for condition, reason in _faults(column)
    ]
    return f"CASE {' '.join(whens)} END"


def _faults(column: Column) -> list[tuple[str, str]]:
    """Conditions under which a cell is bad, with their reasons, in order. A null cell is never bad."""
    text = _text(column.name)
    if column.logical_type == "string":
        return []
    if column.logical_type == "boolean":
        return [(f"NOT (is_true({text}) OR is_false({text}))", "not_a_boolean")]
    shape = "is_whole" if column.logical_type == "integer" else "is_number"
    out_of_range = [f"{test}({text}, {_cut(column.name)}, {bound})" for test, bound in _bounds(column)]
    out_of_range.append(f"{text} IS NOT NULL AND {_number(column)} IS NULL")  # more digits than the column holds
    return [(f"NOT {shape}({text})", "not_a_number"), (" OR ".join(out_of_range), "out_of_range")]


def _bounds(column: Column) -> list[tuple[str, Decimal]]:
    tests = (
        ("is_below", column.minimum),
        ("NOT is_above", column.exclusive_minimum),
        ("is_above", column.maximum),
        ("NOT is_below", column.exclusive_maximum),
    )
    return [(test, bound) for test, bound in tests if bound is not None]


def _may_be_nulled(column: Column) -> bool:
    return not column.present and not column.not_null and bool(_faults(column))


def _value(column: Column, in_file: bool) -> str:
    # A required column's bad cell costs the row, so that its value here does not matter.
    if not in_file:
        return f"CAST(NULL AS {column.sql_type})"
    if column.logical_type == "string":
        return _text(column.name)
    value = f"is_true({_text(column.name)})" if column.logical_type == "boolean" else _number(column)
    return f"CASE WHEN NOT {_bad(column.name)} THEN {value} END" if _may_be_nulled(column) else value


def _number(column: Column) -> str:
    # From text, DuckDB rounds half away from zero, whatever the number of digits.
    if column.logical_type == "integer":
        return f"TRY_CAST(TRY_CAST({_text(column.name)} AS DECIMAL(18, 0)) AS {column.sql_type})"
    return f"TRY_CAST({_text(column.name)} AS {column.sql_type})"


def _text(name: str) -> str:
    return _quote(f"text of {name}")


def _cut(name: str) -> str:
    return _quote(f"cut of {name}")


def _bad(name: str) -> str:
    return _quote(f"bad {name}")


def _listed(items: list[str]) -> str:
    return ",\n    ".join(items)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
