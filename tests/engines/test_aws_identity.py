"""The whole job with AWS Entity Resolution as the matcher: its API on loopback, with moto's S3 and Glue."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlglot import exp

from refi_assets.engines.duckdb import DuckDBEngine
from refi_assets.lake import RunFolder
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.names import table_of
from tests.engines.deployments import Deployment, in_force, on_s3
from tests.fakes.aws import Aws
from tests.fakes.entity_resolution_api import JOB, EntityResolution, served
from tests.fakes.s3_reader import S3Reader
from tests.support.people import pairs, truth
from tests.support.running import DAY, Ran, ingest, run_job

SAMPLE = PROJECT_DIR / "data" / "sample"


@pytest.fixture
def service(aws: Aws) -> EntityResolution:
    service = EntityResolution(aws)
    service.looks = ["RUNNING"]
    return service


@pytest.fixture
def deployment(aws: Aws, service: EntityResolution, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.setattr("refi_assets.identity.aws_matching.FIRST_PAUSE", 0.05)
    plain = on_s3(aws, "duckdb")
    with served(service) as url:
        env = {
            "AWS_ENDPOINT_URL_ENTITYRESOLUTION": url,
            "REFI_IDENTITY_ENGINE": "aws",
            "REFI_ENTITY_RESOLUTION_WORKFLOW": "refi-borrowers",
            "REFI_ENTITY_RESOLUTION_ROLE_ARN": "arn:aws:iam::123456789012:role/refi-matcher",
        }
        with in_force(Deployment(plain.lake_url, {**plain.env, **env})):
            ingest(plain.lake_url, SAMPLE, DAY)
            yield plain


def rows_of(deployment: Deployment, ran: Ran, key: str) -> list[dict[str, Any]]:
    lake = deployment.lake
    loaded = RunFolder(lake, ran.result.run_id).load(key)
    with DuckDBEngine(lake).session([loaded]) as session:
        return session.query(exp.select("*").from_(table_of(key)))


def test_a_group_of_aws_is_one_person(aws: Aws, service: EntityResolution, deployment: Deployment) -> None:
    ran = run_job(deployment.lake_url)
    assert ran.success, ran.failure
    assert [operation for operation, _ in service.requests] == [
        "CreateSchemaMapping",
        "UpdateMatchingWorkflow",  # there is none yet
        "CreateMatchingWorkflow",
        "StartMatchingJob",
        *["GetMatchingJob"] * 2,
    ]
    shown = ran.metadata("identity/matched_pairs")
    assert (shown["engine"], shown["aws_job"], shown["records_not_processed"]) == ("aws", JOB, 0)

    matched = rows_of(deployment, ran, "identity/matched_pairs")
    assert all(json.loads(row["evidence"])["aws"]["level"].startswith("rule ") for row in matched)
    joined, true = {(row["borrower_id_1"], row["borrower_id_2"]) for row in matched}, pairs(truth(SAMPLE))
    assert joined & true
    person = {row["borrower_id"]: row["person_id"] for row in rows_of(deployment, ran, "identity/resolved_borrower")}
    assert pairs(person) == joined & true < joined, (
        "dates of birth keep apart a father and son with one name and telephone"
    )
    audience = S3Reader(aws, deployment.lake_url).borrowers()
    assert len({person[borrower] for borrower in audience}) == len(audience) > 0

    tables = aws.client("glue").get_tables(DatabaseName=deployment.env["REFI_GLUE_DATABASE"])["TableList"]
    assert not [table["Name"] for table in tables if "identity_record" in table["Name"]], (
        "the table is only for the job"
    )

    service.requests.clear()
    again = run_job(deployment.lake_url)
    assert again.success, again.failure
    assert "CreateMatchingWorkflow" not in [operation for operation, _ in service.requests]
    assert rows_of(deployment, again, "identity/resolved_borrower") == rows_of(
        deployment, ran, "identity/resolved_borrower"
    )


def test_records_that_aws_leaves_out_are_separate_persons_and_are_counted(
    service: EntityResolution, deployment: Deployment
) -> None:
    service.unprocessed = 10
    ran = run_job(deployment.lake_url)
    assert ran.success, ran.failure
    assert ran.metadata("identity/matched_pairs")["records_not_processed"] == 10
    persons = rows_of(deployment, ran, "identity/resolved_borrower")
    left_out = sorted(persons, key=lambda row: row["borrower_id"])[-10:]
    assert {row["cluster_size"] for row in left_out} == {1}


def test_a_failed_job_fails_the_run_with_the_message_of_aws(
    aws: Aws, service: EntityResolution, deployment: Deployment
) -> None:
    service.end = {"status": "FAILED", "errorDetails": {"errorMessage": "Access denied to the output bucket"}}
    ran = run_job(deployment.lake_url)
    job = f"Entity Resolution, workflow refi-borrowers, job {JOB}"
    assert ran.failure.startswith(f"{job}: ended as FAILED: Access denied to the output bucket. ")
    assert not S3Reader(aws, deployment.lake_url).has("output/latest.json")
