"""Servers that production needs, begun by the test that needs them: PostgreSQL of Debian, and S3 by moto."""

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from moto.server import ThreadedMotoServer

from tests.acceptance.serving import wait_for

PASSWORD = "p@ss:/w%rd #1"  # every character that a URL would take for something else


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def postgres_server() -> Iterator[dict[str, str]]:
    """A PostgreSQL with an empty database; yields libpq's variables for it. Skips where there is none, fails in CI."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        if os.environ.get("CI"):
            pytest.fail("CI must have PostgreSQL (Debian's package)")
        pytest.skip("no PostgreSQL in /usr/lib/postgresql; install Debian's package to test the production instance")
    programs, port = found[-1].parent, free_port()
    owner: dict[str, Any] = {"user": "nobody", "group": "nogroup"} if os.getuid() == 0 else {}  # it refuses to be root
    with tempfile.TemporaryDirectory(prefix="refi-postgres-") as folder:
        data, password_file = Path(folder) / "data", Path(folder) / "password"
        password_file.write_text(PASSWORD)
        if owner:
            os.chown(folder, 65534, 65534)
            os.chown(password_file, 65534, 65534)
        initdb = f"{programs}/initdb -D {data} -U dagster -A scram-sha-256 --pwfile {password_file} -E UTF8 --no-sync"
        subprocess.run(initdb.split(), check=True, capture_output=True, cwd=folder, **owner)
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-F"],
                stdout=log,
                stderr=log,
                cwd=folder,
                **owner,
            )
        connection = {"host": "127.0.0.1", "port": port, "user": "dagster", "password": PASSWORD}
        try:
            wait_for(lambda: _answers(**connection, dbname="postgres"), 60)
            yield {f"PG{name.upper()}": str(value) for name, value in connection.items()} | {"PGDATABASE": "postgres"}
        finally:
            server.send_signal(signal.SIGINT)  # closes connections, then stops
            server.wait(60)


def _answers(**connection: Any) -> bool:
    try:
        psycopg2.connect(**connection).close()
    except psycopg2.OperationalError:
        return False
    return True


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """An S3 with nothing in it; yields the AWS variables that lead there."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield {
            "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.stop()
