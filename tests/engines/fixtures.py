"""Fixtures of AWS, Trino and Athena for all tests (a plug-in of tests/conftest.py).

The servers are begun at first need and serve all workers of a session.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engines import trino as trino_server
from tests.engines.aws import Aws
from tests.engines.privilege import NAMESPACE, calls
from tests.engines.servers import Servers, accepts_connections
from tests.infra.iam import denied
from tests.infra.terraform import rendered_policies


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


@pytest.fixture(scope="session")
def pipeline_policy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any] | None:
    """What the pipeline's role may do in deployments of any names, or None where there is no Terraform."""
    if shutil.which("terraform") is None:
        return None
    anything = dict.fromkeys(("bucket", "database", "workgroup", "queue", "topic", "crawler"), "*")
    folder = tmp_path_factory.mktemp("policy") / "terraform"
    return rendered_policies(folder, root="*/", metrics_namespace=NAMESPACE, **anything)["pipeline"]


@pytest.fixture
def aws(
    request: pytest.FixtureRequest, moto_url: str, record_file: Path, pipeline_policy: dict[str, Any] | None
) -> Iterator[Aws]:
    """moto's S3, Glue, SQS, SNS, IAM, CloudWatch, KMS and EventBridge, as one test has them to itself.

    Whatever the pipeline under test asked for is held against its role's policy; not where the requests are the
    test's own (marker `not_the_pipeline`).
    """
    aws = Aws(moto_url, record_file)
    yield aws
    aws.clear_faults()
    if pipeline_policy is not None and request.node.get_closest_marker("not_the_pipeline") is None:
        refused = [str(call) for call in denied(pipeline_policy, calls(aws.requests()))]
        assert refused == [], "the role of infra/terraform/modules/access does not allow it"


@pytest.fixture
def ambient_aws(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The same AWS, and this process's own variables lead there."""
    for name, value in aws.env.items():
        monkeypatch.setenv(name, value)
    return aws


@pytest.fixture(scope="session")
def trino_port(servers: Servers, moto_url: str, record_file: Path) -> int:
    if reason := trino_server.why_not():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)

    def command(port: int) -> list[str]:
        trino_server.prepare_ready_table(Aws(moto_url, record_file))
        return trino_server.command(servers.folder / "trino", port, moto_url)

    return servers.port("trino", command, trino_server.is_ready, wait_seconds=trino_server.START_SECONDS)


@pytest.fixture
def trino(aws: Aws, trino_port: int) -> Aws:
    """The same AWS, and a real Trino on its Glue and S3. Skipped where Java or Maven is missing; a failure in CI."""
    return replace(aws, trino_port=trino_port)


@pytest.fixture(scope="session")
def athena_url(servers: Servers, moto_url: str, trino_port: int, record_file: Path) -> str:
    trino_url = f"http://127.0.0.1:{trino_port}"
    module = [sys.executable, "-m", "tests.engines.athena_api"]

    def command(port: int) -> list[str]:
        return [*module, str(port), str(record_file), trino_url, moto_url]

    return f"http://127.0.0.1:{servers.port('athena', command, accepts_connections)}"


@pytest.fixture
def athena(trino: Aws, athena_url: str) -> Iterator[Aws]:
    """The same AWS and Trino, and the Athena API answered by that Trino."""
    athena = replace(trino, athena_url=athena_url)
    yield athena
    athena.clear_faults()
