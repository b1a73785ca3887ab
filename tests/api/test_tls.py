"""TLS by `refi serve` itself: HTTPS with a certificate, and what is said of files that are missing or wrong."""

import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from refi_assets.api.tls import tls_context
from tests.support.api_process import api_process
from tests.support.commands import refi_here


def openssl(*arguments: object) -> None:
    """Run the program openssl."""
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate of 127.0.0.1, its key, the same key with a password, and another key."""
    folder: Path = tmp_path_factory.mktemp("tls")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    subject = ("-subj", "/CN=refi", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2")
    openssl("req", "-x509", *curve, "-nodes", *subject, "-keyout", folder / "key.pem", "-out", folder / "cert.pem")
    openssl("ec", "-in", folder / "key.pem", "-aes256", "-passout", "pass:secret", "-out", folder / "locked.pem")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "other.pem")
    return folder


def test_requests_are_answered_by_https_and_plain_http_is_not(files: Path, tmp_path: Path) -> None:
    settings = {"REFI_MLFLOW_URI": f"sqlite:///{tmp_path / 'mlflow.db'}", "REFI_API_TLS_KEY": str(files / "key.pem")}
    with api_process(tmp_path, settings, "--tls-cert", files / "cert.pem", scheme="https") as server:
        trusting = ssl.create_default_context(cafile=str(files / "cert.pem"))
        assert httpx.get(f"{server.url}/healthz", verify=trusting).json() == {"status": "alive"}
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{server.url}/healthz".replace("https", "http"))
        too_old = ssl.create_default_context(cafile=str(files / "cert.pem"))
        too_old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/healthz", verify=too_old)
        large = {"X-Large": "x" * 2**20}
        assert httpx.get(f"{server.url}/healthz", headers=large, verify=trusting).status_code == 431
        assert [line for line in server.lines if line["level"] == "ERROR"] == []


@pytest.mark.parametrize(
    ("certificate", "key", "message"),
    [
        ("cert.pem", None, "--tls-key is missing, although there is --tls-cert."),
        (None, "key.pem", "--tls-cert is missing, although there is --tls-key."),
        ("absent.pem", "key.pem", "absent.pem cannot be read: No such file or directory."),
        ("cert.pem", ".", " cannot be read: Is a directory."),
        ("cert.pem", "other.pem", "other.pem is not the key of the certificate "),
        ("cert.pem", "cert.pem", "cannot be used for TLS ("),
        ("cert.pem", "locked.pem", "cannot be used for TLS ("),
    ],
)
def test_a_wrong_file_is_one_message_that_says_what_is_needed(
    files: Path, certificate: str | None, key: str | None, message: str
) -> None:
    options = [("--tls-cert", certificate), ("--tls-key", key)]
    answer = refi_here("serve", *(word for name, file in options if file for word in (name, files / file)))
    assert answer.returncode == 1
    assert answer.stderr.startswith("refi: ")
    assert message in answer.stderr
    assert answer.stderr.endswith("and its key without a password.\n")
    assert answer.stderr.count("\n") == 1


def test_without_certificate_and_key_there_is_no_tls() -> None:
    assert tls_context(None, None) is None


def test_only_without_tls_an_address_that_is_not_loopback_is_warned_of(files: Path) -> None:
    """192.0.2.1 is reserved for documentation (RFC 5737), so no machine can listen on it."""
    plain = refi_here("serve", "--host", "192.0.2.1")
    assert plain.stderr.startswith("Warning: 192.0.2.1 is not loopback, and there is no TLS: ")
    encrypted = refi_here(
        "serve", "--host", "192.0.2.1", "--tls-cert", files / "cert.pem", "--tls-key", files / "key.pem"
    )
    assert encrypted.stderr.startswith("refi: The API cannot listen on 192.0.2.1, port ")
