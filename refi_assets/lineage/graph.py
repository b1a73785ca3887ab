"""Column lineage: from a column of any relation back to the source files, with the expression at each step.

It is read from sql/ and contracts/, and needs neither a run nor a lake. It tells what a value is made of, not
which rows there are: joins and filters stand in the SQL. How it is printed belongs to cli/lineage.py, how the
page looks and behaves to lineage.html.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from tempfile import TemporaryDirectory

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.engines.duckdb_sql import to_duckdb
from refi_assets.errors import RefiError, SettingError
from refi_assets.lake import open_lake
from refi_assets.specs.columns import Column, State
from refi_assets.specs.contracts import Contract, load_contracts
from refi_assets.specs.names import group_and_name, short_names, sql_name
from refi_assets.specs.policies import parameters_in_force
from refi_assets.specs.python_relations import python_relations
from refi_assets.specs.sql_models import AS_OF, Bindable, SqlModel, load_sql_models

PUBLISHED = "audience_file"


@dataclass(frozen=True)
class LineageColumn:
    """One column: what it is, how it is made, and what it is made of.

    `expression` is the SQL, where sql/ computes it; `rule` is what the contract asks of a cell, where staging
    types it, or how Python makes the column. A column of a source file has neither, and `made_from` is empty.
    """

    relation: str
    asset: str
    column: str
    sql_type: str
    unit: str | None
    description: str
    expression: str | None
    rule: str | None
    made_from: tuple["LineageColumn", ...]

    @property
    def id(self) -> str:
        """relation.column"""
        return f"{self.relation}.{self.column}"


@dataclass(frozen=True)
class LineageRelation:
    """One relation: its asset and group, the relations it reads, its SQL where it has any, and its columns."""

    name: str
    asset: str
    group: str
    description: str
    reads: tuple[str, ...]
    sql: str | None
    columns: dict[str, LineageColumn]


def lineage_graph() -> dict[str, LineageRelation]:
    """Every relation by its short name, each after those it reads: source files, staging, what sql/ makes of them.

    A source file goes by its usual name, loan_information.csv; its columns are those of catalog/loan_information.
    Raises SettingError or EngineError where sql/, contracts/ or the policy is wrong.
    """
    contracts = load_contracts().values()
    models = _in_order(relation_models())
    names = short_names([f"staging/{contract.source}" for contract in contracts] + [model.key for model in models])
    found = [_source_file(contract) for contract in contracts]
    found += [_staged(contract, file, names) for contract, file in zip(contracts, found, strict=True)]
    by_key = {relation.asset: relation for relation in found}
    types = _types(models)
    for model in models:
        by_key[model.key] = _computed(model, types, by_key, names)
    return {relation.name: relation for relation in by_key.values()}


def find_column(graph: dict[str, LineageRelation], text: str) -> LineageColumn:
    """`relation.column` or `group.relation.column`, or a column of the audience file.

    Raises RefiError that lists what there is.
    """
    relation, _, column = text.rpartition(".")
    by_asset = {sql_name(one.asset): one.name for one in graph.values()}
    relation = by_asset.get(relation, relation) or PUBLISHED
    if relation not in graph:
        raise RefiError(f"There is no relation {relation!r}; there are {', '.join(graph)}.")
    columns = graph[relation].columns
    if column not in columns:
        raise RefiError(
            f"{relation} has no column {column!r}; it has {', '.join(columns)}. "
            f"A column of another relation is written RELATION.COLUMN, with one of {', '.join(graph)}."
        )
    return columns[column]


def lineage_page(relations: Iterable[LineageRelation]) -> str:
    """One HTML file that needs no other and no network. The same relations give the same bytes."""
    data = json.dumps([_for_page(relation) for relation in relations])
    template = files("refi_assets.lineage").joinpath("lineage.html").read_text("utf-8")
    return template.replace("LINEAGE_DATA", data.replace("<", "\\u003c"))  # no text ends the script element


def _for_page(relation: LineageRelation) -> dict[str, object]:
    columns = [
        {**asdict(column), "id": column.id, "made_from": [one.id for one in column.made_from]}
        for column in relation.columns.values()
    ]
    return {**asdict(relation), "id": relation.name, "made_from": relation.reads, "columns": columns}


def relation_models() -> list[SqlModel]:
    """The models that are relations: sql/<group>/<relation>.sql."""
    return [model for key, model in load_sql_models().items() if key.count("/") == 1]


def is_described(key: str) -> bool:
    """Whether a contract or a SQL file describes a relation."""
    return _contract(key) is not None or key in load_sql_models()


def require_described(model: SqlModel) -> None:
    """Raise SettingError if a model reads a relation that nothing describes."""
    if unknown := [sql_name(key) for key in model.inputs if not is_described(key)]:
        raise SettingError(f"sql/{model.key}.sql reads {', '.join(unknown)}, of which there is no contract and no SQL.")


def descriptions(key: str) -> dict[str, str]:
    """What columns mean: by the head of the SQL file, else as in the relations it reads, back to the contracts."""
    contract = _contract(key)
    if contract is not None:
        return contract.descriptions
    model = load_sql_models()[key]
    known = [*map(descriptions, model.inputs), model.column_descriptions]
    return {name: text for described in known for name, text in described.items()}


def _contract(key: str) -> Contract | None:
    group, name = group_and_name(key)
    return load_contracts().get(name) if group == "staging" else None


def _in_order(models: list[SqlModel]) -> list[SqlModel]:
    for model in models:
        require_described(model)
    by_key = {model.key: model for model in models}
    reads = {model.key: [key for key in _reads(model) if key in by_key] for model in models}
    try:
        return [by_key[key] for key in TopologicalSorter(reads).static_order()]
    except CycleError as error:
        raise SettingError(f"sql/: relations read one another in a circle: {' <- '.join(error.args[1])}.") from None


def _reads(model: SqlModel) -> tuple[str, ...]:
    declared = python_relations().get(model.key)
    return model.inputs if declared is None else declared.reads


def _types(models: list[SqlModel]) -> dict[str, dict[str, str]]:
    """Key -> column -> SQL type, as the engine tells it of empty relations. Models come after what they read."""
    parameters: dict[str, Bindable] = {**parameters_in_force(), AS_OF: date(2000, 1, 1)}  # for the types alone
    types = {f"staging/{source}": contract.sql_types for source, contract in load_contracts().items()}
    with TemporaryDirectory() as no_lake, DuckDBEngine(open_lake(no_lake)).session() as session:
        for key, columns in types.items():
            nothing = ", ".join(f'CAST(NULL AS {sql_type}) AS "{name}"' for name, sql_type in columns.items())
            session.create_view(key, f"SELECT {nothing} WHERE FALSE")
        for model in models:
            query = model.bind(parameters)
            declared = python_relations().get(model.key)
            types[model.key] = session.columns(query) if declared is None else declared.sql_types
            session.create_view(model.key, to_duckdb(query))
    return types


def _source_file(contract: Contract) -> LineageRelation:
    name, asset = f"{contract.source}.csv", f"catalog/{contract.source}"
    columns = {
        column.name: LineageColumn(
            relation=name,
            asset=asset,
            column=column.name,
            sql_type=column.sql_type,
            unit=column.unit,
            description=column.description,
            expression=None,
            rule=None,
            made_from=(),
        )
        for column in contract.columns
    }
    return LineageRelation(name, asset, "source files", contract.description, (), None, columns)


def _staged(contract: Contract, file: LineageRelation, names: Mapping[str, str]) -> LineageRelation:
    asset = f"staging/{contract.source}"
    name = names[asset]
    columns = {
        column.name: replace(of_file, relation=name, asset=asset, rule=_rule(column), made_from=(of_file,))
        for column, of_file in zip(contract.columns, file.columns.values(), strict=True)
    }
    for column in contract.columns_with_states:
        columns[column.state_column] = LineageColumn(
            relation=name,
            asset=asset,
            column=column.state_column,
            sql_type="VARCHAR",
            unit=None,
            description=contract.descriptions[column.state_column],
            expression=None,
            rule="; ".join(_state_rule(state) for state in column.states),
            made_from=(file.columns[column.name],),
        )
    about = f"{contract.description}\nTyped by contracts/{contract.source}.yaml; rows that break it are in quarantine."
    return LineageRelation(name, asset, "staging", about, (file.name,), None, columns)


def _rule(column: Column) -> str:
    bounds = {
        "at least": column.minimum,
        "above": column.exclusive_minimum,
        "at most": column.maximum,
        "below": column.exclusive_maximum,
    }
    kind = {"string": "text, trimmed", "integer": "whole number"}.get(column.logical_type, column.logical_type)
    wanted = ", ".join([kind, *(f"{words} {bound:f}" for words, bound in bounds.items() if bound is not None)])
    outcomes = []
    if column.not_null:
        outcomes.append("an empty one sends the row to quarantine")
    if column.plausible is not None:
        wanted += f", plausible from {column.plausible.minimum:f} to {column.plausible.maximum:f}"
        wanted += "".join(f" or {number:f}" for number in column.plausible.also)
    if column.values:
        wanted += f", one of {', '.join(column.values)}"
    if column.logical_type != "string":
        outcomes.append(f"a bad one {'sends the row to quarantine' if column.present else 'becomes null'}")
    return "; ".join([wanted, *outcomes])


def _state_rule(state: State) -> str:
    words = ", ".join(state.words)
    tells = [f"at most {state.at_most:f}"] if state.at_most is not None else []
    return f"{state.name} if it is {' or '.join([*tells, *([f'reads {words}'] if words else [])])}"


def _computed(
    model: SqlModel,
    types: dict[str, dict[str, str]],
    by_key: dict[str, LineageRelation],
    names: Mapping[str, str],
) -> LineageRelation:
    described = descriptions(model.key)
    declared = python_relations().get(model.key)
    expressions = model.column_expressions(types) if declared is None else {}
    made_from = model.column_lineage(types) if declared is None else declared.sources
    columns = {
        column: LineageColumn(
            relation=names[model.key],
            asset=model.key,
            column=column,
            sql_type=types[model.key][column],
            unit=None,
            description=described.get(column, ""),
            expression=expressions.get(column),
            rule=None if declared is None else declared.columns[column].how,
            made_from=tuple(by_key[key].columns[name] for key, name in sources),
        )
        for column, sources in made_from.items()
    }
    reads = tuple(names[key] for key in _reads(model))
    group = group_and_name(model.key)[0]
    sql = model.text if declared is None else None
    return LineageRelation(names[model.key], model.key, group, model.description, reads, sql, columns)
