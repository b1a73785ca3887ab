"""The steps of all assets and checks: inputs, metadata, errors, OpenLineage events.

An input is the relation that this run made. If this run did not make it (one asset materialized by hand), it is the
newest relation of the same partition, or, of an asset with another cadence, the newest as of that day. Either way the
record pins the run of each input, so that versions are never mixed silently.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from refi_assets.engines.compare import describe_difference
from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.errors import LakeError, RefiError, at_place, type_and_place
from refi_assets.lake import Relation, RunFolder
from refi_assets.lake.memo import Memo, fingerprint
from refi_assets.orchestration.column_lineage import column_lineage
from refi_assets.orchestration.domain import UNCHANGED
from refi_assets.orchestration.partitions import Context, as_of_day, cadence_of
from refi_assets.orchestration.resources import LakeResource
from refi_assets.publishing.stops import Stop, record_stop
from refi_assets.specs.code import code_sha256, version_of

if TYPE_CHECKING:
    from refi_assets.lineage.events import AssetEvents

BLOCKED = "DagsterAssetCheckFailedError"  # the error of a step that a blocking check ends
PUBLISHED = "The audience itself is published; run again for the rest."
NOT_SERVED = "The offers are published, but those that are served are still the last week's. Run again."
NOT_EXPORTED = "The offers are published and stored. Run again for the export."
AFTER_PUBLICATION = (PUBLISHED, NOT_SERVED, NOT_EXPORTED)
LOOK_BACK = 1000  # materializations of an asset that is made more often than its reader


class Step:
    """One step of one run: the as-of day, the run's folder in the lake, and the inputs."""

    def __init__(self, context: Context, lake: LakeResource) -> None:
        self._context = context
        self._started = time.perf_counter()
        self.lake = lake.open()
        self._memo, self._memo_mode = Memo(self.lake), lake.memo
        self.folder = RunFolder(self.lake, context.run.run_id)
        self.cadence = cadence_of(context)
        self._partition = context.partition_key if context.has_partition_key else None
        self._as_of = as_of_day(self.cadence, self._partition)

    @property
    def as_of(self) -> date:
        """The as-of day."""
        return self._as_of

    @property
    def uses_memo(self) -> bool:
        """Whether relations that were computed before from the same inputs are reused."""
        return self._memo_mode == "use"

    def input(self, key: str) -> Relation:
        """The record of an asset that this step reads. Raises LakeError if it has not been materialized yet."""
        from_this_run = self.folder.find(key)
        if from_this_run is not None:
            return from_this_run
        newest = self._newest(key)
        if newest is None or newest.cadence == self.cadence:
            newest = self._newest(key, self._partition) if self._partition else newest
        elif newest.as_of > self._as_of:
            newest = self._newest_until(key)
        if newest is None:
            raise LakeError(f"{key} has not been materialized as of {self._as_of}. Materialize it first.")
        return newest

    def earlier(self, key: str, until: date) -> Relation | None:
        """The newest relation of an asset that another run made, as of a day or before; None if none is kept."""
        with suppress(LakeError):
            for relation in self._materialized(key, None, limit=LOOK_BACK):
                if relation.run_id != self.folder.run_id and relation.as_of <= until:
                    return relation
        return None

    def _newest(self, key: str, partition: str | None = None) -> Relation | None:
        """The newest relation of an asset or of one of its partitions."""
        return next(self._materialized(key, partition, limit=1), None)

    def _newest_until(self, key: str) -> Relation | None:
        """The newest relation of an asset whose as-of day is not after this step's."""
        relations = self._materialized(key, None, limit=LOOK_BACK)
        return next((relation for relation in relations if relation.as_of <= self._as_of), None)

    def _materialized(self, key: str, partition: str | None, limit: int) -> Iterator[Relation]:
        asset = dg.AssetKey(key.split("/"))
        partition_filter = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[partition] if partition else None)
        for record in self._context.instance.fetch_materializations(partition_filter, limit=limit).records:
            yield RunFolder(self.lake, record.run_id).load(key)

    def draft(self, key: str, *, made_from: Mapping[str, Relation] | None = None, **fields: Any) -> Relation:
        """The record of a relation of this step, not saved yet."""
        inputs = {name: relation.run_id for name, relation in (made_from or {}).items()}
        return Relation(
            key=key, run_id=self.folder.run_id, as_of=self.as_of, cadence=self.cadence, inputs=inputs, **fields
        )

    def save(self, relation: Relation, **fields: Any) -> Relation:
        """Complete a record and put it into the lake; from then on, the relation can be read."""
        seconds = round(time.perf_counter() - self._started, 3)
        saved = relation.model_copy(update={"seconds": seconds, **fields})
        self.folder.save(saved)
        return saved

    def fingerprint(self, key: str, module: str, made_from: Mapping[str, Relation], **parts: Any) -> str:
        """The hash of all that decides a relation: code, versions, inputs, and `parts` such as SQL and engine."""
        return fingerprint(
            key=key,
            code=code_sha256(module),
            versions={
                name: version_of(name) for name in ("duckdb", "sqlglot", "pyarrow", "pyspark", "splink", "pandas")
            },
            inputs={name: relation.fingerprint or relation.run_id for name, relation in made_from.items()},
            **parts,
        )

    def recall(self, key: str, fingerprint: str, made_from: Mapping[str, Relation], **details: Any) -> Relation | None:
        """The relation with this fingerprint from an earlier run, recorded as this run's; None if there is none.

        `details` are this run's own.
        """
        if not self.uses_memo:
            return None
        relation = self._memo.find_relation(key, fingerprint)
        if relation is None:
            return None
        inputs = {name: input_relation.run_id for name, input_relation in made_from.items()}
        own = {"run_id": self.folder.run_id, "as_of": self._as_of, "cadence": self.cadence, "inputs": inputs}
        own["made_by"] = relation.made_by or relation.run_id
        if relation.details.queries:
            details["queries"] = ()  # this run has not run them
        own["details"] = relation.details.model_copy(update=details)
        return self.save(relation.model_copy(update=own))

    def remember(self, relation: Relation, engine: DuckDBEngine) -> None:
        """Let later runs find the relation by its fingerprint. Raises LakeError if an earlier one differs."""
        if self._memo_mode == "off":
            return
        before = self._memo.find_relation(relation.key, relation.fingerprint)
        if before is not None and (differences := describe_difference(engine, before, relation)):
            raise LakeError(
                f"{relation.key}: run {before.run_id} made it from the same inputs, code and settings, but the two "
                f"differ: {differences}. The fingerprint misses something that decides it. Delete memo/ in the lake, "
                "and report this."
            )
        self._memo.put_relation(relation)

    def note_stop(
        self, asset: str, reason: str, check: str | None = None, policy: dict[str, Any] | None = None
    ) -> None:
        """Record in the lake why the run stops, if the lake can be written."""
        with suppress(RefiError, OSError):
            stop = Stop(asset=asset, check=check, reason=reason, as_of=self._as_of, policy=policy or {})
            record_stop(self.folder, stop)

    @contextmanager
    def failing(self, asset: str) -> Iterator[None]:
        """Record in the lake why the step of an asset or of its checks failed."""
        try:
            yield
        except Exception as error:
            self.note_stop(asset, _message_of(error))
            raise

    def materialized(
        self,
        relation: Relation,
        metadata: Mapping[str, Any] | None = None,
        descriptions: Mapping[str, str] | None = None,
        sources: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    ) -> dg.MaterializeResult[Any]:
        """The result of an asset: row count, schema, column lineage, duration and counts, then `metadata`.

        `descriptions` maps columns to their meaning, `sources` to the (asset key, column) pairs they are derived from.
        """
        descriptions = descriptions or {}
        shown: dict[str, Any] = {"dagster/row_count": relation.rows, "seconds": relation.seconds}
        if relation.columns:
            shown["dagster/column_schema"] = dg.TableSchema(
                [dg.TableColumn(name, kind, descriptions.get(name)) for name, kind in relation.columns.items()]
            )
        if sources:
            shown["dagster/column_lineage"] = column_lineage(sources)
        if relation.parquet is not None:
            shown["parquet"] = relation.parquet
        if events := self.events(relation.key):
            events.complete(relation, descriptions, sources or {})
        return dg.MaterializeResult(
            metadata=shown | relation.counts | dict(metadata or {}),
            data_version=dg.DataVersion(relation.fingerprint) if relation.fingerprint else None,
        )

    def events(self, key: str) -> "AssetEvents | None":
        """The OpenLineage events of an asset that this step materializes, or None if they are turned off."""
        if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
            return None
        from refi_assets.lineage.events import AssetEvents

        run = self._context.run
        return AssetEvents(self.lake, run.run_id, run.job_name, key, self.as_of, self._context.log.warning)


