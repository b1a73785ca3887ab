"""SQL models: every file below sql/, parsed once, with its inputs, expressions and column lineage read from it.

Files are in Athena's (Trino's) dialect. Parameters (`:max_ltv_pct`) are bound in the syntax tree as typed
literals, never by pasting text; a list is bound in `x IN (:names)`. A model named
sql/refi/refi_eligibility.sql is the relation refi/refi_eligibility, which other files read as refi.refi_eligibility;
files in measures/ count what a relation holds, files in checks/ return the rows that break a rule.

Files in features/ and input/ are parts: their queries become part of the files that read them. features.savings_rate is
sql/ml/features/savings_rate.sql for every domain; what a feature reads as input.income is sql/<domain>/input/income.sql
of the domain whose relation reads the feature.

The model of sql/banking/silver/client.sql, in a folder that is a group, is silver/client: groups.py. Files in
sql/<domain>/program/ are templates of the relations of each program: sql_templates.py. Running SQL belongs to engines/.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from itertools import takewhile
from pathlib import Path
from typing import cast

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer import traverse_scope
from sqlglot.optimizer.qualify import qualify

from refi_assets.errors import SettingError
from refi_assets.specs.folding import folded_columns
from refi_assets.specs.groups import FEATURES, PARTS, PROGRAM, SQL_DIR, STEPS, folder_groups
from refi_assets.specs.names import group_and_name, is_key, key_of, keys_by_name, short_name, sql_name
from refi_assets.specs.programs import program_files
from refi_assets.specs.sql_templates import models_of_program

DIALECT = "athena"
AS_OF = "as_of"  # the parameter for the as-of day; models never use current_date

FEATURES_OF = "ml"  # the domain whose features all domains read

_DECLARATION = re.compile(r"(?:(rule|unit|risk|not personal) ([^:]+)|(not null|broken by|[a-z_0-9]+)): (.+)")
_READS_PARTS = re.compile(rf"\b({'|'.join(PARTS)})\.[a-z]")

Value = Decimal | int | str | date | None
Schema = Mapping[str, Mapping[str, str]]  # group/relation -> column name -> SQL type


@dataclass(frozen=True)
class Parameter:
    """A value, or a tuple of values, and its SQL type, such as DECIMAL(18,2): it is bound as a literal of that type."""

    value: Value | tuple[Value, ...]
    sql_type: str

    @property
    def literals(self) -> list[exp.Cast]:
        """One typed literal for each value: the same value and type on every engine."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return [exp.cast(_untyped(value), self.sql_type, dialect=DIALECT) for value in values]


Bindable = Parameter | int | str | date  # an int is bound as BIGINT, a str as VARCHAR, a date as DATE


