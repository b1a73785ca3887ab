"""Digests of alerts: their text, the channels, and retries, against a topic of SNS and a mail server."""

import logging
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from refi_assets.lake import FolderStore
from refi_assets.risk.alerting import alert_channels, alerts_sent_beside, send_digests
from refi_assets.settings import forget_settings
from refi_assets.store.alert_outbox import ALERT_FILE, AlertOutbox, KeyAlert
from tests.fakes.aws import Aws
from tests.fakes.mail_server import mail_server
from tests.fakes.mailbox import Mailbox
from tests.risk.hand_made_runs import publish
from tests.support.commands import refi_here
from tests.support.serving import wait_for

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
ALERTS = [
    KeyAlert("B-secret-1", "high_risk", MONDAY),
    KeyAlert("B-secret-1", "possible_fraud", TUESDAY),
    KeyAlert("B-secret-2", "possible_fraud", TUESDAY),
]


@pytest.fixture
def outbox(tmp_path: Path) -> AlertOutbox:
    """An outbox with three alerts on two borrowers."""
    alerts = AlertOutbox(tmp_path / ALERT_FILE)
    alerts.add(ALERTS, NOON)
    return alerts


@pytest.fixture(autouse=True)
def settings_are_read_again() -> None:
    """The tests set variables."""
    forget_settings()


