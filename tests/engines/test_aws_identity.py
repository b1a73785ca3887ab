"""The whole job with AWS Entity Resolution as matcher: on a local server with its API, and moto's S3 and Glue."""

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
from tests.fakes.entity_resolution_api import EntityResolutionApi, served
from tests.fakes.s3_reader import S3Reader
from tests.support.people import pairs, truth
from tests.support.running import DAY, Ran, ingest, run_job

SAMPLE = PROJECT_DIR / "data" / "sample"


@pytest.fixture
def api(aws: Aws) -> EntityResolutionApi:
    return EntityResolutionApi(aws)


@pytest.fixture
def deployment(aws: Aws, api: EntityResolutionApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.setattr("refi_assets.identity.aws_matching.FIRST_PAUSE", 0.05)
    on_duckdb = on_s3(aws, "duckdb")
    with served(api) as url:
        env = {
            "AWS_ENDPOINT_URL_ENTITYRESOLUTION": url,
            "REFI_IDENTITY_ENGINE": "aws",
            "REFI_ENTITY_RESOLUTION_WORKFLOW": "refi-borrowers",
            "REFI_ENTITY_RESOLUTION_ROLE_ARN": "arn:aws:iam::123456789012:role/refi-matcher",
        }
        with in_force(Deployment(on_duckdb.lake_url, {**on_duckdb.env, **env})):
            ingest(on_duckdb.lake_url, SAMPLE, DAY)
            yield on_duckdb


def rows_of(deployment: Deployment, ran: Ran, key: str) -> list[dict[str, Any]]:
    lake = deployment.lake
    relation = RunFolder(lake, ran.result.run_id).load(key)
    with DuckDBEngine(lake).session([relation]) as session:
        return session.query(exp.select("*").from_(table_of(relation.key)))


def test_records_that_aws_groups_are_one_person(aws: Aws, api: EntityResolutionApi, deployment: Deployment) -> None:
    ran = run_job(deployment.lake_url)
    assert ran.success, ran.failure
    assert api.requests == [
        ("POST", "/schemas"),
        ("PUT", "/matchingworkflows/refi-borrowers"),  # it does not exist yet
        ("POST", "/matchingworkflows"),
        ("POST", "/matchingworkflows/refi-borrowers/jobs"),
        *[("GET", f"/matchingworkflows/refi-borrowers/jobs/{1:032x}")] * 2,
    ]
    metadata = ran.metadata("identity/matched_pairs")
    assert (metadata["engine"], metadata["aws_job"], metadata["records_not_processed"]) == ("aws", f"{1:032x}", 0)

    matches = rows_of(deployment, ran, "identity/matched_pairs")
    assert all(json.loads(row["evidence"])["aws"]["level"].startswith("rule ") for row in matches)
    joined, true = {(row["borrower_id_1"], row["borrower_id_2"]) for row in matches}, pairs(truth(SAMPLE))
    assert joined & true
    person = {row["borrower_id"]: row["person_id"] for row in rows_of(deployment, ran, "identity/resolved_borrower")}
    assert pairs(person) == joined & true < joined, (
        "the date of birth separates father and son with one name and telephone"
    )
    audience = S3Reader(aws, deployment.lake_url).borrowers()
    assert len({person[borrower] for borrower in audience}) == len(audience) > 0

    tables = aws.client("glue").get_tables(DatabaseName=deployment.env["REFI_GLUE_DATABASE"])["TableList"]
    assert not [table["Name"] for table in tables if "identity_record" in table["Name"]], (
        "they exist only during the job"
    )

    api.requests.clear()
    again = run_job(deployment.lake_url)
    assert again.success, again.failure
    assert ("POST", "/matchingworkflows") not in api.requests
    assert rows_of(deployment, again, "identity/resolved_borrower") == rows_of(
        deployment, ran, "identity/resolved_borrower"
    )


def test_each_record_that_aws_leaves_out_is_a_person_and_is_counted(
    api: EntityResolutionApi, deployment: Deployment
) -> None:
    api.unprocessed = 10
    ran = run_job(deployment.lake_url)
    assert ran.success, ran.failure
    assert ran.metadata("identity/matched_pairs")["records_not_processed"] == 10
    persons = rows_of(deployment, ran, "identity/resolved_borrower")
    left_out = sorted(persons, key=lambda row: row["borrower_id"])[-10:]
    assert {row["cluster_size"] for row in left_out} == {1}


def test_a_failed_job_fails_the_run_with_the_message_of_aws(
    aws: Aws, api: EntityResolutionApi, deployment: Deployment
) -> None:
    api.fails_with = "Access denied to the output bucket"
    ran = run_job(deployment.lake_url)
    job = f"Entity Resolution, workflow refi-borrowers, job {1:032x}"
    assert ran.failure.startswith(f"{job}: ended as FAILED: Access denied to the output bucket. ")
    assert not S3Reader(aws, deployment.lake_url).has("output/latest.json")
