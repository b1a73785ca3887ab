"""What every asset and check of ours does with Dagster: inputs, metadata, errors, OpenLineage events.

An input is what this run made. If this run did not make it (one asset materialized by hand), it is what the newest run
of the same partition made; of an asset that is made more or less often, the newest as of that day. Either way the
record pins the run, so that nothing is mixed unseen.
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
from refi_assets.orchestration.partitions import Context, as_of_day, cadence_of
from refi_assets.orchestration.resources import LakeResource
from refi_assets.publishing.stops import Stop, record_stop
from refi_assets.specs.code import code_sha256, version_of

if TYPE_CHECKING:
    from refi_assets.lineage.events import AssetEvents

UNCHANGED = "The last published audience is unchanged."
BLOCKED = "DagsterAssetCheckFailedError"  # the error of a step that a blocking check ends
PUBLISHED = "The audience itself is published; run again for the rest."
LOOK_BACK = 1000  # materializations of an asset that is made more often than what reads it


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
        """Whether what was made of the same before is used."""
        return self._memo_mode == "use"

    def input(self, key: str) -> Relation:
        """The record of an asset that this step reads. Raises LakeError if no run made it yet."""
        own = self.folder.find(key)
        if own is not None:
            return own
        newest = self._newest(key)
        if newest is None or newest.cadence == self.cadence:
            newest = self._newest(key, self._partition) if self._partition else newest
        elif newest.as_of > self._as_of:
            newest = self._newest_until(key)
        if newest is None:
            raise LakeError(f"{key} has not been materialized as of {self._as_of}. Materialize it first.")
        return newest

    def _newest(self, key: str, partition: str | None = None) -> Relation | None:
        """The newest relation of an asset, or of one of its partitions."""
        return next(self._materialized(key, partition, limit=1), None)

    def _newest_until(self, key: str) -> Relation | None:
        """The newest relation of an asset that is not of a later day than this step."""
        relations = self._materialized(key, None, limit=LOOK_BACK)
        return next((relation for relation in relations if relation.as_of <= self._as_of), None)

    def _materialized(self, key: str, partition: str | None, limit: int) -> Iterator[Relation]:
        asset = dg.AssetKey(key.split("/"))
        chosen = dg.AssetRecordsFilter(asset_key=asset, asset_partitions=[partition] if partition else None)
        for record in self._context.instance.fetch_materializations(chosen, limit=limit).records:
            yield RunFolder(self.lake, record.run_id).load(key)

    def draft(self, key: str, *, made_from: Mapping[str, Relation] | None = None, **fields: Any) -> Relation:
        """The record of what this step makes, not saved yet."""
        inputs = {name: relation.run_id for name, relation in (made_from or {}).items()}
        return Relation(
            key=key, run_id=self.folder.run_id, as_of=self.as_of, cadence=self.cadence, inputs=inputs, **fields
        )

    def save(self, relation: Relation, **fields: Any) -> Relation:
        """Complete a record and put it into the lake: from now on others can read the relation."""
        seconds = round(time.perf_counter() - self._started, 3)
        saved = relation.model_copy(update={"seconds": seconds, **fields})
        self.folder.save(saved)
        return saved

    def fingerprint(self, key: str, module: str, made_from: Mapping[str, Relation], **parts: Any) -> str:
        """What decides a relation: the code behind a module, its inputs, and parts such as SQL, parameters, engine."""
        return fingerprint(
            key=key,
            code=code_sha256(module),
            versions={name: version_of(name) for name in ("duckdb", "sqlglot", "pyarrow", "splink", "pandas")},
            inputs={name: relation.fingerprint or relation.run_id for name, relation in made_from.items()},
            **parts,
        )

    def recall(self, key: str, fingerprint: str, made_from: Mapping[str, Relation], **details: Any) -> Relation | None:
        """The relation that was made of the same before, recorded as this run's; None if it is to be made.

        `details` are this run's own in any case.
        """
        if not self.uses_memo:
            return None
        relation = self._memo.find_relation(key, fingerprint)
        if relation is None:
            return None
        inputs = {name: one.run_id for name, one in made_from.items()}
        own = {"run_id": self.folder.run_id, "as_of": self._as_of, "cadence": self.cadence, "inputs": inputs}
        own["made_by"] = relation.made_by or relation.run_id
        if relation.details.queries:
            details["queries"] = ()  # they cost nothing this time
        own["details"] = relation.details.model_copy(update=details)
        return self.save(relation.model_copy(update=own))

    def remember(self, relation: Relation, engine: DuckDBEngine) -> None:
        """Let later runs find the relation by its fingerprint. Raises LakeError if it is not what was made before."""
        if self._memo_mode == "off":
            return
        before = self._memo.find_relation(relation.key, relation.fingerprint)
        if before is not None and (what := describe_difference(engine, before, relation)):
            raise LakeError(
                f"{relation.key}: run {before.run_id} made it of the same inputs, code and settings, and it is not the "
                f"same: {what}. Something decides it that the memo does not know of. Delete memo/ in the lake, and "
                "report it."
            )
        self._memo.put_relation(relation)

    def stopped(self, asset: str, reason: str, check: str | None = None, policy: dict[str, Any] | None = None) -> None:
        """Let the lake know what stops the run, if it can be written."""
        with suppress(RefiError, OSError):
            stop = Stop(asset=asset, check=check, reason=reason, as_of=self._as_of, policy=policy or {})
            record_stop(self.folder, stop)

    @contextmanager
    def failing(self, asset: str) -> Iterator[None]:
        """Let the lake know why the step of an asset, or of its checks, failed."""
        try:
            yield
        except Exception as error:
            self.stopped(asset, _words(error))
            raise

    def materialized(
        self,
        relation: Relation,
        metadata: Mapping[str, Any] | None = None,
        descriptions: Mapping[str, str] | None = None,
        sources: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    ) -> dg.MaterializeResult[Any]:
        """The result of an asset: row count, schema, column lineage, duration and counts, then what the asset adds.

        `descriptions` says what columns mean, `sources` which (asset key, column) pairs each is made from.
        """
        described = descriptions or {}
        shown: dict[str, Any] = {"dagster/row_count": relation.rows, "seconds": relation.seconds}
        if relation.columns:
            shown["dagster/column_schema"] = dg.TableSchema(
                [dg.TableColumn(name, kind, described.get(name)) for name, kind in relation.columns.items()]
            )
        if sources:
            shown["dagster/column_lineage"] = column_lineage(sources)
        if relation.parquet is not None:
            shown["parquet"] = relation.parquet
        if events := self.events(relation.key):
            events.complete(relation, described, sources or {})
        return dg.MaterializeResult(
            metadata=shown | relation.counts | dict(metadata or {}),
            data_version=dg.DataVersion(relation.fingerprint) if relation.fingerprint else None,
        )

    def events(self, key: str) -> "AssetEvents | None":
        """The OpenLineage events of an asset that this step materializes, or None where they are turned off."""
        if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
            return None
        from refi_assets.lineage.events import AssetEvents

        run = self._context.run
        return AssetEvents(self.lake, run.run_id, run.job_name, key, self.as_of, self._context.log.warning)


@contextmanager
def asset_step(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[Step]:
    """The step that materializes an asset, with OpenLineage events of its start and failure, and with user_errors."""
    with user_errors():
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
def user_errors() -> Iterator[None]:
    """Turn what a user can mend into a failure that shows its words, not a traceback."""
    try:
        yield
    except (RefiError, OSError) as error:
        raise _failure(_words(error)) from None


@contextmanager
def after_publication() -> Iterator[None]:
    """Turn an error into a failure that says that the audience is published all the same."""
    try:
        yield
    except RefiError as error:
        raise _failure(str(error), PUBLISHED) from None
    except Exception as error:
        raise _failure(f"{type_and_place(error)}.", PUBLISHED) from error


def _words(error: Exception) -> str:
    """What an error says to a user; of one that no user can fix, its type and place."""
    if isinstance(error, OSError):  # of the disk; a write of a part of a file does not say which
        return f"{error.filename or 'A file in the lake'}: {error.strerror or error}."
    if isinstance(error, dg.Failure):
        return error.description or "It failed."
    return str(error) if isinstance(error, RefiError) else f"{type_and_place(error)}."


def _failure(words: str, and_so: str = UNCHANGED) -> dg.Failure:
    return dg.Failure(description=f"{words} {and_so}", allow_retries=False)


def asset_of_step(step_key: str) -> str:
    """The key of the asset that a step makes or checks: Dagster names steps without slashes."""
    return re.sub(r"^(?:checks_of_([a-z0-9]+)_|([a-z0-9]+)__)", lambda found: f"{found[1] or found[2]}/", step_key)


def failure_reason(event: dg.DagsterEvent, run_id: str) -> str | None:
    """Why a step failed, in words that quote no borrower; None where a blocking check says it.

    Of an error that no user can mend, only the type and the place are shown: its own words may hold anything.
    """
    failure = event.step_failure_data
    if failure.user_failure_data is not None:
        return failure.user_failure_data.description
    reason = error_reason(failure.error)
    return None if reason == BLOCKED else f"{reason}. {see_log(run_id)}"


def error_reason(error: SerializableErrorInfo | None) -> str:
    """The type and the place of an error that Dagster has caught."""
    if error is None:
        return "an error"
    cause = error.cause or error
    frames = [(file, int(line)) for text in cause.stack for file, line in _FRAME.findall(text)]
    return at_place(cause.cls_name or "an error", frames)


_FRAME = re.compile(r'^ *File "(.+)", line (\d+)', re.MULTILINE)


def see_log(run_id: str) -> str:
    """The command that shows what happened in a run."""
    return f"See: refi log {run_id}"


def records_table(records: list[dict[str, Any]]) -> dg.MetadataValue:
    """Rows as a table in the UI."""
    return dg.MetadataValue.table([dg.TableRecord({k: _shown(v) for k, v in record.items()}) for record in records])


def _shown(value: Any) -> str | int | float | bool | None:
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
