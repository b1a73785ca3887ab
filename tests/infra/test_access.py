"""Each role's rendered policy, call by call."""

from pathlib import Path

import pytest

from refi_assets.identity.aws_matching import match_on_aws
from refi_assets.identity.settings import IdentitySettings
from tests.fakes.entity_resolution_api import OUTPUT, ROLE, WORKFLOW, EntityResolution, LakeOnS3
from tests.fakes.iam import Call, denied, on_all_resources, unused
from tests.fakes.terraform import Policies

LAKE = "arn:aws:s3:::a-lake"
GLUE = "arn:aws:glue:us-east-1:123456789012"
WORKGROUP = "arn:aws:athena:us-east-1:123456789012:workgroup"
KEY = "arn:aws:kms:us-east-1:123456789012:key/lake"
MATCHING = "arn:aws:entityresolution:us-east-1:123456789012"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:refi-arrivals"
SOURCE_FILE = f"{LAKE}/lake/raw/loan_information/load_date=2026-02-20/loans.csv"
BY_S3 = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}


def listing(prefix: str) -> Call:
    return Call("s3:ListBucket", LAKE, {"s3:prefix": prefix})


ALLOWED = {
    "pipeline": [
        Call("s3:GetObject", SOURCE_FILE),
        Call("s3:PutObject", SOURCE_FILE),
        Call("s3:GetObject", f"{LAKE}/lake/stream/risk/scores/checkpoint=1/batch=0.parquet"),
        Call("s3:PutObject", f"{LAKE}/lake/output/latest.json"),
        Call("s3:PutObject", f"{LAKE}/lake/export/program=one/date=2026-03-02/offers.parquet"),
        Call("s3:DeleteObject", f"{LAKE}/lake/runs/one/part.parquet"),
        Call("s3:DeleteObject", f"{LAKE}/lake/output/one.csv"),
        Call("s3:DeleteObject", f"{LAKE}/lake/masked/refi/one/silver/client/data.parquet"),
        Call("glue:UpdateTable", f"{GLUE}:table/refi_ready_db_analysts_silver/customer"),
        listing("lake/raw/loan_information/"),
        Call("kms:GenerateDataKey", KEY, BY_S3),
        Call("glue:UpdateTable", f"{GLUE}:table/refi_ready_db/refi_audience"),
        Call("glue:UpdateTable", f"{GLUE}:table/refi_ready_db_silver/customer"),
        Call("glue:CreateDatabase", f"{GLUE}:database/refi_ready_db_silver"),
        Call("glue:StartCrawler", f"{GLUE}:crawler/refi-raw"),
        Call("athena:StartQueryExecution", f"{WORKGROUP}/refi-pipeline"),
        Call("sqs:DeleteMessage", QUEUE),
        Call("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "refi_assets"}),
    ],
    "analysts": [
        Call("s3:GetObject", f"{LAKE}/lake/masked/refi/latest.json"),
        Call("s3:PutObject", f"{LAKE}/lake/analysts/7e5b.csv"),
        listing("lake/masked/refi/"),
        Call("glue:GetTable", f"{GLUE}:table/refi_ready_db_analysts/refi_audience"),
        Call("glue:GetTable", f"{GLUE}:table/refi_ready_db_analysts_silver/customer"),
        Call("athena:StartQueryExecution", f"{WORKGROUP}/refi-analysts"),
        Call("kms:Decrypt", KEY, BY_S3),
    ],
    "recipients": [
        Call("s3:GetObject", f"{LAKE}/lake/output/latest.json"),
        Call("s3:GetObject", f"{LAKE}/lake/export/program=one/date=2026-03-02/offers.parquet"),
        listing("lake/output/"),
        Call("kms:Decrypt", KEY, BY_S3),
    ],
    "senders": [
        Call("s3:PutObject", SOURCE_FILE),
        Call("s3:AbortMultipartUpload", SOURCE_FILE),
        Call("kms:GenerateDataKey", KEY, BY_S3),
    ],
}

DENIED = {
    "pipeline": [
        Call("s3:DeleteObject", f"{LAKE}/lake/output/latest.json"),
        Call("s3:DeleteObject", f"{LAKE}/lake/output/commits/1.json"),
        Call("s3:DeleteObject", f"{LAKE}/lake/output/one.manifest.json"),
        Call("s3:DeleteObject", f"{LAKE}/lake/export/program=one/date=2026-03-02/offers.parquet"),
        Call("s3:DeleteObjectVersion", SOURCE_FILE),
        Call("s3:PutObject", f"{LAKE}/elsewhere"),
        Call("s3:PutObject", f"{LAKE}/lake/stream/risk/scores/checkpoint=1/batch=0.parquet"),
        Call("s3:GetObject", "arn:aws:s3:::another-bucket/lake/raw/a.csv"),
        Call("s3:PutBucketPolicy", LAKE),
        listing("elsewhere/"),
        Call("kms:Decrypt", KEY),
        Call("kms:ScheduleKeyDeletion", KEY),
        Call("glue:DeleteDatabase", f"{GLUE}:database/refi_ready_db"),
        Call("glue:DeleteDatabase", f"{GLUE}:database/refi_ready_db_silver"),
        Call("glue:CreateDatabase", f"{GLUE}:database/refi_ready_db"),
        Call("glue:CreateDatabase", f"{GLUE}:database/another"),
        Call("glue:UpdateTable", f"{GLUE}:table/another/refi_audience"),
        Call("glue:StartCrawler", f"{GLUE}:crawler/another"),
        Call("athena:StartQueryExecution", f"{WORKGROUP}/primary"),
        Call("athena:UpdateWorkGroup", f"{WORKGROUP}/refi-pipeline"),
        Call("sqs:SendMessage", QUEUE),
        Call("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AWS/SQS"}),
        Call("iam:PassRole", "arn:aws:iam::123456789012:role/refi-pipeline"),
        Call("entityresolution:CreateSchemaMapping", "*"),
    ],
    "analysts": [
        Call("s3:GetObject", SOURCE_FILE),
        listing("lake/raw/"),
        listing("lake/"),
        *(
            Call("s3:GetObject", f"{LAKE}/lake/{key}")
            for key in ("output/one.csv", "runs/one/part.parquet", "athena/tables/one/part", "logs/one.err")
        ),
        *(
            Call("s3:GetObject", f"{LAKE}/lake/{key}")
            for key in ("resolved/a.parquet", "export/program=one/date=2026-03-02/offers.parquet", "openlineage/a.json")
        ),
        listing("lake/output/"),
        Call("s3:PutObject", f"{LAKE}/lake/masked/refi/latest.json"),
        Call("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:refi-masking"),
        Call("glue:GetTable", f"{GLUE}:table/refi_ready_db/refi_audience"),
        Call("glue:GetTable", f"{GLUE}:table/refi_ready_db_silver/customer"),
        Call("glue:UpdateTable", f"{GLUE}:table/refi_ready_db/refi_audience"),
        Call("glue:UpdateTable", f"{GLUE}:table/refi_ready_db_silver/customer"),
        Call("glue:CreateDatabase", f"{GLUE}:database/refi_ready_db_silver"),
        Call("athena:StartQueryExecution", f"{WORKGROUP}/refi-pipeline"),
        Call("sqs:ReceiveMessage", QUEUE),
    ],
    "recipients": [
        Call("s3:GetObject", SOURCE_FILE),
        Call("s3:GetObject", f"{LAKE}/lake/runs/one/part.parquet"),
        Call("s3:PutObject", f"{LAKE}/lake/output/latest.json"),
        Call("athena:StartQueryExecution", f"{WORKGROUP}/refi-analysts"),
    ],
    "senders": [
        Call("s3:GetObject", SOURCE_FILE),
        Call("s3:DeleteObject", SOURCE_FILE),
        listing("lake/raw/"),
        Call("s3:PutObject", f"{LAKE}/lake/output/latest.json"),
        Call("s3:PutObject", f"{LAKE}/lake/runs/one/part.parquet"),
        Call("kms:Decrypt", KEY),
        Call("glue:GetTable", f"{GLUE}:table/refi_ready_db/refi_audience"),
    ],
}


