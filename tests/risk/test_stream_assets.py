"""The stream in Dagster: checks of its health, its sensor, and a past day from its files equal to its own scores."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from refi_assets.defs.risk.stream import HEALTH_JOB, health_tick, stream_sensor
from refi_assets.lake import RunFolder, open_lake
from refi_assets.ml.registry import CHAMPION, Registry
from refi_assets.orchestration.resources import EngineResource, LakeResource, PoliciesResource
from refi_assets.risk.policy import load_risk_policy
from refi_assets.risk.stream_health import StreamStatus
from refi_assets.settings import overridden
from tests.risk.streamed_lake import StreamedLake, utc
from tests.support.live_champions import register_live_champion
from tests.support.running import definitions, ingest, run_job

THURSDAY = date(2026, 2, 19)
DELAY = "worst_payment_delay_3m"
FILES = {
    "portfolio_borrower": "borrower_id,opened_on,state\nB1,2020-01-01,TX\nB2,2020-01-01,CA\nB3,2020-01-01,\n",
    "portfolio_loan": "loan_id,borrower_id,product,originated_on,balance\n"
    "L1,B1,mortgage,2024-05-05,100000.00\nL2,B2,auto_loan,2025-05-05,9000.00\nL3,B3,credit_card,2025-05-05,500.00\n",
    "loan_event": "event_id,borrower_id,kind,event_time,received_at,payment_id,due_on,paid_on,amount,balance,"
    "credit_line_id,credit_limit,gross_monthly_income,monthly_debt\n"
    "F1,B3,payment,2026-02-01T09:00:00Z,2026-02-01T09:00:01Z,P3,2026-02-01,2026-02-01,50.00,,,,,\n",
    "account_transaction": "event_id,borrower_id,kind,event_time,received_at,amount,payee_id\n"
    "F2,B3,transaction,2026-02-01T09:00:00Z,2026-02-01T09:00:01Z,-12.34,\n",
    "default_outcome": "borrower_id,observed_on,defaulted,outcome_known_on\nB3,2025-01-31,false,2026-01-31\n",
}


def payment(borrower: str, event_id: str, at: str, due_on: str, paid_on: str | None) -> dict[str, Any]:
    time = utc(at).replace(tzinfo=None)
    return {
        **{"topic": "loan-events", "kafka_partition": 0, "kafka_offset": int(event_id[1:]), "event_id": event_id},
        **{"borrower_id": borrower, "kind": "payment", "event_time": time, "received_at": time},
        **{"payment_id": f"P-{borrower}", "due_on": date.fromisoformat(due_on), "amount": Decimal("100.00")},
        "paid_on": paid_on and date.fromisoformat(paid_on),
    }


def score(borrower: str, day: date, at: str, probability: str, version: int) -> dict[str, Any]:
    """A score by the champion of live_champions.py: 0.5 is high for its delay, 0.047426 is low without a reason."""
    is_late = probability == "0.500000"
    return {
        **{"score_id": f"one/{at}/{borrower}", "borrower_id": borrower, "as_of": day, "version": version},
        **{"probability": Decimal(probability), "band": "high" if is_late else "low"},
        **{"reasons": [DELAY] if is_late else [], "processed_at": utc(at).replace(tzinfo=None), "events": 1},
    }


@pytest.fixture(scope="module")
def version(registry: Registry) -> Iterator[int]:
    """The version of a champion with log-odds of -3 for payments on time, and of 0 for late ones."""
    number = register_live_champion(registry)
    with overridden("REFI_MLFLOW_URI", registry.uri):
        yield number
    registry.remove_alias("live_default", CHAMPION)


@pytest.fixture(scope="module")
def backfilled(version: int, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run of Thursday, made after Friday's events came; the lake's folder, and the instance."""
    folder = tmp_path_factory.mktemp("backfilled")
    (folder / "source").mkdir()
    for name, text in FILES.items():
        (folder / "source" / f"{name}.csv").write_text(text)
    lake = StreamedLake(folder / "lake")
    ingest(folder / "lake", folder / "source", THURSDAY)
    friday = THURSDAY + timedelta(days=1)
    lake.put(
        "events",
        "one",
        0,
        [
            payment("B1", "E1", "2026-02-19 09:00", "2026-01-05", None),  # 45 days late on Thursday
            payment("B2", "E2", "2026-02-19 09:00", "2026-02-01", "2026-02-01"),
        ],
    )
    lake.put("events", "one", 1, [payment("B1", "E3", "2026-02-20 09:00", "2026-01-05", "2026-02-20")])
    lake.put(
        "scores",
        "one",
        0,
        [
            score("B1", THURSDAY, "2026-02-19 09:01", "0.047426", version),
            score("B2", THURSDAY, "2026-02-19 09:01", "0.047426", version),
        ],
    )
    lake.put("scores", "one", 1, [score("B1", THURSDAY, "2026-02-19 09:02", "0.500000", version)])
    lake.put("scores", "one", 2, [score("B1", friday, "2026-02-20 09:01", "0.047426", version)])
    instance = dg.DagsterInstance.ephemeral()
    return run_job(folder / "lake", THURSDAY, job="risk", instance=instance), folder / "lake", instance


