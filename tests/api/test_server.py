"""`refi serve` as a process: real requests over loopback, a new champion, hostile headers, and a clean end."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from refi_assets.errors import ModelError
from refi_assets.ml.registry import CHAMPION, Registry
from refi_assets.ml.sagemaker import SageMakerModel
from tests.support.api_process import ApiProcess, api_process
from tests.support.commands import answers_and_modules, refi_here
from tests.support.scored import MODEL, POOR, POOR_PROBABILITY
from tests.support.serving import wait_for


@pytest.fixture
def server(registry: Registry, tmp_path: Path) -> Iterator[ApiProcess]:
    """`refi serve` with the model, ready. A client of SageMaker signs its requests, and has no key of ours."""
    settings = {"REFI_MLFLOW_URI": registry.uri, "REFI_API_POLL_SECONDS": "0.2", "REFI_API_MODELS": MODEL}
    with api_process(tmp_path, settings, "--sagemaker", "--host", "127.0.0.1", path="/readyz") as started:
        yield started


def score(server: ApiProcess, features: Any) -> dict[str, Any]:
    url, headers = f"{server.url}/v1/score", server.authorization
    answer: dict[str, Any] = httpx.post(url, json={"features": features}, headers=headers).json()
    return answer


def test_the_server_from_start_to_end(server: ApiProcess, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    assert score(server, POOR)["probability"] == pytest.approx(POOR_PROBABILITY, rel=1e-12)

    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", server.url)
    for name, value in (("REGION", "us-east-1"), ("ACCESS_KEY_ID", "none"), ("SECRET_ACCESS_KEY", "none")):
        monkeypatch.setenv(f"AWS_{name}", value)
    table = {
        "income": np.array([40_000, np.nan] * 3_000),
        "employment": np.array(["other", "full_time"] * 3_000, dtype=object),
    }
    probabilities = SageMakerModel(MODEL.replace("_", "-")).probabilities(table)
    assert probabilities == pytest.approx([POOR_PROBABILITY, 0.3775406687981454] * 3_000, rel=1e-12)
    with pytest.raises(ModelError, match=r"^SageMaker endpoint no-such-model: 404\.$"):
        SageMakerModel("no-such-model").probabilities(table)

    with suppress(httpx.TransportError):  # it may also close the connection
        assert httpx.get(f"{server.url}/healthz", headers={"X-Large": "x" * 2**20}).status_code == 431

    registry.set_alias(MODEL, CHAMPION, 2)
    wait_for(lambda: score(server, {"debt_to_income": 0.9}).get("version") == 2, 120)

    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait() == 0
    requests = [line for line in server.lines if line["event"] == "REQUEST"]
    assert {"/readyz", "/v1/score"} <= {line["route"] for line in requests}
    assert server.lines[-1]["message"].startswith("Finished server process")


def test_a_taken_port_is_one_message_and_dagster_is_not_imported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (answer,), modules = answers_and_modules(["serve", "--port", port], environment=dict(os.environ))
    assert (answer.returncode, answer.stderr) == (
        1,
        f"refi: The API cannot listen on 127.0.0.1, port {port}: Address already in use. Choose others by --host and "
        "--port, or by REFI_API_HOST and REFI_API_PORT.\n",
    )
    assert "uvicorn" in modules
    assert "dagster" not in modules


@pytest.mark.parametrize("options", [("--host", "192.0.2.1"), ("--sagemaker", "--host", "192.0.2.1")])
def test_an_address_that_is_not_loopback_is_warned_of(options: tuple[str, ...]) -> None:
    """192.0.2.1 is reserved for documentation (RFC 5737), so no machine can listen on it."""
    answer = refi_here("serve", *options, "--port", "1")
    assert answer.returncode == 1
    assert answer.stderr.startswith("Warning: 192.0.2.1 is not loopback, and there is no TLS")


@pytest.mark.parametrize(
    ("options", "variable", "host"),
    [
        ([], "REFI_API_PORT", "127.0.0.1"),
        (["--sagemaker"], "REFI_API_PORT", "0.0.0.0"),
        ([], "SAGEMAKER_BIND_TO_PORT", "0.0.0.0"),
    ],
)
def test_a_container_of_sagemaker_listens_on_all_addresses(options: list[str], variable: str, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = refi_here("serve", *options, environment={variable: str(port)})
    assert f"The API cannot listen on {host}, port {port}: Address already in use." in answer.stderr


def test_without_the_extra_there_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("refi_assets.api.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    answer = refi_here("serve", "--host", "192.0.2.1")
    assert (answer.returncode, answer.stderr) == (
        1,
        "refi: refi serve needs the package fastapi, of the extra `ml,api`. Install refi-assets[ml,api]; in the "
        "project folder: make ml.\n",
    )
