"""A domain's job on a loopback Glue that really starts the job's script, with Pipes over moto's S3."""

from collections.abc import Iterator

import dagster as dg
import pytest

from refi_assets.defs.refi import REFI
from refi_assets.orchestration.glue_runs import on_glue
from refi_assets.orchestration.resources import LakeResource
from refi_assets.settings import PROJECT_DIR
from tests.fakes.aws import Aws
from tests.fakes.glue_jobs import JOB, GlueJobs, serving
from tests.support.running import DAY, Ran, definitions, ingest

SAMPLE = PROJECT_DIR / "data" / "sample"


@pytest.fixture
def glue(ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlueJobs]:
    """The service, for this process as well."""
    jobs = GlueJobs({**ambient_aws.env, "AWS_ACCESS_KEY_ID": f"JOB{ambient_aws.unique}"})
    with serving(jobs) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", address)
        yield jobs


def run_on_glue(lake_url: str) -> Ran:
    loaded = on_glue(definitions(), REFI, JOB)
    result = loaded.resolve_job_def("refi").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(),
        tags={"dagster/partition": DAY.isoformat()},
        raise_on_error=False,
        resources={"lake": LakeResource(url=lake_url)},
    )
    evaluations = result.get_asset_check_evaluations()
    return Ran(result, {f"{check.asset_key.to_user_string()} {check.check_name}": check for check in evaluations})


def test_a_domain_runs_on_glue_and_reports_its_assets_and_checks(glue: GlueJobs, ambient_aws: Aws):
    lake_url = f"s3://{ambient_aws.new_bucket()}/lake"
    ingest(lake_url, SAMPLE)
    glue.default_arguments = {"--REFI_LAKE_URL": lake_url, "--REFI_ENGINE": "duckdb"}
    ran = run_on_glue(lake_url)
    print(ran.failure)
    for run in glue.runs.values():
        print(run.output.read_text()[-3000:])
    assert ran.success