def rows(folder: Path, run_id: str, key: str, select: str) -> list[tuple[Any, ...]]:
    record = RunFolder(open_lake(str(folder)), run_id).load(key)
    return duckdb.sql(f"WITH it AS (FROM '{folder}/{record.parquet}') {select}").fetchall()


def test_a_past_day_from_the_streams_files_has_the_scores_that_the_stream_gave_last_that_day(backfilled: Any) -> None:
    """1 / (1 + e^3) = .0474259."""
    ran, folder, _ = backfilled
    assert ran.success, ran.failure
    last = [
        ("B1", Decimal("0.500000"), "high", DELAY),
        ("B2", Decimal("0.047426"), "low", ""),
    ]
    columns = "borrower_id, probability, band, reasons"
    assert rows(folder, ran.run_id, "risk/streamed_scores", f"SELECT {columns} FROM it ORDER BY ALL") == last
    touched = f"SELECT {columns} FROM it WHERE borrower_id <> 'B3' ORDER BY ALL"
    assert rows(folder, ran.run_id, "risk/scores", touched) == last
    assert ran.checks["risk/streamed_scores scores_as_the_run"].passed


def test_loans_have_the_arrears_and_the_score_of_that_day(backfilled: Any) -> None:
    ran, folder, _ = backfilled
    columns = "loan_id, state, probability, band, days_past_due, delinquency"
    assert rows(folder, ran.run_id, "risk/loan_exposure", f"SELECT {columns} FROM it ORDER BY ALL") == [
        ("L1", "TX", Decimal("0.500000"), "high", 45, "days_30_to_89"),
        ("L2", "CA", Decimal("0.047426"), "low", 0, "current"),
        ("L3", None, Decimal("0.047426"), "low", 0, "current"),
    ]


def test_the_report_is_metadata_of_its_asset(backfilled: Any) -> None:
    """100,000 at 50 % and LGD 25 %, 9,000 at 45 %, 550 at 80 %; these at 4.7426 %: 12,500 + 192.08 + 20.87."""
    ran, _, _ = backfilled
    shown = ran.metadata("risk/report")
    assert (shown["loans"], shown["balance"], shown["expected_loss"]) == ("3", "109,500.00", "12,712.94")
    assert "Default risk of the portfolio, as of 2026-02-19" in Path(shown["report"]).read_text()


