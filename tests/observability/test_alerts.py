"""Alerts: when one is sent, when it is a repetition, what it says, and what becomes of one that cannot be sent."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from refi_assets.errors import SettingError
from refi_assets.observability.alerts import Alert, AlertError, Memory, Told, sender, tell
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


class People:
    """Who is told, and what they remember between two ticks: what a cursor can hold, and nothing more."""

    def __init__(self) -> None:
        self.told: list[Alert] = []
        self.deaf = False
        self._cursor = Memory().model_dump_json()

    def tick(self, found: list[Alert], at: datetime) -> Told:
        told = tell(Memory.model_validate_json(self._cursor), found, at, self._hear)
        self._cursor = told.memory.model_dump_json()
        return told

    def heard(self, found: list[Alert], at: datetime) -> list[Alert]:
        before = len(self.told)
        self.tick(found, at)
        return self.told[before:]

    def _hear(self, one: Alert) -> None:
        if self.deaf:
            raise AlertError("nobody listens")
        self.told.append(one)


@pytest.fixture
def people() -> People:
    return People()


def test_what_failed_twice_within_an_hour_is_told_once(people: People) -> None:
    assert people.heard([alert()], NOON) == [alert()]
    for minutes in (1, 30, 59.9):
        again = NOON + minutes * MINUTE
        assert people.heard([alert(seen=again)], again) == []
    hour = NOON + 60 * MINUTE
    assert people.heard([alert(seen=hour)], hour) == [alert(seen=hour)], "the hour is over"


def test_a_failure_that_is_looked_at_again_is_no_new_one(people: People) -> None:
    assert people.heard([alert()], NOON) == [alert()]
    assert people.heard([alert()], NOON + 10 * MINUTE) == []
    repetition = alert(seen=NOON + 59 * MINUTE)
    assert people.heard([repetition], NOON + 59 * MINUTE) == []
    assert people.heard([repetition], NOON + 65 * MINUTE) == [], "it took place within the hour"


def test_another_thing_or_another_place_is_told_at_once(people: People) -> None:
    others = [alert(), alert(what="Overdue"), alert(where="raw/loan_information")]
    assert people.heard(others, NOON) == others


def test_of_a_hundred_equal_failures_at_once_one_is_told(people: People) -> None:
    assert len(people.heard([alert(seen=NOON - n * MINUTE / 10) for n in range(100)], NOON)) == 1


def test_what_could_not_be_sent_waits_and_is_sent_once_however_long_it_takes(people: People) -> None:
    people.deaf = True
    first, second = alert(), alert(what="Overdue")
    told = people.tick([first, second], NOON)
    assert told.sent == 0
    assert told.problem == "2 alerts wait to be sent: nobody listens"
    for minutes in range(1, 300, 7):
        people.tick([alert(seen=NOON + minutes * MINUTE)], NOON + minutes * MINUTE)

    people.deaf = False
    assert people.heard([], NOON + 300 * MINUTE) == [first, second]
    assert people.heard([first, second], NOON + 301 * MINUTE) == []


def test_the_memory_does_not_grow_with_what_was_told_long_ago(people: People) -> None:
    for hours in range(48):
        at = NOON + timedelta(hours=2 * hours)
        found = [alert(where=f"raw/{hours}-{n}", seen=at) for n in range(20)]
        memory = people.tick(found, at).memory
        assert len(memory.sent) == 20


def test_the_first_look_goes_back_an_hour_and_the_next_ones_overlap() -> None:
    assert Memory().look_from(NOON) == NOON - 60 * MINUTE
    assert Memory(looked=NOON).look_from(NOON + MINUTE) < NOON


def test_what_arrives_says_what_where_since_when_and_where_to_look(ambient_aws: Aws) -> None:
    mailbox = Mailbox(ambient_aws)

    sender(mailbox.topic)(alert())

    (arrived,) = mailbox.read()
    assert arrived["Subject"] == "refi: Run failed: raw/market_equity"
    assert arrived["Message"].splitlines() == [
        "What: Run failed",
        "Where: raw/market_equity",
        "Since: 2026-02-20 12:00:00+00:00",
        "Reason: market_equity: no file with a load date.",
        "Run: 6dc3b57f, job refi, as of 2026-02-20",
        "Link: http://127.0.0.1:3000/runs/6dc3b57f",
    ]
    assert arrived["MessageAttributes"]["kind"]["Value"] == "run_failed"


@pytest.mark.parametrize("where", ["raw/" + "a" * 200, "raw/Zürich\nunter", "raw/数据"])
def test_a_subject_is_one_that_sns_takes(ambient_aws: Aws, where: str) -> None:
    mailbox = Mailbox(ambient_aws)

    sender(mailbox.topic)(alert(where=where))

    (arrived,) = mailbox.read()
    assert arrived["Subject"].isascii()
    assert arrived["Subject"].isprintable()
    assert len(arrived["Subject"]) <= 100
    assert where in arrived["Message"], "the message has it whole"


def test_a_missing_topic_is_one_message_that_names_it(ambient_aws: Aws) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:gone"
    with pytest.raises(AlertError, match=f"{topic}: NotFound: "):
        sender(topic)(alert())


def test_an_endpoint_that_does_not_answer_is_one_message(ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(AlertError, match="Could not connect to the endpoint URL"):
        sender("arn:aws:sns:us-east-1:123456789012:refi")(alert())


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_taken_from_either_variable(
    ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    topic = Mailbox(ambient_aws).topic
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(SettingError, match="REFI_ALERTS_TOPIC_ARN: AWS_REGION: no region is set"):
        sender(topic)
    monkeypatch.setenv(variable, "us-east-1")
    sender(topic)(alert())


def test_without_the_packages_the_message_says_how_to_get_them(
    ambient_aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-session-that-is-not-open-yet")
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SettingError, match=r"REFI_ALERTS_TOPIC_ARN: AWS needs the package boto3.*make deploy"):
        sender("arn:aws:sns:us-east-1:123456789012:refi")
