"""The pipeline's role may do what the pipeline does, and nothing else: recorded calls against its policy."""

import signal
import subprocess
import sys
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3ComputeLogManager
from sqlglot import exp

from refi_assets.defs.refi import REFI
from refi_assets.engines.athena import AthenaEngine
from refi_assets.errors import LakeError
from refi_assets.lake import open_lake
from refi_assets.orchestration.automation import tick
from refi_assets.orchestration.partitions import now
from refi_assets.orchestration.resources import LakeResource
from refi_assets.publishing.retention import clean_up
from refi_assets.settings import PROJECT_DIR, settings
from tests.engines.aws import Aws
from tests.engines.deployments import Deployment, in_force, on_s3
from tests.engines.faults import Fault
from tests.engines.privilege import NAMESPACE, calls
from tests.infra.iam import denied, on_all_resources, unused
from tests.infra.terraform import rendered_policies
from tests.lender import lender, write
from tests.running import definitions, ingest, run_job

ACCOUNT = "123456789012"


@pytest.fixture
def deployment(athena: Aws) -> Deployment:
    """Everything that a deployment may have: Athena, a crawler, a queue, a topic, metrics."""
    made = on_s3(athena, "athena")
    queue = athena.client("sqs").create_queue(QueueName=athena.new_name("arrivals"))["QueueUrl"]
    topic = athena.client("sns").create_topic(Name=athena.new_name("alerts"))["TopicArn"]
    athena.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.com")
    crawler = athena.new_name("crawler")
    athena.client("glue").create_crawler(
        Name=crawler,
        Role=f"arn:aws:iam::{ACCOUNT}:role/crawler",
        DatabaseName=made.env["REFI_GLUE_DATABASE"],
        TablePrefix="crawled_",
        Targets={"S3Targets": [{"Path": f"{made.lake_url}/raw/"}]},
    )
    env = {
        **made.env,
        "REFI_ARRIVALS_QUEUE_URL": queue,
        "REFI_ALERTS_TOPIC_ARN": topic,
        "REFI_GLUE_CRAWLER": crawler,
        "REFI_METRICS_NAMESPACE": NAMESPACE,
        "REFI_KEEP_RUNS": "1",
    }
    return Deployment(made.lake_url, env)


def also(deployment: Deployment, **variables: str) -> Deployment:
    return Deployment(deployment.lake_url, {**deployment.env, **variables})


def command(deployment: Deployment, tmp_path: Path, *words: str) -> None:
    import os

    said = subprocess.run(
        [sys.executable, "-c", "import refi_assets.cli as c; c.main()", *words],
        env={**os.environ, **deployment.env, "DAGSTER_HOME": str(tmp_path)},
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr


def do_everything(aws: Aws, deployment: Deployment, tmp_path: Path) -> None:
    """What a deployment does in its life, once."""
    rows = lender()
    with in_force(deployment):
        ingest(deployment.lake_url, write(rows, tmp_path / "first"))
        assert run_job(deployment.lake_url).success
        rows["loan_information"][0]["current_interest_rate"] = "7.125"
        rows["market_equity"].append({**rows["market_equity"][0], "property_id": "P\r\n1"})  # is copied, as not clean
        for source, records in rows.items():
            write({source: records}, tmp_path / "second" / source)
        ingest(deployment.lake_url, tmp_path / "second", replace=True)
        queue = deployment.env["REFI_ARRIVALS_QUEUE_URL"]
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody="of no file: is deleted at once")
        tick(REFI, None, LakeResource(url=deployment.lake_url), now())
        with suppress(LakeError):  # an upload in parts that fails
            aws.faults(Fault("s3:UploadPart", count=100, status=400, code="AccessDenied"))
            with open_lake(deployment.lake_url).new_file("raw/large.csv") as path:
                path.write_bytes(b"x" * 30_000_000)
        aws.clear_faults()
        with open_lake(deployment.lake_url).new_file("raw/large.csv") as path:
            path.write_bytes(b"x" * 30_000_000)
        open_lake(deployment.lake_url).delete(["raw/large.csv"])
    with in_force(also(deployment, REFI_CATALOG_MODE="crawler")):
        assert run_job(deployment.lake_url).success
    with in_force(also(deployment, REFI_ENGINE="duckdb")):
        assert run_job(deployment.lake_url).success
        open_lake(deployment.lake_url).put_json("runs/killed/raw/x.json", {})
        assert clean_up(open_lake(deployment.lake_url), 400, timedelta(0)) == 1
    command(deployment, tmp_path, "doctor")
    command(also(deployment, REFI_CATALOG_MODE="crawler"), tmp_path, "doctor")
    command(deployment, tmp_path, "explain", "B001")
    interrupt_a_query(aws, deployment)
    raise_an_alert(deployment)
    keep_logs(deployment, tmp_path)


def interrupt_a_query(aws: Aws, deployment: Deployment) -> None:
    aws.faults(Fault("athena:StartQueryExecution", outcome="RUNNING"))
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(3)
    try:
        with in_force(deployment), pytest.raises(KeyboardInterrupt):
            AthenaEngine(deployment.lake, settings()).session([]).query(exp.select("1 AS one"))
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def raise_an_alert(deployment: Deployment) -> None:
    with in_force(deployment), dg.DagsterInstance.ephemeral() as instance:
        failed = run_job(deployment.lake_url, date(2001, 1, 1), instance=instance)
        assert not failed.success
        found = definitions()
        context = dg.build_sensor_context(instance, definitions=found)
        found.resolve_sensor_def("alerts").evaluate_tick(context)


def keep_logs(deployment: Deployment, tmp_path: Path) -> None:
    """As the production instance does, whose setting is logs/ in the lake."""
    bucket, _, root = deployment.lake_url.removeprefix("s3://").partition("/")
    with in_force(deployment):
        manager: Any = S3ComputeLogManager(bucket=bucket, prefix=f"{root}/logs", local_dir=str(tmp_path / "logs"))
        with manager.capture_logs(["run", "step"]):
            print("said")
        manager.local_manager.delete_logs(log_key=["run", "step"])
        assert b"said" in (manager.get_log_data(["run", "step"]).stdout or b"")


def test_the_pipelines_policy_allows_what_it_does_and_nothing_that_it_does_not(
    athena: Aws, deployment: Deployment, tmp_path: Path
) -> None:
    do_everything(athena, deployment, tmp_path)

    bucket, _, root = deployment.lake_url.removeprefix("s3://").partition("/")
    policy = rendered_policies(
        tmp_path / "terraform",
        bucket=bucket,
        root=f"{root}/",
        database=deployment.env["REFI_GLUE_DATABASE"],
        workgroup="primary",
        queue=deployment.env["REFI_ARRIVALS_QUEUE_URL"].rsplit("/", 1)[1],
        topic=deployment.env["REFI_ALERTS_TOPIC_ARN"].rsplit(":", 1)[1],
        crawler=deployment.env["REFI_GLUE_CRAWLER"],
        metrics_namespace=NAMESPACE,
    )["pipeline"]
    made = calls(athena.requests())
    assert [str(call) for call in denied(policy, made)] == []
    assert [one for one in unused(policy, made) if not one.startswith("Behind")] == []
    assert [statement.sid for statement in on_all_resources(policy)] == ["SendMetrics"]
