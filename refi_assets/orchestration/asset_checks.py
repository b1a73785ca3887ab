"""Asset checks in Dagster's terms: one step evaluates all checks of an asset and shows their outcomes."""

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
    """Everything that a check may read: the asset's record, the records of other assets, SQL, the policy."""

    def __init__(
        self,
        context: dg.AssetCheckExecutionContext,
        lake: LakeResource,
        engine: EngineResource,
        policy: Policy,
        asset: str,
    ) -> None:
        super().__init__(context, lake)
        self._duckdb = engine.duckdb(self.lake)
        self._engine = self._duckdb if asset.startswith("staging/") else engine.open(self.lake)
        self.policy: Any = policy  # of the domain's own class
        self.relation: Relation = super().input(asset)
        self._read: dict[str, str] = {}  # key -> fingerprint of the other relations that checks have read
        self._read_as_of = False
        self._asked: dict[str, str] = {}  # key -> hash of the SQL models that checks have queried

    @property
    def as_of(self) -> date:
        """The as-of day."""
        self._read_as_of = True
        return super().as_of

    def input(self, key: str) -> Relation:
        """The record of another asset. Raises LakeError if it has not been materialized yet."""
        relation = super().input(key)
        self._read[key] = relation.fingerprint
        return relation

    def earlier(self, key: str, until: date) -> Relation | None:
        """The newest relation of an asset by another run; an outcome that depends on it is not remembered."""
        self._read[f"an earlier {key}"] = ""
        return super().earlier(key, until)

    def outcomes(self, checks: Sequence["Check"]) -> list[Outcome]:
        """The outcomes of checks, in their order; from the memo if everything that they read is the same as before."""
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
            value = {
                "outcomes": list(map(asdict, outcomes)),
                "inputs": self._read,
                "as_of": as_of,
                "asked": self._asked,
            }
            self._memo.put(key, self.folder.run_id, value)
        return outcomes

    def _limits(self, check: "Check") -> list[Any]:
        """The policy's limits that a check compares with, if it names any."""
        return [attrgetter(check.limits)(self.policy)] if check.limits else []

    def _still_holds(self, value: dict[str, Any]) -> bool:
        """Whether the as-of day, the SQL models and the relations behind remembered outcomes are the same now."""
        models, read = load_sql_models(), super().input
        return (
            value["as_of"] in (None, self._as_of.isoformat())
            and all(key in models and models[key].sha256 == sha256 for key, sha256 in value["asked"].items())
            and all(read(key).fingerprint == fingerprint for key, fingerprint in value["inputs"].items())
        )

    def unless_accepted(self, check: "Check", outcome: Outcome) -> Outcome:
        """The outcome, not blocking if people have accepted it; otherwise with the option that accepts it."""
        group, source = self.relation.key.split("/")
        may_be_accepted = check.name in ACCEPTABLE and group in ("raw", "staging")
        if outcome.passed or not (outcome.blocks and may_be_accepted):
            return outcome
        snapshot = super().input(f"raw/{source}").details_as(SnapshotDetails).snapshot
        reason = reason_to_accept(self.lake, snapshot, check.name)
        note = (
            f"accepted: {reason}"
            if reason
            else f"if it is right, run again with --accept {source}:{check.name} --reason TEXT"
        )
        description = "; ".join(filter(None, (outcome.description, note)))
        return replace(outcome, blocks=reason is None, description=description)

    def ask(self, model: SqlModel, **parameters: Bindable) -> list[Row]:
        """The rows of a model on the relations that it reads."""
        self._asked[model.key] = model.sha256
        relations = [self.input(key) for key in model.inputs]
        with self._engine.session(readable(self.lake, relations)) as session:
            return session.query(model.bind(parameters))

    def rows_by(self, model: str, column: str) -> dict[str, int]:
        """The number of rows of a SQL model by a column's value; its own asset may not be materialized yet."""
        self._asked[model] = load_sql_models()[model].sha256
        query = self._bound(load_sql_models()[model])
        counting = exp.select(exp.column(column), exp.Count(this=exp.Star()).as_("amount"))
        counting = counting.from_(query.subquery("counted")).group_by(column)
        relations = [self.relation if key == self.relation.key else self.input(key) for key in relations_read(query)]
        with self._engine.session(readable(self.lake, relations)) as session:
            return {row[column]: row["amount"] for row in session.query(counting)}

    def columns_as_declared(self) -> Outcome:
        """Whether the stored columns are those declared by the SQL file, the contract or declared.py."""
        declared = declared_columns(self.relation.key)
        with self._duckdb.session(readable(self.lake, [self.relation])) as session:
            stored = session.columns(exp.select("*").from_(table_of(self.relation.key)))
        return columns_equal(stored, declared)

    def broken_by(self, model: SqlModel) -> Outcome:
        """The outcome of a check whose SQL must return no rows, with the keys of some rows."""
        broken, keys = self._broken[model.key]
        return none_of(broken, keys)

    def _bound(self, model: SqlModel) -> exp.Query:
        day = {AS_OF: self.as_of} if AS_OF in model.parameters else {}
        return model.bind({**self.policy.parameters, **day})

    @cached_property
    def _broken(self) -> dict[str, tuple[int, list[str]]]:
        """Key of each SQL check of the asset -> the number of rows that it returns, and the keys of some."""
        models = checking_models(self.relation.key)
        queries = {model.key: self._bound(model) for model in models}
        shown = {model.key: shown_columns(self.relation.key, model) for model in models}
        read = {key for query in queries.values() for key in relations_read(query)}
        relations = [self.relation, *(self.input(key) for key in sorted(read - {self.relation.key}))]
        with self._engine.session(readable(self.lake, relations)) as session:
            unproven = [_count_of(key, query) for key, query in queries.items() if not session.proves_empty(query)]
            rows = session.query(_union(unproven)) if unproven else []
            counts = dict.fromkeys(queries, 0) | {row["checked"]: row["broken"] for row in rows}
            examples = {
                key: session.query(queries[key].order_by(*shown[key]).limit(SHOWN_KEYS))
                for key, count in counts.items()
                if count
            }
        return {
            key: (count, [" ".join(str(row[name]) for name in shown[key]) for row in examples.get(key, [])])
            for key, count in counts.items()
        }


