"""What was published under a name, and the relations behind one run of it."""

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
    """What one run published: its manifest, and the relations it was made from."""

    publication: Publication
    lake: ObjectStore
    engine: DuckDBEngine
    manifest: dict[str, Any]

    @classmethod
    def find(cls, publication: Publication, lake: ObjectStore, engine: DuckDBEngine, run_id: str | None = None) -> Self:
        """What a run published; without a run id, what was published last. Raises LakeError."""
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
        """What was made the latest of a day, last. Raises LakeError."""
        run_ids = [commit["run_id"] for commit in publication.commits(lake) if commit["as_of"] == day.isoformat()]
        if not run_ids:
            raise LakeError(
                f"No {publication.contents} as of {day} was made the latest in {lake}. See: {publication.command} runs"
            )
        return cls.find(publication, lake, engine, run_ids[-1])

    @classmethod
    def last_two(cls, publication: Publication, lake: ObjectStore, engine: DuckDBEngine) -> tuple[Self, Self]:
        """The latest, and before it that of the newest earlier day by the policy in force. Raises LakeError."""
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
        """Everything behind what was published. Raises LakeError where it is not kept any more."""
        named = self.manifest["relations"]
        relations = {key: RunFolder(self.lake, relation["run_id"]).find(key) for key, relation in named.items()}
        if lost := sorted(key for key, relation in relations.items() if relation is None):
            raise LakeError(
                f"Run {self.run_id} (as of {self.as_of}) has no {lost[0]} in {self.lake} any more; relations are kept "
                f"of the last REFI_KEEP_RUNS runs. Make them again from the inputs: refi replay {self.run_id}"
            )
        return with_inputs(self.lake, [relation for relation in relations.values() if relation is not None])

    @property
    def run_id(self) -> str:
        """The run that published it."""
        return str(self.manifest["run_id"])

    @property
    def as_of(self) -> date:
        """The day as of which it was made."""
        return date.fromisoformat(self.manifest["as_of"])

    def ask(self, model: str, **parameters: Bindable) -> list[Row]:
        """The rows of sql/<model>.sql. Raises EngineError."""
        with self.engine.session(self.relations) as session:
            return session.query(load_sql_models()[model].bind(parameters))

    def query(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Columns and rows of a SELECT on the relations, by group.relation or by a relation's name if it is unique.

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
        """The query, reading group.relation throughout. Raises EngineError for what it may not read."""
        keys = {one.key for one in self.relations if one.columns and one.kind != "files"}
        by_name = keys_by_name(keys)
        qualified = with_groups(query, keys)
        unknown = sorted(relations_read(qualified) - keys)
        for name in unknown:
            if name in by_name:
                raise EngineError(f"{name} may be {' or '.join(map(sql_name, by_name[name]))}; write which.")
        if unknown:
            what = (
                f"There is no relation {', '.join(map(sql_name, unknown))}"
                if all(unknown)
                else "Functions are no relations"
            )
            names = [name if len(same) == 1 else ", ".join(map(sql_name, same)) for name, same in by_name.items()]
            raise EngineError(f"{what}; a query may read {', '.join(sorted(names))}.")
        return qualified


def manifests(publication: Publication, lake: ObjectStore) -> list[dict[str, Any]]:
    """The manifests of all that was published, newest as-of day last."""
    found = [publication.manifest(lake, run_id) for run_id in publication.run_ids(lake)]
    return sorted(
        (manifest for manifest in found if manifest is not None),
        key=lambda manifest: (manifest["as_of"], manifest["run_id"]),
    )
