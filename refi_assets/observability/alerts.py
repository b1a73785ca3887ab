"""Alerts: their text, when one is a repetition, and how they are sent to SNS.

An alert is sent once, and again only after an hour; one that could not be sent waits for the next attempt. A notice of
a number is sent once for an as-of day. orchestration/alert_sensor.py finds the failures and the numbers. No text of an
alert contains a borrower's data.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from refi_assets import aws
from refi_assets.errors import RefiError, SettingError

QUIET = timedelta(hours=1)
# A failure may be recorded some time after it happened, so consecutive looks overlap.
LOOK_BACK = timedelta(minutes=10)


class AlertError(RefiError):
    """An alert that could not be sent."""


class Alert(BaseModel):
    """A failure, an overdue asset, or a number that people want to know each day. Times have a zone.

    Two alerts with the same `what` and `where` are the same; `since` is the start, `seen` the last occurrence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["run_failed", "check_failed", "overdue", "notice"]
    what: str
    where: str
    since: datetime
    seen: datetime
    reason: str
    run: str
    link: str

    @property
    def identity(self) -> str:
        """The same for all repetitions of an alert."""
        return f"{self.what} | {self.where}"

    @property
    def subject(self) -> str:
        """The subject, within SNS's limits: at most 100 printable ASCII characters."""
        return re.sub(r"[^ -~]", "?", f"refi: {self.what}: {self.where}")[:100]

    @property
    def text(self) -> str:
        """The message, one line per field that is not empty; further lines of a reason are indented."""
        lines = {
            "What": self.what,
            "Where": self.where,
            "Since": self.since.isoformat(sep=" ", timespec="seconds"),
            "Reason": self.reason.replace("\n", "\n  "),
            "Run": self.run,
            "Link": self.link,
        }
        return "\n".join(f"{name}: {value}" for name, value in lines.items() if value)


class AlertMemory(BaseModel):
    """The sensor's memory between two looks: the time of the last look, the waiting alerts, and when each was sent.

    noticed: asset -> the newest as-of day whose number was reported, or waits to be.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    looked: datetime | None = None
    waiting: dict[str, Alert] = {}
    sent: dict[str, datetime] = {}
    noticed: dict[str, date] = {}

    def look_from(self, at: datetime) -> datetime:
        """The start of the time in which failures are looked for; the first look goes an hour back."""
        return at - QUIET if self.looked is None else self.looked - LOOK_BACK


@dataclass(frozen=True)
class SendResult:
    """The result of one look: the memory for the next, the number of alerts sent, and why some wait, if some do."""

    memory: AlertMemory
    sent: int
    problem: str | None


def send_due_alerts(
    memory: AlertMemory, alerts: Iterable[Alert], at: datetime, send: Callable[[Alert], None]
) -> SendResult:
    """Send new and waiting alerts, except those that were already sent within the hour before they were seen.

    If `send` raises AlertError, all remaining alerts wait: a service that does not answer costs time.
    """
    sent = {identity: time for identity, time in memory.sent.items() if at - time < QUIET + LOOK_BACK}
    waiting = dict(memory.waiting)
    for alert in alerts:
        last = sent.get(alert.identity)
        if last is None or alert.seen - last >= QUIET:
            waiting.setdefault(alert.identity, alert)
    sent_count, problem = 0, None
    for identity, alert in list(waiting.items()):
        try:
            send(alert)
        except AlertError as error:
            problem = f"Alerts waiting to be sent: {len(waiting)}. {error}"
            break
        sent[identity] = at
        del waiting[identity]
        sent_count += 1
    return SendResult(memory.model_copy(update={"looked": at, "waiting": waiting, "sent": sent}), sent_count, problem)


def sns_sender(topic_arn: str) -> Callable[[Alert], None]:
    """A function that sends an alert to an SNS topic or raises AlertError. Raises SettingError if AWS is not set up."""
    try:
        sns = aws.client("sns", **aws.QUICK)
    except SettingError as error:
        raise SettingError(f"REFI_ALERTS_TOPIC_ARN: {error}") from None

    def send(alert: Alert) -> None:
        with aws.readable_errors(topic_arn, AlertError):
            sns.publish(
                TopicArn=topic_arn,
                Subject=alert.subject,
                Message=alert.text,
                MessageAttributes={"kind": {"DataType": "String", "StringValue": alert.kind}},
            )

    return send
