"""The rules that relations declare: a code, its meaning, and the place where SQL decides it.

The head of a SQL file declares `-- rule CODE: text`; the query returns the code as a literal, in a CASE. A text may
refer to parameters of the policy and to columns as :name. With a text of the form `COLUMN is LIMIT; else eligible when
CHANGE, or else CHANGE`, `refi explain` explains single rows. cli/rules.py lists the rules.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

from sqlglot import exp
from sqlglot.optimizer import Scope, traverse_scope

from refi_assets.errors import SettingError
from refi_assets.specs.names import key_of
from refi_assets.specs.sql_models import SqlModel, load_sql_models

_LIMIT = re.compile(r"(?P<column>[a-z0-9_]+) is (?P<limit>.+); else eligible when (?P<changes>.+)\.")
_NAME = re.compile(r":([a-z_][a-z0-9_]*)")


@dataclass(frozen=True)
class Rule:
    """One rule. `line` is where the query returns the code; its columns and parameters are those that decide it."""

    code: str
    text: str
    relation: str  # key of the SQL file
    line: int
    columns: tuple[tuple[str, str], ...]  # (key of a relation that the file reads, column)
    parameters: tuple[str, ...]

    @property
    def has_limit(self) -> bool:
        """Whether it sets a limit on a column."""
        return _LIMIT.fullmatch(self.text) is not None

    @property
    def column(self) -> str:
        """The column that has a limit."""
        return self._parts["column"]

    def limit(self, values: Mapping[str, object]) -> str:
        """The limit, with values in place of its names."""
        return filled(self._parts["limit"], lambda name: str(values[name]))

    def needed_change(self, values: Mapping[str, str | None]) -> str | None:
        """The first change for which all values are known; None if there is none."""
        for change in self._parts["changes"].split(", or else "):
            if all(values.get(name) is not None for name in _NAME.findall(change)):
                return filled(change, lambda name: str(values[name]))
        return None

    @property
    def _parts(self) -> re.Match[str]:
        parts = _LIMIT.fullmatch(self.text)
        if parts is None:
            raise ValueError(f"rule {self.code} sets no limit")
        return parts


@cache
def rules_of(key: str) -> dict[str, Rule]:
    """The rules of sql/<key>.sql by code, in the order of its head. Raises SettingError for a code it never returns."""
    model = load_sql_models()[key]
    deciding: dict[str, list[tuple[Scope, exp.Expr]]] = {}
    for code, conditions in _conditions(model):  # more than one CASE may return a code
        deciding.setdefault(code, []).extend(conditions)
    lines = model.text.splitlines()
    rules = {}
    for code, text in model.rules.items():
        numbers = [n for n, line in enumerate(lines, start=1) if f"'{code}'" in line and not line.startswith("--")]
        if not numbers:
            raise SettingError(
                f"{model.file}: its head declares the rule {code!r}, but no line of the query returns this code."
            )
        conditions = deciding.get(code, [])
        columns = {pair for scope, condition in conditions for pair in _columns_behind(scope, condition)}
        bound = {node.name for _, condition in conditions for node in condition.find_all(exp.Placeholder)}
        parameters = tuple(sorted(bound | (model.parameters & set(_NAME.findall(text)))))
        rules[code] = Rule(code, text, key, numbers[0], tuple(sorted(columns)), parameters)
    return rules


def source_columns(model: SqlModel) -> set[tuple[str, str]]:
    """The columns that a model reads, as pairs (key of a relation, column)."""
    return {
        (key_of(source), column.name)
        for scope in traverse_scope(model.tree)
        for column in scope.columns
        for source in [scope.sources.get(column.table)]
        if isinstance(source, exp.Table)
    }


def filled(text: str, value: Callable[[str], str]) -> str:
    """A text with values in place of its :names."""
    return _NAME.sub(lambda match: value(match[1]), text)


def _conditions(model: SqlModel) -> Iterator[tuple[str, list[tuple[Scope, exp.Expr]]]]:
    """The codes that each CASE in a model may return, with the conditions that decide them."""
    for scope in traverse_scope(model.tree):
        for case in scope.find_all(exp.Case):
            branches = [(branch.args["true"], branch.this) for branch in case.args["ifs"]]
            conditions = [(scope, condition) for _, condition in branches]
            for value, condition in branches:
                if value.is_string:
                    yield value.name, [(scope, condition)]
            default = case.args.get("default")
            if default is not None and default.is_string:
                yield default.name, conditions


def _columns_behind(scope: Scope, expression: exp.Expr) -> set[tuple[str, str]]:
    """The columns of relations that an expression of a query is computed from, through its CTEs."""
    behind: set[tuple[str, str]] = set()
    for column in expression.find_all(exp.Column):
        source = scope.sources.get(column.table)
        if isinstance(source, Scope):
            for part in source.set_operation_scopes or [source]:
                selects = cast(exp.Query, part.expression).selects
                names = cast(exp.Query, source.expression).named_selects
                behind |= _columns_behind(part, selects[names.index(column.name)])
        elif isinstance(source, exp.Table):
            behind.add((key_of(source), column.name))
    return behind
