"""Asset checks in Dagster's terms: one step evaluates all checks of an asset and shows what each found."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from operator import attrgetter
from typing import Any

import dagster as dg
from sqlglot import exp

from refi_assets.engines.base import Row
from refi_assets.errors import SettingError
from refi_assets.ingestion.acceptances import ACCEPTABLE, reason_to_accept
from refi_assets.ingestion.details import SnapshotDetails
from refi_assets.lake import Relation
from refi_assets.lake.memo import fingerprint
from refi_assets.lake.relations import readable
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.fixes import advice
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import EngineResource, LakeResource, PoliciesResource
from refi_assets.orchestration.steps import Step, user_errors
from refi_assets.specs.code import code_sha256
from refi_assets.specs.declarations import declared_columns, declared_in, declared_rules, grain_of
from refi_assets.specs.names import table_of
from refi_assets.specs.outcomes import SHOWN_KEYS, Outcome, columns_equal, none_of
from refi_assets.specs.policies import Policy
from refi_assets.specs.sql_models import AS_OF, Bindable, SqlModel, load_sql_models, relations_read


class CheckedStep(Step):
    """What a check may look at: the asset's record, the records of others, SQL, the policy."""

    def __init__(
        self,
        context: dg.AssetCheckExecutionContext,
        lake: LakeResource,
        engine: EngineResource,
        policy: Policy,
        asset: str,
    ) -> None:
        super().__init__(context, lake)
        self._engine, self._duckdb = engine.open(self.lake), engine.duckdb(self.lake)
        self.policy: Any = policy  # of the domain's own class
        self.relation: Relation = super().input(asset)
        self._read: dict[str, str] = {}  # fingerprints of other relations that checks have looked at
        self._read_as_of = False
        self._asked: dict[str, str] = {}  # hashes of the models that checks have asked

    @property
    def as_of(self) -> date:
        """The as-of day."""
        self._read_as_of = True
        return super().as_of

    def input(self, key: str) -> Relation:
        """The record of another asset. Raises LakeError if no run made it yet."""
        relation = super().input(key)
        self._read[key] = relation.fingerprint
        return relation

    def outcomes(self, checks: Sequence["Check"]) -> list[Outcome]:
        """What checks find, in their order: as remembered, if the relation and all that they look at are the same."""
        modules = sorted({__name__, *(check.evaluate.__module__ for check in checks)})
        key = fingerprint(
            checks=[check.name for check in checks],
            relation=self.relation.fingerprint,
            policy=self.policy.sha256,
            sql=[model.sha256 for model in checking_models(self.relation.key)],
            code=[code_sha256(module) for module in modules],
        )
        if self.uses_memo and self.relation.fingerprint:
            for value in self._memo.find(key):
                if self._still_holds(value):
                    return [Outcome.from_dict(outcome) for outcome in value["outcomes"]]
        outcomes = [check.evaluate(self, *self._limits(check)) for check in checks]
        if self._memo_mode != "off" and self.relation.fingerprint and all(self._read.values()):
            as_of = self._as_of.isoformat() if self._read_as_of else None
            looked_at = {"inputs": self._read, "as_of": as_of, "asked": self._asked}
            value = {"outcomes": list(map(asdict, outcomes)), **looked_at}
            self._memo.put(key, self.folder.run_id, value)
        return outcomes

    def _limits(self, check: "Check") -> list[Any]:
        """The policy's limits that a check compares with, if it names any."""
        return [attrgetter(check.limits)(self.policy)] if check.limits else []

    def _still_holds(self, value: dict[str, Any]) -> bool:
        inputs, models = value["inputs"].items(), load_sql_models()
        is_of_day = value["as_of"] in (None, self._as_of.isoformat())
        is_asked_so = all(
            models[key].sha256 == sha256 for key, sha256 in value.get("asked", {}).items() if key in models
        )
        return (
            is_of_day
            and is_asked_so
            and all(super(CheckedStep, self).input(key).fingerprint == known for key, known in inputs)
        )

    def unless_accepted(self, check: "Check", outcome: Outcome) -> Outcome:
        """An outcome that does not block any more if people have accepted it; else how they can."""
        group, source = self.relation.key.split("/")
        may_be_accepted = check.name in ACCEPTABLE and group in ("raw", "staging")
        if outcome.passed or not (outcome.blocks and may_be_accepted):
            return outcome
        snapshot = super().input(f"raw/{source}").details_as(SnapshotDetails).snapshot
        reason = reason_to_accept(self.lake, snapshot, check.name)
        words = (
            f"accepted: {reason}"
            if reason
            else f"if it is right, run again with --accept {source}:{check.name} --reason TEXT"
        )
        description = "; ".join(filter(None, (outcome.description, words)))
        return replace(outcome, blocks=reason is None, description=description)

    def ask(self, model: SqlModel, **parameters: Bindable) -> list[Row]:
        """The rows of a model, on the relations that it reads."""
        self._asked[model.key] = model.sha256
        relations = [self.input(key) for key in model.inputs]
        with self._engine.session(readable(self.lake, relations)) as session:
            return session.query(model.bind(parameters))

    def rows_by(self, model: str, column: str) -> dict[str, int]:
        """The rows of a SQL model by a column's value, counted now: the model's own asset may not be made yet."""
        self._asked[model] = load_sql_models()[model].sha256
        query = self._bound(load_sql_models()[model])
        counting = exp.select(exp.column(column), exp.Count(this=exp.Star()).as_("amount"))
        counting = counting.from_(query.subquery("counted")).group_by(column)
        relations = [self.relation if key == self.relation.key else self.input(key) for key in relations_read(query)]
        with self._engine.session(readable(self.lake, relations)) as session:
            return {row[column]: row["amount"] for row in session.query(counting)}

    def columns_as_declared(self) -> Outcome:
        """Whether the stored columns are those that the SQL file, the contract or declared.py declares."""
        declared = declared_columns(self.relation.key)
        with self._duckdb.session(readable(self.lake, [self.relation])) as session:
            stored = session.columns(exp.select("*").from_(table_of(self.relation.key)))
        return columns_equal(stored, declared)

    def broken_by(self, model: SqlModel) -> Outcome:
        """The rows that a check's SQL returns: there must be none. Their keys are shown."""
        broken, keys = self._broken[model.key]
        return none_of(broken, keys)

    def _bound(self, model: SqlModel) -> exp.Query:
        day = {AS_OF: self.as_of} if AS_OF in model.parameters else {}
        return model.bind({**self.policy.parameters, **day})

    @cached_property
    def _broken(self) -> dict[str, tuple[int, list[str]]]:
        """How many rows each SQL check of the asset returns, and some of their keys."""
        models = checking_models(self.relation.key)
        queries = {model.key: self._bound(model) for model in models}
        shown = {model.key: shown_columns(self.relation.key, model) for model in models}
        read = {key for query in queries.values() for key in relations_read(query)}
        relations = [self.relation, *(self.input(key) for key in sorted(read - {self.relation.key}))]
        with self._engine.session(readable(self.lake, relations)) as session:
            searched = [key for key, query in queries.items() if not session.proves_empty(query)]
            counted = dict.fromkeys(queries, 0)
            if searched:
                counting = [
                    exp.select(exp.Literal.string(key).as_("checked"), exp.Count(this=exp.Star()).as_("broken")).from_(
                        queries[key].subquery("broken_rows")
                    )
                    for key in searched
                ]
                counted |= {row["checked"]: row["broken"] for row in session.query(_all_of(counting))}
            some = {
                key: session.query(queries[key].order_by(*shown[key]).limit(SHOWN_KEYS))
                for key, broken in counted.items()
                if broken
            }
        return {
            key: (counted[key], [" ".join(str(row[name]) for name in shown[key]) for row in some.get(key, [])])
            for key in queries
        }


