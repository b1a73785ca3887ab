"""The stream of live default risk as Dagster sees it: its health, with a sensor, and whether its scores are a run's.

Everything is read from the stream's files in the lake. Running the stream belongs to `refi risk stream`.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import dagster as dg

from refi_assets.defs.risk import RISK
from refi_assets.errors import LakeError, RefiError
from refi_assets.ingestion.settings import IngestionSettings
from refi_assets.lake import Relation
from refi_assets.orchestration.asset_checks import Check, CheckedStep, checks_of, relation_checks
from refi_assets.orchestration.partitions import now
from refi_assets.orchestration.resources import EngineResource, LakeResource, PoliciesResource
from refi_assets.orchestration.sql_assets import described_by, made_by_python, materialize
from refi_assets.orchestration.steps import asset_step
from refi_assets.risk.batch_relations import SCORES, STREAMED_SCORES, keep_streamed_scores, streamed_score_files
from refi_assets.risk.policy import RiskPolicy, SignalLimits, StreamHealth
from refi_assets.risk.stream_health import StreamStatus, newest_stream_status
from refi_assets.settings import settings_of
from refi_assets.specs.outcomes import Outcome, none_of
from refi_assets.specs.sql_models import load_sql_models

HEALTH, HEALTH_JOB = "risk/stream_health", "risk_stream_health"
SILENT = "silent_minutes"
LIVE = replace(RISK, cadence="none")  # the health is that of now, not of a day


@dg.asset(
    key=HEALTH.split("/"),
    group_name="risk_stream",  # not of the daily job
    kinds={"kafka", "spark"},
    owners=["team:data-platform"],
    description="How long ago the stream's newest batch began, and how far behind each partition was.",
)
def stream_health(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """Fails if there never was a batch."""
    with asset_step(context, lake, LIVE.unchanged) as step:
        status = newest_stream_status(engine.duckdb(step.lake))
        if status is None:
            raise LakeError(f"The lake {step.lake} has no batch of a stream. Start one: refi risk stream")
        counts = {SILENT: math.ceil(status.silent_minutes(now())), **_whole(status)}
        relation = step.save(step.draft(HEALTH, kind="files"), counts=counts)
    newest = {"checkpoint": status.checkpoint_id, "batch": status.batch, "began": f"{status.processed_at:%F %T} UTC"}
    return step.materialized(relation, newest)


def _whole(status: StreamStatus) -> dict[str, int]:
    """Seconds behind by topic/partition, rounded up."""
    return {partition: math.ceil(seconds) for partition, seconds in status.lag_seconds.items()}


def no_partition_lags(step: CheckedStep, limits: SignalLimits) -> Outcome:
    """The partition that is furthest behind, in seconds; those above the first limit are shown."""
    lags = {name: seconds for name, seconds in step.relation.counts.items() if name != SILENT}
    behind = [f"{name} {seconds} s" for name, seconds in sorted(lags.items()) if seconds > limits.warn_above]
    return _within(max(lags.values(), default=0), limits, "seconds behind", behind)


def stream_not_silent(step: CheckedStep, limits: SignalLimits) -> Outcome:
    """Minutes since the newest batch began."""
    return _within(step.relation.counts[SILENT], limits, "minutes without a batch")


def _within(number: int, limits: SignalLimits, unit: str, keys: Sequence[str] = ()) -> Outcome:
    limit = f"warns above {limits.warn_above}, fails above {limits.block_above} {unit}"
    return Outcome(number <= limits.warn_above, number, limit, number > limits.block_above, tuple(keys))


HEALTH_CHECKS = [
    Check(
        "no_partition_lags",
        "The newest event of each partition waited no longer for its batch than the policy allows.",
        no_partition_lags,
        limits="health.lag_seconds",
    ),
    Check(
        "stream_not_silent",
        "The stream's newest batch began no longer ago than the policy allows.",
        stream_not_silent,
        limits="health.silent_minutes",
    ),
]


@dg.sensor(
    name="risk_stream",
    job_name=HEALTH_JOB,
    minimum_interval_seconds=60,
    description="Requests the checks of the stream when its health has changed, and once an hour.",
    default_status=(
        dg.DefaultSensorStatus.RUNNING if settings_of(IngestionSettings).watch else dg.DefaultSensorStatus.STOPPED
    ),
)
def stream_sensor(
    context: dg.SensorEvaluationContext, lake: LakeResource, engine: EngineResource, policies: PoliciesResource
) -> dg.SensorResult:
    """Look at the stream's newest batch once. Without a stream, nothing is requested."""
    limits = cast(RiskPolicy, policies.of(LIVE)).health
    try:
        status = newest_stream_status(engine.duckdb(lake.open()))
    except RefiError as error:  # the next look may be luckier
        return dg.SensorResult(skip_reason=dg.SkipReason(str(error)), cursor=context.cursor)
    if status is None:
        return dg.SensorResult(skip_reason=dg.SkipReason("The lake has no batch of a stream."))
    return health_tick(context.cursor, status, limits, now())


