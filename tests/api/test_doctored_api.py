"""refi doctor beside an API that is running."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from refi_assets.cli.doctor import Finding, try_steps
from refi_assets.cli.doctor_serving import serving_steps
from refi_assets.settings import forget_settings
from tests.support.scored import ServedApp


@contextmanager
def running(served: ServedApp, certificate: Path | None = None) -> Iterator[int]:
    """Serve the app on a free port, with TLS by a file with certificate and key."""
    config = uvicorn.Config(
        served.app, port=0, lifespan="off", log_config=None, ssl_certfile=certificate, ssl_keyfile=certificate
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def new_certificate() -> bytes:
    """A key, and a certificate by itself for another name, in PEM."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "refi")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    now = datetime.now(UTC)
    certificate = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    return certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def finding_of_the_api(monkeypatch: pytest.MonkeyPatch, port: int) -> Finding:
    with monkeypatch.context() as patch:
        patch.setenv("REFI_API_PORT", str(port))
        forget_settings()
        (finding,) = (finding for finding in try_steps(serving_steps()) if finding.step == "api")
    forget_settings()
    return finding


def test_the_doctor_reports_whether_the_running_api_is_ready(
    served: ServedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(served) as port:
        finding = finding_of_the_api(monkeypatch, port)
        assert finding.state == "wrong"
        assert finding.said == f"the API on 127.0.0.1, port {port}, is not ready: A champion has not been loaded yet."
        served.poll()
        assert finding_of_the_api(monkeypatch, port) == Finding(
            "api", "ok", f"the API on 127.0.0.1, port {port}, is ready"
        )


def test_the_doctor_finds_an_api_with_tls(served: ServedApp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pem = tmp_path / "api.pem"
    pem.write_bytes(new_certificate())
    served.poll()
    with running(served, pem) as port:
        assert finding_of_the_api(monkeypatch, port).said == f"the API on 127.0.0.1, port {port}, is ready"
    monkeypatch.setenv("REFI_API_TLS_CERT", str(pem))
    monkeypatch.setenv("REFI_API_TLS_KEY", str(tmp_path / "nowhere.pem"))
    finding = finding_of_the_api(monkeypatch, 0)
    assert (finding.state, finding.said.partition(". ")[0]) == (
        "wrong",
        f"{tmp_path / 'nowhere.pem'} cannot be read: No such file or directory",
    )
