"""Column lineage: from a column of any relation back to the source files, with the expression at each step.

It is read from sql/ and contracts/, and needs neither a run nor a lake. It shows how a value is derived, not which rows
exist: joins and filters are in the SQL. Printing belongs to cli/lineage_views.py, the page's look and behavior to
lineage.html.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from tempfile import TemporaryDirectory

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import RefiError, SettingError
from refi_assets.lake import open_lake
from refi_assets.specs.contract_reference import column_rules, state_rule
from refi_assets.specs.contracts import Contract, load_contracts
from refi_assets.specs.names import group_and_name, short_names, sql_name
from refi_assets.specs.policies import parameters_in_force
from refi_assets.specs.python_relations import python_relations
from refi_assets.specs.sql_models import AS_OF, Bindable, SqlModel, load_sql_models

PUBLISHED = "audience_file"


@dataclass(frozen=True, kw_only=True)
class LineageColumn:
    """One column: its meaning, its expression or rule, and the columns it is derived from.

    `expression` is its SQL if sql/ computes it. `rule` is the contract's demand on a cell if staging types it, or a
    description of how Python computes it. A column of a source file has neither, and its `made_from` is empty.
    """

    relation: str
    asset: str
    column: str
    sql_type: str
    unit: str | None = None
    description: str
    expression: str | None = None
    rule: str | None = None
    made_from: tuple["LineageColumn", ...] = ()

    @property
    def id(self) -> str:
        """relation.column"""
        return f"{self.relation}.{self.column}"


@dataclass(frozen=True)
class LineageRelation:
    """One relation: its asset and group, the relations it reads, its SQL if it has any, and its columns."""

    name: str
    asset: str
    group: str
    description: str
    reads: tuple[str, ...]
    sql: str | None
    columns: dict[str, LineageColumn]


def lineage_graph(keys: Collection[str] | None = None) -> dict[str, LineageRelation]:
    """Every relation by its short name, each after those it reads: source files, staging, sql/<group>/<relation>.sql.

    With keys, only these of the relations in sql/, and those behind them. A source file has its usual name,
    loan_information.csv; its columns are those of catalog/loan_information.
    Raises SettingError or EngineError if sql/, contracts/ or the policy is wrong.
    """
    contracts = load_contracts().values()
    models = _sorted_by_reads([model for key, model in load_sql_models().items() if key.count("/") == 1])
    models = models if keys is None else _with_models_behind(models, keys)
    names = short_names([f"staging/{contract.source}" for contract in contracts] + [model.key for model in models])
    files_and_tables = [_source_file(contract) for contract in contracts]
    files_and_tables += [
        _staging_table(contract, file, names) for contract, file in zip(contracts, files_and_tables, strict=True)
    ]
    by_key = {relation.asset: relation for relation in files_and_tables}
    types = _sql_types(models)
    for model in models:
        by_key[model.key] = _model_relation(model, types, by_key, names)
    return {relation.name: relation for relation in by_key.values()}


def find_column(graph: dict[str, LineageRelation], text: str) -> LineageColumn:
    """Find `relation.column`, `group.relation.column`, or a column of the audience file.

    Raises RefiError, which lists the possible names.
    """
    name, _, column = text.rpartition(".")
    by_sql_name = {sql_name(relation.asset): relation.name for relation in graph.values()}
    name = by_sql_name.get(name, name) or PUBLISHED
    if name not in graph:
        raise RefiError(f"There is no relation {name!r}; there are {', '.join(graph)}.")
    columns = graph[name].columns
    if column not in columns:
        raise RefiError(
            f"{name} has no column {column!r}; it has {', '.join(columns)}. "
            f"Write a column of another relation as RELATION.COLUMN, with one of {', '.join(graph)}."
        )
    return columns[column]


def lineage_page(relations: Iterable[LineageRelation]) -> str:
    """One HTML file that needs no other file and no network. The same relations give the same bytes."""
    data = json.dumps([_page_table(relation) for relation in relations])
    template = files("refi_assets.lineage").joinpath("lineage.html").read_text("utf-8")
    template = template.replace("PUBLISHED_FILE", PUBLISHED)
    return template.replace("LINEAGE_DATA", data.replace("<", "\\u003c"))  # no text ends the script element


def _page_table(relation: LineageRelation) -> dict[str, object]:
    columns = [
        {**asdict(column), "id": column.id, "made_from": [source.id for source in column.made_from]}
        for column in relation.columns.values()
    ]
    return {**asdict(relation), "id": relation.name, "made_from": relation.reads, "columns": columns}


def is_described(key: str) -> bool:
    """Whether a contract or a SQL file describes a relation."""
    return _contract(key) is not None or key in load_sql_models()


def require_described(model: SqlModel) -> None:
    """Raise SettingError if a model reads a relation that nothing describes."""
    if unknown := [sql_name(key) for key in model.inputs if not is_described(key)]:
        raise SettingError(f"{model.file} reads {', '.join(unknown)}, which no contract and no SQL describes.")


def descriptions(key: str) -> dict[str, str]:
    """Column -> meaning: from the head of the SQL file, else from the relations it reads, back to the contracts."""
    contract = _contract(key)
    if contract is not None:
        return contract.descriptions
    model = load_sql_models()[key]
    layers = [
        *map(descriptions, model.inputs),
        *(part.column_descriptions for part in model.parts_read),
        model.column_descriptions,
    ]
    return {column: text for layer in layers for column, text in layer.items()}


def _contract(key: str) -> Contract | None:
    group, name = group_and_name(key)
    return load_contracts().get(name) if group == "staging" else None


def _sorted_by_reads(models: list[SqlModel]) -> list[SqlModel]:
    for model in models:
        require_described(model)
    by_key = {model.key: model for model in models}
    reads = {model.key: [key for key in _reads(model) if key in by_key] for model in models}
    try:
        return [by_key[key] for key in TopologicalSorter(reads).static_order()]
    except CycleError as error:
        raise SettingError(f"sql/: relations read one another in a circle: {' <- '.join(error.args[1])}.") from None


def _with_models_behind(models: list[SqlModel], keys: Collection[str]) -> list[SqlModel]:
    """The models with these keys and those that they read; the order stays."""
    needed = set(keys)
    for model in reversed(models):
        if model.key in needed:
            needed.update(_reads(model))
    return [model for model in models if model.key in needed]


def _reads(model: SqlModel) -> tuple[str, ...]:
    declared = python_relations().get(model.key)
    return model.inputs if declared is None else declared.reads


def _sql_types(models: list[SqlModel]) -> dict[str, dict[str, str]]:
    """Key -> column -> SQL type, as the engine reports it for empty relations. Models come after those they read."""
    parameters: dict[str, Bindable] = {**parameters_in_force(), AS_OF: date(2000, 1, 1)}  # only their types matter
    types = {f"staging/{source}": contract.sql_types for source, contract in load_contracts().items()}
    with TemporaryDirectory() as empty_lake, DuckDBEngine(open_lake(empty_lake)).session() as session:
        for key, columns in types.items():
            session.create_view(key, _without_rows(columns))
        for model in models:
            declared = python_relations().get(model.key)
            columns = session.columns(model.bind(parameters)) if declared is None else declared.sql_types
            # Not the query itself: views of views of views would be resolved again for every reader.
            session.create_view(model.key, _without_rows(columns))
            types[model.key] = columns
    return types


def _without_rows(columns: Mapping[str, str]) -> str:
    nulls = ", ".join(f'CAST(NULL AS {sql_type}) AS "{name}"' for name, sql_type in columns.items())
    return f"SELECT {nulls} WHERE FALSE"


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
        )
        for column in contract.columns
    }
    return LineageRelation(name, asset, "source files", contract.description, (), None, columns)


def _staging_table(contract: Contract, file: LineageRelation, names: Mapping[str, str]) -> LineageRelation:
    asset = f"staging/{contract.source}"
    name = names[asset]
    columns = {
        column.name: replace(
            source, relation=name, asset=asset, rule="; ".join(column_rules(column)), made_from=(source,)
        )
        for column, source in zip(contract.columns, file.columns.values(), strict=True)
    }
    for column in contract.columns_with_states:
        columns[column.state_column] = LineageColumn(
            relation=name,
            asset=asset,
            column=column.state_column,
            sql_type="VARCHAR",
            description=contract.descriptions[column.state_column],
            rule="; ".join(map(state_rule, column.states)),
            made_from=(file.columns[column.name],),
        )
    description = (
        f"{contract.description}\nTyped by contracts/{contract.source}.yaml; rows that break it are in quarantine."
    )
    return LineageRelation(name, asset, "staging", description, (file.name,), None, columns)


def _model_relation(
    model: SqlModel,
    types: dict[str, dict[str, str]],
    by_key: dict[str, LineageRelation],
    names: Mapping[str, str],
) -> LineageRelation:
    meanings = descriptions(model.key)
    units = {column: unit for each in (*model.parts_read, model) for column, unit in each.units.items()}
    declared = python_relations().get(model.key)
    expressions = model.column_expressions(types) if declared is None else {}
    sources = model.column_lineage(types) if declared is None else declared.sources
    columns = {
        column: LineageColumn(
            relation=names[model.key],
            asset=model.key,
            column=column,
            sql_type=types[model.key][column],
            unit=units.get(column),
            description=meanings.get(column, ""),
            expression=expressions.get(column),
            rule=None if declared is None else declared.columns[column].how,
            made_from=tuple(by_key[key].columns[name] for key, name in pairs),
        )
        for column, pairs in sources.items()
    }
    reads = tuple(names[key] for key in _reads(model))
    group = group_and_name(model.key)[0]
    sql = model.text if declared is None else None
    return LineageRelation(names[model.key], model.key, group, model.description, reads, sql, columns)
