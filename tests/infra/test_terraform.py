"""infra/terraform: formatted, valid, true to its own assertions, and applied to a stand-in for AWS.

test_access.py tests the policies of roles.
"""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from refi_assets.settings import all_settings, forget_settings
from tests.fakes.aws import REGION, Aws
from tests.fakes.terraform import MODULES, Terraform, copy_of_modules

# All options but the API, the stream and dashboards, so that each is applied once.
EVERYTHING = """
crawled_sources               = ["borrower_information", "loan_information"]
alert_emails                  = ["on-call@example.com"]
entity_resolution_workflow    = "refi-borrowers"
masking_secret_arn            = "arn:aws:secretsmanager:us-east-1:210987654321:secret:refi-masking-AbCdEf"
raw_to_infrequent_access_days = 90
spark_release                 = "1"
"""
# Only planned: the stand-in describes a service of ECS in a way that crashes the provider, and has no data sources.
PLANNED = """
api_cluster_arn = "arn:aws:ecs:us-east-1:210987654321:cluster/refi"
api_settings    = { REFI_MLFLOW_URI = "https://mlflow.example.com" }

stream_cluster_arn      = "arn:aws:ecs:us-east-1:210987654321:cluster/refi"
stream_msk_cluster_arn  = "arn:aws:kafka:us-east-1:210987654321:cluster/events/0a1b-2"
stream_settings         = { REFI_KAFKA_BOOTSTRAP = "b-1.example.com:9098", REFI_KAFKA_TOPIC_PREFIX = "prod." }
stream_secrets          = { REFI_KAFKA_PASSWORD = "arn:aws:secretsmanager:us-east-1:210987654321:secret:kafka-AbCdEf" }
stream_checkpoint_on_s3 = true

quicksight_principals = ["arn:aws:quicksight:us-east-1:210987654321:group/default/risk"]
"""

ACCOUNT = "210987654321"  # which no other test uses

# moto has no host name with a subdomain per bucket.
FOR_MOTO = 'provider "aws" {\n  s3_use_path_style = true\n}\n'


def test_the_code_is_formatted():
    Terraform(MODULES).run("fmt", "-check", "-recursive", "-diff")


def test_the_modules_own_tests_pass(tmp_path: Path):
    terraform = Terraform(copy_of_modules(tmp_path / "terraform", tests=True))
    terraform.init()
    output = terraform.run("test", "-no-color").stdout
    assert "Success!" in output
    assert "Success! 0 passed" not in output


@pytest.fixture
def account(aws: Aws) -> boto3.Session:
    """An empty AWS account."""
    role = f"arn:aws:iam::{ACCOUNT}:role/deployer"
    keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="terraform")["Credentials"]
    return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION)


@pytest.fixture
def deployment(aws: Aws, account: boto3.Session, tmp_path: Path) -> Terraform:
    """The root module with these options, in that account."""
    folder = copy_of_modules(tmp_path / "terraform")
    (folder / "moto_override.tf").write_text(FOR_MOTO)
    (folder / "terraform.tfvars").write_text(EVERYTHING)
    keys = account.get_credentials()
    terraform = Terraform(
        folder,
        {
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": keys.token,
        },
    )
    terraform.init()
    return terraform


def test_the_code_is_valid_with_every_part_on(deployment: Terraform):
    """Planned against the stand-in, which applies the provider's own validation."""
    (deployment.folder / "terraform.tfvars").write_text(EVERYTHING + PLANNED)
    output = deployment.run("plan", "-input=false", "-no-color").stdout
    assert " to add, 0 to change, 0 to destroy." in output


@pytest.mark.long
def test_an_applied_deployment_needs_no_change_works_and_is_destroyed_completely(
    aws: Aws, account: boto3.Session, deployment: Terraform, monkeypatch: pytest.MonkeyPatch
):
    """Slow: the provider waits two minutes, for queues and buckets to become consistent on AWS."""
    terraform = deployment
    terraform.run("apply", "-input=false", "-no-color", "-auto-approve")
    terraform.run("plan", "-input=false", "-no-color", "-detailed-exitcode", expect=0)  # 2 is "there are changes"
    outputs = terraform.outputs()

    s3, sqs, iam = (account.client(service, endpoint_url=aws.url) for service in ("s3", "sqs", "iam"))
    [bucket] = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    _check_settings(outputs["environment"], bucket, monkeypatch)
    _check_arrivals_send_messages(s3, sqs, bucket, outputs["settings"]["REFI_ARRIVALS_QUEUE_URL"])
    _check_roles(iam, outputs)
    matcher = outputs["settings"]["REFI_ENTITY_RESOLUTION_ROLE_ARN"]
    assert iam.get_role(RoleName=matcher.rsplit("/", 1)[1])["Role"]["Arn"] == matcher

    for version in s3.list_object_versions(Bucket=bucket)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    terraform.run("destroy", "-input=false", "-no-color", "-auto-approve")
    assert s3.list_buckets()["Buckets"] == []
    assert "QueueUrls" not in sqs.list_queues()
    assert iam.list_roles()["Roles"] == []
    assert json.loads((terraform.folder / "terraform.tfstate").read_text())["resources"] == []


def _check_settings(environment: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that the platform accepts the settings as printed."""
    for line in environment.splitlines():
        name, value = line.split("=", 1)
        monkeypatch.setenv(name, value)
    forget_settings()
    settings: dict[str, Any] = {name: value for room in all_settings() for name, value in room}
    forget_settings()
    assert settings["lake_url"] == f"s3://{bucket}/lake"
    assert settings["athena_output"].startswith(f"{settings['lake_url']}/")
    assert settings["catalog_mode"] == "crawler"
    assert settings["masking_secret"].endswith(":secret:refi-masking-AbCdEf")
    assert settings["arrivals_queue_url"].endswith("/refi-arrivals")
    assert settings["entity_resolution_workflow"] == "refi-borrowers"
    assert settings["alerts_topic_arn"] == f"arn:aws:sns:us-east-1:{ACCOUNT}:refi-alerts"


def _check_arrivals_send_messages(s3, sqs, bucket: str, queue_url: str) -> None:
    """Check that a file in the raw zone, and no other, becomes a message."""
    s3.delete_bucket_policy(Bucket=bucket)  # it denies plain HTTP, which the stand-in uses
    s3.put_object(Bucket=bucket, Key="lake/runs/one/record.json", Body=b"{}")
    s3.put_object(Bucket=bucket, Key="lake/raw/loan_information/load_date=2026-02-20/loans.csv", Body=b"loan_id\n")
    received = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(message["Body"])["detail"]["object"]["key"] for message in received] == [
        "lake/raw/loan_information/load_date=2026-02-20/loans.csv"
    ]


def _check_roles(iam, outputs) -> None:
    """Check that each role has its own policy, and no other."""
    for role, output in [
        ("pipeline", "pipeline_role_arn"),
        ("analysts", "analyst_role_arn"),
        ("recipients", "recipient_role_arn"),
        ("senders", "sender_role_arn"),
    ]:
        name = outputs[output].rsplit("/", 1)[1]
        [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        assert document == json.loads(outputs["policies"][role])
        assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
