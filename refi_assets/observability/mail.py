"""Alerts by mail, through the server of REFI_SMTP_URL, whose password is in no error and no log.

When an alert is sent is decided by others.
"""

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from refi_assets.observability.alerts import Alert, AlertError
from refi_assets.observability.settings import MAIL_PORTS, ObservabilitySettings

_LOG = logging.getLogger(__name__)

# As many characters of a line as SMTP allows: a subject that is folded earlier begins with a space in some programs.
_POLICY = default.clone(max_line_length=998)

_ANSWER_SECONDS = 15.0  # for each answer of the mail server


def mail_sender(settings: ObservabilitySettings) -> Callable[[Alert], None]:
    """A function that sends an alert to all recipients, or raises AlertError."""

    def send(alert: Alert) -> None:
        with _mail_session(settings) as connection:
            refused = connection.send_message(_mail_of(alert, settings))
        if refused:  # the others have it
            _LOG.warning("Recipients of an alert that the mail server refused: %d.", len(refused))

    return send


def try_mail_server(settings: ObservabilitySettings) -> None:
    """Log in as for an alert, and send nothing. Raises AlertError."""
    with _mail_session(settings) as connection:
        connection.noop()


def _mail_of(alert: Alert, settings: ObservabilitySettings) -> EmailMessage:
    """The mail. One that is sent again has the same id, by which mail programs show it once."""
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = alert.subject
    message["From"] = settings.alerts_mail_from
    message["To"] = settings.alerts_mail_to.replace(",", ", ")
    message["Date"] = format_datetime(alert.since)
    name = hashlib.sha256(f"{alert.identity} | {alert.since.isoformat()}".encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{name}@{settings.alerts_mail_from.rpartition('@')[2]}>"
    message.set_content(alert.text)
    return message


@contextmanager
def _mail_session(settings: ObservabilitySettings) -> Iterator[smtplib.SMTP]:
    """A connection to the server, with its encryption and login. Failures inside are AlertErrors."""
    url = urlsplit(settings.smtp_url.get_secret_value())
    host, port, tls = url.hostname or "", url.port or MAIL_PORTS[url.scheme], ssl.create_default_context()
    server = f"REFI_SMTP_URL: {host}:{port}"
    try:
        with (
            smtplib.SMTP_SSL(host, port, timeout=_ANSWER_SECONDS, context=tls)
            if url.scheme == "smtps"
            else smtplib.SMTP(host, port, timeout=_ANSWER_SECONDS)
        ) as connection:
            if url.scheme == "smtp":
                connection.starttls(context=tls)
            if url.username and url.password:
                connection.login(unquote(url.username), unquote(url.password))
            yield connection
    except smtplib.SMTPResponseException as error:  # whose text may quote what was sent
        raise AlertError(f"{server}: the mail server refused with code {error.smtp_code}.") from None
    except smtplib.SMTPRecipientsRefused:
        raise AlertError(f"{server}: the mail server refused every recipient (REFI_ALERTS_MAIL_TO).") from None
    except smtplib.SMTPException as error:
        raise AlertError(f"{server}: {type(error).__name__}.") from None
    except OSError as error:  # of TLS as well
        raise AlertError(f"{server}: {error.strerror or error}.") from None
