"""refi doctor: a healthy deployment, and the message of each problem."""

import json
import logging
from pathlib import Path

import pytest
from typer.testing import CliRunner

from refi_assets.cli import doctor_steps
from refi_assets.cli.commands import app
from refi_assets.settings import forget_settings
from tests.engines.deployments import on_s3
from tests.fakes.aws import Aws
from tests.fakes.aws_requests import ACCOUNT
from tests.fakes.faults import Fault
from tests.fakes.mail_server import mail_server
from tests.fakes.mailbox import Mailbox
from tests.support.lender import lender, write
from tests.support.running import ingest

AWS_STEPS = ("credentials", "database", "crawler", "workgroup", "queue", "topic")
LAKE_STEPS = ("lake list", "lake write", "lake read", "lake conditional put", "duckdb", "lake delete")
NOBODY = "http://127.0.0.1:9"  # the port of the discard service, which is off on every machine


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    ingest(tmp_path / "lake", write(lender(), tmp_path / "source"))
    return tmp_path / "lake"


@pytest.fixture
def doctor(environment: dict[str, str], lake: Path, monkeypatch: pytest.MonkeyPatch):
    """`refi doctor --json` in this process: step -> its state and text. The exit code must agree."""

    def call(**variables: str) -> dict[str, tuple[str, str]]:
        with monkeypatch.context() as patch:
            for name, value in ({"REFI_LAKE_URL": str(lake), "REFI_API_PORT": "0"} | variables).items():
                patch.setenv(name, value)
            patch.setenv("DAGSTER_HOME", environment["DAGSTER_HOME"])
            forget_settings()
            result = CliRunner().invoke(app, ["doctor", "--json"])
        logging.disable(logging.NOTSET)
        forget_settings()
        assert result.stderr == ""
        report = json.loads(result.stdout)
        steps = {step["step"]: (step["state"], f"{step['said']} {step['mend'] or ''}") for step in report["steps"]}
        assert report["ok"] == all(state != "wrong" for state, _ in steps.values())
        assert result.exit_code == (0 if report["ok"] else 1)
        return steps

    return call


def states(steps: dict[str, tuple[str, str]], *names: str) -> dict[str, str]:
    return {name: steps[name][0] for name in names}


def test_a_lake_in_a_folder_is_well_and_unset_services_are_skipped(refi, doctor, lake):
    before = sorted(lake.rglob("*"))

    steps = doctor()

    assert states(steps, "settings", "packages", *LAKE_STEPS, "dagster") == dict.fromkeys(
        ["settings", "packages", *LAKE_STEPS, "dagster"], "ok"
    )
    assert states(steps, *AWS_STEPS, "trino", "spark") == dict.fromkeys([*AWS_STEPS, "trino", "spark"], "skipped")
    assert "REFI_ALERTS_TOPIC_ARN is not set" in steps["topic"][1]
    assert "borrower_information" in steps["lake list"][1]
    assert sorted(path for path in lake.rglob("*") if path.is_file()) == [p for p in before if p.is_file()]
    shown = refi("doctor", REFI_LAKE_URL=str(lake), REFI_API_PORT="0").stdout
    assert "ok       lake conditional put" in shown
    assert shown.endswith("All is well.\n")


def test_a_missing_folder_is_reported_by_the_first_step_and_the_rest_are_skipped(refi, doctor, tmp_path):
    steps = doctor(REFI_LAKE_URL=str(tmp_path / "nowhere"))

    assert states(steps, *LAKE_STEPS) == {**dict.fromkeys(LAKE_STEPS, "skipped"), "lake list": "wrong"}
    assert f"There is no lake {tmp_path / 'nowhere'}" in steps["lake list"][1]
    assert steps["duckdb"][1].startswith("fix lake list first")
    shown = refi("doctor", check=1, REFI_LAKE_URL=str(tmp_path / "nowhere"), REFI_API_PORT="0").stdout
    assert shown.endswith("1 wrong.\n")


def test_a_folder_without_write_permission_is_reported(doctor, lake):
    (lake / "runs").write_text("a file where a folder should be")
    steps = doctor()
    assert states(steps, "lake list", "lake write", "lake read") == {
        "lake list": "ok",
        "lake write": "wrong",
        "lake read": "skipped",
    }
    assert "this user must be allowed to read and write" in steps["lake write"][1]


def test_a_wrong_setting_is_reported_and_nothing_else_is_tried(doctor):
    steps = doctor(REFI_THREADS="many")
    assert steps.pop("settings")[0] == "wrong"
    assert {state for state, _ in steps.values()} == {"skipped"}


def test_a_missing_policy_file_is_named(doctor):
    state, message = doctor(REFI_POLICY_FILE="/no/such/policy.yaml")["settings"]
    assert state == "wrong"
    assert "/no/such/policy.yaml" in message


def test_an_instance_that_does_not_open_is_reported_with_its_file(doctor, environment):
    Path(environment["DAGSTER_HOME"], "dagster.yaml").write_text("storage:\n  mysqlite: {}\n")
    state, message = doctor()["dagster"]
    assert state == "wrong"
    assert f"{environment['DAGSTER_HOME']}/dagster.yaml" in message