def test_a_score_that_the_run_does_not_give_is_shown_unless_another_version_gave_it(
    backfilled: Any, version: int
) -> None:
    _, folder, instance = backfilled
    lake = StreamedLake(folder)
    lake.put("scores", "one", 3, [score("B2", THURSDAY, "2026-02-19 23:59", "0.500000", version)])
    lake.put("scores", "one", 4, [score("B1", THURSDAY, "2026-02-19 23:59", "0.047426", version + 1)])
    again = run_job(folder, THURSDAY, selection=["risk/streamed_scores"], instance=instance)
    check = again.checks["risk/streamed_scores scores_as_the_run"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert {name: value.value for name, value in check.metadata.items()} == {
        **{"number": 1, "limit": "0 borrowers", "keys": "B2"},
    }


@pytest.mark.parametrize(
    ("minutes_ago", "lag", "success", "failed"),
    [
        (5, 10, True, {}),
        (30, 10, True, {"stream_not_silent": "WARN"}),
        (5, 300, True, {"no_partition_lags": "WARN"}),
        (180, 10, False, {"stream_not_silent": "ERROR"}),
        (5, 3600, False, {"no_partition_lags": "ERROR"}),
    ],
)
def test_the_checks_of_the_streams_health_warn_and_fail_by_the_policy(
    tmp_path: Path, minutes_ago: int, lag: int, success: bool, failed: dict[str, str]
) -> None:
    processed_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    lake = StreamedLake(tmp_path)
    lake.decide("one", 0, f"{processed_at:%F %T}")
    received_at = f"{processed_at - timedelta(seconds=lag):%F %T}"
    lake.put("events", "one", 0, [payment("B1", "E1", received_at, "2026-01-05", None)])
    result = run_health(tmp_path)
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert result.success is success
    assert {name: check.severity.value for name, check in checks.items() if not check.passed} == failed
    if "no_partition_lags" in failed:
        assert checks["no_partition_lags"].metadata["keys"].value == f"loan-events/0 {lag} s"


def test_without_a_stream_the_asset_of_its_health_says_how_to_start_one(tmp_path: Path) -> None:
    open_lake(str(tmp_path))
    [failure] = [event for event in run_health(tmp_path).all_events if event.is_step_failure]
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert "has no batch of a stream. Start one: refi risk stream" in str(data.description)


def run_health(folder: Path) -> dg.ExecuteInProcessResult:
    resources: dict[str, Any] = {"lake": LakeResource(url=str(folder)), "engine": EngineResource()}
    job = definitions().resolve_job_def(HEALTH_JOB)
    config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return job.execute_in_process(run_config=config, resources=resources, raise_on_error=False)


def test_the_sensor_requests_the_checks_when_the_verdict_changes_and_once_an_hour() -> None:
    limits, noon = load_risk_policy().health, utc("2026-02-20 12:00")
    status = StreamStatus("one", 7, noon, {})

    def tick(cursor: str | None, minutes: int) -> tuple[int, str | None]:
        result = health_tick(cursor, status, limits, noon + timedelta(minutes=minutes))
        return len(result.run_requests or []), result.cursor

    requested, cursor = tick(None, 1)
    assert requested == 1
    assert tick(cursor, 14) == (0, cursor)
    requested, cursor = tick(cursor, 16)  # silent for longer than the first limit
    assert requested == 1
    assert tick(cursor, 59) == (0, cursor)
    assert tick(cursor, 60)[0] == 1  # the next hour


def test_the_sensor_reads_the_lake_and_skips_without_a_stream(tmp_path: Path) -> None:
    lake = StreamedLake(tmp_path)

    def look() -> dg.SensorResult:
        resources = {
            "lake": LakeResource(url=str(tmp_path)),
            "engine": EngineResource(),
            "policies": PoliciesResource(),
        }
        result = stream_sensor(dg.build_sensor_context(resources=resources))
        assert isinstance(result, dg.SensorResult)
        return result

    skipped = look()
    assert skipped.skip_reason is not None
    assert skipped.skip_reason.skip_message == "The lake has no batch of a stream."
    lake.decide("one", 0, "2026-02-20 12:00")
    assert len(look().run_requests or []) == 1


def test_refi_risk_report_writes_the_page_and_the_tables_of_the_published_run(
    backfilled: Any, refi: Any, tmp_path: Path
) -> None:
    _, folder, _ = backfilled
    page, tables = tmp_path / "risk.html", tmp_path / "tables"
    done = refi("risk", "report", "--lake", folder, "--out", page, "--csv", tables)
    assert "as of 2026-02-19" in done.stdout
    assert "Default risk of the portfolio, as of 2026-02-19" in page.read_text("utf-8")
    [header, row] = (tables / "portfolio.csv").read_text("utf-8").splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["expected_loss"] == "12712.94"
