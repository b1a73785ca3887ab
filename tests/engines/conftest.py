"""Fixtures of the tests against real parts. The servers are begun at first need and serve all workers of a session."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.aws import Aws
from tests.engines.servers import Servers, accepts_connections


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Servers:
    is_worker = hasattr(request.config, "workerinput")
    base = tmp_path_factory.getbasetemp()
    if is_worker:
        return Servers(base.parent / "servers", session_pid=os.getppid())
    return Servers(base / "servers", session_pid=os.getpid())


@pytest.fixture(scope="session")
def record_file(servers: Servers) -> Path:
    return servers.folder / "requests.jsonl"


@pytest.fixture(scope="session")
def moto_url(servers: Servers, record_file: Path) -> str:
    module = [sys.executable, "-m", "tests.engines.moto_server"]
    port = servers.port("moto", lambda port: [*module, str(port), str(record_file)], accepts_connections)
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def aws(moto_url: str, record_file: Path) -> Iterator[Aws]:
    """moto's S3, Glue, SQS, SNS, IAM, CloudWatch, KMS and EventBridge, as one test has them to itself."""
    aws = Aws(moto_url, record_file)
    yield aws
    aws.clear_faults()
