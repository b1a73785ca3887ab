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

import numpy as np

from bench.deployment import WEEK, WEEKS, Deployment
from bench.load import VEGETA, Answers, Request, build_vegeta, read_results, send
from bench.measure import PROJECT_DIR, MeasureError, command, empty_folder, use_two_cores
from bench.processes import PORT, Batch, Server, running
from bench.processor import Sample, cores_since, memory_mib, sync_milliseconds
from bench.request_mix import EVENT, FILTERS, TIERS, OfferIds, RequestMix, page_path
from bench.results import this_machine
from bench.serving_page import GOAL_RATE, OURS, TUTORIAL, Figures, is_broken, render
from refi_assets.settings import PlatformSettings, settings_of

PAGE = PROJECT_DIR / "docs" / "serving-performance.md"
CUSTOMERS, SECONDS = 200_000, 60
RATES, TUTORIAL_RATES = (500, GOAL_RATE, 2_000), (250, 500, 1_000)
STEP, MOST_RATE, LADDER_SECONDS = 500, 10_000, 15
DEEPEST_PAGE, PAGE_LENGTH = 30, 100
WARM_UP_RATE, WARM_UP_SECONDS = 200, 5
BATCH_AFTER = 1 / 6  # of the time
TUTORIAL_TOKEN = "fake-super-secret-token"
PACKAGES = ("fastapi", "uvicorn", "uvloop", "h11", "httptools", "pydantic", "sqlalchemy")