@dataclass(frozen=True)
class Check:
    """One check; `evaluate` takes the step and, if `limits` names a part of the policy, that part.

    A failure whose outcome says `blocks` stops downstream assets with `may_block`; with `alerts` alone, it is an error
    that stops nothing; otherwise it only warns. `sql` is the key of the SQL model that finds rows that break the check.
    """

    name: str
    description: str
    evaluate: Callable[..., Outcome]
    may_block: bool = True
    alerts: bool = False
    limits: str = ""  # such as checks.match_ratio_pct
    sql: str = ""

    def declaration(self, domain: Domain, asset: str) -> dict[str, str]:
        """Where the check is written, and the key of its limits as domain.key, for the UI and `refi rules`."""
        if self.sql in load_sql_models():
            where = f"sql/{self.sql}.sql"
        elif self.sql or self.evaluate == CheckedStep.columns_as_declared:
            where = declared_in(asset)
        else:
            where = f"{self.evaluate.__module__.replace('.', '/')}.py: {self.evaluate.__name__}"
        return {"where": where, **({"limits": f"{domain.policy}.{self.limits}"} if self.limits else {})}


def checks_of(domain: Domain, asset: str, checks: Sequence[Check]) -> dg.AssetChecksDefinition:
    """All checks of an asset, evaluated in one step; any subset can run on its own."""
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
        with user_errors(domain.unchanged):
            step = CheckedStep(context, lake, engine, policies.of(domain), asset)
            chosen = [
                check for check in checks if dg.AssetCheckKey(key, check.name) in context.selected_asset_check_keys
            ]
            with step.failing(asset):
                evaluated = zip(chosen, step.outcomes(chosen), strict=True)
                outcomes = [step.unless_accepted(check, outcome) for check, outcome in evaluated]
            for check, outcome in zip(chosen, outcomes, strict=True):
                description = _described(outcome)
                if not outcome.passed:
                    lines = advice(domain, asset, check.name, outcome, step.folder)
                    description = "\n".join([description, *lines])
                    if outcome.blocks and check.may_block:
                        step.note_stop(asset, description, check.name, step.policy.model_dump(mode="json"))
                yield _result(key, check, outcome, description)

    return evaluate


def relation_checks(domain: Domain, asset: str, own: Sequence[Check] = ()) -> dg.AssetChecksDefinition:
    """The checks of a relation: those derived from its declaration, those in SQL files, and its own."""
    return checks_of(domain, asset, [*declared_and_sql_checks(asset), *own])


def declared_and_sql_checks(asset: str) -> list[Check]:
    """The check of the declared columns, and one check for each model of checking_models."""

    def check(model: SqlModel) -> Check:
        description = f"There must be none: {model.description}"
        return Check(model.name, description, lambda step: step.broken_by(model), sql=model.key)

    columns = Check("schema_as_declared", "The columns are those that are declared.", CheckedStep.columns_as_declared)
    return [columns, *map(check, checking_models(asset))]


def checking_models(asset: str) -> list[SqlModel]:
    """The SQL that finds rows that break a rule: from declarations, and the files sql/<group>/checks/<relation>/."""
    group, name = asset.split("/")
    files = [model for key, model in load_sql_models().items() if key.startswith(f"{group}/checks/{name}/")]
    return [*declared_rules(asset), *files]


def shown_columns(asset: str, model: SqlModel) -> list[str]:
    """The columns of the asset's grain that a check's SQL returns: they identify the rows that break the rule.

    Raises SettingError if there are none.
    """
    grain = grain_of(asset)
    shown = [column for column in grain if column in model.tree.named_selects]
    if not shown:
        raise SettingError(f"sql/{model.key}.sql returns no column of the grain of {asset}: {', '.join(grain)}.")
    return shown


def _count_of(key: str, query: exp.Query) -> exp.Select:
    count = exp.Count(this=exp.Star()).as_("broken")
    return exp.select(exp.Literal.string(key).as_("checked"), count).from_(query.subquery("broken_rows"))


def _union(queries: list[exp.Select]) -> exp.Query:
    return exp.union(*queries, distinct=False) if len(queries) > 1 else queries[0]


def _described(outcome: Outcome) -> str:
    number = f"{outcome.number:,.6f}".rstrip("0").rstrip(".")
    return f"{number}; {outcome.limit}" + (f". {outcome.description}" if outcome.description else "")


def _result(key: dg.AssetKey, check: Check, outcome: Outcome, description: str) -> dg.AssetCheckResult:
    metadata: dict[str, int | float | str] = {"number": outcome.number, "limit": outcome.limit}
    is_error = outcome.blocks and (check.may_block or check.alerts)
    if outcome.keys:
        metadata["keys"] = ", ".join(outcome.keys)
    return dg.AssetCheckResult(
        passed=outcome.passed,
        asset_key=key,
        check_name=check.name,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description=description,
    )
