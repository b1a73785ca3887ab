"""SQL templates: the files of sql/<domain>/program/ give each program of the domain relations in a group of its own.

PROGRAM is the folder of templates, and what they call the group of their program: they read one another as
program.customers. filters.all is the program's chain: a row for each rule that a row fails,
from the files in filters/ that the program lists; no other file in filters/ is a model of the program.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from refi_assets.errors import SettingError
from refi_assets.specs.groups import FILTERS, PROGRAM
from refi_assets.specs.programs import ProgramFile, key_of_program

CHAIN = f"{FILTERS}/all"


def models_of_program(program: ProgramFile, texts: Mapping[str, str], dialect: str) -> Iterator[tuple[str, str, str]]:
    """The key, the text and the template of each model of a program. `texts`: path below sql/, without .sql -> text."""
    folder = f"{program.domain}/{PROGRAM}/"
    filters = {f"{folder}{FILTERS}/{key_of_program(name)}": name for name in program.filters}
    for path, text in texts.items():
        if path.startswith(folder) and (f"/{FILTERS}/" not in path or path in filters):
            own = re.sub(rf"\b{PROGRAM}\.(?=[a-z])", f"{program.key}.", text)
            yield f"{program.key}/{path.removeprefix(folder)}", own, path
    chain = [(name, path.rpartition("/")[2], texts[path]) for path, name in filters.items() if path in texts]
    if chain:
        yield f"{program.key}/{CHAIN}", _chain(chain, dialect), f"{folder}{CHAIN}"


def _chain(filters: Sequence[tuple[str, str, str]], dialect: str) -> str:
    """The query of filters.all, from the id, the name and the text of each filter.

    The first column that a filter selects identifies the row, each other is a rule: the code if the row fails it.
    """
    failed = []
    for place, (filter_id, name, text) in enumerate(filters, start=1):
        row_id, *rules = _columns(name, text, dialect)
        failed += [
            f"SELECT judged.{row_id}, '{filter_id}' AS filter_id, CAST({place} AS INTEGER) AS filter_place, "
            f"CAST({number} AS INTEGER) AS rule_place, judged.{rule} AS code "
            f"FROM {FILTERS}.{name} AS judged WHERE judged.{rule} IS NOT NULL"
            for number, rule in enumerate(rules, start=1)
        ]
    return "-- The rules that each row fails, of all filters of the chain.\n" + "\nUNION ALL\n".join(failed) + "\n"


def _columns(name: str, text: str, dialect: str) -> list[str]:
    try:
        query = sqlglot.parse_one(text, read=dialect)
    except SqlglotError as error:
        raise SettingError(f"{FILTERS}/{name}.sql cannot be parsed: {error}") from None
    if not isinstance(query, exp.Query) or len(query.named_selects) < 2:
        raise SettingError(f"{FILTERS}/{name}.sql must select the id of a row, and a column for each rule.")
    return query.named_selects