@dataclass(frozen=True)
class SqlModel:
    """One SQL file."""

    key: str
    text: str
    # The parts, by the names under which files read them.
    parts: Mapping[str, "SqlModel"] = field(default_factory=dict, compare=False, repr=False)
    path: str = ""  # below sql/, without .sql, if it is not the key

    @property
    def file(self) -> str:
        """The path of its file, for messages."""
        return f"sql/{self.path or self.key}.sql"

    @property
    def folder(self) -> str:
        """The folder below sql/ that has the folders of its parts: that of its domain, or of its domain's templates."""
        domain, _, rest = (self.path or self.key).partition("/")
        return f"{domain}/{PROGRAM}" if rest.startswith(f"{PROGRAM}/") else domain

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rsplit("/", 1)[-1]

    @cached_property
    def tree(self) -> exp.Query:
        """The query, with the queries of its parts in place of their names. Raises SettingError if it is invalid."""
        return self._expanded[0]

    @property
    def parts_read(self) -> list["SqlModel"]:
        """The parts that the query reads, itself or in other parts."""
        return self._expanded[1]

    @cached_property
    def _expanded(self) -> tuple[exp.Query, list["SqlModel"]]:
        read: dict[str, SqlModel] = {}

        def expanded(model: SqlModel, within: tuple[str, ...]) -> exp.Query:
            query = model.own_tree.copy() if self.parts else model.own_tree
            for table in tables_read(query):
                name = key_of(table)
                if (part := self.parts.get(name)) is not None:
                    if part.key in within:
                        raise SettingError(f"sql/: files read one another in a circle: {' <- '.join(within)}.")
                    read[part.key] = part
                    table.replace(expanded(part, (*within, part.key)).subquery(table.alias_or_name))
                elif group_and_name(name)[0] in PARTS:
                    folder = FEATURES_OF if name.startswith(FEATURES) else self.folder
                    raise SettingError(
                        f"{model.file} reads {sql_name(name)}, which is missing; write sql/{folder}/{name}.sql."
                    )
            return query

        return expanded(self, ()), list(read.values())

    @cached_property
    def own_tree(self) -> exp.Query:
        """The query as the file has it. Raises SettingError if it is not one SELECT of relations."""
        try:
            tree = sqlglot.parse_one(self.text, read=DIALECT)
        except SqlglotError as error:
            raise SettingError(f"{self.file} cannot be parsed: {error}") from None
        if not isinstance(tree, exp.Query):
            raise SettingError(f"{self.file} must be one SELECT statement.")
        if invalid := sorted({table.sql(DIALECT) for table in tables_read(tree) if not is_key(key_of(table))}):
            raise SettingError(
                f"{self.file}: {', '.join(invalid)} is not the name of a relation; write group.relation, such "
                "as staging.loan_information."
            )
        return tree

    @cached_property
    def _head(self) -> list[str]:
        """The lines of the comment at the head; an indented line continues the one before."""
        lines = takewhile(lambda line: line.startswith("--"), self.text.splitlines())
        head = "\n".join(line.removeprefix("--").removeprefix(" ") for line in lines)
        return re.sub("\n +", " ", head).splitlines()

    @property
    def description(self) -> str:
        """The comment at the head of the file, without its declarations."""
        return "\n".join(line for line in self._head if not _DECLARATION.fullmatch(line))

    @property
    def column_descriptions(self) -> dict[str, str]:
        """Column -> its meaning, from lines `-- column: text`."""
        columns = [(name, text) for kind, name, text in self._declarations if not kind]
        return {name: text for name, text in columns if name not in ("grain", "not null", "broken by")}

    @property
    def units(self) -> dict[str, str]:
        """Column -> its unit, from lines `-- unit months: a, b`."""
        return self._of_columns("unit")

    @property
    def risks(self) -> dict[str, str]:
        """Column -> rises or falls, as risk does with it, from lines `-- risk rises: a, b`. Raises SettingError."""
        risks = self._of_columns("risk")
        if unknown := set(risks.values()) - {"rises", "falls"}:
            raise SettingError(f"{self.file}: risk rises or falls, not {', '.join(sorted(unknown))}.")
        return risks

    @property
    def not_personal(self) -> dict[str, str]:
        """Column -> why it needs no mask although it is derived from personal data, from `-- not personal a: text`."""
        reasons = [(name, text) for kind, name, text in self._declarations if kind == "not personal"]
        return {column: text for names, text in reasons for column in self._selected("not personal", names)}

    @property
    def rules(self) -> dict[str, str]:
        """Rule code -> its meaning, from lines `-- rule code: text`."""
        return {name: text for kind, name, text in self._declarations if kind == "rule"}

    @property
    def grain(self) -> list[str]:
        """The columns that identify a row, from the line `-- grain: a, b`. Raises SettingError if there is none."""
        grain = self._declared("grain")
        if not grain:
            raise SettingError(f"{self.file}: its head lacks the line '-- grain: column, …'.")
        return grain

    @property
    def not_null(self) -> list[str]:
        """The columns that always have a value, from the line `-- not null: a, b`."""
        return self._declared("not null")

    @property
    def broken_by(self) -> tuple[str, str] | None:
        """A column and an expression that break a check, from the line `-- broken by: column = expression`."""
        texts = [text for kind, name, text in self._declarations if not kind and name == "broken by"]
        column, _, expression = texts[0].partition(" = ") if texts else ("", "", "")
        return (column, expression) if expression else None

    def _declared(self, declaration: str) -> list[str]:
        """The columns that a line lists. Raises SettingError for a column that the query does not select."""
        texts = [text for kind, name, text in self._declarations if not kind and name == declaration]
        return self._selected(declaration, texts[0]) if texts else []

    def _of_columns(self, declaration: str) -> dict[str, str]:
        """Column -> the name of the declaration that lists it."""
        lists = [(name, text) for kind, name, text in self._declarations if kind == declaration]
        return {column: name for name, text in lists for column in self._selected(f"{declaration} {name}", text)}

    def _selected(self, declaration: str, text: str) -> list[str]:
        """The columns of a list. Raises SettingError for a column that the query does not select."""
        columns = text.split(", ")
        if unknown := [column for column in columns if column not in self.own_tree.named_selects]:
            raise SettingError(
                f"{self.file}: '-- {declaration}:' names {', '.join(unknown)}, which the query does not select."
            )
        return columns

    @cached_property
    def _declarations(self) -> list[tuple[str, str, str]]:
        """The declarations in the head: the kind (such as rule, or empty), the name, and the text of each."""
        matches = [match for line in self._head if (match := _DECLARATION.fullmatch(line))]
        return [(match[1] or "", match[2] or match[3], match[4]) for match in matches]

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Keys of the relations it reads, sorted by relation, then group."""
        return tuple(sorted(relations_read(self.tree), key=_by_relation))

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of its parameters."""
        return frozenset(node.name for node in self.tree.find_all(exp.Placeholder))

    @property
    def sha256(self) -> str:
        """Hash of the file's text and those of its parts."""
        texts = [self.text, *(part.text for part in self.parts_read)] if self.parts else [self.text]
        return hashlib.sha256("".join(texts).encode()).hexdigest()

    def bind(self, values: Mapping[str, Bindable]) -> exp.Query:
        """The query with its parameters bound.

        Raises SettingError for a parameter without a value, and for a list that is empty or outside `IN (...)`.
        """
        if missing := self.parameters - values.keys():
            raise SettingError(f"{self.file}: no value for parameter {', '.join(sorted(missing))}.")
        bound = self.tree.copy()
        for node in list(bound.find_all(exp.Placeholder)):
            value = values[node.name]
            parameter = value if isinstance(value, Parameter) else Parameter(value, _sql_type(value))
            if isinstance(parameter.value, tuple) and not (parameter.value and _is_item_of_in(node)):
                raise SettingError(
                    f"{self.file}: {node.name} is a list: it must have at least one value and be used as "
                    f"IN (:{node.name})."
                )
            _replace(node, parameter.literals)
        return bound

    def with_inlined(self, models: Iterable["SqlModel"]) -> "SqlModel":
        """The same model, with the queries of these models in place of their relations."""
        inlined = {model.key: model for model in models}
        return self if inlined.keys().isdisjoint(self.inputs) else replace(self, parts={**self.parts, **inlined})

    def column_lineage(self, schema: Schema) -> dict[str, list[tuple[str, str]]]:
        """Output column -> the (group/relation, column) pairs it is computed from, in one step."""
        # Trimming would copy the query for every step of every column, and only the leaves are needed.
        nodes = lineage(None, self.tree, schema=_nested(schema), dialect=DIALECT, trim_selects=False)
        return {
            column: sorted(
                {
                    (key_of(leaf.source), leaf.name.rsplit(".", 1)[-1])
                    for leaf in node.walk()
                    if isinstance(leaf.source, exp.Table)
                },
                key=lambda pair: (_by_relation(pair[0]), pair[1]),
            )
            for column, node in nodes.items()
        }

    def column_expressions(self, schema: Schema) -> dict[str, str]:
        """Output column -> its SQL in one line, in terms of the relations the file reads.

        A column of a CTE is replaced by the expression that the CTE selects. Relations have their short names, or their
        aliases if the file reads them more than once.
        """
        tree = qualify(
            self.tree.copy(), dialect=DIALECT, schema=_nested(schema), identify=False, validate_qualify_columns=False
        )
        times_read = Counter(short_name(key_of(table)) for table in tables_read(tree))
        folded = folded_columns(tree, {name for name, times in times_read.items() if times == 1})
        return {name: expression.sql(DIALECT, comments=False) for name, expression in folded.items()}


