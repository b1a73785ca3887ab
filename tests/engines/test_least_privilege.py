"""The pipeline's role may make exactly the calls that the pipeline makes: recorded calls against its policy."""

import signal
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.s3 import S3ComputeLogManager
from sqlglot import exp
from typer.testing import CliRunner

from refi_assets.cli.commands import app
from refi_assets.defs.refi import REFI
from refi_assets.engines.athena import AthenaEngine
from refi_assets.engines.settings import EngineSettings
from refi_assets.errors import LakeError
from refi_assets.lake import Relation, open_lake
from refi_assets.orchestration.automation import tick
from refi_assets.orchestration.partitions import now
from refi_assets.orchestration.resources import EngineResource, LakeResource
from refi_assets.publishing.retention import clean_up
from refi_assets.settings import settings_of
from tests.engines.deployments import Deployment, in_force
from tests.fakes.aws import Aws
from tests.fakes.faults import Fault
from tests.fakes.iam import denied, on_all_resources, unused
from tests.fakes.privilege import NAMESPACE, calls
from tests.fakes.terraform import ACCOUNT, DEPLOYMENTS, Policies
from tests.support.lender import lender, write
from tests.support.running import DAY, definitions, ingest, run_job

DEPLOYMENT = "of the test of least privilege"
NAMES = DEPLOYMENTS[DEPLOYMENT]


@pytest.fixture
def deployment(athena: Aws) -> Deployment:
    """A deployment with all options, by the names in its policy: a crawler, a queue, a topic, metrics, a secret."""
    lake_url = f"s3://{NAMES.bucket}/{NAMES.root.rstrip('/')}"
    athena.client("s3").create_bucket(Bucket=NAMES.bucket)
    database = {"Name": NAMES.database, "LocationUri": f"s3://{NAMES.bucket}/{NAMES.database}/"}
    athena.client("glue").create_database(DatabaseInput=database)
    queue = athena.client("sqs").create_queue(QueueName=NAMES.queue)["QueueUrl"]
    topic = athena.client("sns").create_topic(Name=NAMES.topic)["TopicArn"]
    athena.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.com")
    athena.client("glue").create_crawler(
        Name=NAMES.crawler,
        Role=f"arn:aws:iam::{ACCOUNT}:role/crawler",
        DatabaseName=NAMES.database,
        TablePrefix="crawled_",
        Targets={"S3Targets": [{"Path": f"{lake_url}/raw/"}]},
    )
    secret = athena.client("secretsmanager").create_secret(Name="least-privilege-masking", SecretString="k" * 32)
    env = {
        **athena.env,
        "REFI_LAKE_URL": lake_url,
        "REFI_ENGINE": "athena",
        "REFI_GLUE_DATABASE": NAMES.database,
        "REFI_ARRIVALS_QUEUE_URL": queue,
        "REFI_ALERTS_TOPIC_ARN": topic,
        "REFI_GLUE_CRAWLER": str(NAMES.crawler),
        "REFI_METRICS_NAMESPACE": NAMESPACE,
        "REFI_MASKING_SECRET": secret["ARN"],
        "REFI_KEEP_RUNS": "1",
    }
    return Deployment(lake_url, env)


def with_settings(deployment: Deployment, **variables: str) -> Deployment:
    return Deployment(deployment.lake_url, {**deployment.env, **variables})


def refi(deployment: Deployment, *arguments: str) -> None:
    with in_force(deployment):
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output


