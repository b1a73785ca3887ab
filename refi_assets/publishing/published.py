"""The published runs of a publication, and queries on the relations behind one of them."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Self

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from refi_assets.engines.base import Row
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import EngineError, LakeError
from refi_assets.lake import ObjectStore, Relation, RunFolder
from refi_assets.lake.relations import require_run_id, with_inputs
from refi_assets.publishing.publication import Publication
from refi_assets.specs.names import keys_by_name, sql_name
from refi_assets.specs.sql_models import DIALECT, Bindable, load_sql_models, relations_read, with_groups


@dataclass(frozen=True)
class PublishedRun:
    """A run that published: its manifest, and the relations behind it."""

    publication: Publication
    lake: ObjectStore
    engine: DuckDBEngine
    manifest: dict[str, Any]

    @classmethod
    def find(cls, publication: Publication, lake: ObjectStore, engine: DuckDBEngine, run_id: str | None = None) -> Self:
        """A published run by its id, or the latest one. Raises LakeError."""
        if run_id is None:
            latest = publication.latest(lake)
            if latest is None:
                raise LakeError(
                    f"Nothing has been published in {lake} yet. Start with: {publication.command} run --source DIR"
                )
            run_id = str(latest["run_id"])
        require_run_id(run_id)
        manifest = publication.manifest(lake, run_id)
        if manifest is None:
            raise LakeError(f"Run {run_id} has published nothing in {lake}. See: {publication.command} runs")
        return cls(publication, lake, engine, manifest)

    @classmethod
    def as_of_day(cls, publication: Publication, lake: ObjectStore, engine: DuckDBEngine, day: date) -> Self:
        """The last run of a day that became the latest. Raises LakeError."""
        run_ids = [commit["run_id"] for commit in publication.commits(lake) if commit["as_of"] == day.isoformat()]
        if not run_ids:
            raise LakeError(
                f"No {publication.contents} as of {day} became the latest in {lake}. See: {publication.command} runs"
            )
        return cls.find(publication, lake, engine, run_ids[-1])

    @classmethod
    def last_two(cls, publication: Publication, lake: ObjectStore, engine: DuckDBEngine) -> tuple[Self, Self]:
        """The latest run, preceded by the newest one of an earlier day under the policy in force. Raises LakeError."""
        after = cls.find(publication, lake, engine)
        earlier = [
            manifest["run_id"]
            for manifest in manifests(publication, lake)
            if date.fromisoformat(manifest["as_of"]) < after.as_of and not manifest["policy"]["overridden"]
        ]
        if not earlier:
            raise LakeError(
                f"There is no published {publication.contents} of a day before {after.as_of} to compare with."
            )
        return cls.find(publication, lake, engine, earlier[-1]), after

    @cached_property
    def relations(self) -> list[Relation]:
        """Every relation behind the publication. Raises LakeError if one is no longer kept."""
        versions = self.manifest["relations"]
        relations = {key: RunFolder(self.lake, version["run_id"]).find(key) for key, version in versions.items()}
        if lost := sorted(key for key, relation in relations.items() if relation is None):
            raise LakeError(
                f"Run {self.run_id} (as of {self.as_of}) no longer has {lost[0]} in {self.lake}; relations of the last "
                f"REFI_KEEP_RUNS runs are kept. Compute them again from the inputs: refi replay {self.run_id}"
            )
        return with_inputs(self.lake, [relation for relation in relations.values() if relation is not None])

    @property
    def run_id(self) -> str:
        """The run's id."""
        return str(self.manifest["run_id"])

    @property
    def as_of(self) -> date:
        """The run's as-of day."""
        return date.fromisoformat(self.manifest["as_of"])

    def ask(self, model: str, **parameters: Bindable) -> list[Row]:
        """The rows of sql/<model>.sql. Raises EngineError."""
        with self.engine.session(self.relations) as session:
            return session.query(load_sql_models()[model].bind(parameters))

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns and rows of a SELECT; it names a relation as group.relation, or by its name alone if that is unique.

        Raises EngineError for anything else.
        """
        try:
            statements = sqlglot.parse(sql, read=DIALECT)
        except SqlglotError as error:
            raise EngineError(f"The query cannot be parsed: {str(error).splitlines()[0]}") from None
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            raise EngineError("The query must be one SELECT statement; relations of a run never change.")
        query = self._with_groups(statements[0])
        with self.engine.session(self.relations) as session:
            rows = session.query(query)
            columns = session.columns(query)
        return list(columns), [tuple(row.values()) for row in rows]

    def _with_groups(self, query: exp.Query) -> exp.Query:
        """The query with every relation as group.relation. Raises EngineError if it reads anything else."""
        keys = {relation.key for relation in self.relations if relation.columns and relation.kind != "files"}
        by_name = keys_by_name(keys)
        qualified = with_groups(query, keys)
        unknown = sorted(relations_read(qualified) - keys)
        for name in unknown:
            if name in by_name:
                raise EngineError(f"{name} may be {' or '.join(map(sql_name, by_name[name]))}; write one of these.")
        if unknown:
            is_function = not all(unknown)
            names = ", ".join(map(sql_name, unknown))
            problem = "A function is not a relation" if is_function else f"There is no relation {names}"
            readable = [", ".join(map(sql_name, same)) if len(same) > 1 else name for name, same in by_name.items()]
            raise EngineError(f"{problem}; a query may read {', '.join(sorted(readable))}.")
        return qualified


def manifests(publication: Publication, lake: ObjectStore) -> list[dict[str, Any]]:
    """All manifests of a publication, newest as-of day last."""
    published = filter(None, (publication.manifest(lake, run_id) for run_id in publication.run_ids(lake)))
    return sorted(published, key=lambda manifest: (manifest["as_of"], manifest["run_id"]))
