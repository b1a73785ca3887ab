"""Runs on an S3 with errors, delays and truncated or lost answers: they publish the right audience or say why not."""

import re
from dataclasses import replace
from pathlib import Path

import dagster as dg

from tests.engines.deployments import Deployment, in_force, on_s3
from tests.fakes.aws import Aws
from tests.fakes.faults import Fault
from tests.fakes.s3_reader import S3Reader
from tests.support.lender import lender, write
from tests.support.running import DAY, ingest, run_job
from tests.support.whole import require_whole_audience

ELIGIBLE = [f"B{n:03}" for n in range(1, 11)]
UNCHANGED = " The last published audience is unchanged."
PUBLISHING = ["activation/audience_file"]

SLOW_DOWN = Fault("s3:PutObject", status=503, code="SlowDown", message="Reduce your request rate.")
EXPIRED = Fault("s3:.*", status=400, code="ExpiredToken", message="The provided token has expired.")
DENIED = Fault("s3:.*", status=403, code="AccessDenied", message="Access Denied")


def test_a_run_survives_errors_truncated_and_lost_answers_and_delays(aws: Aws, tmp_path: Path) -> None:
    deployment = on_s3(aws, "duckdb")
    faults = [
        replace(SLOW_DOWN, count=2, after=2),
        Fault("s3:PutObject", after=12, status=500),
        Fault("s3:PutObject", after=20, status=500, carried_out=True),
        Fault("s3:PutObject", resource="/output/", count=3, status=500, carried_out=True),
        Fault("s3:ListObjectsV2", after=3, status=503, code="SlowDown"),
        Fault("s3:HeadObject", after=2, status=500),
        Fault("s3:GetObject", after=4, count=2, status=500),
        Fault("s3:GetObject", after=9, delay_seconds=1),
        *[Fault("s3:GetObject", r"\.csv$", after=n, truncate_to=n) for n in range(0, 10, 2)],
    ]
    aws.faults(*faults)
    source = write(lender(), tmp_path / "source")
    with in_force(deployment), dg.DagsterInstance.ephemeral() as instance:
        ingest(deployment.lake_url, source)
        ran = run_job(deployment.lake_url, DAY, instance=instance)
        assert ran.success, ran.failure
        assert aws.faults_met() == sum(fault.count for fault in faults)
        lake = S3Reader(aws, deployment.lake_url)
        require_whole_audience(lake)
        assert lake.borrowers() == ELIGIBLE
        reading = [Fault("s3:GetObject", r"\.parquet$", count=2, truncate_to=9)]
        aws.faults(*reading)  # for a run that reads the first run's objects without local copies
        ran = run_job(deployment.lake_url, DAY, instance=instance, selection=PUBLISHING)
        assert ran.success, ran.failure
        assert aws.faults_met() == sum(fault.count for fault in faults + reading)
    assert lake.borrowers() == ELIGIBLE


def test_a_run_that_cannot_publish_gives_the_reason_and_keeps_the_last_audience(aws: Aws, tmp_path: Path) -> None:
    """Only the publishing step is repeated; it reads the same objects as in a whole run."""
    # A request is sent twice, not eight times: a permanent fault would be the same half a minute later.
    deployment = on_s3(aws, "duckdb")
    deployment = Deployment(deployment.lake_url, {**deployment.env, "AWS_MAX_ATTEMPTS": "2"})
    lake = S3Reader(aws, deployment.lake_url)
    with in_force(deployment), dg.DagsterInstance.ephemeral() as instance:
        ingest(deployment.lake_url, write(lender(), tmp_path / "source"))
        assert run_job(deployment.lake_url, DAY, instance=instance).success
        before = lake.read("output/latest.json")
        in_lake = f" in the lake {re.escape(deployment.lake_url)}: "
        slow_down = r"SlowDown: Reduce your request rate\."
        expired = (
            r"ExpiredToken: The provided token has expired\. The credentials have expired: renew them and run again"
        )
        for fault, message in [
            (replace(SLOW_DOWN, resource=r"/output/[^/]*\.csv$"), rf"output/[^/]*\.csv{in_lake}{slow_down}"),
            (replace(SLOW_DOWN, resource="/output/commits/"), rf"output/commits/00000002\.json{in_lake}{slow_down}"),
            (replace(SLOW_DOWN, operation="s3:GetObject", resource=r"\.parquet$"),
             rf"DuckDB: HTTP Error: HTTP GET .*/data\.parquet.*: {slow_down}"),
            (Fault("s3:GetObject", resource=r"\.parquet$", truncate_to=9),
             r"DuckDB: IO Error: Transferred a partial file error for HTTP GET .*/data\.parquet"),
            (Fault("s3:GetObject", resource="/runs/.*json$", truncate_to=9), rf"runs/.*\.json{in_lake}"),
            (replace(EXPIRED, after=20), rf".*: {expired}"),
            (replace(EXPIRED, operation="s3:GetObject", resource=r"\.parquet$"), rf"DuckDB: .*: {expired}"),
            (replace(DENIED, operation="s3:ListObjectsV2"), rf".*{in_lake}AccessDenied: Access Denied\."),
            (Fault("s3:ListObjectsV2", truncate_to=300), rf".*{in_lake}.*body error\."),
            (replace(DENIED, operation="s3:PutObject", resource="latest"), rf"output/latest\.json{in_lake}Access"),
        ]:  # fmt: skip
            met = aws.faults_met()
            aws.faults(replace(fault, count=10_000))
            ran = run_job(deployment.lake_url, DAY, instance=instance, selection=PUBLISHING)
            assert re.match(message, ran.failure), ran.failure
            assert ran.failure.endswith(UNCHANGED)
            assert "\n" not in ran.failure
            assert aws.faults_met() > met
            assert lake.read("output/latest.json") == before
            aws.clear_faults()
        assert run_job(deployment.lake_url, DAY, instance=instance).success
    assert require_whole_audience(lake)["run_id"] not in before.decode()
    assert lake.borrowers() == ELIGIBLE