# AWS


def test_missing_credentials_are_reported_with_the_fix_and_dependent_steps_are_skipped(doctor, ambient_aws):
    no_keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "REFI_ALERTS_TOPIC_ARN": "arn:aws:sns:x:1:y"}
    steps = doctor(**no_keys)
    assert steps["credentials"][0] == "wrong"
    assert "there are no credentials. Give this process a role, or set AWS_PROFILE" in steps["credentials"][1]
    assert steps["topic"] == ("skipped", "fix credentials first ")
    assert steps["lake list"][0] == "ok", "a folder needs no credentials"


def test_an_unreachable_endpoint_is_named(doctor, ambient_aws):
    steps = doctor(AWS_ENDPOINT_URL=NOBODY, REFI_METRICS_NAMESPACE="refi")
    assert steps["credentials"][0] == "wrong"
    assert NOBODY in steps["credentials"][1]
    assert "AWS_ENDPOINT_URL" in steps["credentials"][1]


def test_a_topic_must_exist_and_have_a_subscriber(doctor, ambient_aws: Aws):
    mailbox = Mailbox(ambient_aws)
    unsubscribed = ambient_aws.client("sns").create_topic(Name=ambient_aws.new_name("unsubscribed"))["TopicArn"]

    steps = doctor(REFI_ALERTS_TOPIC_ARN=mailbox.topic)
    assert states(steps, "credentials", "topic") == {"credentials": "ok", "topic": "ok"}
    assert f"arn:aws:sts::{ACCOUNT}" in steps["credentials"][1]
    assert mailbox.read() == [], "nothing is published"
    state, message = doctor(REFI_ALERTS_TOPIC_ARN=unsubscribed)["topic"]
    assert state == "wrong"
    assert "nobody has subscribed" in message
    state, message = doctor(REFI_ALERTS_TOPIC_ARN=f"{mailbox.topic}-gone")["topic"]
    assert state == "wrong"
    assert f"topic {mailbox.topic}-gone: NotFound" in message
    assert "correct REFI_ALERTS_TOPIC_ARN" in message


def test_the_mail_server_is_tried_without_sending(doctor):
    assert doctor()["mail"] == ("skipped", "REFI_SMTP_URL is not set: no alert is sent by mail ")
    to = {"REFI_ALERTS_MAIL_FROM": "refi@example.com", "REFI_ALERTS_MAIL_TO": "risk@example.com"}
    with mail_server() as server:
        url = f"smtp+plain://127.0.0.1:{server.port}"
        assert doctor(REFI_SMTP_URL=url, **to)["mail"] == ("ok", "sending to risk@example.com is not tried ")
        assert server.mails == []
    state, message = doctor(REFI_SMTP_URL=url, **to)["mail"]
    assert state == "wrong"
    assert "Connection refused" in message
    assert "Correct REFI_SMTP_URL" in message


def test_no_error_shows_a_secret(refi, aws: Aws):
    env = {
        **on_s3(aws, "trino").env,
        "REFI_TRINO_URL": "https://refi:a-trino-password@127.0.0.1:9/hive/refi",
        "REFI_ALERTS_TOPIC_ARN": f"arn:aws:sns:us-east-1:{ACCOUNT}:a-secret-of-the-test",
        "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-test",
        "AWS_SESSION_TOKEN": "a-token-of-the-test",
    }
    for arguments in (["doctor"], ["doctor", "--json"]):
        done = refi(*arguments, check=1, **env)
        assert "127.0.0.1:9" in done.stdout
        for secret in ("a-secret-of-the-test", "a-token-of-the-test", "a-trino-password"):
            assert secret not in done.stdout + done.stderr


