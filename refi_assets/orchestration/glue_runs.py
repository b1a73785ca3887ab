"""The job of a domain as one run of a job of AWS Glue, which reports its assets and checks by Dagster Pipes.

The assets, their checks and the Dagster job are those that run in this process otherwise. The Glue run has the run id
of the Dagster run, so it writes into the folder of the lake in which other steps look for the run's relations. Its side
of the pipe is cli/glue_job.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import dagster as dg
from dagster import PipesExecutionResult, PipesMessageHandler
from dagster_pipes import PipesParams

from refi_assets import aws
from refi_assets.errors import RefiError, SettingError
from refi_assets.lake.settings import is_s3
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import LakeResource, PoliciesResource, PublishingResource
from refi_assets.orchestration.steps import user_errors

PIPES_FOLDER = "pipes"  # in the lake: the messages of Glue runs
DESCRIPTION = "description"  # of a check, among its metadata
# A run takes minutes, so a request that is throttled can be tried for long: about ten minutes.
PATIENT = {"mode": "standard", "total_max_attempts": 40}


class GlueError(RefiError):
    """A Glue run did not start, failed, was stopped, or took too long."""


def on_glue(definitions: dg.Definitions, domain: Domain, glue_job: str) -> dg.Definitions:
    """The same definitions, with all assets and checks of the domain's job made by one run of a job of Glue."""
    keys = set(definitions.resolve_job_def(domain.name).asset_layer.executable_asset_keys)
    assets, checks = list(definitions.assets or ()), list(definitions.asset_checks or ())
    moved = [asset for asset in assets if isinstance(asset, dg.AssetsDefinition) and asset.keys & keys]
    moved_checks = [check for check in checks if {key.asset_key for key in check.check_keys} & keys]
    whole = _whole_job(
        domain,
        glue_job,
        [spec.replace_attributes(kinds={"glue", "spark"}) for asset in moved for spec in asset.specs],
        [spec for definition in (*moved, *moved_checks) for spec in definition.check_specs],
    )
    return dg.Definitions(
        assets=[*(asset for asset in assets if asset not in moved), whole],
        asset_checks=[check for check in checks if check not in moved_checks],
        jobs=definitions.jobs,
        schedules=definitions.schedules,
        sensors=definitions.sensors,
        resources=definitions.resources,
        executor=definitions.executor,
        metadata=definitions.metadata,
        component_tree=definitions.component_tree,
    )


def _whole_job(
    domain: Domain, glue_job: str, specs: list[dg.AssetSpec], checks: list[dg.AssetCheckSpec]
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"{domain.name}_on_glue",
        specs=specs,
        check_specs=checks,
        partitions_def=partitions(domain.cadence),
        pool=f"glue/{glue_job}",  # infra/dagster.yaml allows one run at a time, as the job does
    )
    def run_on_glue(
        context: dg.AssetExecutionContext,
        lake: LakeResource,
        policies: PoliciesResource,
        publishing: PublishingResource,
    ) -> Iterator[PipesExecutionResult]:
        with user_errors(domain.unchanged):
            if policies.is_overridden(domain):
                raise SettingError("A job of Glue cannot use a policy file of this machine. Unset REFI_GLUE_JOB.")
            extras = {
                "domain": domain.name,
                "verify": lake.memo == "verify",
                "force_latest": publishing.force_latest,
            }
            yield from _run(context, glue_job, lake.url, extras, domain.unchanged)

    return run_on_glue


def _run(
    context: dg.AssetExecutionContext, glue_job: str, lake_url: str, extras: dict[str, Any], consequence: str
) -> Iterator[PipesExecutionResult]:
    """All that the Glue run reports, even if it fails in the end. Raises GlueError with the message of its failure."""
    with aws.needs_extra("dagster_aws", "A job of Glue"):
        from dagster_aws.pipes import PipesGlueClient, PipesS3ContextInjector

    bucket, folder = _pipes_folder(lake_url, context.run_id)
    s3, glue = aws.client("s3"), aws.client("glue", retries=PATIENT)
    messages = _message_reader(bucket, folder, s3)
    client = PipesGlueClient(PipesS3ContextInjector(bucket=bucket, client=s3, key_prefix=folder), messages, glue)
    failure: Exception | None = None
    try:
        with _stopped_after_an_error(glue, glue_job):
            client.run(context=context, start_job_run_params={"JobName": glue_job}, extras=extras)
    except (GlueError, RuntimeError) as error:  # the client's error about a run that did not succeed
        failure = error
    yield from map(_with_description, messages.handler.get_reported_results())
    if failure is not None:
        reported = [message["failure"] for message in messages.handler.get_custom_messages()]
        reason = reported[-1].removesuffix(consequence).rstrip() if reported else _unreported(failure)
        raise GlueError(reason) from None


def _with_description(result: PipesExecutionResult) -> PipesExecutionResult:
    """The result of a check with its description, which Pipes can send only as metadata."""
    if isinstance(result, dg.MaterializeResult) or not result.metadata:
        return result
    metadata = dict(result.metadata)
    description: Any = metadata.pop(DESCRIPTION)
    return result._replace(metadata=metadata, description=description.value)


def _pipes_folder(lake_url: str, run_id: str) -> tuple[str, str]:
    """The lake's bucket, and the prefix in it of the messages of a run."""
    if not is_s3(lake_url):
        raise SettingError(f"A job of Glue cannot read the folder {lake_url}. Set REFI_LAKE_URL to s3://bucket/prefix.")
    bucket, _, root = lake_url.removeprefix("s3://").rstrip("/").partition("/")
    return bucket, f"{root}/{PIPES_FOLDER}/{run_id}/".lstrip("/")


def _message_reader(bucket: str, folder: str, s3: Any) -> Any:
    """The library's reader, in a folder of the lake. It keeps its handler, which has what a failed run had reported."""
    from dagster_aws.pipes import PipesS3MessageReader

    class LakeMessageReader(PipesS3MessageReader):
        expected_writer_count = 1  # the library's own property warns that it is new

        @contextmanager
        def get_params(self) -> Iterator[PipesParams]:
            with super().get_params() as params:
                yield {**params, "key_prefix": f"{folder}{params['key_prefix']}"}

        @contextmanager
        def read_messages(self, handler: PipesMessageHandler) -> Iterator[PipesParams]:
            self.handler = handler
            with super().read_messages(handler) as params:
                yield params

    return LakeMessageReader(bucket=bucket, client=s3)


@contextmanager
def _stopped_after_an_error(glue: Any, glue_job: str) -> Iterator[None]:
    """Stop a run whose state cannot be read any more; PipesGlueClient stops it only if this process is interrupted."""
    run_ids: list[str] = []

    def remember(parsed: dict[str, Any], **_: object) -> None:
        run_ids.extend(filter(None, [parsed.get("JobRunId")]))

    glue.meta.events.register("after-call.glue.StartJobRun", remember)
    try:
        with aws.readable_errors(f"Glue, job {glue_job}", GlueError):
            yield
    except GlueError:
        if run_ids:
            with suppress(GlueError), aws.readable_errors(glue_job, GlueError):
                glue.batch_stop_job_run(JobName=glue_job, JobRunIds=run_ids)
        raise


def _unreported(failure: Exception) -> str:
    """The message of a failure that the Glue run did not report itself."""
    if isinstance(failure, GlueError):
        return str(failure)
    text = " ".join(str(failure).removesuffix("None").split()).removesuffix(" :")
    return f"{text}. Its output is in CloudWatch, in /aws-glue/jobs."
