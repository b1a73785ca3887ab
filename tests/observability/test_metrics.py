"""The metrics of a run in CloudWatch: put by one call after the audience is published; a failure is a warning."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from refi_assets.lake import Details, FolderStore, RunFolder
from refi_assets.lake.relations import QueryCost, with_inputs
from refi_assets.refi.metrics import run_metrics
from refi_assets.settings import forget_settings
from tests.fakes.aws import Aws
from tests.support.lender import lender, write
from tests.support.running import DAY, Ran, ingest, latest, run_job

SOURCES = ("borrower_engagement", "borrower_information", "loan_information", "market_equity")


@pytest.fixture
def namespace(ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The namespace of metrics that is set for this process."""
    name = ambient_aws.new_name("refi")
    monkeypatch.setenv("REFI_METRICS_NAMESPACE", name)
    forget_settings()
    yield name
    forget_settings()


def metrics_in(aws: Aws, namespace: str) -> dict[str, float]:
    """'name' or 'name of dimension' -> value, for every metric in CloudWatch."""
    cloudwatch = aws.client("cloudwatch")
    now = datetime.now(UTC)
    values: dict[str, float] = {}
    for metric in cloudwatch.list_metrics(Namespace=namespace)["Metrics"]:
        points = cloudwatch.get_metric_statistics(
            **metric,
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]
        assert sum(point["SampleCount"] for point in points) == 1, "put once"
        name = " of ".join([metric["MetricName"], *(dimension["Value"] for dimension in metric["Dimensions"])])
        values[name] = sum(point["Sum"] for point in points)
    return values


def warnings_of(done: Ran, instance: dg.DagsterInstance) -> list[str]:
    logs = instance.all_logs(done.result.run_id)
    return [entry.user_message for entry in logs if entry.dagster_event is None and entry.level == logging.WARNING]


def lake_of_forty_with_ten_eligible(tmp_path: Path) -> Path:
    """Two of the ten eligible are hot leads (spread 1.1); one loan row and two market rows are quarantined."""
    rows = lender(borrowers=40, eligible=10)
    for loan in rows["loan_information"][:2]:
        loan["current_interest_rate"] = "6.100"
    rows["loan_information"][39]["current_interest_rate"] = "six"
    for offer in rows["market_equity"][37:39]:
        offer["ltv_ratio"] = "70 %"
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    return tmp_path / "lake"


def test_a_published_run_puts_its_metrics(ambient_aws, namespace, tmp_path):
    lake = lake_of_forty_with_ten_eligible(tmp_path)
    done = run_job(lake)
    assert done.success, done.failure

    values = metrics_in(ambient_aws, namespace)

    seconds = values.pop("RunSeconds")
    assert 0 < seconds < 600
    assert values == {
        "Published": 1,
        **{f"Rows of {source}": 40 for source in SOURCES},
        "QuarantinedRows of borrower_engagement": 0,
        "QuarantinedRows of borrower_information": 0,
        "QuarantinedRows of loan_information": 1,
        "QuarantinedRows of market_equity": 2,
        "Eligible of Immediate Action": 8,
        "Eligible of Hot Lead": 2,
        "Eligible of Ineligible": 0,
        "AudienceRows": 10,
        "AudienceShare": 25,
        "BytesScanned": 0,
    }


def test_bytes_scanned_are_those_of_this_run_only(tmp_path):
    done = run_job(lake_of_forty_with_ten_eligible(tmp_path))
    folder = RunFolder(FolderStore(str(tmp_path / "lake"), create=False), done.result.run_id)
    published = [folder.load(key) for key in ("refi/refi_audience", "refi/unmatched_borrowers", "staging/quarantine")]
    relations = [
        relation.model_copy(
            update={
                "details": Details(
                    queries=(QueryCost(id="one", bytes_scanned=10_000_000), QueryCost(id="two", bytes_scanned=5))
                ),
                "run_id": "another-run" if relation.key == "refi/unmatched_borrowers" else relation.run_id,
            }
        )
        if relation.key.startswith("refi/")
        else relation
        for relation in with_inputs(folder.lake, published)
    ]

    metrics: list[dict[str, Any]] = run_metrics(done.result.run_id, relations, 10, 1.5)

    (scanned,) = [metric for metric in metrics if metric["MetricName"] == "BytesScanned"]
    assert (scanned["Value"], scanned["Unit"]) == (40_000_020, "Bytes")


def test_a_run_that_publishes_nothing_or_does_not_become_the_latest_puts_no_metrics(ambient_aws, namespace, tmp_path):
    lake = lake_of_forty_with_ten_eligible(tmp_path)
    run_job(lake, DAY + timedelta(days=1))
    before = metrics_in(ambient_aws, namespace)
    assert run_job(lake, DAY).success, "the latest is of a later day"
    ingest(lake, write(lender(eligible=0), tmp_path / "nobody"), DAY + timedelta(days=2))
    assert not run_job(lake, DAY + timedelta(days=2)).success

    assert metrics_in(ambient_aws, namespace) == before


def test_if_cloudwatch_does_not_answer_the_audience_is_published_with_a_warning(namespace, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:9")
    instance = dg.DagsterInstance.ephemeral()
    lake = lake_of_forty_with_ten_eligible(tmp_path)

    done = run_job(lake, instance=instance)

    assert done.success
    assert latest(lake)["run_id"] == done.result.run_id
    check = done.checks["activation/run_numbers numbers_complete"]
    assert done.failed_checks["activation/run_numbers numbers_complete"] == "WARN"
    assert f"Not in CloudWatch: CloudWatch's namespace {namespace}: Could not" in str(check.description)


def test_without_a_namespace_aws_is_not_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    instance = dg.DagsterInstance.ephemeral()

    done = run_job(lake_of_forty_with_ten_eligible(tmp_path), instance=instance)

    assert done.success
    assert warnings_of(done, instance) == []
