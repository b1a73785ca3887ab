"""With a real daemon on S3 and its queue of events: files that are put become a published audience without a hand."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from refi_assets.sample.case_model import SOURCES
from refi_assets.settings import PROJECT_DIR
from tests.engines.deployments import on_s3
from tests.fakes.aws import Aws

SAMPLE = PROJECT_DIR / "data" / "sample"
PATIENCE_SECONDS = 180


@contextmanager
def daemon(env: dict[str, str], folder: Path) -> Iterator[None]:
    """Dagster's daemon on the project, with an instance of its own; what it says is in the folder's log."""
    home = folder / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text((PROJECT_DIR / ".dagster" / "dagster.yaml").read_text())
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("dagster-daemon"), "run", "-w", "workspace.yaml"],
            cwd=PROJECT_DIR,
            env={**os.environ, **env, "DAGSTER_HOME": str(home), "PYTHONPATH": str(PROJECT_DIR), "REFI_WATCH": "true"},
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(attempt: Callable[[], Any], what: str, log: Path) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := attempt()):
        assert time.monotonic() < deadline, f"waited in vain for {what}; the daemon said:\n{log.read_text()[-3000:]}"
        time.sleep(0.2)
    return found


@pytest.mark.long
def test_files_on_s3_become_an_audience_by_their_events(aws: Aws, tmp_path: Path) -> None:
    deployment = on_s3(aws, "duckdb")
    bucket = deployment.lake_url.split("/")[2]
    s3, sqs, log = aws.client("s3"), aws.client("sqs"), tmp_path / "log"
    queue = sqs.create_queue(QueueName=aws.new_name("arrivals"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [events]})
    today = datetime.now(ZoneInfo("America/New_York")).date()

    def asked(operation: str) -> int:
        return sum(request["operation"] == operation for request in aws.requests())

    def put(source: str, content: bytes) -> None:
        s3.put_object(Bucket=bucket, Key=f"lender/raw/{source}/load_date={today}/{source} für heute.csv", Body=content)

    def latest() -> dict[str, Any]:
        found = s3.list_objects_v2(Bucket=bucket, Prefix="lender/output/latest.json")
        if not found["KeyCount"]:
            return {}
        read: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key="lender/output/latest.json")["Body"].read())
        return read

    def seconds_until_published(after: dict[str, Any]) -> float:
        began = time.monotonic()
        wait_for(lambda: latest() not in ({}, after), "an audience", log)
        return time.monotonic() - began

    with daemon({**deployment.env, "REFI_ARRIVALS_QUEUE_URL": queue}, tmp_path):
        wait_for(lambda: asked("ReceiveMessage") > 1, "the ticks that find an empty lake", log)
        for file in (SAMPLE / f"{source}.csv" for source in SOURCES):
            put(file.stem, file.read_bytes())
        first_seconds = seconds_until_published({})
        first = latest()
        loans = (SAMPLE / "loan_information.csv").read_bytes()
        put("loan_information", loans.rstrip(b"\n").rpartition(b"\n")[0] + b"\n")
        second_seconds = seconds_until_published(first)
        second = latest()

    print(f"\nFrom put to publish: {first_seconds:.1f} s, and of a changed file {second_seconds:.1f} s.")
    manifests = [json.loads(s3.get_object(Bucket=bucket, Key=f"lender/{one['manifest']}")["Body"].read())
                 for one in (first, second)]  # fmt: skip
    truth = json.loads((SAMPLE / "truth.json").read_text())
    assert manifests[0]["counts"] == truth["counts"]
    assert manifests[0]["audience"]["rows"] == truth["audience_rows"]
    assert manifests[1]["counts"] != truth["counts"], "a loan less"
    assert first["run_id"] != second["run_id"]
