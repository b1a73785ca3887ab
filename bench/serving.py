"""`refi serve` under load: requests at a constant rate for the offers of 200,000 customers, beside FastAPI's tutorial.

Writes docs/serving-performance.md. `make bench-serving`; alone: python -m bench.serving [CUSTOMERS] [--seconds 5].
Server, generator and whatever runs beside them share two cores.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench.deployment import Deployment
from bench.load import Answers, build_vegeta, read_results, send
from bench.measure import PROJECT_DIR, MeasureError, command, empty_folder, python, use_two_cores
from bench.processes import PORT, Batch, Server, running
from bench.processor import Sample, cores_since, memory_mib, sync_milliseconds
from bench.request_mix import FILTERS, TIERS, RequestMix, page_path
from bench.results import this_machine
from bench.serving_page import is_broken, render
from refi_assets.settings import PlatformSettings, settings_of

PAGE = PROJECT_DIR / "docs" / "serving-performance.md"
CUSTOMERS, SECONDS = 200_000, 60
RATES, TUTORIAL_RATES, GOAL_RATE = (500, 1_000, 2_000), (250, 500, 1_000), 1_000
STEP, MOST_RATE, LADDER_SECONDS = 500, 10_000, 15
DEEPEST_PAGE = 30
WARM_UP_RATE, WARM_UP_SECONDS = 200, 5
BATCH_AFTER = 1 / 6  # of the time
OURS, TUTORIAL = "refi serve", "FastAPI's tutorial"
TUTORIAL_TOKEN = "fake-super-secret-token"
PACKAGES = ("fastapi", "uvicorn", "uvloop", "h11", "httptools", "pydantic", "sqlalchemy")


class Bench:
    """Measures one server after the other. `measured` has every figure that the page shows."""

    def __init__(self, vegeta: Path, scratch: Path, seconds: int) -> None:
        self._vegeta, self._scratch, self._seconds = vegeta, scratch, seconds

    def warm_up(self, server: Server, mix: RequestMix) -> None:
        """Send some requests that are not measured. Raises MeasureError unless each is answered with 2xx."""
        rate, seconds = WARM_UP
        requests = mix.requests(rate * seconds)
        results, _ = send(self._vegeta, server.base, requests, rate, self._scratch)
        failures = read_results(self._vegeta, results, requests, rate).figures()["failures"]
        if failures:
            raise MeasureError(f"At {rate} requests a second, some were not answered: {failures}")

    def measure(
        self, name: str, server: Server, mix: RequestMix, rate: int, seconds: int = 0, batch: Batch | None = None
    ) -> dict[str, Any]:
        """The figures of a constant rate."""
        seconds = seconds or self._seconds
        requests = mix.requests(rate * seconds)
        before = Sample.of({"server": server.pid})
        if batch is not None:
            batch.start_after(seconds * BATCH_AFTER)
        results, generator_cpu = send(self._vegeta, server.base, requests, rate, self._scratch)
        if batch is not None:
            batch.wait()
        children = {"generator": generator_cpu} | ({batch.name: batch.cpu_seconds} if batch else {})
        cores = cores_since(before, {"server": server.pid}, children)
        elapsed = time.perf_counter() - before.at
        answers = read_results(self._vegeta, results, requests, rate)
        figures = {
            "name": name,
            "rate": rate,
            "seconds": seconds,
            **answers.figures(),
            "cores": cores,
            "server_us": cores["server"] * elapsed / len(answers.kinds) * 1e6,
            **memory_mib(server.pid),
        }
        if batch is not None:
            figures["batch"] = {"name": batch.name, "seconds": batch.ended - batch.began} | _during(batch, answers)
        _show(figures)
        self._settle(server)
        return figures

    def find_limit(self, name: str, server: Server, mix: RequestMix, held: Sequence[dict[str, Any]]) -> list[Any]:
        """Short measurements at more and more requests a second, until one breaks."""
        broken = [figures["rate"] for figures in held if is_broken(figures)]
        rate, most = max((figures["rate"] for figures in held if not is_broken(figures)), default=0), min(
            broken, default=MOST_RATE
        )
        ladder: list[Any] = []
        while (rate := rate + STEP) < most and not (ladder and is_broken(ladder[-1])):
            ladder.append(self.measure(name, server, mix, rate, min(self._seconds, LADDER_SECONDS)))
        return ladder

    def _settle(self, server: Server) -> None:
        """Wait until a server that was overloaded has nothing left to do, and what was written is on the disk."""
        used = -1.0
        while (now := Sample.of({"server": server.pid}).cpu["server"]) - used > 0.1:
            used = now
            time.sleep(1)
        os.sync()


def is_broken(figures: dict[str, Any]) -> bool:
    """Whether requests failed, or reads had a P99 above the limit."""
    return bool(figures["failures"]) or any(figures["kinds"][kind]["p99"] > BROKEN_MS for kind in READS)
