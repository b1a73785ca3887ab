"""refi doctor: a deployment that is well, and each way in which one may not be, with what is said of it."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.aws import ACCOUNT, Mailbox, aws_server
from tests.lender import lender, write
from tests.running import ingest

AWS_STEPS = ("credentials", "database", "crawler", "workgroup", "queue", "topic")
LAKE_STEPS = ("lake list", "lake write", "lake read", "lake conditional put", "duckdb", "lake delete")
NOBODY = "http://127.0.0.1:9"  # the port of the service that throws everything away, which no machine has on


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    with aws_server() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield environment


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    ingest(tmp_path / "lake", write(lender(), tmp_path / "source"))
    return tmp_path / "lake"


@pytest.fixture
def doctor(refi, lake: Path):
    """`refi doctor --json`: by step, the state and all that is said. The exit code must agree."""

    def call(**environment: str) -> dict[str, tuple[str, str]]:
        done = refi("doctor", "--json", check=None, **({"REFI_LAKE_URL": str(lake)} | environment))
        assert "Traceback" not in done.stderr
        found = json.loads(done.stdout)
        steps = {one["step"]: (one["state"], f"{one['said']} {one['mend'] or ''}") for one in found["steps"]}
        assert found["ok"] == all(state != "wrong" for state, _ in steps.values())
        assert done.returncode == (0 if found["ok"] else 1)
        return steps

    return call


def states(found: dict[str, tuple[str, str]], *names: str) -> dict[str, str]:
    return {name: found[name][0] for name in names}


def test_of_a_lake_in_a_folder_all_is_well_and_what_is_not_set_is_skipped(refi, doctor, lake):
    before = sorted(lake.rglob("*"))

    found = doctor()

    assert states(found, "settings", "packages", *LAKE_STEPS, "dagster") == dict.fromkeys(
        ["settings", "packages", *LAKE_STEPS, "dagster"], "ok"
    )
    assert states(found, *AWS_STEPS, "trino") == dict.fromkeys([*AWS_STEPS, "trino"], "skipped")
    assert "REFI_ALERTS_TOPIC_ARN is not set" in found["topic"][1]
    assert "borrower_information" in found["lake list"][1]
    assert sorted(path for path in lake.rglob("*") if path.is_file()) == [p for p in before if p.is_file()]
    shown = refi("doctor", REFI_LAKE_URL=str(lake)).stdout
    assert "ok       lake conditional put" in shown
    assert shown.endswith("All is well.\n")


def test_of_a_folder_that_is_not_there_the_first_step_says_so_and_the_rest_wait(refi, doctor, tmp_path):
    found = doctor(REFI_LAKE_URL=str(tmp_path / "nowhere"))

    assert states(found, *LAKE_STEPS) == {**dict.fromkeys(LAKE_STEPS, "skipped"), "lake list": "wrong"}
    assert f"There is no lake {tmp_path / 'nowhere'}" in found["lake list"][1]
    assert found["duckdb"][1].startswith("lake list comes first")
    shown = refi("doctor", check=1, REFI_LAKE_URL=str(tmp_path / "nowhere")).stdout
    assert shown.endswith("1 wrong.\n")


def test_a_folder_in_which_nothing_can_be_written_is_found(doctor, lake):
    (lake / "runs").write_text("a file where a folder should be")
    found = doctor()
    assert states(found, "lake list", "lake write", "lake read") == {
        "lake list": "ok",
        "lake write": "wrong",
        "lake read": "skipped",
    }
    assert "this user must be allowed to read and write" in found["lake write"][1]


def test_a_wrong_setting_is_named_and_nothing_else_is_tried(doctor):
    found = doctor(REFI_THREADS="many")
    assert found.pop("settings")[0] == "wrong"
    assert {state for state, _ in found.values()} == {"skipped"}


def test_a_policy_that_is_not_there_is_named(doctor):
    state, said = doctor(REFI_POLICY_FILE="/no/such/policy.yaml")["settings"]
    assert state == "wrong"
    assert "/no/such/policy.yaml" in said


def test_an_instance_that_does_not_open_is_named_with_its_file(doctor, environment):
    Path(environment["DAGSTER_HOME"], "dagster.yaml").write_text("storage:\n  mysqlite: {}\n")
    state, said = doctor()["dagster"]
    assert state == "wrong"
    assert f"{environment['DAGSTER_HOME']}/dagster.yaml" in said


# AWS


def test_without_credentials_the_message_says_how_to_give_some_and_what_needs_them_waits(doctor, aws):
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "REFI_ALERTS_TOPIC_ARN": "arn:aws:sns:x:1:y"}
    found = doctor(**aws | nobody)
    assert found["credentials"][0] == "wrong"
    assert "there are no credentials. Give this process a role, or set AWS_PROFILE" in found["credentials"][1]
    assert found["topic"] == ("skipped", "credentials comes first ")
    assert found["lake list"][0] == "ok", "a folder needs none"


def test_an_endpoint_that_does_not_answer_is_named(doctor, aws):
    found = doctor(**aws | {"AWS_ENDPOINT_URL": NOBODY, "REFI_METRICS_NAMESPACE": "refi"})
    assert found["credentials"][0] == "wrong"
    assert NOBODY in found["credentials"][1]
    assert "AWS_ENDPOINT_URL" in found["credentials"][1]


def test_a_topic_must_be_there_and_have_somebody_who_hears_it(doctor, aws):
    mailbox = Mailbox("doctor")
    deaf = boto3.Session().client("sns").create_topic(Name="deaf")["TopicArn"]

    found = doctor(**aws, REFI_ALERTS_TOPIC_ARN=mailbox.topic)
    assert states(found, "credentials", "topic") == {"credentials": "ok", "topic": "ok"}
    assert f"arn:aws:sts::{ACCOUNT}" in found["credentials"][1]
    assert mailbox.read() == [], "nothing is published"
    state, said = doctor(**aws, REFI_ALERTS_TOPIC_ARN=deaf)["topic"]
    assert state == "wrong"
    assert "nobody has subscribed" in said
    state, said = doctor(**aws, REFI_ALERTS_TOPIC_ARN=f"{mailbox.topic}-gone")["topic"]
    assert state == "wrong"
    assert f"topic {mailbox.topic}-gone: NotFound" in said
    assert "correct REFI_ALERTS_TOPIC_ARN" in said


def test_no_secret_is_shown_whatever_goes_wrong(refi, aws, lake):
    wrong = {
        "REFI_ENGINE": "trino",
        "REFI_TRINO_URL": "https://refi:a-trino-password@127.0.0.1:9/hive/refi",
        "REFI_ALERTS_TOPIC_ARN": f"arn:aws:sns:us-east-1:{ACCOUNT}:a-secret-of-the-test",
        "AWS_SESSION_TOKEN": "a-token-of-the-test",
    }
    for arguments in (["doctor"], ["doctor", "--json"]):
        done = refi(*arguments, check=1, **aws, **wrong, REFI_LAKE_URL=str(lake))
        assert "127.0.0.1:9" in done.stdout
        for secret in ("a-secret-of-the-test", "a-token-of-the-test", "a-trino-password"):
            assert secret not in done.stdout + done.stderr


@pytest.fixture
def athena(aws: dict[str, str]) -> dict[str, str]:
    """A lake on S3 with Athena, a crawler and a queue, where all is well: the environment that leads there."""
    session = boto3.Session()
    session.client("s3").create_bucket(Bucket="lender")
    glue = session.client("glue")
    glue.create_database(DatabaseInput={"Name": "refi_ready_db"})
    glue.create_crawler(Name="refi", Role="refi", Targets={"S3Targets": [{"Path": "s3://lender/lake/raw/"}]})
    queue = session.client("sqs").create_queue(QueueName="arrivals")["QueueUrl"]
    session.client("sqs").send_message(QueueUrl=queue, MessageBody="a file has arrived")
    return aws | {
        "REFI_LAKE_URL": "s3://lender/lake",
        "REFI_ENGINE": "athena",
        "REFI_CATALOG_MODE": "crawler",
        "REFI_GLUE_CRAWLER": "refi",
        "REFI_ARRIVALS_QUEUE_URL": queue,
        "REFI_ALERTS_TOPIC_ARN": Mailbox("lender").topic,
    }


def answer_with(aws: dict[str, str], value: str) -> None:
    """Let the next query of Athena have one row with this value."""
    result = {
        "rows": [{"Data": [{"VarCharValue": "_col0"}]}, {"Data": [{"VarCharValue": value}]}],
        "column_info": [{"Name": "_col0", "Label": "_col0", "Type": "integer", "Nullable": "UNKNOWN"}],
    }
    body = json.dumps({"account_id": ACCOUNT, "region": "us-east-1", "results": [result]}).encode()
    address = f"{aws['AWS_ENDPOINT_URL']}/moto-api/static/athena/query-results"
    urllib.request.urlopen(urllib.request.Request(address, body, {"Content-Type": "application/json"})).close()


def test_of_a_lake_on_s3_with_athena_all_is_well_and_nothing_of_ours_is_left_behind(doctor, athena):
    answer_with(athena, "1")

    found = doctor(**athena)

    wanted = ["settings", "packages", *AWS_STEPS, *LAKE_STEPS, "dagster"]
    assert states(found, *wanted) == dict.fromkeys(wanted, "ok")
    assert found["trino"] == ("skipped", "REFI_ENGINE is athena ")
    assert found["workgroup"][1] == "primary answers SELECT 1; results go to s3://lender/lake/athena/ "
    session = boto3.Session()
    left = [one["Key"] for one in session.client("s3").list_objects_v2(Bucket="lender")["Contents"]]
    assert [key for key in left if not key.startswith("lake/athena/")] == [], "but what Athena answered"
    queue = athena["REFI_ARRIVALS_QUEUE_URL"]
    (message,) = session.client("sqs").receive_message(QueueUrl=queue, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1", "it was not received before"


def test_each_thing_of_aws_that_is_not_there_is_named_with_its_setting(doctor, athena):
    gone = {
        "REFI_LAKE_URL": "s3://no-such-bucket/lake",
        "REFI_ARRIVALS_QUEUE_URL": f"{athena['REFI_ARRIVALS_QUEUE_URL']}-gone",
        "REFI_GLUE_DATABASE": "no_such_database",
        "REFI_GLUE_CRAWLER": "no-such-crawler",
        "REFI_ATHENA_WORKGROUP": "no-such-workgroup",
    }

    found = doctor(**athena | gone)

    for step, setting, name in (
        ("lake list", "REFI_LAKE_URL", "s3://no-such-bucket/lake: NoSuchBucket"),
        ("queue", "REFI_ARRIVALS_QUEUE_URL", "arrivals-gone: "),
        ("database", "REFI_GLUE_DATABASE", "database no_such_database: EntityNotFoundException"),
        ("crawler", "REFI_GLUE_CRAWLER", "crawler no-such-crawler: EntityNotFoundException"),
        ("workgroup", "REFI_ATHENA_WORKGROUP", "workgroup no-such-workgroup: InvalidRequestException"),
    ):
        state, said = found[step]
        assert state == "wrong"
        assert name in said
        assert f"correct {setting}" in said
    assert states(found, "credentials", "topic", "dagster") == {"credentials": "ok", "topic": "ok", "dagster": "ok"}


def test_an_s3_that_does_not_answer_is_told_apart_from_a_bucket_that_is_not_there(doctor, athena):
    found = doctor(**athena | {"AWS_ENDPOINT_URL_S3": NOBODY})
    assert states(found, *LAKE_STEPS) == {**dict.fromkeys(LAKE_STEPS, "skipped"), "lake list": "wrong"}
    assert "the network lets this machine there" in found["lake list"][1]
    assert found["database"][0] == "ok"


def test_an_athena_that_answers_something_else_is_wrong(doctor, athena):
    answer_with(athena, "2")
    state, said = doctor(**athena)["workgroup"]
    assert state == "wrong"
    assert "SELECT 1 was answered by (2,)" in said


def test_what_iam_does_not_allow_is_named_as_iam_names_it(doctor, athena):
    """moto asks IAM from the next call on: of an identity that may do nothing but be asked who it is."""
    iam = boto3.Session().client("iam")
    iam.create_user(UserName="analyst")
    allowed = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="analyst", PolicyName="who-am-i", PolicyDocument=policy)
    key = iam.create_access_key(UserName="analyst")["AccessKey"]
    who = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    ask_iam(athena, after=0)
    try:
        found = doctor(**athena | who)
    finally:
        ask_iam(athena, after=10**9)

    for step, action in (
        ("lake list", "s3:ListBucket"),
        ("database", "glue:GetDatabase"),
        ("queue", "sqs:GetQueueAttributes"),
        ("topic", "sns:ListSubscriptionsByTopic"),
    ):
        state, said = found[step]
        assert state == "wrong"
        assert f"Allow {action} to this role" in said


def ask_iam(aws: dict[str, str], *, after: int) -> None:
    address = f"{aws['AWS_ENDPOINT_URL']}/moto-api/reset-auth"
    urllib.request.urlopen(urllib.request.Request(address, str(after).encode(), {"Content-Type": "text/plain"})).close()


# Trino


class TrinoServer(BaseHTTPRequestHandler):
    """Answers every statement with one row, as Trino's protocol has it."""

    answer = 1

    def do_POST(self) -> None:
        answer: dict[str, Any] = {
            "id": "20260220_120000_00000_abcde",
            "infoUri": "http://127.0.0.1/",
            "columns": [{"name": "_col0", "type": "integer", "typeSignature": {"rawType": "integer", "arguments": []}}],
            "data": [[self.answer]],
            "stats": {"state": "FINISHED"},
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def trino_port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), TrinoServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def test_trino_must_answer_a_query_of_one_row(doctor, trino_port):
    engine = {"REFI_ENGINE": "trino", "REFI_TRINO_URL": f"http://refi@127.0.0.1:{trino_port}/hive/refi"}
    assert doctor(**engine)["trino"] == ("ok", f"http://127.0.0.1:{trino_port} answers SELECT 1 ")

    state, said = doctor(**engine | {"REFI_TRINO_URL": "http://refi@127.0.0.1:9/hive/refi"})["trino"]
    assert state == "wrong"
    assert "http://127.0.0.1:9" in said
    assert "Check REFI_TRINO_URL" in said