def health_tick(cursor: str | None, status: StreamStatus, limits: StreamHealth, at: datetime) -> dg.SensorResult:
    """One tick of the sensor at a given time. The cursor is the verdict and the hour."""
    seen = f"{status.verdict(at, limits)} {at.astimezone(UTC):%FT%H}"
    if seen == cursor:
        return dg.SensorResult(skip_reason=dg.SkipReason(f"Batch {status.batch}: {seen}, as before."), cursor=cursor)
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=at.isoformat())], cursor=seen)


@described_by(RISK, load_sql_models()[STREAMED_SCORES], [SCORES], kinds={"parquet", "table"})
def streamed_scores(
    context: dg.AssetExecutionContext, lake: LakeResource, engine: EngineResource
) -> dg.MaterializeResult[Any]:
    """The scores that the stream has put into the lake, once the day has ended. They come after the run's own, with
    which their check compares them.
    """
    with asset_step(context, lake, RISK.unchanged) as step:
        has_ended = step.as_of < datetime.now(UTC).date()
        duckdb, files = engine.duckdb(step.lake), streamed_score_files(step.lake) if has_ended else []

        def make(draft: Relation) -> Relation:
            with duckdb.session() as session:
                return keep_streamed_scores(session, step.lake, draft, files, step.as_of)

        relation = made_by_python(step, duckdb, STREAMED_SCORES, {}, make, files=files, as_of=str(step.as_of))
    return materialize(step, relation, {}, {"files": len(files)})


def scores_as_the_run(step: CheckedStep) -> Outcome:
    """Number of borrowers whom the stream scored last that day otherwise than the run, by the same version."""
    rows = step.ask(load_sql_models()["risk/answers/differing_scores"])
    return none_of(len(rows), [row["borrower_id"] for row in rows], blocks=False, unit="borrowers")


SCORE_CHECKS = [
    Check(
        "scores_as_the_run",
        "The stream's last scores of the day are those of the run, as far as one version of the model gave both.",
        scores_as_the_run,
        may_block=False,
    )
]


@dg.definitions
def stream() -> dg.Definitions:
    """The stream's health, its job and sensor; and its scores of a day beside those of the run."""
    return dg.Definitions(
        assets=[stream_health, streamed_scores],
        asset_checks=[checks_of(LIVE, HEALTH, HEALTH_CHECKS), relation_checks(RISK, STREAMED_SCORES, SCORE_CHECKS)],
        jobs=[
            dg.define_asset_job(
                HEALTH_JOB,
                selection=dg.AssetSelection.assets(HEALTH.split("/")),
                description="The health of the stream, with its checks. Started by the sensor risk_stream.",
                tags={"refi/domain": RISK.name},
            )
        ],
        sensors=[stream_sensor],
    )