def do_everything(aws: Aws, deployment: Deployment, tmp_path: Path) -> None:
    """Everything that a deployment does in its life, once."""
    rows = lender()
    with in_force(deployment):
        ingest(deployment.lake_url, write(rows, tmp_path / "first"))
        assert run_job(deployment.lake_url).success
        rows["loan_information"][0]["current_interest_rate"] = "7.125"
        rows["market_equity"].append(
            {**rows["market_equity"][0], "property_id": "P\r\n1"}
        )  # is copied because it is not clean
        for source, records in rows.items():
            write({source: records}, tmp_path / "second" / source)
        ingest(deployment.lake_url, tmp_path / "second", replace=True)
        queue = deployment.env["REFI_ARRIVALS_QUEUE_URL"]
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody="about no file, so deleted at once")
        tick(REFI, None, LakeResource(url=deployment.lake_url), now())
        with suppress(LakeError):  # a failing upload in parts
            aws.faults(Fault("s3:UploadPart", count=100, status=400, code="AccessDenied"))
            with open_lake(deployment.lake_url).new_file("raw/large.csv") as path:
                path.write_bytes(b"x" * 30_000_000)
        aws.clear_faults()
        with open_lake(deployment.lake_url).new_file("raw/large.csv") as path:
            path.write_bytes(b"x" * 30_000_000)
        open_lake(deployment.lake_url).delete(["raw/large.csv"])
    with in_force(with_settings(deployment, REFI_CATALOG_MODE="crawler")):
        assert run_job(deployment.lake_url).success
    with in_force(with_settings(deployment, REFI_ENGINE="duckdb")):
        assert run_job(deployment.lake_url).success
        open_lake(deployment.lake_url).put_json("runs/killed/raw/x/data.json", {})
        assert clean_up(open_lake(deployment.lake_url), 400, timedelta(0)) == 1
    publish_a_relation_of_another_domain(deployment)
    run_jobs_after_runs(deployment)
    refi(deployment, "doctor")
    refi(with_settings(deployment, REFI_CATALOG_MODE="crawler"), "doctor")
    refi(deployment, "explain", "B001")
    interrupt_a_query(aws, deployment)
    raise_an_alert(deployment)
    keep_logs(deployment, tmp_path)


def publish_a_relation_of_another_domain(deployment: Deployment) -> None:
    with in_force(deployment):
        engine = AthenaEngine(deployment.lake, settings_of(EngineSettings))
        draft = Relation(key="silver/customer", run_id="r1", as_of=DAY, kind="table")
        engine.publish([engine.session([]).create(draft, exp.select("1 AS one"))], {})


def run_jobs_after_runs(deployment: Deployment) -> None:
    with in_force(deployment):
        resources = {"lake": LakeResource(url=deployment.lake_url), "engine": EngineResource()}
        for job in ("mask", "clean_up"):
            assert definitions().resolve_job_def(job).execute_in_process(resources=resources).success


def interrupt_a_query(aws: Aws, deployment: Deployment) -> None:
    aws.faults(Fault("athena:StartQueryExecution", outcome="RUNNING"))
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(3)
    try:
        with in_force(deployment), pytest.raises(KeyboardInterrupt):
            AthenaEngine(deployment.lake, settings_of(EngineSettings)).session([]).query(exp.select("1 AS one"))
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def raise_an_alert(deployment: Deployment) -> None:
    with in_force(deployment), dg.DagsterInstance.ephemeral() as instance:
        failed = run_job(deployment.lake_url, date(2001, 1, 1), instance=instance)
        assert not failed.success
        project = definitions()
        context = dg.build_sensor_context(instance, definitions=project)
        project.resolve_sensor_def("alerts").evaluate_tick(context)


def keep_logs(deployment: Deployment, tmp_path: Path) -> None:
    """As the production instance does, with logs/ in the lake as its prefix."""
    bucket, _, root = deployment.lake_url.removeprefix("s3://").partition("/")
    with in_force(deployment):
        manager: Any = S3ComputeLogManager(bucket=bucket, prefix=f"{root}/logs", local_dir=str(tmp_path / "logs"))
        with manager.capture_logs(["run", "step"]):
            print("output")
        manager.local_manager.delete_logs(log_key=["run", "step"])
        assert b"output" in (manager.get_log_data(["run", "step"]).stdout or b"")


def test_the_pipelines_policy_allows_exactly_the_calls_that_it_makes(
    athena: Aws,
    deployment: Deployment,
    role_policies: dict[str, Policies],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    do_everything(athena, deployment, tmp_path)

    policy = role_policies[DEPLOYMENT]["pipeline"]
    made = calls(athena.requests())
    assert [str(call) for call in denied(policy, made)] == []
    assert [action for action in unused(policy, made) if not action.startswith("Behind")] == []
    assert [statement.sid for statement in on_all_resources(policy)] == ["SendMetrics"]