@dataclass(frozen=True)
class Check:
    """One check, whose `evaluate` gets the step and, if the check names a part of the policy, its `limits`.

    `may_block`: a failure can stop what is downstream of the asset, if the outcome says so. `sql` is the key of the SQL
    model that finds what breaks the check.
    """

    name: str
    description: str
    evaluate: Callable[..., Outcome]
    may_block: bool = True
    limits: str = ""  # such as checks.match_ratio_pct
    sql: str = ""

    def declaration(self, domain: Domain, asset: str) -> dict[str, str]:
        """Where the check is written, and the key of its limits, as domain.key; the UI and `refi rules` show them."""
        if self.sql in load_sql_models():
            where = f"sql/{self.sql}.sql"
        elif self.sql or self.evaluate == CheckedStep.columns_as_declared:
            where = declared_in(asset)
        else:
            where = f"{self.evaluate.__module__.replace('.', '/')}.py: {self.evaluate.__name__}"
        return {"where": where, **({"limits": f"{domain.policy}.{self.limits}"} if self.limits else {})}


def checks_of(domain: Domain, asset: str, checks: Sequence[Check]) -> dg.AssetChecksDefinition:
    """All checks of an asset, evaluated in one step; any subset can be run by itself."""
    key = dg.AssetKey(asset.split("/"))
    specs = [
        dg.AssetCheckSpec(
            check.name,
            asset=key,
            description=check.description,
            blocking=check.may_block,
            partitions_def=partitions(domain.cadence),
            metadata=check.declaration(domain, asset),
        )
        for check in checks
    ]

    @dg.multi_asset_check(name=f"checks_of_{asset.replace('/', '_')}", specs=specs, can_subset=True)
    def evaluate(
        context: dg.AssetCheckExecutionContext,
        lake: LakeResource,
        engine: EngineResource,
        policies: PoliciesResource,
    ) -> Iterator[dg.AssetCheckResult]:
        with user_errors():
            step = CheckedStep(context, lake, engine, policies.of(domain), asset)
            chosen = [
                check for check in checks if dg.AssetCheckKey(key, check.name) in context.selected_asset_check_keys
            ]
            with step.failing(asset):
                evaluated = zip(chosen, step.outcomes(chosen), strict=True)
                outcomes = [step.unless_accepted(check, outcome) for check, outcome in evaluated]
            for check, outcome in zip(chosen, outcomes, strict=True):
                words = _described(outcome)
                if not outcome.passed:
                    words += "".join(f"\n{line}" for line in advice(domain, asset, check.name, outcome, step.folder))
                    if outcome.blocks and check.may_block:
                        step.stopped(asset, words, check.name, step.policy.model_dump(mode="json"))
                yield _result(key, check, outcome, words)

    return evaluate


