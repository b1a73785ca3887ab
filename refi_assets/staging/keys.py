"""The subject of a judged row, as SQL: the thing, whose rows must agree, and the party that shares the thing.

A source without parties has one row for each thing. In a source with parties, a thing has one row for each party, and
all of them say the same about the thing.
"""

from collections.abc import Collection, Sequence

from refi_assets.engines.duckdb_sql import quoted, text_literal
from refi_assets.specs.columns import Column
from refi_assets.specs.contracts import Contract


def thing_names(contract: Contract, columns: Collection[str]) -> list[str]:
    """The columns that identify the thing in a file that has these columns."""
    key = contract.key(columns)
    return [column.name for column in key if not column.is_party] or [column.name for column in key]


def thing_sql(contract: Contract, columns_of_files: Sequence[Collection[str]]) -> str:
    """Text that is equal for two rows of a snapshot if they are of one thing. Files may have different columns."""
    by_file = [_thing_of(contract, columns, set().union(*columns_of_files)) for columns in columns_of_files]
    return _by_file(by_file)


def thing_columns(contract: Contract, columns_of_files: Sequence[Collection[str]]) -> list[str]:
    """Columns in which two rows of one thing never differ."""
    names = [thing_names(contract, columns) for columns in columns_of_files]
    return [name for name in names[0] if all(name in names_of_file for names_of_file in names)]


def party_sql(contract: Contract, columns_of_files: Sequence[Collection[str]]) -> str:
    """Text that differs between rows of one thing that do not exclude one another."""
    by_file = [
        _text_of([column for column in contract.key(columns) if column.is_party]) for columns in columns_of_files
    ]
    return _by_file(by_file)


def facts_sql(contract: Contract) -> str:
    """Everything that a row says about its thing, typed, as one text; constant if a thing has one party."""
    if not contract.parties:
        return "''"
    names = [column.name for column in contract.columns if not column.is_party]
    names += [column.state_column for column in contract.columns_with_states]
    fields = ", ".join(f"{text_literal(name)}, {quoted(name)}" for name in names)
    return f"CAST(json_object({fields}) AS VARCHAR)"


def is_exclusive_sql(contract: Contract) -> str:
    """Whether a row gives its party a role that only one party of a thing may have."""
    claims = [f"{quoted(column.name)} = {text_literal(column.once)}" for column in contract.parties if column.once]
    return f"COALESCE({' OR '.join(claims)}, FALSE)" if claims else "FALSE"


def _thing_of(contract: Contract, columns: Collection[str], of_any: set[str]) -> str:
    key = contract.key(columns)
    shared = [column for column in key if not column.is_party]
    if contract.lacks_first_key(columns):
        # No trimmed text begins with a space, so files with and without the first key cannot be confused.
        return f"' ' || {_text_of(list(key))}"
    optional = [column for column in contract.key(of_any) if not column.not_null and not column.is_party]
    return _text_of([*(column for column in shared if column.not_null), *optional])


def _text_of(columns: list[Column]) -> str:
    if not columns:
        return "''"
    if len(columns) == 1 and columns[0].not_null:
        return f"CAST({quoted(columns[0].name)} AS VARCHAR)"
    texts = [f"CAST({quoted(column.name)} AS VARCHAR)" for column in columns]
    return " || ".join(f"COALESCE(LENGTH({text}) || ':' || {text}, '-')" for text in texts)


def _by_file(texts: list[str]) -> str:
    if len(set(texts)) == 1:
        return texts[0]
    return f"CASE file_number {' '.join(f'WHEN {number} THEN {text}' for number, text in enumerate(texts))} END"