def mail_to(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setenv("REFI_SMTP_URL", f"smtp+plain://127.0.0.1:{port}")
    monkeypatch.setenv("REFI_ALERTS_MAIL_FROM", "refi@example.com")
    monkeypatch.setenv("REFI_ALERTS_MAIL_TO", "risk@example.com")
    forget_settings()


def test_a_digest_has_numbers_a_link_and_no_borrower(
    outbox: AlertOutbox, ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = Mailbox(ambient_aws)
    monkeypatch.setenv("REFI_ALERTS_TOPIC_ARN", mailbox.topic)
    monkeypatch.setenv("REFI_UI_URL", "https://dagster.example.com/")
    with mail_server() as server:
        mail_to(monkeypatch, server.port)
        assert send_digests(outbox, alert_channels(), NOON) == (2, ())
    (envelope,), (mail,) = mailbox.read(), server.mails
    lines = envelope["Message"].splitlines()
    assert mail.get_content().splitlines() == lines
    assert lines[0] == "What: Alerts of default risk: 3"
    assert lines[3:] == [
        "Reason: possible_fraud, 2026-03-03: 2",
        "  high_risk, 2026-03-02: 1",
        "Link: https://dagster.example.com/assets/risk",
    ]
    assert "secret" not in f"{envelope} {mail}"


def test_a_digest_waits_for_a_channel_that_does_not_answer_and_is_sent_once_to_the_other(
    outbox: AlertOutbox, ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = Mailbox(ambient_aws)
    monkeypatch.setenv("REFI_ALERTS_TOPIC_ARN", mailbox.topic)
    with mail_server() as server:
        mail_to(monkeypatch, server.port)
        server.refusals["MAIL"] = 451
        for minutes in range(3):
            result = send_digests(outbox, alert_channels(), NOON + timedelta(minutes=minutes))
            assert result.sent == (1 if minutes == 0 else 0)
            (problem,) = result.problems
            assert problem.startswith("Alerts wait to be sent. REFI_SMTP_URL: 127.0.0.1:")
        server.refusals.clear()
        outbox.add([KeyAlert("B-secret-3", "high_risk", TUESDAY)], NOON)
        assert send_digests(outbox, alert_channels(), NOON + timedelta(hours=1)) == (3, ())
        assert send_digests(outbox, alert_channels(), NOON + timedelta(hours=2)) == (0, ())
    subjects = [mail["Subject"] for mail in server.mails]
    assert [subject.partition("default risk: ")[2].partition(":")[0] for subject in subjects] == ["3", "1"]
    assert [envelope["Subject"] for envelope in mailbox.read()] == subjects


def test_a_process_that_ends_before_it_records_the_sending_sends_the_same_digest_again(
    outbox: AlertOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server() as server:
        mail_to(monkeypatch, server.port)
        (send,) = alert_channels().values()

        class Killed(BaseException):
            """The process ends."""

        def send_and_end(*alert: object) -> None:
            send(*alert)  # type: ignore[arg-type]
            raise Killed

        with pytest.raises(Killed):
            send_digests(outbox, {"mail": send_and_end}, NOON)
        send_digests(outbox, {"mail": send}, NOON + timedelta(minutes=1))
    first, second = server.mails
    assert first.as_bytes() == second.as_bytes()


def test_a_channel_that_is_new_does_not_get_last_weeks_digests(outbox: AlertOutbox) -> None:
    outbox.unsent("sns", NOON)
    assert len(outbox.unsent("mail", NOON + timedelta(days=7))) == 1
    assert outbox.unsent("mail", NOON + timedelta(days=7, seconds=1)) == []


def test_beside_a_stream_alerts_are_sent_and_a_failure_is_logged_once_while_it_lasts(
    outbox: AlertOutbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("REFI_ALERTS_PAUSE_SECONDS", "1")
    with mail_server() as server, caplog.at_level(logging.WARNING):
        mail_to(monkeypatch, server.port)
        server.refusals["MAIL"] = 451
        with alerts_sent_beside(outbox):
            wait_for(lambda: caplog.records, 30)
        server.refusals.clear()
        with alerts_sent_beside(outbox):
            wait_for(lambda: server.mails, 30)
            outbox.add([KeyAlert("B-secret-3", "high_risk", TUESDAY)], datetime.now(UTC))
    assert {record.getMessage().rpartition(": ")[2] for record in caplog.records} == {
        "the mail server refused with code 451."
    }
    assert len(caplog.records) == 1
    assert len(server.mails) == 2, "the last is sent at the end"


def test_without_a_channel_alerts_wait(outbox: AlertOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert alert_channels() == {}
    assert send_digests(outbox, {}, NOON) == (0, ())
    (digest,) = outbox.unsent("mail", NOON)
    assert sum(digest.counts.values()) == 3


def test_a_digest_of_many_days_shows_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts = AlertOutbox(tmp_path / "many.sqlite")
    alerts.add([KeyAlert("B1", "high_risk", MONDAY - timedelta(days)) for days in range(30)], NOON)
    with mail_server() as server:
        mail_to(monkeypatch, server.port)
        send_digests(alerts, alert_channels(), NOON)
    (mail,) = server.mails
    lines = mail.get_content().splitlines()
    assert lines[3] == "Reason: high_risk, 2026-03-02: 1"
    assert lines[22:24] == ["  high_risk, 2026-02-11: 1", "  and 10 more"]


def test_the_command_sends_the_alerts_of_the_last_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = FolderStore(str(tmp_path / "lake"))
    reported = "SELECT 'B-secret-1' AS borrower_id, DATE '2026-03-02' AS as_of, '{}' AS rule"
    fraud = f"{reported.format('payout_velocity')}, 'E1' AS event_id"
    high, twice = reported.format("probability_above"), f"{fraud} UNION ALL {fraud}"
    publish(lake, "r1", MONDAY, {"risk/high_risk": high, "risk/possible_fraud": twice})
    with mail_server() as server:
        mail_to(monkeypatch, server.port)
        first, second = (refi_here("risk", "alerts", "--lake", str(lake.root)) for _ in range(2))
        server.refusals["MAIL"] = 451
        AlertOutbox(lake.root / "store" / "risk" / ALERT_FILE).add(ALERTS, datetime.now(UTC))
        refused = refi_here("risk", "alerts", "--lake", str(lake.root))
    assert (first.stdout, second.stdout) == ("Digests sent: 1.\n", "Digests sent: 0.\n")
    (mail,) = server.mails
    assert mail["Subject"].startswith("refi: Alerts of default risk: 2: ")
    assert (refused.returncode, refused.stdout) == (1, "Digests sent: 0.\n")
    assert "refused with code 451" in refused.stderr


def test_the_command_says_which_settings_it_needs(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    answer = refi_here("risk", "alerts", "--lake", str(tmp_path / "lake"))
    assert answer.returncode == 1
    assert "set REFI_ALERTS_TOPIC_ARN or REFI_SMTP_URL" in answer.stderr