@pytest.fixture
def policies(role_policies: dict[str, Policies]) -> Policies:
    return role_policies["plain"]


def test_each_role_may_do_its_work_and_no_more(policies: Policies):
    for role, document in policies.items():
        assert denied(document, ALLOWED[role]) == []
        assert denied(document, DENIED[role]) == DENIED[role]


def test_only_metrics_are_allowed_on_all_resources(policies: Policies):
    wide = [statement for document in policies.values() for statement in on_all_resources(document)]
    assert [statement.actions for statement in wide] == [("cloudwatch:PutMetricData",)]


def test_a_lake_may_be_a_whole_bucket_and_need_no_crawler(role_policies: dict[str, Policies]):
    policy = role_policies["a whole bucket without a crawler"]["pipeline"]
    assert denied(policy, [Call("s3:GetObject", f"{LAKE}/raw/a.csv"), listing("raw/")]) == []
    crawl = Call("glue:StartCrawler", f"{GLUE}:crawler/refi-raw")
    assert denied(policy, [crawl]) == [crawl]


def test_matching_on_aws_is_allowed_exactly_its_own_calls(role_policies: dict[str, Policies], tmp_path: Path):
    service, lake = EntityResolution(), LakeOnS3(str(tmp_path / "lake"))
    settings = IdentitySettings(entity_resolution_workflow=WORKFLOW, entity_resolution_role_arn=ROLE)
    match_on_aws(settings, lake, "db", "table", "borrower_id", {"ssn": "national_id"}, OUTPUT, client=service.client)

    policy = role_policies["with matching"]["pipeline"]
    assert denied(policy, service.calls()) == []
    assert [
        action for action in unused(policy, service.calls()) if "entityresolution:" in action or "iam:" in action
    ] == []
    assert [statement.sid for statement in on_all_resources(policy)] == ["CreateMatching", "SendMetrics"]
    others = [
        Call("entityresolution:StartMatchingJob", f"{MATCHING}:matchingworkflow/another"),
        Call("entityresolution:DeleteMatchingWorkflow", f"{MATCHING}:matchingworkflow/{WORKFLOW}"),
        Call("iam:PassRole", ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        Call("iam:PassRole", f"{ROLE}-of-others", {"iam:PassedToService": "entityresolution.amazonaws.com"}),
    ]
    assert denied(policy, others) == others
