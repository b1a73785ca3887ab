"""The automatic starts of a program: its schedules, and one run of it at a time."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import yaml

from refi_assets.defs.offers import OFFERS
from refi_assets.defs.offers.automation import export_cron
from refi_assets.orchestration.automation import tick
from refi_assets.orchestration.resources import LakeResource
from refi_assets.settings import PROJECT_DIR
from refi_assets.specs.contracts import contracts_of
from tests.support.running import definitions

PROGRAM = "loan_offer_targeting"
# Schedule -> its job, and when it runs, by UTC.
SCHEDULES = {
    f"{PROGRAM}_batch": (PROGRAM, "0 2 * * 1"),
    f"{PROGRAM}_export_after_batch": (f"{PROGRAM}_export", "15 4 * * 1"),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_schedules_of_the_file_run_in_utc_and_are_off_by_default(name):
    schedule = definitions("off").resolve_schedule_def(name)
    assert (schedule.job_name, schedule.cron_schedule) == SCHEDULES[name]
    assert schedule.execution_timezone == "UTC"
    assert schedule.default_status.value == "STOPPED"


def test_the_models_are_trained_again_on_first_mondays():
    schedule = definitions("off").resolve_schedule_def("retrain_offers_every_first_monday")
    assert (schedule.job_name, schedule.cron_schedule) == ("retrain_offers", "0 3 * * 1#1")


@pytest.mark.parametrize(
    ("batch", "export"),
    [
        ("0 2 * * 1", "15 4 * * 1"),
        ("30 21 1 * *", "15 23 1 * *"),
        ("0 22 * * 1", None),  # the next day
        ("0 2,14 * * 1", None),
    ],
)
def test_the_export_follows_the_batch_on_the_same_day(batch, export):
    assert export_cron(batch) == export


def test_an_instance_in_production_runs_a_program_once_at_a_time():
    instance = yaml.safe_load((PROJECT_DIR / "infra" / "dagster.yaml").read_text(encoding="utf-8"))
    limits = {limit["key"]: limit for limit in instance["concurrency"]["runs"]["tag_concurrency_limits"]}
    assert limits["refi/program"] == {
        "key": "refi/program",
        "value": {"applyLimitPerUniqueValue": True},
        "limit": 1,
    }
    for job in (PROGRAM, f"{PROGRAM}_export"):
        assert definitions("off").resolve_job_def(job).tags["refi/program"] == PROGRAM


def test_the_job_of_the_schedule_reads_the_offer_log():
    selected = definitions("off").resolve_job_def(PROGRAM).asset_layer.selected_asset_keys
    assert dg.AssetKey(["raw", "offer_log"]) in selected


def test_no_sensor_waits_for_the_offer_log_or_runs_because_of_it(tmp_path: Path):
    """Sensors of arrivals are about deliveries, and each run may put a file of its own into the raw zone."""
    delivered = [source for source in contracts_of("offers") if source != "offer_log"]
    for source in delivered:
        folder = tmp_path / "raw" / source / "load_date=2026-03-02"
        folder.mkdir(parents=True)
        (folder / f"{source}.csv").write_bytes(b"x\n")
    lake, noon = LakeResource(url=str(tmp_path)), datetime(2026, 3, 2, 17, tzinfo=UTC)
    first = tick(OFFERS, None, lake, noon)
    (request,) = first.run_requests or ()
    assert request.tags.keys() >= {f"refi/new_{source}" for source in delivered}
    assert "refi/new_offer_log" not in request.tags
    log = tmp_path / "raw" / "offer_log" / "load_date=2026-03-02"
    log.mkdir(parents=True)
    (log / "offer_log-1.csv").write_bytes(b"x\n")
    assert not tick(OFFERS, first.cursor, lake, noon).run_requests
