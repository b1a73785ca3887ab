"""Assets defined by SQL files: dependencies, code version, schema and column lineage are read from the SQL."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal

import dagster as dg
from sqlglot import exp

from refi_assets.engines.base import Engine, Session
from refi_assets.engines.duckdb import DuckDBEngine, open_duckdb
from refi_assets.engines.settings import EngineSettings
from refi_assets.engines.views import ALL, columns_read, prune_query
from refi_assets.errors import SettingError
from refi_assets.lake import NO_DETAILS, Details, Relation
from refi_assets.lake.relations import readable
from refi_assets.lineage.graph import descriptions, require_described
from refi_assets.orchestration.asset_checks import Check, relation_checks
from refi_assets.orchestration.column_lineage import column_sources
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource, PoliciesResource
from refi_assets.orchestration.steps import Step, asset_step
from refi_assets.settings import settings_of
from refi_assets.specs.code import code_sha256
from refi_assets.specs.groups import domain_of_group
from refi_assets.specs.names import group_and_name, table_of
from refi_assets.specs.policies import policy_of
from refi_assets.specs.sql_models import AS_OF, DIALECT, Parameter, SqlModel, load_sql_models
from refi_assets.specs.sql_steps import steps_sha256

Kind = Literal["table", "kept view", "view"]

_views: set[str] = set()  # keys of the assets whose rows DuckDB does not store


def sql_relation(
    domain: Domain,
    key: str,
    kind: Kind,
    *,
    parameters: Sequence[str] = (),
    inlined: Sequence[str] = (),
    checks: Sequence[Check] = (),
) -> dg.Definitions:
    """An asset whose relation is defined by sql/<key>.sql, with the policy's parameters of these sections or names.

    Its checks are those of relation_checks, and `checks`. DuckDB stores all columns of a table, the columns of a kept
    view that later SQL names, and nothing of a view; other engines store all columns of all three. The relations in
    `inlined` are not assets of the run: their SQL becomes part of this one.
    """
    model = load_sql_models()[key].with_inlined(load_sql_models()[name] for name in inlined)
    require_described(model)
    if kind == "view":
        _views.add(key)

    @described_by(
        domain,
        model,
        model.inputs,
        parameters=parameters,
        kinds={settings_of(EngineSettings).engine, "sql", kind.rpartition(" ")[2]},
        metadata={"sql": dg.MetadataValue.md(f"```sql\n{model.text}```")},
    )
    def relation(
        context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource, policies: PoliciesResource
    ) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake, domain.unchanged) as step:
            made_from = {name: step.input(name) for name in model.inputs}
            bound = policies.of(domain).parameters_of(parameters)
            return made_by_sql(step, engine.open(step.lake), bound, model, kind, made_from)

    return dg.Definitions(assets=[relation], asset_checks=[relation_checks(domain, key, checks)])


def described_by(
    domain: Domain, model: SqlModel, inputs: Sequence[str], *, parameters: Sequence[str] = (), **more: Any
) -> Callable[..., dg.AssetsDefinition]:
    """A decorator for the function that makes the relation a SQL file describes from these input assets."""
    decorator: Callable[..., dg.AssetsDefinition] = dg.asset(
        key=model.key.split("/"),
        group_name=model.key.split("/", maxsplit=1)[0],
        owners=["team:data-platform"],
        description=f"{model.description}\n\nGrain: {', '.join(model.grain)}",
        deps=[name.split("/") for name in inputs],
        partitions_def=partitions(domain.cadence),
        code_version=_code_version(domain, model, parameters),
        **more,
    )
    return decorator


def made_by_sql(
    step: Step,
    engine: Engine,
    parameters: Mapping[str, Parameter],
    model: SqlModel,
    kind: Kind,
    made_from: dict[str, Relation],
) -> dg.MaterializeResult[Any]:
    """Make a relation by its SQL file."""
    query = model.bind({**parameters, AS_OF: step.as_of})
    sql = query.sql(DIALECT)  # contains the as-of day if the query uses it
    counted_by = measures.sha256 if (measures := _measures_of(model)) else None
    kept = columns_named_later(model.key) if kind == "kept view" else ()
    fingerprint = step.fingerprint(
        model.key,
        __name__,
        made_from,
        sql=sql,
        kind=kind,
        kept=kept,
        counted_by=counted_by,
        engine=type(engine).__name__,
    )
    if (relation := step.recall(model.key, fingerprint, made_from)) is not None:
        return materialize(step, relation, made_from)
    with engine.session(readable(step.lake, list(made_from.values()))) as session:
        stored_as: Any = "table" if kind == "table" else "view"
        draft = step.draft(model.key, made_from=made_from, kind=stored_as, kept=kept, sql=sql, fingerprint=fingerprint)
        stored = session.create(draft, query)
        counts = measure(session, model)
        details = Details(queries=tuple(session.queries)) if session.queries else NO_DETAILS
    saved = step.save(stored, rows=counts.pop("rows"), counts=counts, details=details)
    step.remember(saved, open_duckdb(step.lake))
    return materialize(step, saved, made_from)


def made_by_python(
    step: Step,
    engine: DuckDBEngine,
    key: str,
    made_from: dict[str, Relation],
    make: Callable[[Relation], Relation],
    *,
    remembered: bool = True,
    details: Mapping[str, Any] | None = None,
    **decided_by: Any,
) -> Relation:
    """Make a relation by a function of its draft, and measure it by its SQL files.

    `decided_by` are its other inputs, such as settings and state that the function reads. Without `remembered`, it is
    made again each time. `details` are this run's own if an earlier relation is reused.
    """
    model = load_sql_models()[key]
    counted_by = measures.sha256 if (measures := _measures_of(model)) else None
    code = code_sha256(make.__module__)
    steps = steps_sha256(domain_of_group(group_and_name(key)[0]))
    fingerprint = step.fingerprint(
        key, __name__, made_from, counted_by=counted_by, made_by=code, steps=steps, **decided_by
    )
    if remembered and (relation := step.recall(key, fingerprint, made_from, **(details or {}))) is not None:
        return relation
    relation = make(step.draft(key, made_from=made_from, kind="table", fingerprint=fingerprint if remembered else ""))
    with engine.session([relation]) as session:
        counts = measure(session, model)
    saved = step.save(relation, rows=counts.pop("rows"), counts=counts)
    if remembered:
        step.remember(saved, engine)
    return saved


def materialize(
    step: Step, relation: Relation, made_from: dict[str, Relation], shown: Mapping[str, Any] | None = None
) -> dg.MaterializeResult[Any]:
    """The result of an asset that a SQL file describes; `shown` is added to its metadata."""
    model = load_sql_models()[relation.key]
    metadata = {**engine_metadata(relation), **(shown or {})}
    sources = column_sources(model, made_from.values())
    return step.materialized(relation, metadata, descriptions(model.key), sources)


@cache
def columns_named_later(key: str) -> tuple[str, ...]:
    """The columns of a relation that other SQL in sql/ names, directly or through views."""
    named = _named_later(key)
    columns = load_sql_models()[key].tree.named_selects
    return tuple(column for column in columns if named is ALL or column in named)


def _named_later(key: str) -> set[str] | None:
    named: set[str] = set()
    name = key.rpartition("/")[2]
    for model in load_sql_models().values():
        if name not in model.text or key not in model.inputs:  # so that most models are not parsed
            continue
        query, columns_of_view = model.tree, ALL
        if model.key in _views and (columns_of_view := _named_later(model.key)) is not ALL:
            query = prune_query(query, columns_of_view, {})
        columns = columns_read(query)[key]
        if columns is ALL:
            return ALL
        named |= columns
    return named


def engine_metadata(relation: Relation) -> dict[str, Any]:
    """The engine's metadata on the queries that made a relation; DuckDB has none."""
    queries = relation.details.queries
    if not queries:
        return {}
    costs = [query.model_dump(exclude={"id"}, exclude_none=True) for query in queries]
    totals = {name: sum(cost[name] for cost in costs) for name in costs[0]}
    return {"query_ids": ", ".join(query.id for query in queries), **totals}


