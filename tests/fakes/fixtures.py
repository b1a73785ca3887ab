"""Fixtures of AWS, Trino and Athena for all tests (a plugin).

The servers start when first needed and serve all workers of a session. Their clients are imported just as late: boto3,
moto and trino cost nothing in tests without them.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from tests.fakes.servers import Servers, accepts_connections
from tests.fakes.terraform import Policies, rendered_policies

if TYPE_CHECKING:
    from tests.fakes.aws import Aws


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
    module = [sys.executable, "-m", "tests.fakes.moto_server"]
    port = servers.port("moto", lambda port: [*module, str(port), str(record_file)], accepts_connections)
    return f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def role_policies(servers: Servers) -> dict[str, Policies]:
    """The policies of all DEPLOYMENTS in terraform.py, rendered once for all workers."""
    rendered = servers.folder / "policies.json"
    with FileLock(rendered.with_suffix(".lock")):
        if not rendered.exists():
            rendered.write_text(json.dumps(rendered_policies(servers.folder / "terraform")))
    policies: dict[str, Policies] = json.loads(rendered.read_text())
    return policies


@pytest.fixture
def aws(request: pytest.FixtureRequest, moto_url: str, record_file: Path) -> Iterator[Aws]:
    """moto's S3, Glue, SQS, SNS, IAM, CloudWatch, KMS and EventBridge, for one test alone.

    At the end, the requests of the pipeline under test are checked against its role's policy; not if they are the
    test's own (marker `not_the_pipeline`), or if there is no Terraform.
    """
    yield from _aws_of(request, moto_url, record_file)


@pytest.fixture(scope="module")
def aws_of_module(request: pytest.FixtureRequest, moto_url: str, record_file: Path) -> Iterator[Aws]:
    """The same, shared by the tests of a module."""
    yield from _aws_of(request, moto_url, record_file)


def _aws_of(request: pytest.FixtureRequest, moto_url: str, record_file: Path) -> Iterator[Aws]:
    from tests.fakes.aws import Aws
    from tests.fakes.iam import denied
    from tests.fakes.privilege import calls

    is_held = shutil.which("terraform") and request.node.get_closest_marker("not_the_pipeline") is None
    policies: dict[str, Policies] | None = request.getfixturevalue("role_policies") if is_held else None
    aws = Aws(moto_url, record_file)
    yield aws
    aws.clear_faults()
    if policies is not None:
        refused = [str(call) for call in denied(policies["of any names"]["pipeline"], calls(aws.requests()))]
        assert refused == [], "the role of infra/terraform/modules/access does not allow it"


@pytest.fixture
def ambient_aws(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The same AWS, with this process's environment variables pointing to it."""
    for name, value in aws.env.items():
        monkeypatch.setenv(name, value)
    return aws


@pytest.fixture(scope="session")
def trino_port(servers: Servers, moto_url: str, record_file: Path) -> int:
    from tests.fakes import trino as trino_server
    from tests.fakes.aws import Aws

    if reason := trino_server.missing_requirement():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)

    def command(port: int) -> list[str]:
        trino_server.prepare_ready_table(Aws(moto_url, record_file))
        return trino_server.command(servers.folder / "trino", port, moto_url)

    return servers.port("trino", command, trino_server.is_ready, wait_seconds=trino_server.START_SECONDS)


@pytest.fixture
def trino(aws: Aws, trino_port: int) -> Aws:
    """The same AWS, and a real Trino on its Glue and S3. Without Java or Maven, the test is skipped, or fails in CI."""
    return replace(aws, trino_port=trino_port)


@pytest.fixture(scope="module")
def trino_of_module(aws_of_module: Aws, trino_port: int) -> Aws:
    """The same, shared by the tests of a module."""
    return replace(aws_of_module, trino_port=trino_port)


@pytest.fixture(scope="session")
def athena_url(servers: Servers, moto_url: str, trino_port: int, record_file: Path) -> str:
    trino_url = f"http://127.0.0.1:{trino_port}"
    module = [sys.executable, "-m", "tests.fakes.athena_api"]

    def command(port: int) -> list[str]:
        return [*module, str(port), str(record_file), trino_url, moto_url]

    return f"http://127.0.0.1:{servers.port('athena', command, accepts_connections)}"


@pytest.fixture
def athena(trino: Aws, athena_url: str) -> Iterator[Aws]:
    """The same AWS and Trino, and an Athena API on that Trino."""
    athena = replace(trino, athena_url=athena_url)
    yield athena
    athena.clear_faults()


@pytest.fixture(scope="module")
def athena_of_module(trino_of_module: Aws, athena_url: str) -> Aws:
    """The same, shared by the tests of a module, without faults."""
    return replace(trino_of_module, athena_url=athena_url)
