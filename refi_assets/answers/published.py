"""The audiences that were published, and the relations behind one of them."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from refi_assets.activation.publish import published_commits
from refi_assets.engines.base import Row
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import EngineError, LakeError
from refi_assets.identity import PERSONS
from refi_assets.lake import ObjectStore, Relation, RunFolder
from refi_assets.lake.manifests import LATEST, manifest_key, published_run_ids
from refi_assets.lake.relations import require_run_id, with_inputs
from refi_assets.sql_models import DIALECT, Bindable, load_sql_models, relations_read


@dataclass(frozen=True)
class PublishedRun:
    """One published audience: its manifest, and the relations it was made from."""

    lake: ObjectStore
    engine: DuckDBEngine
    manifest: dict[str, Any]

    @cached_property
    def relations(self) -> list[Relation]:
        """What the audience was made from. Raises LakeError where it is not kept any more."""
        made = self.manifest["relations"]
        found = {key: RunFolder(self.lake, relation["run_id"]).find(key) for key, relation in made.items()}
        if lost := sorted(key for key, relation in found.items() if relation is None):
            raise LakeError(
                f"Run {self.run_id} (as of {self.as_of}) has no {lost[0]} in {self.lake} any more; relations are kept "
                f"of the last REFI_KEEP_RUNS runs. Make them again from the inputs: refi replay {self.run_id}"
            )
        relations = with_inputs(self.lake, [relation for relation in found.values() if relation is not None])
        if PERSONS in made:
            return relations
        # Published before records were matched: every borrower was a person.
        persons = load_sql_models()[PERSONS].bind({}).sql(DIALECT)
        return [*relations, Relation(key=PERSONS, run_id=self.run_id, as_of=self.as_of, kind="view", sql=persons)]

    @property
    def run_id(self) -> str:
        """The run that published it."""
        return str(self.manifest["run_id"])

    @property
    def as_of(self) -> date:
        """The day as of which it was judged."""
        return date.fromisoformat(self.manifest["as_of"])

    def ask(self, model: str, **parameters: Bindable) -> list[Row]:
        """The rows of sql/answers/<model>.sql. Raises EngineError."""
        with self.engine.session(self.relations) as session:
            return session.query(load_sql_models()[f"answers/{model}"].bind(parameters))

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns and rows of a SELECT on the relations, by their names. Raises EngineError for anything else."""
        try:
            statements = sqlglot.parse(sql, read=DIALECT)
        except SqlglotError as error:
            raise EngineError(f"The query cannot be parsed: {str(error).splitlines()[0]}") from None
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            raise EngineError("The query must be one SELECT statement; relations of a run never change.")
        names = {relation.name for relation in self.relations if relation.columns and relation.kind != "files"}
        if unknown := relations_read(statements[0]) - names:
            what = (
                f"There is no relation {', '.join(sorted(unknown))}" if all(unknown) else "Functions are no relations"
            )
            raise EngineError(f"{what}; a query may read {', '.join(sorted(names))}.")
        with self.engine.session(self.relations) as session:
            rows = session.query(statements[0])
            columns = session.columns(statements[0])
        return list(columns), [tuple(row.values()) for row in rows]


def published_run(lake: ObjectStore, engine: DuckDBEngine, run_id: str | None = None) -> PublishedRun:
    """A published audience; without a run id, the one that latest.json names. Raises LakeError."""
    if run_id is None:
        latest = lake.get_json(LATEST)
        if latest is None:
            raise LakeError(f"Nothing has been published in {lake} yet. Start with: refi run --source DIR")
        run_id = str(latest["run_id"])
    require_run_id(run_id)
    manifest = lake.get_json(manifest_key(run_id))
    if manifest is None:
        raise LakeError(f"Run {run_id} has published nothing in {lake}. See: refi runs")
    return PublishedRun(lake, engine, manifest)


def run_as_of(lake: ObjectStore, engine: DuckDBEngine, day: date) -> PublishedRun:
    """The last audience of a day that was made the latest by its time. Raises LakeError."""
    found = [commit["run_id"] for commit in published_commits(lake) if commit["as_of"] == day.isoformat()]
    if not found:
        raise LakeError(f"No audience as of {day} was made the latest in {lake}. See: refi runs")
    return published_run(lake, engine, found[-1])


def last_two_runs(lake: ObjectStore, engine: DuckDBEngine) -> tuple[PublishedRun, PublishedRun]:
    """The latest audience, and before it the one of the newest earlier day by the policy in force. Raises LakeError."""
    after = published_run(lake, engine)
    earlier = [
        found["run_id"]
        for found in published_manifests(lake)
        if date.fromisoformat(found["as_of"]) < after.as_of and not found["policy"]["overridden"]
    ]
    if not earlier:
        raise LakeError(f"There is no published audience of a day before {after.as_of} to compare with.")
    return published_run(lake, engine, earlier[-1]), after


def published_manifests(lake: ObjectStore) -> list[dict[str, Any]]:
    """The manifests of all published audiences, newest as-of day last."""
    manifests = [lake.get_json(manifest_key(run_id)) for run_id in published_run_ids(lake)]
    return sorted(manifests, key=lambda found: (found["as_of"], found["run_id"]))