def relation_checks(domain: Domain, asset: str, own: Sequence[Check] = ()) -> dg.AssetChecksDefinition:
    """The checks of a relation: those that follow from its declaration, those in SQL files, and its own."""
    return checks_of(domain, asset, [*declared_and_sql_checks(asset), *own])


def declared_and_sql_checks(asset: str) -> list[Check]:
    """Whether columns are as declared, and a check for each model of checking_models."""

    def check(model: SqlModel) -> Check:
        description = f"There must be none: {model.description}"
        return Check(model.name, description, lambda step: step.broken_by(model), sql=model.key)

    columns = Check("schema_as_declared", "The columns are those that are declared.", CheckedStep.columns_as_declared)
    return [columns, *map(check, checking_models(asset))]


def checking_models(asset: str) -> list[SqlModel]:
    """The SQL that finds rows that break a rule: of declarations, and the files sql/<group>/checks/<relation>/."""
    group, name = asset.split("/")
    files = [model for key, model in load_sql_models().items() if key.startswith(f"{group}/checks/{name}/")]
    return [*declared_rules(asset), *files]


def shown_columns(asset: str, model: SqlModel) -> list[str]:
    """The columns of the asset's grain that a check's SQL returns: they tell which rows break the rule.

    Raises SettingError if there are none.
    """
    grain = grain_of(asset)
    shown = [column for column in grain if column in model.tree.named_selects]
    if not shown:
        raise SettingError(f"sql/{model.key}.sql returns no column of the grain of {asset}: {', '.join(grain)}.")
    return shown


def _all_of(queries: list[exp.Select]) -> exp.Query:
    return exp.union(*queries, distinct=False) if len(queries) > 1 else queries[0]


def _described(outcome: Outcome) -> str:
    return f"{outcome.number:g}; {outcome.limit}" + (f". {outcome.description}" if outcome.description else "")


def _result(key: dg.AssetKey, check: Check, outcome: Outcome, description: str) -> dg.AssetCheckResult:
    metadata: dict[str, int | float | str] = {"number": outcome.number, "limit": outcome.limit}
    if outcome.keys:
        metadata["keys"] = ", ".join(outcome.keys)
    return dg.AssetCheckResult(
        passed=outcome.passed,
        asset_key=key,
        check_name=check.name,
        severity=dg.AssetCheckSeverity.ERROR if outcome.blocks and check.may_block else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description=description,
    )
