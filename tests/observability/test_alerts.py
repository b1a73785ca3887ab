"""Alerts: when one is sent, when it is a repetition, its text, and its retries if it cannot be sent."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from refi_assets.errors import SettingError
from refi_assets.observability.alerts import Alert, AlertError, AlertMemory, SendResult, send_due_alerts, sns_sender
from tests.fakes.aws import Aws
from tests.fakes.aws_requests import ACCOUNT
from tests.fakes.mailbox import Mailbox

NOON = datetime(2026, 2, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def alert(what: str = "Run failed", where: str = "raw/market_equity", seen: datetime = NOON) -> Alert:
    return Alert(
        kind="run_failed",
        what=what,
        where=where,
        since=seen,
        seen=seen,
        reason="market_equity: no file with a load date.",
        run="6dc3b57f, job refi, as of 2026-02-20",
        link="http://127.0.0.1:3000/runs/6dc3b57f",
    )


class Channel:
    """Ticks that send to a list of alerts; only the text of a cursor survives from one tick to the next."""

    def __init__(self) -> None:
        self.received: list[Alert] = []
        self.is_down = False
        self._cursor = AlertMemory().model_dump_json()

    def tick(self, alerts: list[Alert], at: datetime) -> SendResult:
        result = send_due_alerts(AlertMemory.model_validate_json(self._cursor), alerts, at, self._receive)
        self._cursor = result.memory.model_dump_json()
        return result

    def received_after(self, alerts: list[Alert], at: datetime) -> list[Alert]:
        before = len(self.received)
        self.tick(alerts, at)
        return self.received[before:]

    def _receive(self, alert: Alert) -> None:
        if self.is_down:
            raise AlertError("no answer")
        self.received.append(alert)


@pytest.fixture
def channel() -> Channel:
    return Channel()


def test_a_failure_that_repeats_within_an_hour_is_sent_once(channel: Channel) -> None:
    assert channel.received_after([alert()], NOON) == [alert()]
    for minutes in (1, 30, 59.9):
        again = NOON + minutes * MINUTE
        assert channel.received_after([alert(seen=again)], again) == []
    hour = NOON + 60 * MINUTE
    assert channel.received_after([alert(seen=hour)], hour) == [alert(seen=hour)], "the hour is over"


def test_a_failure_that_is_seen_again_by_a_later_look_is_not_sent_again(channel: Channel) -> None:
    assert channel.received_after([alert()], NOON) == [alert()]
    assert channel.received_after([alert()], NOON + 10 * MINUTE) == []
    repetition = alert(seen=NOON + 59 * MINUTE)
    assert channel.received_after([repetition], NOON + 59 * MINUTE) == []
    assert channel.received_after([repetition], NOON + 65 * MINUTE) == [], "it happened within the hour"


def test_alerts_that_differ_in_what_or_where_are_all_sent_at_once(channel: Channel) -> None:
    alerts = [alert(), alert(what="Overdue"), alert(where="raw/loan_information")]
    assert channel.received_after(alerts, NOON) == alerts


def test_a_hundred_equal_failures_at_once_are_one_alert(channel: Channel) -> None:
    assert len(channel.received_after([alert(seen=NOON - n * MINUTE / 10) for n in range(100)], NOON)) == 1


def test_an_alert_that_cannot_be_sent_waits_and_is_sent_once_however_long_it_takes(channel: Channel) -> None:
    channel.is_down = True
    first, second = alert(), alert(what="Overdue")
    result = channel.tick([first, second], NOON)
    assert result.sent == 0
    assert result.problem == "Alerts waiting to be sent: 2. no answer"
    for minutes in range(1, 300, 7):
        channel.tick([alert(seen=NOON + minutes * MINUTE)], NOON + minutes * MINUTE)

    channel.is_down = False
    assert channel.received_after([], NOON + 300 * MINUTE) == [first, second]
    assert channel.received_after([first, second], NOON + 301 * MINUTE) == []


def test_the_memory_forgets_alerts_that_were_sent_long_ago(channel: Channel) -> None:
    for hours in range(48):
        at = NOON + timedelta(hours=2 * hours)
        alerts = [alert(where=f"raw/{hours}-{n}", seen=at) for n in range(20)]
        memory = channel.tick(alerts, at).memory
        assert len(memory.sent) == 20


def test_the_first_look_goes_back_an_hour_and_later_looks_overlap() -> None:
    assert AlertMemory().look_from(NOON) == NOON - 60 * MINUTE
    assert AlertMemory(looked=NOON).look_from(NOON + MINUTE) < NOON


def test_a_message_says_what_where_since_when_why_and_which_run(ambient_aws: Aws) -> None:
    mailbox = Mailbox(ambient_aws)

    sns_sender(mailbox.topic)(alert())

    (envelope,) = mailbox.read()
    assert envelope["Subject"] == "refi: Run failed: raw/market_equity"
    assert envelope["Message"].splitlines() == [
        "What: Run failed",
        "Where: raw/market_equity",
        "Since: 2026-02-20 12:00:00+00:00",
        "Reason: market_equity: no file with a load date.",
        "Run: 6dc3b57f, job refi, as of 2026-02-20",
        "Link: http://127.0.0.1:3000/runs/6dc3b57f",
    ]
    assert envelope["MessageAttributes"]["kind"]["Value"] == "run_failed"


@pytest.mark.parametrize("where", ["raw/" + "a" * 200, "raw/Zürich\nunter", "raw/数据"])
def test_a_subject_keeps_to_the_limits_of_sns(ambient_aws: Aws, where: str) -> None:
    mailbox = Mailbox(ambient_aws)

    sns_sender(mailbox.topic)(alert(where=where))

    (envelope,) = mailbox.read()
    assert envelope["Subject"].isascii()
    assert envelope["Subject"].isprintable()
    assert len(envelope["Subject"]) <= 100
    assert where in envelope["Message"], "the message has the whole name"


def test_the_error_for_a_missing_topic_names_it(ambient_aws: Aws) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:gone"
    with pytest.raises(AlertError, match=f"{topic}: NotFound: "):
        sns_sender(topic)(alert())


def test_an_endpoint_that_does_not_answer_is_an_error(ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(AlertError, match="Could not connect to the endpoint URL"):
        sns_sender("arn:aws:sns:us-east-1:123456789012:refi")(alert())


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_taken_from_either_variable(
    ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    topic = Mailbox(ambient_aws).topic
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(SettingError, match="REFI_ALERTS_TOPIC_ARN: AWS_REGION: no region is set"):
        sns_sender(topic)
    monkeypatch.setenv(variable, "us-east-1")
    sns_sender(topic)(alert())


def test_without_boto3_the_error_says_how_to_install_it(ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-session-that-is-not-open-yet")
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SettingError, match=r"REFI_ALERTS_TOPIC_ARN: AWS needs the package boto3.*make deploy"):
        sns_sender("arn:aws:sns:us-east-1:123456789012:refi")
