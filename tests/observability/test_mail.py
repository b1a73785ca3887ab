"""Alerts by mail: TLS, the password, refusals, and what the settings accept."""

import base64
import logging
import ssl
import subprocess
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from refi_assets.errors import SettingError
from refi_assets.observability.alerts import Alert, AlertError
from refi_assets.observability.mail import mail_sender
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.settings import forget_settings, settings_of
from tests.fakes.mail_server import mail_server
from tests.fakes.servers import free_port

PASSWORD = "geheim"
ALERT = Alert(
    kind="notice",
    what="Borrowers found: 3",
    where="risk, 2026-03-02",
    since=datetime(2026, 3, 2, 12, tzinfo=UTC),
    seen=datetime(2026, 3, 2, 12, tzinfo=UTC),
    reason="high_risk: 2\nfraud: 1",
    run="",
    link="http://127.0.0.1:3000/assets/risk",
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a certificate of 127.0.0.1 and its key."""
    path: Path = tmp_path_factory.mktemp("tls") / "both.pem"
    subject = ("-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2")
    command = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", *subject)
    made = subprocess.run([*command, "-keyout", path, "-out", "-"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + made.stdout)
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    """The server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that trusts the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def settings(url: str, to: str = "risk@example.com") -> ObservabilitySettings:
    return ObservabilitySettings(smtp_url=SecretStr(url), alerts_mail_from="refi@example.com", alerts_mail_to=to)


def test_a_mail_goes_to_every_recipient_and_says_what_the_alert_says() -> None:
    with mail_server() as server:
        mail_sender(settings(f"smtp+plain://127.0.0.1:{server.port}", "risk@example.com,ops@example.com"))(ALERT)
    (mail,) = server.mails
    assert server.recipients == [["risk@example.com", "ops@example.com"]]
    assert mail["Subject"] == "refi: Borrowers found: 3: risk, 2026-03-02"
    assert mail["From"] == "refi@example.com"
    assert mail["Date"].datetime == ALERT.since
    assert mail.get_content().splitlines() == [
        "What: Borrowers found: 3",
        "Where: risk, 2026-03-02",
        "Since: 2026-03-02 12:00:00+00:00",
        "Reason: high_risk: 2",
        "  fraud: 1",
        "Link: http://127.0.0.1:3000/assets/risk",
    ]


def test_a_mail_that_is_sent_again_has_the_same_id_and_another_alert_has_another() -> None:
    with mail_server() as server:
        send = mail_sender(settings(f"smtp+plain://127.0.0.1:{server.port}"))
        for alert in (ALERT, ALERT, ALERT.model_copy(update={"where": "risk, 2026-03-03"})):
            send(alert)
    first, second, third = (mail["Message-ID"] for mail in server.mails)
    assert first == second
    assert first != third
    assert first.endswith("@example.com>")


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.usefixtures("trusted")
def test_the_password_is_sent_only_after_tls_has_begun(server_tls: ssl.SSLContext, scheme: str) -> None:
    with mail_server(server_tls, from_the_start=scheme == "smtps") as server:
        mail_sender(settings(f"{scheme}://user%40example.com:p%40ss%3A%2F@127.0.0.1:{server.port}"))(ALERT)
    assert server.logins == [("user@example.com", "p@ss:/", True)]
    assert len(server.mails) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(
    server_tls: ssl.SSLContext, scheme: str
) -> None:
    with mail_server(server_tls, from_the_start=scheme == "smtps") as server:
        with pytest.raises(AlertError, match="certificate verify failed") as caught:
            mail_sender(settings(f"{scheme}://user:{PASSWORD}@127.0.0.1:{server.port}"))(ALERT)
        assert server.logins == []
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_a_server_without_encryption_gets_no_password() -> None:
    with mail_server() as server, pytest.raises(AlertError, match="SMTPNotSupportedError"):
        mail_sender(settings(f"smtp://user:{PASSWORD}@127.0.0.1:{server.port}"))(ALERT)
    assert server.logins == []


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("AUTH", 535, "the mail server refused with code 535"),
        ("MAIL", 451, "the mail server refused with code 451"),
        ("RCPT", 550, "the mail server refused every recipient"),
        ("DATA", 554, "the mail server refused with code 554"),
    ],
)
@pytest.mark.usefixtures("trusted")
def test_a_refusal_is_an_error_that_quotes_neither_password_nor_mail(
    server_tls: ssl.SSLContext, command: str, code: int, message: str
) -> None:
    with mail_server(server_tls) as server:
        server.refusals[command] = code
        with pytest.raises(AlertError, match=message) as caught:
            mail_sender(settings(f"smtp://user:{PASSWORD}@127.0.0.1:{server.port}"))(ALERT)
    text = "".join(traceback.format_exception(caught.value))
    assert not [
        secret
        for secret in (PASSWORD, base64.b64encode(b"\0user\0geheim").decode(), "risk@example.com")
        if secret in text
    ]
    assert f"REFI_SMTP_URL: 127.0.0.1:{server.port}: " in text


def test_some_refused_recipients_do_not_stop_the_mail(caplog: pytest.LogCaptureFixture) -> None:
    with mail_server() as server, caplog.at_level(logging.WARNING):
        server.unknown.add("gone@example.com")
        mail_sender(settings(f"smtp+plain://127.0.0.1:{server.port}", "risk@example.com,gone@example.com"))(ALERT)
    assert server.recipients == [["risk@example.com"]]
    assert "Recipients of an alert that the mail server refused: 1." in caplog.text
    assert "gone@example.com" not in caplog.text


def test_a_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AlertError, match="Connection refused"):
        mail_sender(settings(f"smtp+plain://127.0.0.1:{free_port()}"))(ALERT)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"REFI_SMTP_URL": "user:geheim@mail"}, "REFI_SMTP_URL: it is not a valid URL, such as smtp://"),
        ({"REFI_SMTP_URL": "smtp://user:geheim@mail:99999"}, "REFI_SMTP_URL: it is not a valid URL"),
        ({"REFI_SMTP_URL": "smtp://user:geheim@mail/path"}, "REFI_SMTP_URL: it is not a valid URL"),
        ({"REFI_SMTP_URL": "smtp+plain://user:geheim@mail"}, "a password is sent only with encryption"),
        ({"REFI_SMTP_URL": "smtp://user:geheim@mail"}, "REFI_ALERTS_MAIL_FROM: REFI_SMTP_URL needs it"),
        (
            {"REFI_SMTP_URL": "smtp://user:geheim@mail", "REFI_ALERTS_MAIL_FROM": "a@example.com"},
            "REFI_ALERTS_MAIL_TO: REFI_SMTP_URL needs it",
        ),
        ({"REFI_ALERTS_MAIL_TO": "a@example.com; b@example.com"}, "REFI_ALERTS_MAIL_TO: .* is not valid"),
    ],
)
def test_a_wrong_setting_is_named_without_the_password(
    variables: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    forget_settings()
    try:
        with pytest.raises(SettingError, match=message) as caught:
            settings_of(ObservabilitySettings)
    finally:
        forget_settings()
    assert "geheim" not in str(caught.value)
