"""The whole job on Athena: what is asked of AWS and how often, what is told of it, and what happens when it fails."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from refi_assets.lake import RunFolder
from refi_assets.sample.generate import generate
from refi_assets.settings import PROJECT_DIR
from tests.engines.aws import Aws
from tests.engines.deployments import Deployment, in_force, on_s3, run_whole_job
from tests.engines.faults import Fault
from tests.lender import lender, write
from tests.running import DAY, Ran, latest, run_job

SAMPLE = PROJECT_DIR / "data" / "sample"
START = "athena:StartQueryExecution"


@pytest.fixture
def deployment(athena: Aws) -> Deployment:
    return on_s3(athena, "athena")


def with_settings(deployment: Deployment, **variables: str) -> Deployment:
    return Deployment(deployment.lake_url, {**deployment.env, **variables})


def calls(athena: Aws) -> Counter[str]:
    """How often each action was asked for on the pipeline's behalf, S3's objects aside."""
    asked = Counter(request["action"] for request in athena.requests())
    return Counter({action: n for action, n in asked.items() if not action.startswith("s3:")})


def test_a_run_asks_about_a_dozen_queries_and_as_many_of_a_hundred_times_the_rows(
    athena: Aws, deployment: Deployment, tmp_path: Path
) -> None:
    assert run_whole_job(deployment, SAMPLE, DAY).success
    few = calls(athena)
    assert few[START] == 13
    assert sum(few.values()) < 200, few

    larger = on_s3(athena, "athena")
    generate(25_000, 3, tmp_path / "source")
    assert run_whole_job(larger, tmp_path / "source", DAY).success
    many = calls(athena) - few
    assert many[START] == few[START]
    # How often a query is looked at depends on how long it takes.
    assert {a: n for a, n in many.items() if a != "athena:GetQueryExecution"} == {
        a: n for a, n in few.items() if a != "athena:GetQueryExecution"
    }


def test_what_queries_took_is_told_of_each_asset(athena: Aws, deployment: Deployment) -> None:
    ran = run_whole_job(with_settings(deployment, REFI_ATHENA_USD_PER_TB="1000"), SAMPLE, DAY)
    assert ran.success
    for asset in ("unified_refi_dataset", "unmatched_borrowers", "refi_eligibility", "refi_audience"):
        told = ran.metadata(f"refi/{asset}")
        ids = told["query_ids"].split(", ")
        there = athena.client("athena").batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"]
        assert len(there) == 2, "the table, and its measures"
        assert told["bytes_scanned"] == sum(one["Statistics"]["DataScannedInBytes"] for one in there)
        assert told["run_ms"] == sum(one["Statistics"]["EngineExecutionTimeInMillis"] for one in there)
        assert told["queue_ms"] >= 0
        assert told["cost_usd"] == pytest.approx(2 * 0.01), "10 MB at least are billed of each, at 1,000 USD a TB"


def test_tables_of_the_database_show_what_was_published_with_comments(athena: Aws, deployment: Deployment) -> None:
    assert run_whole_job(deployment, SAMPLE, DAY).success
    first = shown(athena, deployment)
    assert run_job_again(deployment).success
    second = shown(athena, deployment)

    assert set(first) == set(second) == {
        "borrower_engagement", "borrower_engagement_csv", "borrower_information", "borrower_information_csv",
        "loan_information", "loan_information_csv", "market_equity", "market_equity_csv", "quarantine",
        "unified_refi_dataset", "unmatched_borrowers", "refi_eligibility", "refi_audience",
        "matched_pairs", "resolved_borrower", "review_queue", "person_history",
    }  # fmt: skip
    with in_force(deployment):
        run_id = latest(deployment.lake_url)["run_id"]
        assert second["refi_audience"]["StorageDescriptor"]["Location"].startswith(
            f"{deployment.lake_url}/runs/{run_id}/refi/refi_audience/"
        )
    comments = {c["Name"]: c.get("Comment") for c in second["loan_information"]["StorageDescriptor"]["Columns"]}
    assert "percentage points" in comments["current_interest_rate"]
    assert second["borrower_information_csv"] == first["borrower_information_csv"], "it shows a new day by itself"
    versions = athena.client("glue").get_table_versions(
        DatabaseName=deployment.env["REFI_GLUE_DATABASE"], TableName="refi_audience"
    )["TableVersions"]
    assert len(versions) == 2


def test_a_raw_table_shows_each_day_of_its_csv_files(athena: Aws, deployment: Deployment, tmp_path: Path) -> None:
    assert run_whole_job(deployment, write(lender(), tmp_path / "source"), DAY).success
    client, database = athena.client("athena"), deployment.env["REFI_GLUE_DATABASE"]
    query_id = client.start_query_execution(
        QueryString="SELECT load_date, count(*), max(first_name) FROM borrower_information_csv "
        "WHERE load_date = '2026-02-20' GROUP BY load_date",
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": f"{deployment.lake_url}/elsewhere/"},
    )["QueryExecutionId"]
    while client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]["State"] in (
        "QUEUED",
        "RUNNING",
    ):
        pass
    rows = client.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    assert [cell.get("VarCharValue") for cell in rows[1]["Data"]] == ["2026-02-20", "40", "Given9"]


def test_a_run_beyond_the_workgroups_cutoff_is_refused_with_the_reason(athena: Aws, deployment: Deployment) -> None:
    group = athena.new_name("refi")
    athena.client("athena").create_work_group(Name=group, Configuration={"EnforceWorkGroupConfiguration": False})
    deployment = with_settings(deployment, REFI_ATHENA_WORKGROUP=group)
    reason = "Query cancelled! : Bytes scanned limit was exceeded"
    athena.faults(Fault(START, count=100, outcome="CANCELLED", message=reason))
    ran = run_whole_job(deployment, SAMPLE, DAY)
    assert not ran.success
    assert "Bytes scanned limit was exceeded" in ran.failure
    assert f"cutoff of workgroup {group}" in ran.failure
    assert ran.failure.endswith("The last published audience is unchanged.")


def test_a_workgroup_that_enforces_a_place_outside_the_lake_is_refused(athena: Aws, deployment: Deployment) -> None:
    group, elsewhere = athena.new_name("refi"), athena.new_bucket()
    configuration = {
        "EnforceWorkGroupConfiguration": True,
        "ResultConfiguration": {"OutputLocation": f"s3://{elsewhere}/results/"},
    }
    athena.client("athena").create_work_group(Name=group, Configuration=configuration)
    ran = run_whole_job(with_settings(deployment, REFI_ATHENA_WORKGROUP=group), SAMPLE, DAY)
    assert f"Workgroup {group} put a table into s3://{elsewhere}/results/" in ran.failure


def test_a_workgroup_that_enforces_a_prefix_of_the_lake_serves(athena: Aws, deployment: Deployment) -> None:
    group = athena.new_name("refi")
    configuration = {
        "EnforceWorkGroupConfiguration": True,
        "ResultConfiguration": {"OutputLocation": f"{deployment.lake_url}/athena/"},
    }
    athena.client("athena").create_work_group(Name=group, Configuration=configuration)
    ran = run_whole_job(with_settings(deployment, REFI_ATHENA_WORKGROUP=group), SAMPLE, DAY)
    assert ran.success, ran.failure
    with in_force(deployment):
        made = RunFolder(deployment.lake, ran.result.run_id).load("refi/refi_audience")
        assert made.parquet is not None
        assert made.parquet.startswith("athena/tables/")


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_query_that_fails_is_told_and_nothing_is_published(athena: Aws, deployment: Deployment, state: str) -> None:
    athena.faults(
        Fault(START, after=2, count=100, outcome=state, message="EXCEEDED_TIME_LIMIT: Query exceeded maximum time")
    )
    ran = run_whole_job(deployment, SAMPLE, DAY)
    assert not ran.success
    assert "EXCEEDED_TIME_LIMIT: Query exceeded maximum time" in ran.failure
    with in_force(deployment):
        assert latest(deployment.lake_url) is None
    athena.clear_faults()
    assert run_job_again(deployment).success


def test_a_publication_whose_tables_cannot_be_swapped_says_that_the_audience_is_published(
    athena: Aws, deployment: Deployment
) -> None:
    code, message = "AccessDeniedException", "not you"
    athena.faults(Fault("glue:UpdateTable", "/refi_audience$", count=9, status=400, code=code, message=message))
    ran = run_whole_job(deployment, SAMPLE, DAY)
    assert not ran.success
    assert "AccessDeniedException: not you. The" in ran.failure
    assert ran.failure.endswith("The audience itself is published; run again for the rest.")
    with in_force(deployment):
        assert latest(deployment.lake_url)["run_id"] == ran.result.run_id


def test_throttled_requests_are_tried_again(athena: Aws, deployment: Deployment) -> None:
    for operation in (START, "athena:GetQueryExecution", "glue:CreateTable", "glue:UpdateTable"):
        athena.faults(
            Fault(operation, after=1, count=2, status=400, code="ThrottlingException", message="Rate exceeded")
        )
    ran = run_whole_job(deployment, SAMPLE, DAY)
    assert ran.success, ran.failure


def test_a_request_whose_answer_is_lost_does_not_run_twice(athena: Aws, deployment: Deployment) -> None:
    athena.faults(Fault(START, count=1, status=500, carried_out=True))
    ran = run_whole_job(deployment, SAMPLE, DAY)
    assert ran.success, ran.failure
    sent = calls(athena)[START]
    ids = {q for name in ("unified_refi_dataset", "unmatched_borrowers", "refi_eligibility", "refi_audience")
           for q in ran.metadata(f"refi/{name}")["query_ids"].split(", ")}  # fmt: skip
    assert (sent, len(ids)) == (14, 8), "one more request, no query more (five are of checks)"


def run_job_again(deployment: Deployment) -> Ran:
    with in_force(deployment):
        return run_job(deployment.lake_url, DAY)


def shown(athena: Aws, deployment: Deployment) -> dict[str, Any]:
    """Tables of the database that are nobody's own, by name."""
    tables = athena.client("glue").get_tables(DatabaseName=deployment.env["REFI_GLUE_DATABASE"])["TableList"]
    return {one["Name"]: one for one in tables if not one["Name"].startswith("run_")}
