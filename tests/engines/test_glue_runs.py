"""A domain's job on a loopback Glue that really starts the job's script, with Pipes over moto's S3."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from refi_assets.definitions import defs
from refi_assets.defs.refi import REFI
from refi_assets.lake import RunFolder, open_lake
from refi_assets.orchestration.domain import Domain
from refi_assets.orchestration.glue_runs import on_glue
from refi_assets.orchestration.resources import LakeResource, PoliciesResource, resources
from refi_assets.project import MARKS
from refi_assets.settings import PROJECT_DIR, overridden
from tests.fakes.aws import Aws
from tests.fakes.glue_jobs import JOB, THROTTLED, GlueJobs, serving
from tests.fakes.iam import denied, unused
from tests.fakes.privilege import calls
from tests.fakes.terraform import Policies
from tests.support.lender import ELIGIBLE, lender, write
from tests.support.running import DAY, Ran, definitions, ingest, run_job

FOREVER = "import time\ntime.sleep(600)\n"
TINY = Domain("tiny", cadence="none", unchanged="Nothing has changed.")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let dagster-aws look at a run each 0.2 seconds, not each 5, and not wait 10 seconds for late messages."""
    monkeypatch.setattr("dagster_aws.pipes.clients.glue.time", SimpleNamespace(sleep=lambda _: time.sleep(0.2)))
    monkeypatch.setattr("dagster._core.pipes.utils.WAIT_FOR_LOGS_AFTER_EXECUTION_INTERVAL", 0)


@pytest.fixture
def glue(ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlueJobs]:
    """The service, for this process as well. The job's requests to AWS have a key of their own."""
    jobs = GlueJobs({**ambient_aws.env, "AWS_ACCESS_KEY_ID": job_key(ambient_aws)})
    with serving(jobs) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", address)
        yield jobs


def job_key(aws: Aws) -> str:
    return f"JOB{aws.unique.upper()}"


@pytest.fixture
def lake_url(ambient_aws: Aws, glue: GlueJobs) -> str:
    """An empty lake. The job runs on DuckDB, which starts at once; tests/spark/ runs it on Spark."""
    url = f"s3://{ambient_aws.new_bucket()}/lake"
    glue.default_arguments = {"--REFI_LAKE_URL": url, "--REFI_ENGINE": "duckdb"}
    return url


def execute(loaded: dg.Definitions, job: str, lake_url: str, **more: Any) -> Ran:
    """A run of a job of definitions that are on Glue."""
    result = loaded.resolve_job_def(job).execute_in_process(
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
        resources={"lake": LakeResource(url=lake_url), **more.pop("resources", {})},
        **more,
    )
    evaluations = result.get_asset_check_evaluations()
    return Ran(result, {f"{check.asset_key.to_user_string()} {check.check_name}": check for check in evaluations})


def run_refi(lake_url: str) -> Ran:
    return execute(on_glue(definitions(), REFI, JOB), "refi", lake_url, tags={"dagster/partition": DAY.isoformat()})


def run_tiny(lake_url: str, **more: Any) -> Ran:
    """A run of a domain with one asset, for jobs whose script is the test's own."""

    @dg.asset(key=["tiny", "relation"], group_name="tiny")
    def relation() -> None:
        raise AssertionError("This must run on Glue.")

    job = dg.define_asset_job("tiny", selection=dg.AssetSelection.groups("tiny"))
    tiny = dg.Definitions(assets=[relation], jobs=[job], resources=resources())
    return execute(on_glue(tiny, TINY, JOB), "tiny", lake_url, **more)


def script(folder: Path, text: str) -> Path:
    (folder / "job.py").write_text(text)
    return folder / "job.py"