@contextmanager
def asset_step(context: dg.AssetExecutionContext, lake: LakeResource, consequence: str = UNCHANGED) -> Iterator[Step]:
    """The step that materializes an asset, with OpenLineage events of its start and failure, and with user_errors."""
    with user_errors(consequence):
        step = Step(context, lake)
        events = step.events("/".join(context.asset_key.path))
        if events:
            events.start()
        try:
            with step.failing("/".join(context.asset_key.path)):
                yield step
        except BaseException as error:
            if events:
                events.fail(error)
            raise


@contextmanager
def user_errors(consequence: str = UNCHANGED) -> Iterator[None]:
    """Turn an error that a user can fix into a failure with its message and without a traceback."""
    try:
        yield
    except (RefiError, OSError) as error:
        raise _failure(_message_of(error), consequence) from None


@contextmanager
def after_publication() -> Iterator[None]:
    """Turn an error into a failure that says that the audience is published nevertheless."""
    try:
        yield
    except RefiError as error:
        raise _failure(str(error), PUBLISHED) from None
    except Exception as error:
        raise _failure(f"{type_and_place(error)}.", PUBLISHED) from error


def _message_of(error: Exception) -> str:
    """The message of an error for a user; the type and place of an error that no user can fix."""
    if isinstance(error, OSError):  # of the disk; a failed write does not name its file
        return f"{error.filename or 'A file in the lake'}: {error.strerror or error}."
    if isinstance(error, dg.Failure):
        return error.description or "It failed."
    return str(error) if isinstance(error, RefiError) else f"{type_and_place(error)}."


