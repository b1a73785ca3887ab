"""`refi serve` as a process on a free port, and raw bytes to and from it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from refi_assets.settings import PROJECT_DIR
from tests.support.scored import new_authorization
from tests.support.serving import wait_for


@dataclass
class ApiProcess:
    """The process, its address, the file of its log, and the header of a key with every scope."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path
    authorization: dict[str, str]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The log."""
        return list(map(json.loads, self.log.read_text(encoding="utf-8").splitlines()))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        url = httpx.URL(self.url)
        assert url.port is not None
        return url.host, url.port

    @property
    def resident_mb(self) -> float:
        """The memory that it holds now."""
        kilobytes = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, text=True, check=True
        ).stdout
        return int(kilobytes) / 1024

    def connected(self) -> socket.socket:
        """A new connection."""
        connection = socket.socket()
        connection.settimeout(20)
        connection.connect(self.address)
        return connection

    def exchange(self, *pieces: bytes) -> bytes:
        """Send bytes, and read what comes until the server closes the connection."""
        with self.connected() as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
            except OSError:
                pass  # it has been closed before all was sent; the answer may still be read
            return read_to_end(connection)


def read_to_end(connection: socket.socket) -> bytes:
    """All bytes until the other side closes, or resets, the connection."""
    received = []
    try:
        while piece := connection.recv(65536):
            received.append(piece)
    except ConnectionError:
        pass
    return b"".join(received)


@contextmanager
def api_process(
    folder: Path, settings: Mapping[str, str], *options: object, path: str = "/healthz", scheme: str = "http"
) -> Iterator[ApiProcess]:
    """Start it with these settings and options, and wait for 200 from this path."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from refi_assets.cli import main; main()", "serve", *map(str, options)]
    root = folder / "lake" / "store"
    root.mkdir(parents=True, exist_ok=True)
    authorization = new_authorization(root)
    environment = {**os.environ, "REFI_LAKE_URL": str(folder / "lake"), "REFI_API_PORT": str(port), **settings}
    with (folder / "log").open("wb") as stream:
        process = subprocess.Popen(command, cwd=PROJECT_DIR, env=environment, stderr=stream)
    url = f"{scheme}://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(f"{url}{path}"), 120)
        yield ApiProcess(url, process, folder / "log", authorization)
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, verify=False).status_code == 200
    except httpx.TransportError:
        return False
