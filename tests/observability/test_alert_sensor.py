"""The sensor that sends alerts, tick by tick: failed runs, failed blocking checks, overdue assets.

Its messages go through SNS to a queue, and the tests read them there.
"""

import re
import runpy
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from refi_assets.orchestration import alert_sensor
from refi_assets.orchestration.steps import asset_of_step
from refi_assets.settings import forget_settings
from tests.fakes.aws import Aws
from tests.fakes.mailbox import Mailbox
from tests.support.lender import lender, write
from tests.support.running import DAY, Ran, definitions, ingest, run_job

NEW_YORK = ZoneInfo("America/New_York")


class Watch:
    """An instance, the sensor that watches it, and the mailbox that receives its alerts."""

    def __init__(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        self.instance = dg.DagsterInstance.ephemeral()
        self.mailbox = Mailbox(aws)
        self.cursor: str | None = None
        self.definitions = definitions()
        self.at = datetime.now(NEW_YORK)
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(alert_sensor, "now", lambda: self.at)
        self.set("REFI_ALERTS_TOPIC_ARN", self.mailbox.topic)
        self.set("REFI_UI_URL", "https://dagster.lender.example/")

    def set(self, name: str, value: str) -> None:
        self._monkeypatch.setenv(name, value)
        forget_settings()

    def run(self, lake: Path) -> Ran:
        done = run_job(lake, instance=self.instance)
        self.at = datetime.now(NEW_YORK)
        return done

    def tick(self, later: timedelta = timedelta()) -> str:
        """The sensor's message after one look."""
        self.at += later
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=self.definitions.get_repository_def(),
        )
        result = alert_sensor.alerts(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        assert result.skip_reason is not None
        return str(result.skip_reason.skip_message)

    def received(self, later: timedelta = timedelta()) -> list[dict[str, str]]:
        """The messages that one look sends, each as its fields."""
        self.tick(later)
        texts = [envelope["Message"] for envelope in self.mailbox.read()]
        messages = [dict(line.split(": ", 1) for line in re.split(r"\n(?! )", text)) for text in texts]
        return sorted(messages, key=lambda message: message["Where"])


@pytest.fixture
def watch(ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    yield Watch(ambient_aws, monkeypatch)
    forget_settings()


HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_the_alert_of_a_failed_blocking_check_has_its_number_and_a_link_to_the_run(watch, tmp_path):
    ingest(tmp_path / "lake", write(lender(eligible=0), tmp_path / "source"))
    before = datetime.now(NEW_YORK)
    done = watch.run(tmp_path / "lake")

    (message,) = watch.received()

    since = datetime.fromisoformat(message.pop("Since"))
    assert before - timedelta(seconds=1) <= since <= watch.at
    number, cause, command = message.pop("Reason").split("\n  ")
    assert number == "0; at least 1 borrower"
    assert cause.startswith("- spread_below_min: 40. Likely fix: ")
    assert command.startswith(f"See the rows: refi query --run {done.result.run_id} ")
    assert message == {
        "What": "Blocking check audience_not_empty failed",
        "Where": "refi/refi_audience",
        "Run": f"{done.result.run_id}, job refi, as of 2026-02-20",
        "Link": f"https://dagster.lender.example/runs/{done.result.run_id}",
    }


def test_a_warning_in_a_run_that_succeeds_is_no_alert(watch, tmp_path):
    rows = lender()
    rows["borrower_information"][20]["credit_score"] = ""
    rows["loan_information"][30]["current_interest_rate"] = "7.9%"
    ingest(tmp_path / "lake", write(rows, tmp_path / "source"))
    done = watch.run(tmp_path / "lake")
    assert "WARN" in done.failed_checks.values()
    assert done.success

    assert watch.received() == []


def test_a_failed_run_is_one_alert_per_cause_with_the_message_for_its_user(watch, tmp_path):
    source = write(lender(), tmp_path / "source")
    (source / "market_equity.csv").write_text("property_id,ltv\n1,2\n")
    (source / "loan_information.csv").write_bytes(b"")
    ingest(tmp_path / "lake", source)
    done = watch.run(tmp_path / "lake")

    incomplete, empty = watch.received()

    assert (empty["What"], empty["Where"]) == ("Run failed", "raw/loan_information")
    assert "loan_information.csv: the file is empty" in empty["Reason"]
    assert (incomplete["What"], incomplete["Where"]) == ("Run failed", "catalog/market_equity")
    assert "column 'market_rate_offer', 'ltv_ratio'" in incomplete["Reason"]
    assert {empty["Link"], incomplete["Link"]} == {f"https://dagster.lender.example/runs/{done.result.run_id}"}


def test_the_alert_of_an_error_that_is_not_ours_has_only_its_type(watch):
    @dg.asset(key=["raw", "scores"])
    def scores() -> None:
        raise UnicodeError("cannot encode 'Given1 Family1'")

    done = dg.materialize([scores], instance=watch.instance, raise_on_error=False)

    (message,) = watch.received()
    assert (message["Where"], message["Reason"]) == ("raw/scores", f"UnicodeError. See: refi log {done.run_id}")
    assert "Given1" not in str(message)


def test_a_run_whose_process_is_lost_is_an_alert_on_the_run(watch):
    run = dg.DagsterRun(job_name="refi", run_id=str(uuid4()), tags={"dagster/partition": DAY.isoformat()})
    watch.instance.add_run(run)
    watch.instance.report_run_failed(run)

    (message,) = watch.received(timedelta(seconds=1))

    assert (message["What"], message["Where"]) == ("Run failed", "job refi")
    assert message["Run"] == f"{run.run_id}, job refi, as of 2026-02-20"


def test_a_repeated_failure_is_sent_again_only_after_an_hour_even_across_restarts(watch, tmp_path):
    ingest(tmp_path / "lake", write(lender(eligible=0), tmp_path / "source"))
    watch.run(tmp_path / "lake")
    assert len(watch.received()) == 1
    assert watch.received(MINUTE) == [], "only the cursor survives a restart, and it is enough"

    again = watch.run(tmp_path / "lake")

    assert watch.received(MINUTE) == [], "the same check failed again, within the hour"
    assert again.failed_checks
    assert watch.received(HOUR) == [], "nothing has failed since"


def test_an_alert_that_sns_refuses_is_sent_again_at_the_next_tick(watch, tmp_path):
    ingest(tmp_path / "lake", write(lender(eligible=0), tmp_path / "source"))
    watch.run(tmp_path / "lake")
    watch.set("REFI_ALERTS_TOPIC_ARN", watch.mailbox.topic + "-wrong")
    assert re.search(r"Alerts waiting to be sent: 1\. .*NotFound", watch.tick())
    assert "Alerts waiting to be sent: 1" in watch.tick(3 * HOUR)

    watch.set("REFI_ALERTS_TOPIC_ARN", watch.mailbox.topic)

    (message,) = watch.received(MINUTE)
    assert message["What"] == "Blocking check audience_not_empty failed"
    assert watch.received(MINUTE) == []


def test_a_failure_while_the_sensor_could_not_look_is_sent_later(watch, tmp_path, monkeypatch):
    watch.tick()
    ingest(tmp_path / "lake", write(lender(eligible=0), tmp_path / "source"))
    watch.run(tmp_path / "lake")
    with monkeypatch.context() as patch:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.delenv(name)
        assert "no region is set" in watch.tick()

    assert len(watch.received(5 * HOUR)) == 1


def test_failures_from_long_before_the_sensor_was_turned_on_are_not_sent(watch, tmp_path):
    ingest(tmp_path / "lake", write(lender(eligible=0), tmp_path / "source"))
    watch.run(tmp_path / "lake")

    assert watch.received(61 * MINUTE) == []


def test_an_old_failure_that_gets_a_tag_is_not_sent_again(watch, tmp_path):
    ingest(tmp_path / "lake", write(lender(eligible=0), tmp_path / "source"))
    failed = watch.run(tmp_path / "lake")
    watch.instance.add_run_tags(failed.result.run_id, {"seen": "yes"})
    (record,) = watch.instance.get_run_records()
    assert record.end_time < watch.at.timestamp() < record.update_timestamp.timestamp()

    assert watch.received(HOUR) == [], "the first look goes back an hour, to between the end and the tag"


def test_an_overdue_asset_is_sent_every_hour_until_it_is_materialized(watch, lake):
    """Feeds and the audience are due every day, the market every week."""
    done = watch.run(lake)
    daily = ["activation/audience_file", *(f"raw/{s}" for s in ("borrower_engagement", "borrower_information"))]
    daily.append("raw/loan_information")
    start = watch.at
    assert watch.received(23.9 * HOUR) == []

    overdue = watch.received(0.2 * HOUR)
    assert [(m["What"], m["Where"]) for m in overdue] == [("Overdue", where) for where in daily]
    for message in overdue:
        since = datetime.fromisoformat(message["Since"])
        assert start - MINUTE <= since - timedelta(days=1) <= start
        assert message["Link"] == f"https://dagster.lender.example/runs/{done.result.run_id}"
        assert message["Reason"].startswith("It is due every day and was last materialized")
    assert watch.received(59 * MINUTE) == []
    assert [m["Since"] for m in watch.received(MINUTE)] == [m["Since"] for m in overdue]
    weekly = watch.received(timedelta(days=6))
    assert [m["Where"] for m in weekly] == [*daily, "raw/market_equity"]
    assert "It is due every 7 days" in weekly[-1]["Reason"]

    watch.run(lake)
    assert watch.received(HOUR) == []


class Portfolio:
    """An asset with a daily notice, whose runs have the number that is given."""

    def __init__(self, watch: Watch) -> None:
        self.watch, self.number, self.fails = watch, 0, False

        @dg.asset(
            key=["gold", "portfolio"],
            metadata={alert_sensor.DAILY_NOTICE: "high_risk_customers"},
            partitions_def=dg.DailyPartitionsDefinition("2026-01-01"),
        )
        def portfolio() -> dg.MaterializeResult[None]:
            return dg.MaterializeResult(metadata={"high_risk_customers": self.number})

        @dg.asset(deps=[portfolio], partitions_def=dg.DailyPartitionsDefinition("2026-01-01"))
        def published() -> None:
            if self.fails:
                raise ValueError("not published")

        self.assets = [portfolio, published]
        watch.definitions = dg.Definitions(assets=self.assets)

    def run(self, day: str, number: int, *, fails: bool = False) -> str:
        self.number, self.fails = number, fails
        done = dg.materialize(self.assets, instance=self.watch.instance, partition_key=day, raise_on_error=False)
        self.watch.at = datetime.now(NEW_YORK)
        return done.run_id


def test_a_daily_notice_is_a_number_and_a_link_once_for_an_as_of_day(watch):
    portfolio = Portfolio(watch)
    run_id = portfolio.run("2026-02-20", 1234)

    (message,) = watch.received()
    datetime.fromisoformat(message.pop("Since"))
    assert message == {
        "What": "High risk customers",
        "Where": "gold/portfolio, as of 2026-02-20",
        "Reason": "Their number is 1,234.",
        "Run": f"{run_id}, job __ephemeral_asset_job__",
        "Link": f"https://dagster.lender.example/runs/{run_id}",
    }

    portfolio.run("2026-02-20", 1300)
    assert watch.received(25 * HOUR) == [], "the same day was reported, and runs again"
    portfolio.run("2026-02-19", 7)
    assert watch.received() == [], "a backfill"
    portfolio.run("2026-02-21", 5)
    assert [message["Reason"] for message in watch.received()] == ["Their number is 5."]


def test_a_daily_notice_is_not_sent_for_nobody_nor_for_a_run_that_failed(watch):
    portfolio = Portfolio(watch)
    portfolio.run("2026-02-20", 0)
    assert watch.received() == []
    portfolio.run("2026-02-20", 3, fails=True)
    assert [message["What"] for message in watch.received()] == ["Run failed"]
    portfolio.run("2026-02-20", 4)
    assert [message["Reason"] for message in watch.received()] == ["Their number is 4."]


def test_a_daily_notice_that_sns_refuses_is_sent_later_and_then_not_again(watch):
    portfolio = Portfolio(watch)
    portfolio.run("2026-02-20", 3)
    watch.set("REFI_ALERTS_TOPIC_ARN", watch.mailbox.topic + "-wrong")
    assert "Alerts waiting to be sent: 1" in watch.tick()
    portfolio.run("2026-02-21", 2)
    assert "Alerts waiting to be sent: 2" in watch.tick()

    watch.set("REFI_ALERTS_TOPIC_ARN", watch.mailbox.topic)
    assert [message["Reason"] for message in watch.received()] == ["Their number is 3.", "Their number is 2."]
    assert watch.received(2 * HOUR) == []


def test_an_asset_that_was_never_materialized_is_not_overdue(watch):
    assert watch.received(timedelta(days=30)) == []


def test_without_a_topic_the_sensor_says_so(watch):
    watch.set("REFI_ALERTS_TOPIC_ARN", "")
    assert watch.tick() == "REFI_ALERTS_TOPIC_ARN is not set."


@pytest.mark.parametrize(("topic", "status"), [("", "STOPPED"), ("arn:aws:sns:us-east-1:1:refi", "RUNNING")])
def test_the_sensor_starts_running_if_there_is_a_topic(topic, status, monkeypatch):
    monkeypatch.setenv("REFI_ALERTS_TOPIC_ARN", topic)
    forget_settings()
    module = runpy.run_path(alert_sensor.__file__)
    forget_settings()
    assert module["alerts"].default_status.value == status


def test_every_step_of_the_job_belongs_to_an_asset():
    job = definitions().resolve_job_def("refi")
    assets = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    steps = {node.name for node in job.nodes}
    assert len(steps) > len(assets), "checks are also steps"
    assert {asset_of_step(step) for step in steps} == assets
