"""A mail server on loopback: SMTP with AUTH PLAIN, STARTTLS or TLS from the start, and mails that can be read."""

import base64
import email
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default


@dataclass
class MailServer:
    """What a server received, and what it refuses.

    refusals: a command such as RCPT or DATA -> the code that it is answered with. unknown: refused recipients.
    """

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    logins: list[tuple[str, str, bool]] = field(default_factory=list)  # user, password, encrypted


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, from_the_start: bool = False) -> Iterator[MailServer]:
    """A running server; with `tls`, it offers STARTTLS, or speaks TLS from the start."""
    received = MailServer()

    class Session(socketserver.StreamRequestHandler):
        def setup(self) -> None:
            self.is_encrypted = bool(tls and from_the_start)
            if tls and from_the_start:
                self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def handle(self) -> None:
            self._answer("220 ready")
            self._to: list[str] = []
            while line := self.rfile.readline().decode().strip():
                command = line.split()[0].upper()
                if command in received.refusals:
                    self._answer(f"{received.refusals[command]} refused: {line}")
                elif command == "EHLO":
                    starttls = "250-STARTTLS\r\n" if tls and not self.is_encrypted else ""
                    self._answer(f"250-here\r\n{starttls}250 AUTH PLAIN")
                elif command == "STARTTLS" and tls:
                    self._answer("220 go on")
                    self.request = tls.wrap_socket(self.request, server_side=True)
                    self.is_encrypted = True
                    super().setup()
                elif command == "AUTH":
                    _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                    received.logins.append((user, password, self.is_encrypted))
                    self._answer("235 welcome")
                elif command == "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                    if recipient in received.unknown:
                        self._answer(f"550 unknown: {recipient}")
                    else:
                        self._to.append(recipient)
                        self._answer("250 yes")
                elif command == "DATA":
                    self._answer("354 go on")
                    self._receive()
                    self._answer("250 taken")
                elif command == "QUIT":
                    self._answer("221 bye")
                    return
                else:
                    self._answer("250 yes")

        def _receive(self) -> None:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line)
            received.mails.append(email.message_from_bytes(b"".join(lines), policy=default))
            received.recipients.append(self._to)
            self._to = []

        def _answer(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *_: object) -> None:
            """A client that goes away, or does not trust the certificate, is no failure of the server."""

    with Server(("127.0.0.1", 0), Session) as server:
        received.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()
