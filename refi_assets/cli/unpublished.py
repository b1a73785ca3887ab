"""A run that published nothing: the relations that it left, and the quarantine of its sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from sqlglot import exp

from refi_assets.cli.terminal import Terminal
from refi_assets.engines.base import Row
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import LakeError
from refi_assets.ingestion.details import StagedDetails
from refi_assets.lake import ObjectStore, Relation, RunFolder
from refi_assets.lake.relations import with_inputs
from refi_assets.publishing.publication import FIRST, Publication
from refi_assets.publishing.published import PublishedRun
from refi_assets.publishing.stops import StoppedRun, find_stopped, last_if_stopped, stopped_runs, unpublished_runs
from refi_assets.refi.audience import with_identity
from refi_assets.specs.contracts import contracts_of, quarantine_of
from refi_assets.specs.names import table_of
from refi_assets.specs.policies import POLICIES_DIR, policy_of
from refi_assets.specs.sql_models import DIALECT, Bindable, load_sql_models, relations_read
from refi_assets.staging.quarantine import QUARANTINE_COLUMNS


@dataclass(frozen=True)
class UnpublishedRun(PublishedRun):
    """A run that published nothing. Its manifest is the one it would have published, of the relations that it left."""

    stopped: StoppedRun | None = None
    not_reached: set[str] = field(default_factory=set)  # relations that an answer needed and the run did not make

    @classmethod
    def of(cls, publication: Publication, lake: ObjectStore, engine: DuckDBEngine, run_id: str) -> Self | None:
        """The run; None if it left neither relations nor a reason, or they are not kept any more."""
        relations, stopped = RunFolder(lake, run_id).relations(), find_stopped(lake, run_id)
        if stopped is None and not relations:
            return None
        policy = (stopped.policy if stopped else {}) or _policy_in_force(publication.name)
        manifest = {
            "run_id": run_id,
            "as_of": (stopped.as_of if stopped else relations[-1].as_of).isoformat(),
            "relations": {relation.key: {"run_id": run_id, "rows": relation.rows} for relation in relations},
            "policy": {"overridden": False, "values": policy},
        }
        return cls(publication, lake, engine, manifest, stopped)

    @cached_property
    def relations(self) -> list[Relation]:
        """The relations that the run made, everything behind them, and the quarantine, if a source was staged.

        The quarantine is also listed under the name of refi's, which the SQL of answers reads. Raises LakeError.
        """
        behind = with_inputs(self.lake, RunFolder(self.lake, self.run_id).relations())
        relations = {relation.key: relation for relation in with_identity(behind)}
        own, first = quarantine_of(self.publication.name), quarantine_of(FIRST)
        if own not in relations:
            relations |= self._quarantine(own, relations)
        if own in relations:
            relations[first] = relations[own].model_copy(update={"key": first})
        return list(relations.values())

    def _quarantine(self, key: str, relations: Mapping[str, Relation]) -> dict[str, Relation]:
        """The quarantine of the sources that were staged, as the run would have made it, with its parts."""
        staged = [relations.get(f"staging/{source}") for source in contracts_of(self.publication.name)]
        run: dict[str, Any] = {"run_id": self.run_id, "as_of": self.as_of}
        parts = {  # without columns, so that no query of a user takes them for the sources
            key: Relation(key=key, kind="table", parquet=relation.details_as(StagedDetails).quarantine, **run)
            for relation in staged
            if relation is not None
            for key in [f"quarantined/{relation.name}"]
        }
        if not parts:
            return {}
        selects = [exp.select(*QUARANTINE_COLUMNS).from_(table_of(part)) for part in parts]
        rows = exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0]
        inputs = dict.fromkeys(parts, self.run_id)
        view = Relation(key=key, kind="view", columns=QUARANTINE_COLUMNS, sql=rows.sql(DIALECT), inputs=inputs, **run)
        return {**parts, key: view}

    def ask(self, model: str, **parameters: Bindable) -> list[Row]:
        """The rows of sql/<model>.sql; none if the run lacks a relation that it reads. Raises EngineError."""
        missing = relations_read(load_sql_models()[model].tree) - {relation.key for relation in self.relations}
        self.not_reached.update(missing)
        return [] if missing else super().ask(model, **parameters)

    @property
    def why(self) -> str:
        """Why it published nothing."""
        return self.stopped.why if self.stopped else "it was killed, is under way, or was not meant to publish"


def _policy_in_force(domain: str) -> dict[str, Any]:
    return policy_of(domain).model_dump(mode="json") if (POLICIES_DIR / domain).is_dir() else {}


def find_run(
    kind: type[PublishedRun],
    publication: Publication,
    lake: ObjectStore,
    engine: DuckDBEngine,
    run_id: str | None,
) -> PublishedRun:
    """A run by its id, whether it published or not, or else the latest published run.

    If a later run published nothing, stderr says so; if no run ever published, that run is returned. Raises LakeError.
    """
    if run_id is not None:
        is_published = publication.manifest(lake, RunFolder(lake, run_id).run_id) is not None
        unpublished = None if is_published else UnpublishedRun.of(publication, lake, engine, run_id)
        return unpublished or kind.find(publication, lake, engine, run_id)
    stopped = _last_if_stopped(publication, lake)
    if stopped is not None and publication.latest(lake) is None:
        unpublished = UnpublishedRun.of(publication, lake, engine, stopped.run_id)
        if unpublished is not None:
            return unpublished
    return kind.find(publication, lake, engine)


def _last_if_stopped(publication: Publication, lake: ObjectStore) -> StoppedRun | None:
    try:
        runs = stopped_runs(publication, unpublished_runs(lake).values())
        return warn_if_last_stopped(publication, lake, runs)
    except LakeError:  # a reader of publications may not be allowed to list all runs
        return None


def warn_if_last_stopped(publication: Publication, lake: ObjectStore, runs: Sequence[StoppedRun]) -> StoppedRun | None:
    """The last run if it is among these stopped runs of a publication; stderr says so. Raises LakeError."""
    stopped = last_if_stopped(lake, publication, runs)
    if stopped is not None:
        latest = publication.latest(lake)
        shown = f"this is the {publication.contents} of {latest['as_of']} (run {latest['run_id']})" if latest else None
        message = f"The last run, {stopped.run_id} as of {stopped.as_of}, published nothing: {stopped.why}"
        Terminal(stderr=True).warn(f"{message}; {shown or 'nothing was published before'}.")
    return stopped
