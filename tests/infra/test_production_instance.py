"""The production instance on a real PostgreSQL, with the services of compose.yaml as processes, and moto's S3.

Containers' own parts (images, users, read-only file systems, networks) are not tested; see docs/operations.md.
"""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from refi_assets.settings import PROJECT_DIR
from tests.fakes.aws import Aws
from tests.fakes.postgres import postgres_server
from tests.infra.production import Production
from tests.support.running import definitions
from tests.support.serving import wait_for
from tests.support.whole import require_whole_audience

SAMPLE = PROJECT_DIR / "data" / "sample"
DAY = "2026-02-20"
SOURCES = ("borrower_engagement", "borrower_information", "loan_information", "market_equity")
JOB = definitions().resolve_job_def("refi")
CHECKS = definitions().resolve_asset_graph().asset_check_keys
ASSETS = sorted(key.to_user_string() for key in JOB.asset_layer.executable_asset_keys)


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory, moto_url: str, record_file: Path) -> Iterator[Production]:
    """The instance with its tables; no service is running yet."""
    with ExitStack() as stack:
        database = stack.enter_context(postgres_server())
        instance = Production(tmp_path_factory.mktemp("production"), database, Aws(moto_url, record_file))
        stack.callback(instance.stop_all)
        instance.call("dagster", "instance", "migrate")
        yield instance


@pytest.fixture(scope="module")
def services(production: Production) -> Production:
    """The instance with the code location, the daemon and the UI, and the sample in the raw zone."""
    production.refi("ingest", "--source", SAMPLE, "--as-of", DAY)
    production.start("code")
    production.start("webserver", "daemon")
    return production


def wait_until(production: Production, run_id: str, *statuses: str) -> None:
    wait_for(lambda: production.status(run_id) in statuses, 180)


def retry_of(production: Production, run_id: str) -> list[str]:
    return [
        retry
        for (retry,) in production.select(
            "SELECT run_id FROM run_tags WHERE key = 'dagster/parent_run_id' AND value = %s", run_id
        )
    ]


def kill(production: Production, run_id: str) -> None:
    """Kill a run's process, as the kernel does when memory runs out."""
    events = production.select(
        "SELECT event FROM event_logs WHERE run_id = %s AND dagster_event_type = 'ENGINE_EVENT' ORDER BY id", run_id
    )
    messages = [json.loads(event)["dagster_event"]["message"] for (event,) in events]
    (pid,) = {int(pid) for message in messages for pid in re.findall(r"pid: (\d+)", message)}
    os.kill(pid, signal.SIGKILL)


def materialized(production: Production, run_id: str) -> dict[str, Any]:
    """Asset keys that a run materialized, according to PostgreSQL, with the partition."""
    rows = production.select(
        "SELECT asset_key, partition FROM event_logs"
        " WHERE run_id = %s AND dagster_event_type = 'ASSET_MATERIALIZATION'",
        run_id,
    )
    return {"/".join(json.loads(key)): partition for key, partition in rows}


def test_refi_run_records_everything_in_postgres_and_adds_no_file_to_the_image(
    production: Production,
):
    run_id = json.loads(production.refi("run", "--source", SAMPLE, "--as-of", DAY, "--json"))["run_id"]

    assert production.status(run_id) == "SUCCESS"
    events = dict(
        production.select(
            "SELECT dagster_event_type, count(*) FROM event_logs WHERE run_id = %s GROUP BY dagster_event_type", run_id
        )
    )
    assert events["PIPELINE_SUCCESS"] == 1
    assert events["STEP_START"] == events["STEP_SUCCESS"]
    assert materialized(production, run_id) == dict.fromkeys(ASSETS, DAY)
    checks = production.select(
        "SELECT execution_status, count(*) FROM asset_check_executions WHERE run_id = %s GROUP BY execution_status",
        run_id,
    )
    assert sum(count for _, count in checks) == len(
        [check for check in CHECKS if "/".join(check.asset_key.path) in ASSETS]
    )
    assert {status for status, _ in checks} == {"SUCCEEDED", "FAILED"}  # some warn about rows of the sample
    keys = {"/".join(json.loads(key)) for (key,) in production.select("SELECT asset_key FROM asset_keys")}
    assert keys == set(ASSETS)
    assert production.files_now() == production.files

    truth = json.loads((SAMPLE / "truth.json").read_text())
    assert require_whole_audience(production.lake)["counts"] == truth["counts"]


@pytest.mark.long
def test_two_runs_of_one_day_take_turns_and_the_ui_shows_their_output_from_s3(services: Production):
    run_ids = [services.submit(DAY), services.submit(DAY)]
    for run_id in run_ids:
        wait_until(services, run_id, "SUCCESS", "FAILURE")

    assert [services.status(run_id) for run_id in run_ids] == ["SUCCESS", "SUCCESS"]
    times = [
        services.select("SELECT start_time, end_time FROM runs WHERE run_id = %s", run_id)[0] for run_id in run_ids
    ]
    (_, first_end), (second_start, _) = sorted(times)
    assert first_end <= second_start
    for run_id in run_ids:
        assert materialized(services, run_id) == dict.fromkeys(ASSETS, DAY)
        (log,) = (key for key in services.compute_logs(run_id) if key.endswith(".err"))
        last_line = 'Finished execution of step "activation__audience_file"'
        assert last_line in services.compute_logs(run_id)[log]
        shown = services.ask(
            "query ($key: [String!]!) { capturedLogs(logKey: $key) { stderr } }",
            key=[run_id, "compute_logs", Path(log).stem],
        )
        assert last_line in shown["capturedLogs"]["stderr"]
    assert services.files_now() == services.files


@pytest.mark.long
def test_a_killed_run_is_marked_as_failed_and_retried_once(services: Production):
    run_id = services.submit(DAY)
    wait_until(services, run_id, "STARTED")
    kill(services, run_id)
    wait_until(services, run_id, "FAILURE")

    (retry,) = wait_for(lambda: retry_of(services, run_id), 60)
    wait_until(services, retry, "SUCCESS", "FAILURE")
    assert services.status(retry) == "SUCCESS"
    assert require_whole_audience(services.lake)["run_id"] == retry


@pytest.mark.long
def test_a_run_that_failed_in_a_step_is_not_retried(services: Production):
    run_id = services.submit("2026-02-19")  # for which there are no files
    wait_until(services, run_id, "FAILURE")
    wait_for(
        lambda: services.select(
            "SELECT 1 FROM event_logs WHERE run_id = %s AND event LIKE '%%Not retrying run since it failed due to%%'",
            run_id,
        ),
        60,
    )
    assert retry_of(services, run_id) == []


@pytest.mark.long
def test_a_stopping_code_location_finishes_its_run_first(services: Production):
    run_id = services.submit(DAY)
    wait_until(services, run_id, "STARTED")
    services.stop("code")
    status_after_stop = services.status(run_id)
    services.start("code")
    assert status_after_stop == "SUCCESS"