def measure(session: Session, model: SqlModel) -> dict[str, int]:
    """The `rows` of a relation, and the counts of sql/<group>/measures/<relation>.sql, if there is such a file."""
    row_count = exp.select(exp.Literal.string("rows").as_("measure"), exp.Count(this=exp.Star()).as_("amount"))
    row_count = row_count.from_(table_of(model.key))
    if measures := _measures_of(model):
        counts = exp.select("measured.measure", "measured.amount").from_(measures.tree.subquery("measured"))
        rows = session.query(exp.union(row_count, counts, distinct=False))
    else:
        rows = session.query(row_count)
    return {row["measure"]: row["amount"] for row in sorted(rows, key=lambda row: row["measure"])}


def _measures_of(model: SqlModel) -> SqlModel | None:
    group, name = model.key.split("/")
    return load_sql_models().get(f"{group}/measures/{name}")


def _code_version(domain: Domain, model: SqlModel, parameters: Sequence[str]) -> str:
    values = policy_of(domain.policy).parameters_of(parameters) if model.parameters else {}
    if missing := model.parameters - {*values, AS_OF}:
        raise SettingError(
            f"{model.file}: parameter {', '.join(sorted(missing))} is not in the policy of {domain.policy}, or "
            "the asset does not list it in `parameters`."
        )
    bound = " ".join(f"{name}={values[name].value}" for name in sorted(values.keys() & model.parameters))
    return hashlib.sha256(f"{model.sha256}{bound}".encode()).hexdigest()[:16]
