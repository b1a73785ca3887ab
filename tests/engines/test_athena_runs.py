"""The whole job on Athena: its requests to AWS, the reported costs, and failures."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from refi_assets.lake import RunFolder
from refi_assets.sample.generate import generate_files
from refi_assets.settings import PROJECT_DIR
from tests.engines.deployments import Deployment, in_force, on_s3, run_whole_job
from tests.engines.golden_sql import written_files
from tests.fakes.aws import Aws
from tests.fakes.faults import Fault
from tests.support.lender import lender, write
from tests.support.running import DAY, Ran, ingest, latest, run_job

SAMPLE = PROJECT_DIR / "data" / "sample"
START = "athena:StartQueryExecution"
MODELS = ("judged_offer", "unified_refi_dataset", "unmatched_borrowers", "refi_eligibility", "refi_audience")
LAST_MODEL = "refi/refi_audience"
PUBLISHING = [LAST_MODEL, "activation/audience_file", "activation/shown_tables"]


@dataclass(frozen=True)
class Published:
    """The sample, published on Athena: first everything, then only its audience."""

    deployment: Deployment
    instance: dg.DagsterInstance
    ran: Ran
    requests: Counter[str]  # of the first run
    shown: tuple[dict[str, Any], dict[str, Any]]  # tables of the database after each run
    run_id: str  # of the second run


@pytest.fixture(scope="module")
def published(athena_of_module: Aws) -> Iterator[Published]:
    """The run that all tests of this module share. Tests that run steps run only the steps they are about."""
    athena, deployment = athena_of_module, on_s3(athena_of_module, "athena")
    with dg.DagsterInstance.ephemeral() as instance:
        with in_force(with_settings(deployment, REFI_ATHENA_USD_PER_TB="1000")):
            ingest(deployment.lake_url, SAMPLE, DAY)
            ran = run_job(deployment.lake_url, DAY, instance=instance)
            assert ran.success, ran.failure
            requests, first = calls(athena), shown(athena, deployment)
            again = run_job(deployment.lake_url, DAY, instance=instance, selection=PUBLISHING, memo="off")
            assert again.success, again.failure
        second = shown(athena, deployment)
        yield Published(deployment, instance, ran, requests, (first, second), again.result.run_id)


@pytest.fixture
def deployment(athena: Aws, published: Published) -> Deployment:
    """The shared deployment with one test's keys, which identify its own requests and faults."""
    return with_settings(published.deployment, **athena.env)


def with_settings(deployment: Deployment, **variables: str) -> Deployment:
    return Deployment(deployment.lake_url, {**deployment.env, **variables})


def run_steps(deployment: Deployment, published: Published, *assets: str) -> Ran:
    """Materialize these assets again, from the existing relations of the others."""
    with in_force(deployment):
        return run_job(deployment.lake_url, DAY, instance=published.instance, selection=list(assets), memo="off")


def calls(athena: Aws) -> Counter[str]:
    """The pipeline's number of requests by action, except those for S3's objects."""
    requests = Counter(request["action"] for request in athena.requests())
    return Counter({action: n for action, n in requests.items() if not action.startswith("s3:")})


def test_a_run_sends_about_a_dozen_queries(published: Published) -> None:
    """test_parity.py tests that forty times the rows take as many queries."""
    assert published.requests[START] == 15
    assert sum(published.requests.values()) < 200, published.requests


@pytest.mark.long
def test_a_run_sends_as_many_queries_for_a_hundred_times_the_rows(
    athena: Aws, published: Published, tmp_path: Path
) -> None:
    larger = on_s3(athena, "athena")
    generate_files(25_000, 3, tmp_path / "source")
    assert run_whole_job(larger, tmp_path / "source", DAY).success
    # The number of polls depends on a query's duration.
    few, many = (
        {action: n for action, n in requests.items() if action != "athena:GetQueryExecution"}
        for requests in (published.requests, calls(athena))
    )
    assert many == few


