"""The services of compose.yaml as processes of this machine: the same commands, files and health checks.

Unlike in containers, ports are free ones, the host is this machine, and /app, /lake, /spill and /tmp are folders of the
test. All other settings of the image and the services are the same.
"""

import json
import os
import subprocess
import sys
import urllib.request
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
from dagster_graphql import DagsterGraphQLClient

from tests.fakes.aws import Aws
from tests.fakes.servers import accepts_connections, free_port
from tests.infra.deployment import image_environment, make_app, services
from tests.support.serving import REFI, wait_for


class Production:
    """A production instance in a folder. `database`: libpq's variables for PostgreSQL."""

    def __init__(self, folder: Path, database: dict[str, str], aws: Aws) -> None:
        self.folder, self.app, self.lake = folder, folder / "app", folder / "lake"
        make_app(self.app)
        self._bucket, self._s3 = aws.new_bucket(), aws.client("s3")
        self._ports = {"4000": str(free_port()), "3000": str(free_port())}
        workspace = self.app / "instance" / "workspace.yaml"
        workspace.write_text(self._here(workspace.read_text()).replace("host: code", "host: 127.0.0.1"))
        self.files = self.files_now()
        ours = ("REFI_", "AWS_", "PG", "DAGSTER_")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
            **image_environment(),
            **database,
            **aws.env,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.app),
            "DAGSTER_HOME": str(self.app / "instance"),
            "REFI_PROJECT_DIR": str(self.app),
            "REFI_LAKE_URL": str(self.lake),
            "REFI_COMPUTE_LOGS_BUCKET": self._bucket,
            "REFI_COMPUTE_LOGS_PREFIX": "dagster",
        }
        self._database = {name.removeprefix("PG").lower(): value for name, value in database.items()}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def files_now(self) -> set[Path]:
        """The files in /app."""
        return set(self.app.rglob("*"))

    def call(self, *command: str | Path) -> str:
        """Run a command to its end, as in a container; returns its output."""
        done = subprocess.run(
            command, capture_output=True, text=True, env=self._of("call"), cwd=self.app, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def refi(self, *arguments: str | Path) -> str:
        """`refi …` in a container."""
        return self.call(REFI, *arguments)

    def start(self, *services: str) -> None:
        """Start services, and wait until they are healthy."""
        for service in services:
            with (self.folder / f"{service}.log").open("ab") as log:
                self._running[service] = subprocess.Popen(
                    # a test started in the background ignores SIGINT; a container does not
                    ["env", "--default-signal=INT", *self._command(service)],
                    cwd=self.app,
                    env=self._of(service),
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        for service in services:
            wait_for(partial(self._is_healthy, service), 120)

    def _command(self, service: str) -> list[str]:
        return [self._here(word) for word in services()[service]["command"]]

    def _is_healthy(self, service: str) -> bool:
        assert self._running[service].poll() is None, (self.folder / f"{service}.log").read_text()[-3000:]
        command = self._command(service)
        if "-p" in command and not accepts_connections(int(command[command.index("-p") + 1])):
            return False  # without starting the health check, a heavy process
        kind, *check = services()[service]["healthcheck"]["test"]
        assert kind == "CMD"
        command = [self._here(word) for word in check]
        done = subprocess.run(command, cwd=self.app, env=self._of(service), capture_output=True, check=False)
        return done.returncode == 0

    def stop(self, service: str) -> int:
        """Tell a service to stop, as a container engine does, and wait until it has; returns its exit code."""
        process = self._running.pop(service)
        process.terminate()
        return process.wait(120)

    def stop_all(self) -> None:
        """Stop all running services, in the reverse order of their start."""
        for service in reversed(list(self._running)):
            self.stop(service)

    def submit(self, day: str) -> str:
        """Request a run of a day, as the UI does; returns its id."""
        client = DagsterGraphQLClient("127.0.0.1", port_number=int(self._ports["3000"]))
        return client.submit_job_execution("refi", tags={"dagster/partition": day, "refi/job_partition": f"refi {day}"})

    def ask(self, query: str, **variables: object) -> Any:
        """The answer of the UI's server to a GraphQL query."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._ports['3000']}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def select(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of Dagster's database, by PostgreSQL's own client."""
        connection = psycopg2.connect(**self._database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, parameters)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def status(self, run_id: str) -> str:
        """The status of a run."""
        ((status,),) = self.select("SELECT status FROM runs WHERE run_id = %s", run_id)
        return str(status)

    def compute_logs(self, run_id: str) -> dict[str, str]:
        """Contents of a run's objects in the bucket, by key."""
        prefix = f"dagster/storage/{run_id}/compute_logs/"
        items = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix).get("Contents", [])
        keys = [item["Key"] for item in items]
        return {key: self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode() for key in keys}

    def _here(self, text: str) -> str:
        for port, free in self._ports.items():
            text = text.replace(port, free)
        return text

    def _of(self, service: str) -> dict[str, str]:
        """A container's environment, with its own folder of temporary files."""
        temporary = self.folder / "tmp" / service
        temporary.mkdir(parents=True, exist_ok=True)
        return {**self._environment, "TMPDIR": str(temporary), "HOME": str(temporary)}
