"""OpenLineage events: the inputs and the output of each materialization of an asset, in the terms of that standard.

An asset is a job. Its materialization is a run of that job, with the Dagster run as its parent: START, then COMPLETE,
FAIL or ABORT. Rows are counted, never shown: no borrower's data is in an event. The OpenLineage client's own
configuration decides where events go. Importing the client is slow, so import this module only when a run needs it.
"""

import atexit
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache
from importlib.metadata import version
from time import time_ns
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from openlineage.client import OpenLineageClient, set_producer
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    DatasetFacet,
    JobFacet,
    RunFacet,
    column_lineage_dataset,
    dataset_version_dataset,
    error_message_run,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
    sql_job,
)
from openlineage.client.serde import Serde
from openlineage.client.transport import Transport
from openlineage.client.transport.file import FileConfig, FileTransport

from refi_assets.errors import RefiError
from refi_assets.ingestion.details import SnapshotDetails
from refi_assets.lake import FolderStore, ObjectStore, Relation, open_lake
from refi_assets.settings import PlatformSettings, settings_of
from refi_assets.specs.python_relations import python_relations
from refi_assets.specs.sql_models import DIALECT, load_sql_models

ColumnSources = Mapping[str, Sequence[tuple[str, str]]]  # column -> the (asset key, column) pairs it is derived from

set_producer(f"pkg:pypi/refi-assets@{version('refi-assets')}")


class AssetEvents:
    """The events of one materialization. Calls `warn` if they cannot be sent, and never raises an error."""

    def __init__(
        self, lake: ObjectStore, run_id: str, job: str, key: str, as_of: date, warn: Callable[[str], None]
    ) -> None:
        self._lake, self._run_id, self._job, self._key, self._as_of = lake, run_id, job, key, as_of
        self._warn = warn
        bucket = re.match("s3://[^/]+", lake.name)
        # OpenLineage's namespaces: names are absolute paths in a file system, and keys in a bucket.
        self._namespace = bucket[0] if bucket else "file"

    def start(self) -> None:
        """Report the start."""
        self._send(RunState.START)

    def complete(self, relation: Relation, descriptions: Mapping[str, str], sources: ColumnSources) -> None:
        """Report the relation that was made."""
        sql = _sql(relation)
        self._send(
            RunState.COMPLETE,
            job_facets={"sql": sql_job.SQLJobFacet(sql, DIALECT)} if sql else {},
            inputs=self._inputs(relation),
            outputs=[self._output(relation, descriptions, sources)],
        )

    def fail(self, error: BaseException) -> None:
        """Report a failure or an interruption. Only the message of a RefiError is sure to quote no borrower."""
        message = str(error) if isinstance(error, RefiError) else type(error).__name__
        self._send(
            RunState.FAIL if isinstance(error, Exception) else RunState.ABORT,
            run_facets={"errorMessage": error_message_run.ErrorMessageRunFacet(message, "PYTHON")},
        )

    def _send(
        self,
        state: RunState,
        *,
        run_facets: Mapping[str, RunFacet] | None = None,
        job_facets: Mapping[str, JobFacet] | None = None,
        inputs: list[InputDataset] | None = None,
        outputs: list[OutputDataset] | None = None,
    ) -> None:
        namespace = os.environ.get("OPENLINEAGE_NAMESPACE", "refi_assets")
        day = datetime.combine(self._as_of, time(), ZoneInfo(settings_of(PlatformSettings).time_zone))
        parent = parent_run.ParentRunFacet(parent_run.Run(self._run_id), parent_run.Job(namespace, self._job))
        event = RunEvent(
            eventType=state,
            eventTime=datetime.now(UTC).isoformat(),
            run=Run(
                str(uuid5(UUID(self._run_id), self._key)),
                {
                    "parent": parent,
                    "nominalTime": nominal_time_run.NominalTimeRunFacet(day.isoformat()),
                    **(run_facets or {}),
                },
            ),
            job=Job(
                namespace,
                self._key,
                {"jobType": job_type_job.JobTypeJobFacet("BATCH", "DAGSTER", "ASSET"), **(job_facets or {})},
            ),
            inputs=inputs or [],
            outputs=outputs or [],
        )
        _sender(self._lake.name, self._run_id).send(event, self._warn)

    def _name(self, key: str) -> str:
        """A dataset's name is the same in every run, so that events link up; its version is the run."""
        return self._lake.address(key).removeprefix(f"{self._namespace}/")

    def _inputs(self, relation: Relation) -> list[InputDataset]:
        is_raw = relation.key.startswith("raw/")
        files = relation.details_as(SnapshotDetails).snapshot.files if is_raw else ()
        versions = {**relation.inputs, **{file.key: file.sha256 for file in files}}
        return [
            InputDataset(self._namespace, self._name(key), facets={"version": _version(version)})
            for key, version in versions.items()
        ]

    def _output(self, relation: Relation, descriptions: Mapping[str, str], sources: ColumnSources) -> OutputDataset:
        facets: dict[str, DatasetFacet] = {"version": _version(relation.run_id)}
        if relation.columns:
            facets["schema"] = schema_dataset.SchemaDatasetFacet(
                [
                    schema_dataset.SchemaDatasetFacetFields(name, kind, descriptions.get(name), position)
                    for position, (name, kind) in enumerate(relation.columns.items(), start=1)
                ]
            )
        if sources:
            facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(
                {
                    column: column_lineage_dataset.Fields(
                        [
                            column_lineage_dataset.InputField(self._namespace, self._name(key), name)
                            for key, name in pairs
                        ]
                    )
                    for column, pairs in sources.items()
                }
            )
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=relation.rows)
        return OutputDataset(
            self._namespace, self._name(relation.key), facets=facets, outputFacets={"outputStatistics": statistics}
        )


