"""infra/terraform: well-formed, true to its own assertions, and applied to a stand-in for AWS.

What each role may do is in test_access.py.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from refi_assets.settings import Settings
from tests.infra.terraform import MODULES, Terraform, copy_of_modules

# Every optional part is on, so that each is applied once.
EVERYTHING = """
crawled_sources               = ["borrower_information", "loan_information"]
alert_emails                  = ["on-call@example.com"]
raw_to_infrequent_access_days = 90
"""

# moto has no address a bucket could be a subdomain of.
FOR_MOTO = 'provider "aws" {\n  s3_use_path_style = true\n}\n'


def test_the_code_is_formatted():
    Terraform(MODULES).run("fmt", "-check", "-recursive", "-diff")


def test_the_code_is_valid_and_its_own_tests_pass(tmp_path: Path):
    terraform = Terraform(copy_of_modules(tmp_path / "terraform", tests=True))
    terraform.init()
    terraform.run("validate", "-no-color")
    said = terraform.run("test", "-no-color").stdout
    assert "Success!" in said
    assert "Success! 0 passed" not in said


@contextmanager
def moto() -> Iterator[str]:
    """The address of a stand-in for AWS."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.infra.mended_moto"],
        cwd=MODULES.parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        assert server.stdout is not None
        endpoint = server.stdout.readline().strip()
        assert endpoint, "moto did not start"
        try:
            yield endpoint
        finally:
            server.terminate()


def test_what_is_applied_needs_no_change_works_and_is_destroyed_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = copy_of_modules(tmp_path / "terraform")
    (folder / "moto_override.tf").write_text(FOR_MOTO)
    (folder / "terraform.tfvars").write_text(EVERYTHING)
    with moto() as endpoint:
        terraform = Terraform(folder, {"AWS_ENDPOINT_URL": endpoint})
        terraform.init()
        terraform.run("apply", "-input=false", "-no-color", "-auto-approve")
        terraform.run("plan", "-input=false", "-no-color", "-detailed-exitcode", expect=0)  # 2 is "there are changes"
        outputs = terraform.outputs()

        aws = boto3.Session("test", "test", region_name="us-east-1")
        s3, sqs = aws.client("s3", endpoint_url=endpoint), aws.client("sqs", endpoint_url=endpoint)
        [bucket] = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        _check_settings(outputs["environment"], bucket, monkeypatch)
        _check_arrivals_are_told(s3, sqs, bucket, outputs["settings"]["REFI_ARRIVALS_QUEUE_URL"])
        _check_roles(aws.client("iam", endpoint_url=endpoint), outputs)

        for version in s3.list_object_versions(Bucket=bucket)["Versions"]:
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
        terraform.run("destroy", "-input=false", "-no-color", "-auto-approve")
        assert s3.list_buckets()["Buckets"] == []
        assert "QueueUrls" not in sqs.list_queues()
        assert aws.client("iam", endpoint_url=endpoint).list_roles()["Roles"] == []
        assert json.loads((folder / "terraform.tfstate").read_text())["resources"] == []


def _check_settings(environment: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform takes the settings as they are printed."""
    for line in environment.splitlines():
        name, value = line.split("=", 1)
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.lake_url == f"s3://{bucket}/lake"
    assert settings.athena_output.startswith(f"{settings.lake_url}/")
    assert settings.catalog_mode == "crawler"
    assert settings.arrivals_queue_url.endswith("/refi-arrivals")
    assert settings.alerts_topic_arn == "arn:aws:sns:us-east-1:123456789012:refi-alerts"


def _check_arrivals_are_told(s3, sqs, bucket: str, queue_url: str) -> None:
    """A file in the raw zone, and no other, becomes a message."""
    s3.delete_bucket_policy(Bucket=bucket)  # it denies plain HTTP, which is how the stand-in is spoken to
    s3.put_object(Bucket=bucket, Key="lake/runs/one/record.json", Body=b"{}")
    s3.put_object(Bucket=bucket, Key="lake/raw/loan_information/load_date=2026-02-20/loans.csv", Body=b"loan_id\n")
    received = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(message["Body"])["detail"]["object"]["key"] for message in received] == [
        "lake/raw/loan_information/load_date=2026-02-20/loans.csv"
    ]


def _check_roles(iam, outputs) -> None:
    """Each role carries its own policy, and no other."""
    for role, output in [
        ("pipeline", "pipeline_role_arn"),
        ("analysts", "analyst_role_arn"),
        ("senders", "sender_role_arn"),
    ]:
        name = outputs[output].rsplit("/", 1)[1]
        [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        assert document == json.loads(outputs["policies"][role])
        assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
