"""The job of AWS Glue: runs the job of a domain, and reports it to the Dagster run that started it, by Dagster Pipes.

Dagster's side of the pipe is orchestration/glue_runs.py; the job's script is infra/glue/job.py. It needs no packages of
Glue's own, so any spark-submit can run it.
"""

import os
import tempfile
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_pipes import (
    PipesCliArgsParamsLoader,
    PipesContext,
    PipesDefaultContextLoader,
    PipesDefaultMessageWriter,
    PipesMetadataValue,
    PipesS3ContextLoader,
    PipesS3MessageWriter,
    open_dagster_pipes,
)

from refi_assets import aws
from refi_assets.errors import RefiError, SettingError, type_and_place
from refi_assets.orchestration.glue_runs import DESCRIPTION


def run_glue_job() -> None:
    """Run the domain that Dagster names. Raises RefiError, after it has been reported."""
    os.environ.setdefault("DAGSTER_HOME", tempfile.mkdtemp())
    with _pipes() as pipes:
        try:
            _run(pipes)
        except Exception as error:  # its message may quote a cell, unless it is ours
            ours = error if isinstance(error, RefiError) else RefiError(f"{type_and_place(error)}.")
            pipes.report_custom_message({"failure": str(ours)})
            raise ours from None


def _pipes() -> PipesContext:
    """The pipe to Dagster: over S3, or over files on one machine."""
    loader = PipesCliArgsParamsLoader()  # type: ignore[no-untyped-call]
    if not loader.is_dagster_pipes_process():
        raise SettingError("This job is started by Dagster (REFI_GLUE_JOB), which passes --dagster-pipes-context.")
    if "bucket" not in loader.load_context_params():
        return open_dagster_pipes(
            params_loader=loader, context_loader=PipesDefaultContextLoader(), message_writer=PipesDefaultMessageWriter()
        )
    s3 = aws.client("s3")
    return open_dagster_pipes(
        params_loader=loader, context_loader=PipesS3ContextLoader(s3), message_writer=PipesS3MessageWriter(s3)
    )


def _run(pipes: PipesContext) -> None:
    from refi_assets.cli.run import domain_of, run_domain
    from refi_assets.cli.terminal import Terminal
    from refi_assets.lake.settings import LakeSettings
    from refi_assets.orchestration.partitions import as_of_day
    from refi_assets.settings import settings_of

    domain = domain_of(pipes.get_extra("domain"))
    _require_same_code(pipes)
    instance = dg.DagsterInstance.ephemeral()
    instance.add_event_listener(pipes.run_id, lambda entry: _report(pipes, entry))
    run_domain(
        domain.name,
        as_of_day(domain.cadence, pipes.partition_key if pipes.is_partition_step else None),
        lake_url=settings_of(LakeSettings).lake_url,
        console=Terminal(),
        force_latest=pipes.get_extra("force_latest"),
        verify=pipes.get_extra("verify"),
        instance=instance,
        run_id=pipes.run_id,
        tidies=False,  # Dagster does; analysts' copies need a key that this job does not have
    )


def _require_same_code(pipes: PipesContext) -> None:
    """Raise SettingError if Dagster's code, SQL, contracts or policies are not those of this job."""
    from refi_assets.definitions import defs

    graph = defs().resolve_asset_graph()
    ours = {key.to_escaped_user_string(): graph.get(key).code_version for key in graph.materializable_asset_keys}
    theirs = pipes.code_version_by_asset_key
    if different := sorted(key for key, version in theirs.items() if ours.get(key) != version):
        raise SettingError(
            f"Dagster and this job have different code, SQL, contracts or policies for {', '.join(different)}. Build "
            "and upload the job's packages again (infra/glue/build.py)."
        )


def _report(pipes: PipesContext, entry: dg.EventLogEntry) -> None:
    """Report an event of the run if it is a materialization, a check or a warning."""
    event = entry.dagster_event
    if event is None:
        pipes.log.log(int(entry.level), entry.user_message)
    elif event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
        materialization = event.step_materialization_data.materialization
        pipes.report_asset_materialization(
            metadata_for_pipes(materialization.metadata),
            (materialization.tags or {}).get("dagster/data_version"),
            materialization.asset_key.to_escaped_user_string(),
        )
    elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        evaluation = event.asset_check_evaluation_data
        description = dg.MetadataValue.text(evaluation.description or "")
        pipes.report_asset_check(
            evaluation.check_name,
            evaluation.passed,
            evaluation.severity.value,
            metadata_for_pipes({**evaluation.metadata, DESCRIPTION: description}),
            evaluation.asset_key.to_escaped_user_string(),
        )


def metadata_for_pipes(metadata: Mapping[str, dg.MetadataValue[Any]]) -> dict[str, PipesMetadataValue]:
    """Dagster's metadata as Pipes sends it."""
    return {name: _for_pipes(value) for name, value in metadata.items()}


def _for_pipes(value: dg.MetadataValue[Any]) -> PipesMetadataValue:
    match value:
        case dg.TableMetadataValue():
            records = [dict(record.data) for record in value.records]
            return {"type": "table", "raw_value": {"records": records, "schema": _columns(value.schema)}}
        case dg.TableSchemaMetadataValue():
            return {"type": "table_schema", "raw_value": {"columns": _columns(value.schema)}}
        case dg.TableColumnLineageMetadataValue():
            sources = {
                column: [{"asset_key": source.asset_key.path, "column_name": source.column_name} for source in columns]
                for column, columns in value.column_lineage.deps_by_column.items()
            }
            return {"type": "table_column_lineage", "raw_value": {"deps_by_column": sources}}
        case dg.MarkdownMetadataValue():
            return {"type": "md", "raw_value": value.value}
        case dg.JsonMetadataValue():
            return {"type": "json", "raw_value": value.value}
        case dg.UrlMetadataValue():
            return {"type": "url", "raw_value": value.value}
        case dg.PathMetadataValue():
            return {"type": "path", "raw_value": value.value}
    return {"type": "__infer__", "raw_value": value.value}


def _columns(schema: dg.TableSchema) -> list[dict[str, Any]]:
    return [{"name": column.name, "type": column.type, "description": column.description} for column in schema.columns]
