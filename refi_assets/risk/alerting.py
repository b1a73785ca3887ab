"""Alerts of the rules, sent as digests to SNS and by mail: numbers and a link, and no names.

Which borrowers a rule finds is decided in sql/risk/. The outbox holds what could not be sent yet.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from refi_assets.errors import RefiError
from refi_assets.observability.alerts import Alert, AlertError, sns_sender
from refi_assets.observability.mail import mail_sender
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.settings import settings_of
from refi_assets.store.alert_outbox import AlertDigest, AlertOutbox

_LOG = logging.getLogger(__name__)

_MOST_LINES = 20

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


class DigestSender:
    """The repeated task of sending. It never raises: a failure is logged, once while it lasts."""

    def __init__(self, outbox: AlertOutbox) -> None:
        self._outbox, self._channels = outbox, alert_channels()
        self._problems: tuple[str, ...] = ()

    def send_waiting(self) -> None:
        """Send what waits, to every channel."""
        try:
            problems = send_digests(self._outbox, self._channels, datetime.now(UTC)).problems
        except RefiError as error:
            problems = (str(error),)
        for problem in problems:
            if problem not in self._problems:
                _LOG.warning("%s", problem)
        self._problems = problems


def _alert_of(digest: AlertDigest) -> Alert:
    """The message: the number of borrowers by rule and day, those of the newest days first."""
    counts = sorted(digest.counts.items(), key=lambda item: (-item[0][1].toordinal(), item[0][0]))
    lines = [f"{rule}, {day}: {count:,}" for (rule, day), count in counts]
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [f"and {len(lines) - _MOST_LINES} more"]
    total = sum(digest.counts.values())
    return Alert(
        kind="notice",
        what=f"Borrowers found by the rules of risk: {total:,}",
        where=f"risk, digest {digest.digest_id}",
        since=digest.made_at,
        seen=digest.made_at,
        reason="\n".join(lines),
        run="",
        link=f"{settings_of(ObservabilitySettings).ui_url.rstrip('/')}/assets/risk",
    )