def on_athena(aws: Aws) -> dict[str, str]:
    """The variables of a healthy deployment: a lake on S3 with Athena, a crawler and a queue."""
    deployment = on_s3(aws, "athena")
    crawler, queue_name = aws.new_name("crawler"), aws.new_name("arrivals")
    targets = {"S3Targets": [{"Path": f"{deployment.lake_url}/raw/"}]}
    aws.client("glue").create_crawler(Name=crawler, Role="refi", Targets=targets)
    queue = aws.client("sqs").create_queue(QueueName=queue_name)["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="a file has arrived")
    return {
        **deployment.env,
        "REFI_CATALOG_MODE": "crawler",
        "REFI_GLUE_CRAWLER": crawler,
        "REFI_ARRIVALS_QUEUE_URL": queue,
        "REFI_ALERTS_TOPIC_ARN": Mailbox(aws).topic,
    }


def test_each_missing_aws_resource_is_named_with_its_setting(doctor, aws: Aws):
    everything = on_athena(aws)
    missing = {
        "REFI_LAKE_URL": "s3://no-such-bucket/lake",
        "REFI_ARRIVALS_QUEUE_URL": f"{everything['REFI_ARRIVALS_QUEUE_URL']}-gone",
        "REFI_GLUE_DATABASE": "no_such_database",
        "REFI_GLUE_CRAWLER": "no-such-crawler",
        "REFI_ATHENA_WORKGROUP": "no-such-workgroup",
    }

    steps = doctor(**everything | missing)

    for step, setting, name in (
        ("lake list", "REFI_LAKE_URL", "s3://no-such-bucket/lake: NoSuchBucket"),
        ("queue", "REFI_ARRIVALS_QUEUE_URL", "-gone: "),
        ("database", "REFI_GLUE_DATABASE", "database no_such_database: EntityNotFoundException"),
        ("crawler", "REFI_GLUE_CRAWLER", "crawler no-such-crawler: EntityNotFoundException"),
        (
            "workgroup",
            "REFI_ATHENA_WORKGROUP",
            "workgroup no-such-workgroup: An error occurred (InvalidRequestException)",
        ),
    ):
        state, message = steps[step]
        assert state == "wrong"
        assert name in message
        assert f"correct {setting}" in message
    assert states(steps, "credentials", "topic", "dagster") == {"credentials": "ok", "topic": "ok", "dagster": "ok"}


def test_an_unreachable_s3_is_reported_differently_from_a_missing_bucket(doctor, aws: Aws):
    steps = doctor(**on_athena(aws), AWS_ENDPOINT_URL_S3=NOBODY)
    assert states(steps, *LAKE_STEPS) == {**dict.fromkeys(LAKE_STEPS, "skipped"), "lake list": "wrong"}
    assert "this machine's network can reach it" in steps["lake list"][1]
    assert steps["database"][0] == "ok"


def test_a_missing_permission_is_reported_by_its_name_in_iam(doctor, aws: Aws):
    for service, status, code in (
        ("s3", 403, "AccessDenied"),
        ("glue", 400, "AccessDeniedException"),
        ("athena", 400, "AccessDeniedException"),
        ("sqs", 400, "AccessDeniedException"),
        ("sns", 403, "AuthorizationError"),
    ):
        aws.faults(Fault(f"{service}:.*", count=100, status=status, code=code, message="User: x is not authorized"))

    steps = doctor(**on_athena(aws))

    for step, action in (
        ("lake list", "s3:ListBucket"),
        ("database", "glue:GetDatabase"),
        ("crawler", "glue:GetCrawler"),
        ("workgroup", "athena:StartQueryExecution"),
        ("queue", "sqs:GetQueueAttributes"),
        ("topic", "sns:ListSubscriptionsByTopic"),
    ):
        state, message = steps[step]
        assert state == "wrong"
        assert f"Allow {action}" in message
        assert "to this role" in message


# Engines


def test_a_lake_on_s3_with_athena_is_well_and_the_steps_leave_nothing_behind(doctor, athena: Aws):
    everything = on_athena(athena)

    steps = doctor(**everything)

    names = ["settings", "packages", *AWS_STEPS, *LAKE_STEPS, "dagster"]
    assert states(steps, *names) == dict.fromkeys(names, "ok")
    assert steps["trino"] == ("skipped", "REFI_ENGINE is athena ")
    assert steps["workgroup"] == ("ok", "primary answers a query ")
    assert [request["status"] for request in athena.requests() if request["operation"] == "StartQueryExecution"] == [
        200
    ]
    bucket = everything["REFI_LAKE_URL"].split("/")[2]
    keys = [item["Key"] for item in athena.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert [key for key in keys if not key.startswith("lender/athena/")] == [], "only Athena's result stays"
    (message,) = athena.client("sqs").receive_message(
        QueueUrl=everything["REFI_ARRIVALS_QUEUE_URL"], AttributeNames=["All"]
    )["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1", "the doctor did not receive it"


def test_a_query_that_does_not_end_is_stopped_and_reported(doctor, athena: Aws, monkeypatch):
    monkeypatch.setattr(doctor_steps, "QUERY_SECONDS", 2)
    athena.faults(Fault("athena:StartQueryExecution", outcome="RUNNING"))

    state, message = doctor(**on_athena(athena))["workgroup"]

    assert state == "wrong"
    assert "did not end within 2 s" in message
    assert [request["status"] for request in athena.requests() if request["operation"] == "StopQueryExecution"] == [200]


def test_trino_must_answer_a_query_of_one_row(doctor, trino: Aws):
    engine = on_s3(trino, "trino").env
    address = f"http://127.0.0.1:{trino.trino_port}"
    assert doctor(**engine)["trino"] == ("ok", f"{address} answers a query ")

    state, message = doctor(**{**engine, "REFI_TRINO_URL": "http://refi@127.0.0.1:9/hive/refi"})["trino"]
    assert state == "wrong"
    assert "http://127.0.0.1:9: Trino at 127.0.0.1: " in message
    assert "Check REFI_TRINO_URL" in message


def test_an_engine_that_cannot_read_the_lake_is_wrong(doctor, ambient_aws):
    state, message = doctor(REFI_ENGINE="trino", REFI_TRINO_URL="http://refi@127.0.0.1:9/hive/refi")["trino"]
    assert state == "wrong"
    assert "trino reads a lake on S3, but this lake is the folder" in message
