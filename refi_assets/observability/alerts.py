"""Alerts: what is told to people, what counts as told already, and how it is sent to SNS.

An alert is told once, and again only after an hour; one that could not be sent waits for the next attempt. What
has failed is found by orchestration/alert_sensor.py. No text of an alert holds a borrower's data.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from refi_assets import aws
from refi_assets.errors import RefiError, SettingError

QUIET = timedelta(hours=1)
# A failure may be written some time after the moment it names, so the same minutes are looked at more than once.
LOOK_BACK = timedelta(minutes=10)


class AlertError(RefiError):
    """An alert that could not be sent."""


class Alert(BaseModel):
    """One thing that people must know. Times have a zone.

    `what` and `where` make two alerts the same; `since` is when it began, `seen` when it was so last.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["run_failed", "check_failed", "overdue"]
    what: str
    where: str
    since: datetime
    seen: datetime
    reason: str
    run: str
    link: str

    @property
    def identity(self) -> str:
        """What alerts that repeat one another have in common."""
        return f"{self.what} | {self.where}"

    @property
    def subject(self) -> str:
        """As SNS takes it: at most 100 printable ASCII characters."""
        return re.sub(r"[^ -~]", "?", f"refi: {self.what}: {self.where}")[:100]

    @property
    def text(self) -> str:
        """The message, a line for each thing it says; the further lines of a reason are indented."""
        lines = {
            "What": self.what,
            "Where": self.where,
            "Since": self.since.isoformat(sep=" ", timespec="seconds"),
            "Reason": self.reason.replace("\n", "\n  "),
            "Run": self.run,
            "Link": self.link,
        }
        return "\n".join(f"{name}: {value}" for name, value in lines.items())


class Memory(BaseModel):
    """What is kept from one look to the next: until when was looked, what waits to be sent, what was sent when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    looked: datetime | None = None
    waiting: dict[str, Alert] = {}
    sent: dict[str, datetime] = {}

    def look_from(self, at: datetime) -> datetime:
        """From when on failures are looked for; the first look goes an hour back."""
        return at - QUIET if self.looked is None else self.looked - LOOK_BACK


@dataclass(frozen=True)
class Told:
    """What a look led to. `problem` says why some alerts wait, if some do."""

    memory: Memory
    sent: int
    problem: str | None


def tell(memory: Memory, found: Iterable[Alert], at: datetime, send: Callable[[Alert], None]) -> Told:
    """Send what was found and what waits, but nothing that was sent within the hour before it was seen.

    `send` raises AlertError; the rest then waits, too, for a service that does not answer costs time.
    """
    sent = {identity: time for identity, time in memory.sent.items() if at - time < QUIET + LOOK_BACK}
    waiting = dict(memory.waiting)
    for alert in found:
        last = sent.get(alert.identity)
        if last is None or alert.seen - last >= QUIET:
            waiting.setdefault(alert.identity, alert)
    number, problem = 0, None
    for identity, alert in list(waiting.items()):
        try:
            send(alert)
        except AlertError as error:
            problem = f"{len(waiting)} alerts wait to be sent: {error}"
            break
        sent[identity] = at
        del waiting[identity]
        number += 1
    return Told(Memory(looked=at, waiting=waiting, sent=sent), number, problem)


def sender(topic_arn: str) -> Callable[[Alert], None]:
    """A function that sends an alert to an SNS topic, and raises AlertError where it cannot. Raises SettingError."""
    try:
        sns = aws.client("sns", **aws.QUICK)
    except SettingError as error:
        raise SettingError(f"REFI_ALERTS_TOPIC_ARN: {error}") from None

    def send(alert: Alert) -> None:
        with aws.asked_of(topic_arn, AlertError):
            sns.publish(
                TopicArn=topic_arn,
                Subject=alert.subject,
                Message=alert.text,
                MessageAttributes={"kind": {"DataType": "String", "StringValue": alert.kind}},
            )

    return send