@lru_cache
def parsed(sql: str) -> exp.Query:
    """The tree of a valid query in the project's dialect; it is cached: copy it before you change it."""
    return cast(exp.Query, sqlglot.parse_one(sql, read=DIALECT))


def relations_read(query: exp.Query) -> set[str]:
    """Keys of the relations that a query reads; see key_of for tables without a group, and functions."""
    return {key_of(table) for table in tables_read(query)}


def with_groups(query: exp.Query, keys: Iterable[str]) -> exp.Query:
    """The query with a group added to every bare name that exactly one of these keys ends in.

    A query without such a name is returned unchanged.
    """
    by_name = keys_by_name(keys)
    if not any(len(by_name.get(key, [])) == 1 for key in relations_read(query)):
        return query
    qualified = query.copy()
    for table in tables_read(qualified):
        candidates = by_name.get(key_of(table), [])
        if len(candidates) == 1:
            table.set("db", exp.to_identifier(group_and_name(candidates[0])[0], quoted=True))
    return qualified


def tables_read(query: exp.Expr) -> list[exp.Table]:
    """Every table of a query that is not a CTE in its scope: a CTE may have the name of a relation that it reads."""
    tables, names = [*query.find_all(exp.Table)], {cte.alias for cte in query.find_all(exp.CTE)}
    if not any(table.name in names and not table.db for table in tables):
        return tables
    ctes = {
        id(table)
        for scope in traverse_scope(query)
        for table in scope.tables
        if not table.db and table.name in scope.cte_sources
    }
    return [table for table in tables if id(table) not in ctes]