def shown(ran: Ran) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the UI shows of a run: materializations with what does not depend on the run, and checks."""
    materialized = {}
    for event in ran.result.get_asset_materialization_events():
        materialization = event.materialization
        kept = {
            name: value
            for name, value in materialization.metadata.items()
            if name in ("dagster/row_count", "dagster/column_schema", "dagster/column_lineage")
            or isinstance(value, dg.TableMetadataValue | dg.JsonMetadataValue | dg.IntMetadataValue)
        }
        materialized[materialization.asset_key.to_user_string()] = (materialization.partition, kept)
    checks = {
        name: (check.passed, check.severity, check.blocking, check.description, check.metadata)
        for name, check in ran.checks.items()
    }
    return materialized, checks


def test_a_run_on_glue_shows_the_same_assets_and_checks_by_the_calls_that_the_roles_allow(
    glue: GlueJobs, ambient_aws: Aws, lake_url: str, role_policies: dict[str, Policies], tmp_path: Path
):
    files = write(lender(), tmp_path / "files")
    ingest(lake_url, files)
    ran = run_refi(lake_url)
    assert ran.success, ran.failure

    ingest(tmp_path / "lake", files)
    assert shown(ran) == shown(run_job(tmp_path / "lake"))
    assert RunFolder(open_lake(lake_url), ran.run_id).load("refi/refi_audience").rows == ELIGIBLE  # for later steps

    (started,) = [parameters for operation, parameters in glue.requests if operation == "StartJobRun"]
    assert started["Arguments"].keys() == {"--dagster-pipes-context", "--dagster-pipes-messages"}
    policies = role_policies["of any names"]
    assert denied(policies["pipeline"], glue.calls()) == []  # the fixture `aws` checks its other calls
    made = calls(ambient_aws.requests(job_key(ambient_aws)))
    assert [str(call) for call in denied(policies["spark_job"], made)] == []
    assert [action for action in unused(policies["spark_job"], made) if not action.startswith("Behind")] == []


def test_a_blocked_run_reports_what_it_did_and_the_check(glue: GlueJobs, lake_url: str, tmp_path: Path):
    ingest(lake_url, write(lender(eligible=0), tmp_path / "files"))
    ran = run_refi(lake_url)
    assert not ran.success
    assert ran.failure.startswith("Blocked by refi/refi_audience audience_not_empty (0; at least 1 borrower)")
    assert ran.failure.count(REFI.unchanged) == 1
    assert ran.failed_checks == {"refi/refi_audience audience_not_empty": "ERROR"}
    materialized = shown(ran)[0]
    assert "refi/refi_audience" in materialized
    assert "activation/audience_file" not in materialized


def test_a_job_with_other_policies_than_dagster_is_refused(glue: GlueJobs, lake_url: str, tmp_path: Path):
    for name in MARKS:
        shutil.copytree(PROJECT_DIR / name, tmp_path / name)
    policy = tmp_path / "policies" / "refi" / "refi.yaml"
    policy.write_text(policy.read_text().replace("max_ltv_pct: 80", "max_ltv_pct: 85"))
    glue.default_arguments = {**glue.default_arguments, "--REFI_PROJECT_DIR": str(tmp_path)}
    assert "different code, SQL, contracts or policies for refi/judged_offer" in run_refi(lake_url).failure


def test_a_script_that_ends_before_it_reports_is_quoted(glue: GlueJobs, lake_url: str, tmp_path: Path):
    glue.script = script(tmp_path, "raise ValueError('No module named refi_assets')")
    glue.refuses("GetJobRun", THROTTLED, times=2)
    failure = run_tiny(lake_url).failure
    assert "completed with status FAILED : ValueError: No module named refi_assets. Its output is in" in failure
    assert failure.endswith(TINY.unchanged)


def test_a_run_that_takes_too_long_says_so(glue: GlueJobs, lake_url: str, tmp_path: Path):
    glue.script, glue.timeout_seconds = script(tmp_path, FOREVER), 0.1
    assert "completed with status TIMEOUT. Its output is in" in run_tiny(lake_url).failure


def test_there_is_one_run_of_the_job_at_a_time(glue: GlueJobs, lake_url: str, tmp_path: Path):
    glue.script = script(tmp_path, FOREVER)
    glue.answer("StartJobRun", {"JobName": JOB, "Arguments": {}})
    assert "ConcurrentRunsExceededException" in run_tiny(lake_url).failure
    assert glue.states() == ["RUNNING"]


def test_a_run_whose_state_cannot_be_read_is_stopped(glue: GlueJobs, lake_url: str, tmp_path: Path):
    glue.script = script(tmp_path, FOREVER)
    glue.refuses("GetJobRun", "InvalidInputException")
    assert f"Glue, job {JOB}: InvalidInputException" in run_tiny(lake_url).failure
    assert glue.states() == ["STOPPED"]


def interrupt_once_it_runs(glue: GlueJobs) -> None:
    """Interrupt this process while it waits for the run, as Dagster does to cancel."""
    while [operation for operation, _ in glue.requests].count("GetJobRun") < 3:
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)


def test_a_run_stops_with_the_run_of_dagster(glue: GlueJobs, lake_url: str, tmp_path: Path):
    glue.script = script(tmp_path, FOREVER)
    threading.Thread(target=interrupt_once_it_runs, args=(glue,), daemon=True).start()
    assert not run_tiny(lake_url).success
    assert glue.states() == ["STOPPED"]


def test_only_a_lake_on_s3_and_the_deployments_policies_can_be_used(glue: GlueJobs, lake_url: str, tmp_path: Path):
    assert "cannot read the folder" in run_tiny(str(tmp_path)).failure
    overridden = {"policies": PoliciesResource(overrides={"tiny": "another.yaml"})}
    assert "policy file of this machine" in run_tiny(lake_url, resources=overridden).failure
    assert glue.requests == []


def test_the_banking_domain_runs_on_glue_if_a_job_is_set():
    with overridden("REFI_GLUE_JOB", JOB):
        on_job = defs()
    here = definitions()
    graph, same = on_job.resolve_asset_graph(), here.resolve_asset_graph()
    assert graph.materializable_asset_keys == same.materializable_asset_keys
    assert graph.asset_check_keys == same.asset_check_keys
    (step,) = on_job.resolve_job_def("banking").all_node_defs
    assert step.name == "banking_on_glue"
    assert "refi_on_glue" not in {node.name for node in on_job.resolve_job_def("refi").all_node_defs}
