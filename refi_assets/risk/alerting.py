"""Alerts of the rules, sent as digests to SNS and by mail: numbers and a link, and no names.

Which borrowers a rule finds is decided in sql/risk/. The outbox holds what could not be sent yet.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from sqlglot import exp

from refi_assets.errors import SettingError, best_effort
from refi_assets.observability.alerts import Alert, AlertError, sns_sender
from refi_assets.observability.mail import mail_sender
from refi_assets.observability.polling import Poller
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.publishing.published import PublishedRun
from refi_assets.settings import settings_of
from refi_assets.specs.names import table_of
from refi_assets.store.alert_outbox import AlertDigest, AlertOutbox, KeyAlert

_LOG = logging.getLogger(__name__)

REPORTS = ("risk/high_risk", "risk/possible_fraud")  # the borrowers that rules report

_MOST_LINES = 20
_REPORTED = exp.select("borrower_id", "rule", "as_of")

Channels = Mapping[str, Callable[[Alert], None]]


class SentDigests(NamedTuple):
    """The number of digests that were sent, and why the others wait."""

    sent: int
    problems: tuple[str, ...]


def alert_channels() -> Channels:
    """The channels that the settings name, by name. Raises SettingError if AWS is not set up."""
    settings = settings_of(ObservabilitySettings)
    channels: dict[str, Callable[[Alert], None]] = {}
    if settings.alerts_topic_arn:
        channels["sns"] = sns_sender(settings.alerts_topic_arn)
    if settings.smtp_url.get_secret_value():
        channels["mail"] = mail_sender(settings)
    return channels


def send_digests(outbox: AlertOutbox, channels: Channels, at: datetime) -> SentDigests:
    """Send to each channel the digests that it has not had. One that does not take a digest gets no more this time.

    A channel may get a digest twice, under one id, if this process ends between the sending and its record. Raises
    StoreError.
    """
    sent, problems = 0, []
    for channel, send in channels.items():
        for digest in outbox.unsent(channel, at):
            try:
                send(_alert_of(digest))
            except AlertError as error:
                problems.append(f"Alerts wait to be sent. {error}")
                break
            outbox.mark_sent(digest.digest_id, channel, at)
            sent += 1
    return SentDigests(sent, tuple(problems))


def send_alerts_now(outbox: AlertOutbox, run: PublishedRun | None) -> SentDigests:
    """Put the alerts of a run into the outbox, and send what waits there.

    Raises SettingError if no channel is set, or StoreError.
    """
    channels, now = alert_channels(), datetime.now(UTC)
    if not channels:
        raise SettingError("No alert can be sent: set REFI_ALERTS_TOPIC_ARN or REFI_SMTP_URL.")
    if run is not None:
        with run.engine.session(run.relations) as session:
            rows = [row for key in REPORTS for row in session.query(_REPORTED.from_(table_of(key)))]
        outbox.add((KeyAlert(*row.values()) for row in rows), now)
    return send_digests(outbox, channels, now)


@contextmanager
def alerts_sent_beside(outbox: AlertOutbox) -> Iterator[None]:
    """Send what waits every REFI_ALERTS_PAUSE_SECONDS, in a thread, and once more at the end, if there is a channel.

    A failure to send is logged, once while it lasts. Raises SettingError if AWS is not set up.
    """
    channels = alert_channels()
    if not channels:
        yield
        return
    sender = _DigestSender(outbox, channels)
    poller = Poller(sender.send_waiting, settings_of(ObservabilitySettings).alerts_pause_seconds)
    poller.start()
    try:
        yield
    finally:
        poller.stop()
        sender.send_waiting()


class _DigestSender:
    def __init__(self, outbox: AlertOutbox, channels: Channels) -> None:
        self._outbox, self._channels = outbox, channels
        self._logged: tuple[str, ...] = ()

    def send_waiting(self) -> None:
        """Send what waits to every channel. It never raises."""
        problems: list[str] = []
        with best_effort(problems.append):
            problems += send_digests(self._outbox, self._channels, datetime.now(UTC)).problems
        for problem in problems:
            if problem not in self._logged:
                _LOG.warning("%s", problem)
        self._logged = tuple(problems)


def _alert_of(digest: AlertDigest) -> Alert:
    """The message: the number of borrowers by rule and day, those of the newest days first."""
    counts = sorted(digest.counts.items(), key=lambda item: (-item[0][1].toordinal(), item[0][0]))
    lines = [f"{rule}, {day}: {count:,}" for (rule, day), count in counts]
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [f"and {len(lines) - _MOST_LINES} more"]
    return Alert(
        kind="notice",
        what=f"Alerts of default risk: {sum(digest.counts.values()):,}",
        where=f"risk, digest {digest.digest_id}",
        since=digest.made_at,
        seen=digest.made_at,
        reason="\n".join(lines),
        run="",
        link=f"{settings_of(ObservabilitySettings).ui_url.rstrip('/')}/assets/risk",
    )