def _by_relation(key: str) -> tuple[str, str]:
    group, name = group_and_name(key)
    return name, group


def _nested(schema: Schema) -> dict[str, object]:
    """Group -> relation -> column -> SQL type."""
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for key, columns in schema.items():
        group, name = group_and_name(key)
        nested.setdefault(group, {})[name] = dict(columns)
    return dict(nested)


def _is_item_of_in(node: exp.Expr) -> bool:
    return isinstance(node.parent, exp.In) and node.arg_key == "expressions"


def _replace(node: exp.Expr, literals: list[exp.Cast]) -> None:
    """Replace a node by literals; by several only among the items of an IN."""
    if not _is_item_of_in(node):
        node.replace(literals[0])
        return
    parent = cast(exp.In, node.parent)
    lists = [literals if item is node else [item] for item in parent.expressions]
    parent.set("expressions", [item for items in lists for item in items])


def _sql_type(value: int | str | date) -> str:
    if isinstance(value, int):
        return "BIGINT"
    return "DATE" if isinstance(value, date) else "VARCHAR"


def _untyped(value: Value) -> exp.Expr:
    if value is None:
        return exp.null()
    return exp.Literal.string(f"{value:f}" if isinstance(value, Decimal) else str(value))


@cache
def load_sql_models(folder: Path = SQL_DIR) -> dict[str, SqlModel]:
    """Every SQL model below a folder, by key; a template is one for each program of its domain."""
    groups = folder_groups(folder)
    paths = sorted(path for path in folder.rglob("*.sql") if path.parent.name != STEPS)
    texts = {path.relative_to(folder).with_suffix("").as_posix(): path.read_text("utf-8") for path in paths}
    models = [_model(path, text, groups) for path, text in texts.items() if path.split("/")[1] != PROGRAM]
    for program in program_files().values() if folder == SQL_DIR else ():
        models += [SqlModel(key, text, path=path) for key, text, path in models_of_program(program, texts, DIALECT)]
    parts: dict[str, dict[str, SqlModel]] = {}  # by group
    for model in models:
        group, _, name = model.key.partition("/")
        if name.count("/") == 1 and group_and_name(name)[0] in PARTS:
            parts.setdefault(group, {})[name] = model
    shared = {name: part for name, part in parts.get(FEATURES_OF, {}).items() if name.startswith(f"{FEATURES}/")}

    def with_parts(model: SqlModel) -> SqlModel:
        group = model.key.partition("/")[0]
        own = parts.get(groups.get(group, group), {})
        return replace(model, parts={**shared, **own}) if _READS_PARTS.search(model.text) else model

    return {model.key: with_parts(model) for model in models}


def _model(path: str, text: str, groups: Mapping[str, str]) -> SqlModel:
    """The model of a file that is not a template."""
    _, _, rest = path.partition("/")
    return SqlModel(rest, text, path=path) if rest.partition("/")[0] in groups else SqlModel(path, text)