def test_each_asset_reports_the_time_bytes_and_cost_of_its_queries(athena: Aws, published: Published) -> None:
    for asset in MODELS:
        metadata = published.ran.metadata(f"refi/{asset}")
        ids = metadata["query_ids"].split(", ")
        client = athena.client("athena")
        executions = [client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"] for query_id in ids]
        assert len(executions) == 2, "the table, and its measures"
        assert metadata["bytes_scanned"] == sum(
            execution["Statistics"]["DataScannedInBytes"] for execution in executions
        )
        assert metadata["run_ms"] == sum(
            execution["Statistics"]["EngineExecutionTimeInMillis"] for execution in executions
        )
        assert metadata["queue_ms"] >= 0
        assert metadata["cost_usd"] == pytest.approx(2 * 0.01), "at least 10 MB are billed for each, at 1,000 USD a TB"


def test_athena_runs_the_reviewed_statements(athena: Aws, published: Published) -> None:
    """The texts of tests/golden, except for the names of tables."""
    table = re.compile(rf'"{published.deployment.env["REFI_GLUE_DATABASE"]}"\."run_[a-z0-9_]+?__([a-z]+)__([a-z_]+)"')
    reviewed = written_files()
    for asset in set(MODELS) - {"refi_audience"}:  # with matching off it reads the SQL of resolved_borrower
        query_id = published.ran.metadata(f"refi/{asset}")["query_ids"].split(", ")[0]
        execution = athena.client("athena").get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        _, statement = execution["Query"].split(" AS\n", 1)
        plain = table.sub(r"\1.\2", statement)
        assert f"{plain};\n" in reviewed[f"refi/{asset}.sql"]


def test_tables_of_the_database_show_the_publication_with_comments(published: Published) -> None:
    first, second = published.shown
    assert set(first) == set(second) == {
        "borrower_engagement", "borrower_engagement_csv", "borrower_information", "borrower_information_csv",
        "loan_information", "loan_information_csv", "market_equity", "market_equity_csv", "quarantine",
        "judged_offer", "unified_refi_dataset", "unmatched_borrowers", "refi_eligibility", "refi_audience",
    }  # fmt: skip
    for tables, run_id in ((first, published.ran.result.run_id), (second, published.run_id)):
        assert tables["refi_audience"]["StorageDescriptor"]["Location"].startswith(
            f"{published.deployment.lake_url}/runs/{run_id}/refi/refi_audience/"
        )
    comments = {c["Name"]: c.get("Comment") for c in second["loan_information"]["StorageDescriptor"]["Columns"]}
    assert "percentage points" in comments["current_interest_rate"]
    assert second["borrower_information_csv"] == first["borrower_information_csv"], (
        "it includes a new day automatically"
    )
    assert [tables["refi_audience"]["VersionId"] for tables in published.shown] == ["1", "2"], (
        "updated, not created again"
    )


def test_a_raw_table_shows_each_day_of_its_csv_files(athena: Aws, deployment: Deployment, tmp_path: Path) -> None:
    """Even the files of a day after the run."""
    with in_force(deployment):
        ingest(deployment.lake_url, write(lender(), tmp_path / "source"), DAY + timedelta(days=1))
    client, database = athena.client("athena"), deployment.env["REFI_GLUE_DATABASE"]
    query_id = client.start_query_execution(
        QueryString="SELECT load_date, count(*), max(first_name) FROM borrower_information_csv "
        "WHERE load_date = '2026-02-21' GROUP BY load_date",
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": f"{deployment.lake_url}/elsewhere/"},
    )["QueryExecutionId"]
    while client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]["State"] in (
        "QUEUED",
        "RUNNING",
    ):
        pass
    rows = client.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    assert [cell.get("VarCharValue") for cell in rows[1]["Data"]] == ["2026-02-21", "40", "Given9"]


def test_a_query_beyond_the_workgroups_cutoff_fails_with_the_reason(
    athena: Aws, deployment: Deployment, published: Published
) -> None:
    group = athena.new_name("refi")
    athena.client("athena").create_work_group(Name=group, Configuration={"EnforceWorkGroupConfiguration": False})
    reason = "Query cancelled! : Bytes scanned limit was exceeded"
    athena.faults(Fault(START, count=100, outcome="CANCELLED", message=reason))
    ran = run_steps(with_settings(deployment, REFI_ATHENA_WORKGROUP=group), published, LAST_MODEL)
    assert not ran.success
    assert "Bytes scanned limit was exceeded" in ran.failure
    assert f"Workgroup {group} has this limit" in ran.failure
    assert ran.failure.endswith("The last published audience is unchanged.")


