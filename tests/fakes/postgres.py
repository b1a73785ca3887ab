"""Production's PostgreSQL: Debian's, started by the test that needs it."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from tests.fakes.servers import free_port
from tests.support.serving import wait_for

PASSWORD = "p@ss:/w%rd #1"  # every character with a meaning in URLs


@contextmanager
def postgres_server() -> Iterator[dict[str, str]]:
    """A PostgreSQL with an empty database; yields libpq's variables. Without PostgreSQL, skips, or fails in CI."""
    servers = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not servers:
        if os.environ.get("CI"):
            pytest.fail("CI must have PostgreSQL (Debian's package)")
        pytest.skip("no PostgreSQL in /usr/lib/postgresql; install Debian's package to test the production instance")
    programs, port = servers[-1].parent, free_port()
    owner: dict[str, Any] = (
        {"user": "nobody", "group": "nogroup"} if os.getuid() == 0 else {}
    )  # it refuses to run as root
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