class _Sender:
    """Sends the events of one run until the first failure: a dead server must not delay every step."""

    def __init__(self, lake: ObjectStore, run_id: str) -> None:
        self._lake, self._key = lake, f"openlineage/{run_id}"
        self._client: OpenLineageClient | None = None
        self._gave_up = False

    def send(self, event: RunEvent, warn: Callable[[str], None]) -> None:
        if self._gave_up:
            return
        try:
            if self._client is None:
                self._client = self._connect()
            self._client.emit(event)
        except Exception as error:  # whatever the transport raises, the run continues
            self._gave_up = True
            warn(
                f"OpenLineage events of this run are not sent, starting with {event.job.name}: {_redacted(error)}. "
                "Correct the OpenLineage client's configuration, or set OPENLINEAGE_DISABLED=true."
            )

    def _connect(self) -> OpenLineageClient:
        """A client as the user configured it or, without any configuration, one that writes to the lake."""
        client = OpenLineageClient(transport=self._transport())
        if (client.config.transport or {}).get("type") or os.environ.get("OPENLINEAGE_URL"):
            client = OpenLineageClient()
            atexit.register(client.close, 10.0)  # some transports send later, in a thread of their own
        elif isinstance(self._lake, FolderStore):
            self._lake.target(f"{self._key}.jsonl")  # creates the folder
        return client

    def _transport(self) -> Transport:
        if isinstance(self._lake, FolderStore):
            return FileTransport(FileConfig(self._lake.url(f"{self._key}.jsonl"), append=True))
        return _ObjectTransport(self._lake, self._key)


class _ObjectTransport(Transport):
    """Writes one object per event, since objects cannot be appended to."""

    def __init__(self, lake: ObjectStore, folder: str) -> None:
        self._lake, self._folder = lake, folder

    def emit(self, event: Any) -> None:
        self._lake.put(f"{self._folder}/{time_ns()}.json", Serde.to_json(event).encode())


@lru_cache(maxsize=1)
def _sender(lake_url: str, run_id: str) -> _Sender:
    return _Sender(open_lake(lake_url, create=False), run_id)


def _redacted(error: Exception) -> str:
    """The error's type and message without the user names, passwords and keys that a URL may contain."""
    return f"{type(error).__name__}: {re.sub(r'(?<=//)[^/@]+@|[?][^ ]*', '', str(error)).rstrip('.')}"


def _sql(relation: Relation) -> str | None:
    """The query as it ran, else the text of the SQL file; None for a relation that Python makes."""
    model = None if relation.key in python_relations() else load_sql_models().get(relation.key)
    return relation.sql or (model.text if model else None)


def _version(text: str) -> DatasetFacet:
    return dataset_version_dataset.DatasetVersionDatasetFacet(text)