def test_a_workgroup_that_enforces_a_location_outside_the_lake_is_refused(
    athena: Aws, deployment: Deployment, published: Published
) -> None:
    group, elsewhere = athena.new_name("refi"), athena.new_bucket()
    enforce(athena, group, f"s3://{elsewhere}/results/")
    ran = run_steps(with_settings(deployment, REFI_ATHENA_WORKGROUP=group), published, LAST_MODEL)
    assert f"Workgroup {group} wrote a table to s3://{elsewhere}/results/" in ran.failure


def test_a_workgroup_may_enforce_a_prefix_of_the_lake(
    athena: Aws, deployment: Deployment, published: Published
) -> None:
    group = athena.new_name("refi")
    enforce(athena, group, f"{deployment.lake_url}/athena/")
    ran = run_steps(with_settings(deployment, REFI_ATHENA_WORKGROUP=group), published, *PUBLISHING)
    assert ran.success, ran.failure
    with in_force(deployment):
        relation = RunFolder(deployment.lake, ran.result.run_id).load(LAST_MODEL)
        assert relation.parquet is not None
        assert relation.parquet.startswith("athena/tables/")


def enforce(athena: Aws, group: str, location: str) -> None:
    """Create a workgroup that puts all results there, whatever the query's own location."""
    configuration = {"EnforceWorkGroupConfiguration": True, "ResultConfiguration": {"OutputLocation": location}}
    athena.client("athena").create_work_group(Name=group, Configuration=configuration)


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_failed_query_is_reported_and_nothing_is_published(
    athena: Aws, deployment: Deployment, published: Published, state: str
) -> None:
    with in_force(deployment):
        before = latest(deployment.lake_url)
    athena.faults(Fault(START, count=100, outcome=state, message="EXCEEDED_TIME_LIMIT: Query exceeded maximum time"))
    ran = run_steps(deployment, published, *PUBLISHING)
    assert not ran.success
    assert "EXCEEDED_TIME_LIMIT: Query exceeded maximum time" in ran.failure
    with in_force(deployment):
        assert latest(deployment.lake_url) == before
    athena.clear_faults()
    assert run_steps(deployment, published, *PUBLISHING).success


def test_if_tables_cannot_be_swapped_the_error_says_that_the_audience_is_published(
    athena: Aws, deployment: Deployment, published: Published
) -> None:
    code, message = "AccessDeniedException", "not you"
    athena.faults(Fault("glue:UpdateTable", "/refi_audience$", count=9, status=400, code=code, message=message))
    ran = run_steps(deployment, published, *PUBLISHING)
    assert not ran.success
    assert "AccessDeniedException: not you. The" in ran.failure
    assert ran.failure.endswith("The audience itself is published; run again for the rest.")
    with in_force(deployment):
        assert latest(deployment.lake_url)["run_id"] == ran.result.run_id


def test_throttled_requests_are_retried(athena: Aws, deployment: Deployment, published: Published) -> None:
    operations = (START, "athena:GetQueryExecution", "glue:CreateTable", "glue:UpdateTable")
    for operation in operations:
        athena.faults(
            Fault(operation, after=1, count=2, status=400, code="ThrottlingException", message="Rate exceeded")
        )
    ran = run_steps(deployment, published, *(f"refi/{name}" for name in MODELS[:-1]), *PUBLISHING)
    assert ran.success, ran.failure
    assert athena.faults_met() == 2 * len(operations)


def test_a_request_whose_answer_is_lost_does_not_run_twice(
    athena: Aws, deployment: Deployment, published: Published
) -> None:
    athena.faults(Fault(START, count=1, status=500, carried_out=True))
    ran = run_steps(deployment, published, LAST_MODEL)
    assert ran.success, ran.failure
    ids = ran.metadata(LAST_MODEL)["query_ids"].split(", ")
    assert (calls(athena)[START], len(ids)) == (4, 2), "one more request, but no more queries (one is of checks)"


def shown(athena: Aws, deployment: Deployment) -> dict[str, Any]:
    """Tables of the database that do not belong to a run, by name."""
    tables = athena.client("glue").get_tables(DatabaseName=deployment.env["REFI_GLUE_DATABASE"])["TableList"]
    return {table["Name"]: table for table in tables if not table["Name"].startswith("run_")}