class Bench:
    """Measures one server after the other, and counts the events that were answered with 2xx."""

    def __init__(self, vegeta: Path, scratch: Path, seconds: int) -> None:
        self._vegeta, self._scratch, self._seconds = vegeta, scratch, seconds
        self.answered_events = 0

    def warm_up(self, server: Server, mix: RequestMix) -> dict[str, int]:
        """Send some requests that are not measured, and return their failures."""
        rate, seconds = WARM_UP_RATE, WARM_UP_SECONDS
        requests = mix.requests(rate * seconds)
        results, _ = send(self._vegeta, server.base, requests, rate, self._scratch)
        failures: dict[str, int] = self._read(results, requests, rate).figures()["failures"]
        return failures

    def measure(
        self, name: str, server: Server, mix: RequestMix, rate: int, seconds: int = 0, batch: Batch | None = None
    ) -> Figures:
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
        answers = self._read(results, requests, rate)
        figures: Figures = {
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

    def find_limit(self, name: str, server: Server, mix: RequestMix, measured: Sequence[Figures]) -> list[Figures]:
        """Short measurements at more and more requests a second, until one breaks, above the highest that held."""
        held = max((figures["rate"] for figures in measured if not is_broken(figures)), default=0)
        broken = min((figures["rate"] for figures in measured if is_broken(figures)), default=MOST_RATE)
        ladder: list[Figures] = []
        for rate in range(held + STEP, broken, STEP):
            ladder.append(self.measure(name, server, mix, rate, min(self._seconds, LADDER_SECONDS)))
            if is_broken(ladder[-1]):
                break
        return ladder

    def _read(self, results: Path, requests: Sequence[Request], rate: int) -> Answers:
        answers = read_results(self._vegeta, results, requests, rate)
        self.answered_events += int(np.count_nonzero((answers.kinds == EVENT) & (answers.failures == "")))
        return answers

    def _settle(self, server: Server) -> None:
        """Wait until a server that was overloaded has nothing left to do, and what was written is on the disk."""
        used = -1.0
        while (now := Sample.of({"server": server.pid}).cpu["server"]) - used > 0.1:
            used = now
            time.sleep(1)
        os.sync()


def serve_ours(bench: Bench, deployment: Deployment, offers: OfferIds) -> dict[str, Any]:
    """The figures of `refi serve`: alone, at its limit, and beside batches."""
    tokens, logs = deployment.keys(), deployment.folder / "serve.log"
    logs.unlink(missing_ok=True)
    start = command("refi", "serve", "--port", str(PORT))
    variables = deployment.variables
    figures: dict[str, Any] = {"sync_ms": sync_milliseconds(deployment.store)}
    with running(start, variables, tokens[0], "/readyz", logs) as server:
        mix = RequestMix(offers, page_paths(server, "candidates", next_page), tokens)
        require_none(bench.warm_up(server, mix))
        figures["runs"] = [bench.measure(OURS, server, mix, rate) for rate in RATES]
        figures["ladder"] = bench.find_limit(OURS, server, mix, figures["runs"])
    mix.use_only(deployment.lasting_offers())
    jobs = {
        "a load of the next week": deployment.load_week(1),
        "`refi offers run`": deployment.run_week(1),
        "`nice refi offers run`": ["nice", "-n", "19", *deployment.run_week(2)],
    }
    figures["beside"] = []
    with running(start, variables, tokens[0], "/readyz", logs) as server:
        require_none(bench.warm_up(server, mix))
        for name, job in jobs.items():
            mix.pages = page_paths(server, "candidates", next_page)
            batch = Batch(name, job, variables, deployment.used)
            figures["beside"].append(bench.measure(OURS, server, mix, GOAL_RATE, batch=batch))
    figures["answered_events"] = bench.answered_events
    figures["recorded_events"] = deployment.recorded_events()
    if figures["recorded_events"] < figures["answered_events"]:
        raise MeasureError(f"Events were answered and are not in the store: {figures}")
    return figures


def require_none(failures: dict[str, int]) -> None:
    """Raise MeasureError if there are any: the measurements that follow would be of something else."""
    if failures:
        raise MeasureError(f"At {WARM_UP_RATE} requests a second, some were not answered with 2xx: {failures}")


def next_page(answer: Any, _: int) -> dict[str, str]:
    """The parameter of the page that follows an answer of ours."""
    return {"cursor": answer["next_cursor"]}


def serve_tutorial(bench: Bench, deployment: Deployment, offers: OfferIds) -> dict[str, Any]:
    """The figures of the tutorial's API, up to the rate at which it breaks."""
    start = command("uvicorn", "bench.tutorial_api:app", "--port", str(PORT))
    variables = {"TUTORIAL_DB": str(deployment.used / "tutorial.sqlite")}
    runs: list[Figures] = []
    with running(start, variables, TUTORIAL_TOKEN, "/openapi.json", deployment.folder / "tutorial.log") as server:
        pages = page_paths(server, None, lambda _, depth: {"offset": str(100 * depth)})
        mix = RequestMix(offers, pages, [TUTORIAL_TOKEN])
        bench.warm_up(server, mix)
        for rate in TUTORIAL_RATES:
            runs.append(bench.measure(TUTORIAL, server, mix, rate))
            if is_broken(runs[-1]):
                break
    return {"runs": runs}


def page_paths(server: Server, member: str | None, more: Callable[[Any, int], dict[str, str]]) -> list[str]:
    """The paths of pages, first and following, of each tier, with and without limits of score and amount.

    Only full ones. Raises MeasureError if there is none.
    """
    paths = []
    for tier in TIERS:
        for filters in FILTERS:
            parameters: dict[str, str] = {}
            for depth in range(1, DEEPEST_PAGE + 1):
                path = page_path(tier, filters, **parameters)
                answer = server.get(path)
                if len(answer if member is None else answer[member]) < PAGE_LENGTH:
                    break
                paths.append(path)
                parameters = more(answer, depth)
    if not paths:
        raise MeasureError(f"No page has {PAGE_LENGTH} offers. Try more customers.")
    return paths


def _during(batch: Batch, answers: Answers) -> dict[str, Any]:
    """The figures of the requests that should have been sent while the batch ran."""
    at = answers.began + answers.intended
    return answers.figures((at >= batch.began) & (at <= batch.ended))


def _show(figures: Figures) -> None:
    kinds = ", ".join(f"{kind} {value['p50']:.1f}/{value['p99']:.1f}" for kind, value in figures["kinds"].items())
    cores = ", ".join(f"{name} {used:.2f}" for name, used in figures["cores"].items())
    late = f"sent late {figures['late']['p50']:.1f}/{figures['late']['p99']:.1f}"
    print(f"{figures['name']:>18} {figures['rate']:>5}/s  P50/P99 ms: {kinds}, {late}; cores: {cores}", flush=True)
    for failure, number in figures["failures"].items():
        print(f"{'':>18} {number:,} requests: {failure}", flush=True)


def measure(deployment: Deployment, vegeta: Path, seconds: int) -> dict[str, Any]:
    """Every figure of the page."""
    scratch = empty_folder(deployment.folder / "scratch")
    bench = Bench(vegeta, scratch, seconds)
    offers = deployment.offers()
    return {
        "machine": this_machine(PACKAGES),
        "vegeta": VEGETA,
        "customers": deployment.customers,
        "seconds": seconds,
        OURS: serve_ours(bench, deployment, offers),
        TUTORIAL: serve_tutorial(bench, deployment, offers),
    }


def main() -> None:
    """Measure, then write the page: in docs/ if size and time are those of the goals, else in `--dir`."""
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=main.__doc__)
    parser.add_argument("customers", nargs="?", type=int, default=CUSTOMERS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each measurement; 5 for a quick look")
    parser.add_argument(
        "--dir", type=Path, default=PROJECT_DIR / "build" / "bench-serving", help="folder for all files"
    )
    parser.add_argument("--render", action="store_true", help="measure nothing, write the page again")
    arguments = parser.parse_args()
    use_two_cores()
    folder = arguments.dir.resolve()
    is_full = (arguments.customers, arguments.seconds) == (CUSTOMERS, SECONDS)
    page, kept = (PAGE if is_full else folder / PAGE.name), folder / ("measured.json" if is_full else "short.json")
    if not arguments.render:
        folder.mkdir(parents=True, exist_ok=True)
        vegeta = build_vegeta(folder)
        today = datetime.now(ZoneInfo(settings_of(PlatformSettings).time_zone)).date()
        monday = today - timedelta(days=today.weekday())
        first = monday - (WEEKS - 1) * WEEK  # so that no week is in the future
        deployment = Deployment(folder / f"{first}-{arguments.customers}", arguments.customers, first)
        for earlier in folder.glob(f"*-{arguments.customers}"):
            if earlier != deployment.folder:
                shutil.rmtree(earlier)
        deployment.prepare()
        measured = measure(deployment, vegeta, arguments.seconds)
        kept.write_text(json.dumps(measured, indent=1), encoding="utf-8")
    page.write_text(render(json.loads(kept.read_text(encoding="utf-8"))), encoding="utf-8")
    print(f"Written: {page}")


if __name__ == "__main__":
    try:
        main()
    except MeasureError as error:
        sys.exit(f"bench: {error}")
