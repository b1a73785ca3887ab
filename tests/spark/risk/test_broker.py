"""Our own broker: it ends with its process, starts again on its data, and says why it cannot start."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from refi_assets.errors import RefiError, SettingError
from refi_assets.risk.stream.broker import Broker
from refi_assets.settings import PROJECT_DIR, overridden
from tests.fakes.servers import accepts_connections, free_port
from tests.spark.conftest import SETTINGS

# Starts a broker and makes the topics; then the process dies as by kill -9.
DYING = """
import os, signal, sys
from pathlib import Path
from refi_assets.risk.stream.broker import Broker
from refi_assets.risk.stream.kafka_topics import create_topics

Broker(Path(sys.argv[1]), int(sys.argv[2])).start()
create_topics()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.usefixtures("kafka")
def test_a_broker_ends_with_its_process_and_starts_again_on_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", SETTINGS["JAVA_TOOL_OPTIONS"])
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_DIR), "REFI_KAFKA_BOOTSTRAP": f"127.0.0.1:{port}"}
    process = subprocess.run([sys.executable, "-c", DYING, str(tmp_path), str(port)], env=environment, check=False)
    assert process.returncode == -9
    while accepts_connections(port):
        time.sleep(0.1)
    broker = Broker(tmp_path, port)
    broker.start()
    try:
        assert "loan-events" in AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=30).topics
        with pytest.raises(RefiError, match=f"Another broker uses {tmp_path}"):
            Broker(tmp_path, free_port()).start()
    finally:
        broker.stop()
    assert not accepts_connections(port)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(RefiError, match=f"Port {port} of 127.0.0.1 is taken"):
            Broker(tmp_path, port).start()


def test_without_the_jars_the_command_that_downloads_them_is_named(tmp_path: Path) -> None:
    with (
        overridden("REFI_STREAM_JARS", str(tmp_path / "none")),
        pytest.raises(SettingError, match="Download them with: refi risk jars"),
    ):
        Broker(tmp_path, free_port()).start()