def _failure(message: str, consequence: str = UNCHANGED) -> dg.Failure:
    return dg.Failure(description=f"{message} {consequence}", allow_retries=False)


def asset_of_step(step_key: str) -> str:
    """The key of the asset that a step makes or checks; Dagster names steps without slashes."""
    return re.sub(r"^(?:checks_of_([a-z0-9]+)_|([a-z0-9]+)__)", lambda match: f"{match[1] or match[2]}/", step_key)


def failure_reason(event: dg.DagsterEvent, run_id: str) -> str | None:
    """Why a step failed, without borrowers' data; None if a blocking check gives the reason.

    Of an error that no user can fix, only the type and the place are shown: its message may contain anything.
    """
    failure = event.step_failure_data
    if failure.user_failure_data is not None:
        return failure.user_failure_data.description
    reason = error_reason(failure.error)
    return None if reason == BLOCKED else f"{reason}. {see_log(run_id)}"


def error_reason(error: SerializableErrorInfo | None) -> str:
    """The type and the place of an error that Dagster caught."""
    if error is None:
        return "an error"
    cause = error.cause or error
    frames = [(file, int(line)) for text in cause.stack for file, line in _FRAME.findall(text)]
    return at_place(cause.cls_name or "an error", frames)


_FRAME = re.compile(r'^ *File "(.+)", line (\d+)', re.MULTILINE)


def see_log(run_id: str) -> str:
    """The command that shows the events of a run."""
    return f"See: refi log {run_id}"


def records_table(records: list[dict[str, Any]]) -> dg.MetadataValue:
    """Rows as a table in the UI."""
    return dg.MetadataValue.table(
        [dg.TableRecord({name: _cell(value) for name, value in record.items()}) for record in records]
    )


def _cell(value: Any) -> str | int | float | bool | None:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
