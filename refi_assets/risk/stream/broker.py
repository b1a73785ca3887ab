"""Our own broker: one Kafka node on loopback, for development and for tests. Production has a Kafka of its own."""

import fcntl
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from refi_assets.engines.spark_session import java_for_spark
from refi_assets.errors import RefiError, needs_packages, writing
from refi_assets.risk.stream.jars import jar_files
from refi_assets.risk.stream.settings import STREAM_PACKAGES

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

HOST = "127.0.0.1"
START_SECONDS = 90
STOP_SECONDS = 30
LOCK_SECONDS = 3  # a broker may be about to end

# One node, which forgets a dead producer soon, and has few partitions of its own.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
"""
_CLUSTER = "cmVmaS1hc3NldHMtMDAwMQ"  # any 16 bytes
# Ends the broker when this process ends, however that ends: the pipe breaks.
_WATCH = "import os, signal, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), signal.SIGTERM)"


class Broker:
    """A broker with its data in a folder. It ends with this process; its data stay, and it starts again on them."""

    def __init__(self, folder: Path, port: int, memory: str = "512m") -> None:
        """port: of 127.0.0.1. memory: of its Java process."""
        self.folder = folder
        self.port = port
        self.bootstrap = f"{HOST}:{port}"
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers. Raises SettingError without Java or jars, RefiError if it fails."""
        with needs_packages("Kafka", STREAM_PACKAGES, "stream", "make stream"):
            from confluent_kafka.admin import AdminClient
        if _is_taken(self.port):
            raise RefiError(f"Port {self.port} of {HOST} is taken. Stop what listens there, or name another: --port.")
        java = [str(java_for_spark() / "bin" / "java"), "-cp", ":".join(map(str, jar_files("kafka")))]
        data, properties = self.folder / "data", self.folder / "server.properties"
        with writing(self.folder):
            data.mkdir(parents=True, exist_ok=True)
        with self._locked_folder() as lock:
            with writing(properties):
                properties.write_text(
                    _PROPERTIES.format(host=HOST, port=self.port, controller_port=_free_port(), data=data.absolute()),
                    encoding="utf-8",
                )
            if not (data / "meta.properties").exists():
                self._run_to_end([*java, "kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", str(properties)])
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603
                    [*java, f"-Xmx{self._memory}", "kafka.Kafka", str(properties)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=[lock.fileno()],
                )
        watch = [sys.executable, "-c", _WATCH, str(self._process.pid)]
        self._watch = subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
        self._await_answer(
            AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0, "reconnect.backoff.max.ms": 200})
        )

    def wait(self) -> None:
        """Return when it ends, which it should not do. Raises RefiError with the reason."""
        if self._process is not None:
            self._process.wait()
            self.kill()
            raise self._failure("ended")

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._end(signal.SIGKILL)

    @contextmanager
    def _locked_folder(self) -> Iterator[IO[bytes]]:
        """The lock file, locked. A process that gets it keeps the lock for its life: two would spoil the data."""
        with (self.folder / "lock").open("wb") as lock:
            deadline = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise RefiError(
                            f"Another broker uses {self.folder}. Stop it, or name another folder: --dir."
                        ) from None
                    time.sleep(0.1)
            yield lock

    @property
    def _log(self) -> Path:
        return self.folder / "broker.log"

    def _end(self, number: signal.Signals) -> None:
        if self._process is None or self._watch is None:
            return
        self._watch.kill()
        self._watch.wait()
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = self._watch = None

    def _await_answer(self, admin: "AdminClient") -> None:
        from confluent_kafka import KafkaException

        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                if admin.list_topics(timeout=1).brokers:
                    return
            except KafkaException:
                pass
            has_ended = self._process is None or self._process.poll() is not None
            if has_ended or time.monotonic() > deadline:
                self.kill()
                raise self._failure("did not start" if has_ended else f"did not answer within {START_SECONDS} s")

    def _run_to_end(self, command: list[str]) -> None:
        with self._log.open("wb") as log:
            result = subprocess.run(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
            )
        if result.returncode:
            raise self._failure("could not prepare its folder")

    def _failure(self, what: str) -> RefiError:
        lines = self._log.read_text("utf-8", "replace").splitlines()
        reasons = [line.strip() for line in lines if re.search(r"Exception|Error\b|ERROR", line)]
        return RefiError(
            f"Kafka at {self.bootstrap} {what}: {reasons[-1] if reasons else 'it gave no reason'}. See {self._log}."
        )


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
