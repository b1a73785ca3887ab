"""Assets with another cadence than their readers, and the clean-up after runs."""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from refi_assets.lake.relations import Cadence
from refi_assets.orchestration.jobs import clean_up_after_runs
from refi_assets.orchestration.masking import mask_after_runs
from refi_assets.orchestration.partitions import partitions
from refi_assets.orchestration.resources import LakeResource
from refi_assets.orchestration.steps import asset_step
from tests.support.running import definitions


def asset(key: str, cadence: Cadence, reads: str | None = None) -> dg.AssetsDefinition:
    """An asset that records the as-of day of its input."""

    @dg.asset(key=key.split("/"), partitions_def=partitions(cadence), deps=[reads.split("/")] if reads else [])
    def day_of_input(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[Any]:
        with asset_step(context, lake) as step:
            counts = {"input": (step.input(reads).as_of - date(2026, 1, 1)).days} if reads else {}
            relation = step.save(step.draft(key, kind="files", counts=counts))
        return step.materialized(relation)

    return day_of_input


class Lab:
    def __init__(self, lake: Path, *assets: dg.AssetsDefinition) -> None:
        lake.mkdir()
        self.instance = dg.DagsterInstance.ephemeral()
        self.definitions = dg.Definitions(assets=assets, resources={"lake": LakeResource(url=str(lake))})

    def make(self, key: str, partition: str | None) -> dict[str, Any]:
        """Materialize one asset by hand. Return its metadata, or the message of the failure."""
        job = self.definitions.resolve_implicit_global_asset_job_def()
        run = job.execute_in_process(
            asset_selection=[dg.AssetKey(key.split("/"))],
            partition_key=partition,
            instance=self.instance,
            raise_on_error=False,
        )
        if not run.success:
            (failure,) = [event for event in run.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
            user_failure = failure.step_failure_data.user_failure_data
            return {"failure": user_failure and user_failure.description}
        (event,) = run.get_asset_materialization_events()
        return {name: value.value for name, value in event.materialization.metadata.items()}


def days(text: str) -> int:
    return (date.fromisoformat(text) - date(2026, 1, 1)).days


def test_a_weekly_asset_reads_the_newest_day_of_its_week_and_an_hourly_one_the_newest_week(tmp_path):
    lab = Lab(
        tmp_path / "lake",
        *(asset("a/feed", "daily"), asset("a/model", "weekly", "a/feed"), asset("a/score", "hourly", "a/model")),
    )
    for day in ("2026-02-17", "2026-02-22", "2026-02-23"):
        lab.make("a/feed", day)
    assert lab.make("a/model", "2026-02-16")["input"] == days("2026-02-22")
    assert lab.make("a/score", "2026-02-24-09:00")["input"] == days("2026-02-22")


def test_an_input_of_the_same_cadence_is_read_only_from_the_same_partition(tmp_path):
    lab = Lab(tmp_path / "lake", asset("a/feed", "daily"), asset("a/view", "daily", "a/feed"))
    lab.make("a/feed", "2026-02-17")
    assert lab.make("a/view", "2026-02-17")["input"] == days("2026-02-17")
    assert "a/feed has not been materialized as of 2026-02-18" in lab.make("a/view", "2026-02-18")["failure"]


def test_an_input_of_a_later_day_is_not_read(tmp_path):
    lab = Lab(tmp_path / "lake", asset("a/feed", "daily"), asset("a/model", "weekly", "a/feed"))
    lab.make("a/feed", "2026-02-23")
    assert "has not been materialized as of 2026-02-22" in lab.make("a/model", "2026-02-16")["failure"]


@pytest.mark.parametrize(("job", "is_requested"), [("refi", True), ("clean_up", False), ("mask", False)])
@pytest.mark.parametrize("sensor", [clean_up_after_runs, mask_after_runs])
def test_a_clean_up_and_copies_for_analysts_follow_the_run_of_every_domain(sensor, job, is_requested):
    instance = dg.DagsterInstance.ephemeral()
    run = dg.DagsterRun(job_name=job, run_id="6dc3b57f-0d6c-4f0e-9f8e-3c1f0a5b7d21")
    event = dg.DagsterEvent(event_type_value="PIPELINE_SUCCESS", job_name=job)
    context = dg.build_run_status_sensor_context(sensor.name, event, instance, run)
    assert isinstance(sensor(context), dg.RunRequest) is is_requested


def test_runs_of_one_domain_and_day_share_a_tag_that_the_queue_counts():
    job = definitions().resolve_job_def("refi")
    assert job.tags["refi/domain"] == "refi"
    tags = job.get_tags_for_partition_key("2026-02-20", selected_asset_keys=None)
    assert tags["refi/job_partition"] == "refi 2026-02-20"
