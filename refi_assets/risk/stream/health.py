"""Figures of the running query: at /metrics for Prometheus, and at /healthz as JSON, on loopback.

They hold no borrower's data.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from refi_assets.engines.spark_stream import BatchProgress
from refi_assets.errors import SettingError, needs_packages
from refi_assets.risk.stream.batch import BatchFigures
from refi_assets.risk.stream.settings import STREAM_PACKAGES, KafkaSettings, StreamSettings
from refi_assets.settings import settings_of

HOST = "127.0.0.1"
SILENT_SECONDS = 900  # without a sign of life from Spark, which reports every 10 seconds, the query is stuck

_COUNTERS = {
    "batches": "Finished batches.",
    "messages": "Messages that were read.",
    "events": "Events that count.",
    "late_events": "Events that came too late to count.",
    "duplicates": "Copies of events.",
    "dead_letters": "Messages that break their contract.",
    "scores": "Scores that were sent.",
    "dropped": "Rows that came after their state had expired. More than 0 is a loss.",
    "failures": "Failures after which the query was started again.",
}
_GAUGES = {
    "model_version": "The version that scored the last batch.",
    "state_rows": "Rows of the state.",
    "state_bytes": "Memory of the state.",
}
_LAG = "Seconds by which a partition is behind: the age of the last message that was read, if there are newer ones."


class StreamHealth:
    """The figures. Any thread may ask for them; only the supervisor's changes them."""

    def __init__(self) -> None:
        with needs_packages("The stream", STREAM_PACKAGES, "stream", "make stream"):
            from prometheus_client import CollectorRegistry, Counter, Gauge
        self.registry = CollectorRegistry()
        self._counters = {
            name: Counter(f"refi_stream_{name}", text, registry=self.registry) for name, text in _COUNTERS.items()
        }
        self._gauges = {
            name: Gauge(f"refi_stream_{name}", text, registry=self.registry) for name, text in _GAUGES.items()
        }
        self._parts = Gauge("refi_stream_batch_seconds", "Seconds of the last batch.", ["part"], registry=self.registry)
        self._lag = Gauge("refi_stream_lag_seconds", _LAG, ["topic", "partition"], registry=self.registry)
        self._prefix = settings_of(KafkaSettings).kafka_topic_prefix
        self._lock = threading.Lock()
        self._last_sign = time.time()
        self._batch: int | None = None
        self._newest: dict[tuple[str, int], float] = {}  # when Kafka received the last message that was read
        self._behind: dict[tuple[str, int], int] = {}  # messages

    def add(self, progress: BatchProgress, figures: BatchFigures | None) -> None:
        """Add what Spark reports; with the figures of the batch, if it has just finished one."""
        with self._lock:
            self._last_sign = time.time()
            self._behind |= {
                (topic.removeprefix(self._prefix), number): behind for (topic, number), behind in progress.lag.items()
            }
            if figures is not None:
                self._add_batch(progress, figures)

    def _add_batch(self, progress: BatchProgress, figures: BatchFigures) -> None:
        self._batch = figures.batch
        self._newest |= {place: at.timestamp() for place, at in figures.newest.items()}
        counts = {
            "batches": 1,
            "messages": progress.messages,
            "events": figures.events,
            "late_events": figures.late_events,
            "duplicates": progress.messages - figures.events - figures.late_events - figures.dead_letters,
            "dead_letters": figures.dead_letters,
            "scores": figures.scores,
            "dropped": progress.dropped,
        }
        for name, count in counts.items():
            self._counters[name].inc(count)
        gauges = {"state_rows": progress.state_rows, "state_bytes": progress.state_bytes}
        for name, value in gauges.items():
            self._gauges[name].set(value)
        if figures.version is not None:
            self._gauges["model_version"].set(figures.version)
        for part, seconds in figures.seconds.items():
            self._parts.labels(part).set(seconds)

    def add_failure(self) -> None:
        """Count a failure after which the query starts again."""
        with self._lock:
            self._last_sign = time.time()
            self._counters["failures"].inc()

    def lag_seconds(self) -> dict[tuple[str, int], float]:
        """Seconds by which each partition is behind, by topic and partition."""
        now = time.time()
        with self._lock:
            return {
                place: max(0.0, now - self._newest.get(place, self._last_sign)) if behind else 0.0
                for place, behind in self._behind.items()
            }

    def exposition(self) -> bytes:
        """The figures in Prometheus's text format."""
        from prometheus_client import generate_latest

        for (topic, number), seconds in self.lag_seconds().items():
            self._lag.labels(topic, number).set(seconds)
        return generate_latest(self.registry)

    def summary(self) -> dict[str, Any]:
        """The health of the query. `is_well` is false if Spark has said nothing for a long time."""
        lag = {f"{topic}/{number}": round(seconds, 1) for (topic, number), seconds in self.lag_seconds().items()}
        silent = time.time() - self._last_sign
        return {
            "query": settings_of(StreamSettings).stream_query,
            "is_well": silent < SILENT_SECONDS,
            "batch": self._batch,
            "lag_seconds": lag,
            "silent_seconds": round(silent, 1),
        }


@contextmanager
def serving_health(health: StreamHealth) -> Iterator[int]:
    """Serve /metrics and /healthz on REFI_STREAM_PORT of loopback; the value is the port. Raises SettingError."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, "text/plain; version=0.0.4; charset=utf-8", health.exposition())
            elif self.path == "/healthz":
                summary = health.summary()
                content = json.dumps(summary).encode()
                self._answer(200 if summary["is_well"] else 503, "application/json", content)
            else:
                self.send_error(404)

        def _answer(self, status: int, content_type: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    port = settings_of(StreamSettings).stream_port
    try:
        server = ThreadingHTTPServer((HOST, port), Handler)
    except OSError as error:
        raise SettingError(f"REFI_STREAM_PORT: {HOST}:{port} cannot be used: {error.strerror}. Set another.") from None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
