"""`refi risk stream`, measured: broker, Spark and the generator of messages share two cores.

A backlog through the query, beside a bare Spark query of the same state; messages at a constant rate, from Kafka's
timestamp of each to the moment at which a read_committed consumer sees its score; and days of messages replayed, so
that state expires. Writes docs/stream-performance.md. `make bench-stream`; alone: python -m bench.stream.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import (
    PROJECT_DIR,
    MeasureError,
    command,
    dagster_home,
    empty_folder,
    measure_process,
    python,
    use_two_cores,
)
from bench.memory import MemorySampler
from bench.processor import Sample, cores_since
from bench.results import this_machine
from bench.stream_load import events_that_count, latencies, replay_days, scores_seen, send_events
from bench.stream_page import render
from bench.stream_process import (
    BROKER_PORT,
    HEALTH_PORT,
    running_command,
    stream_figures,
    wait_for_text,
    wait_until_read,
)
from refi_assets.errors import RefiError
from refi_assets.risk.stream.kafka_topics import create_topics
from refi_assets.sample.risk import generated_risk
from refi_assets.settings import forget_settings, lender_now

PAGE = PROJECT_DIR / "docs" / "stream-performance.md"
PARTS = ("backlog", "latency", "expiry")
PACKAGES = ("pyspark", "confluent-kafka", "duckdb")
TRAINING_BORROWERS = 5_000
WARM_UP_SECONDS = 60
RANKS = {"p50": 50, "p90": 90, "p99": 99, "max": 100}
Batches = Callable[[str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Sizes:
    """What is measured, how large, and how long."""

    borrowers: int = 1_000_000
    events: int = 5_000_000
    events_a_batch: int = 100_000
    rate: int = 2_000
    seconds: int = 300
    replayed_borrowers: int = 50_000
    replayed_days: int = 20
    replayed_a_batch: int = 10_000


@dataclass(frozen=True)
class StreamBench:
    """The folder of all files, and the sizes."""

    folder: Path
    sizes: Sizes

    def variables(self, part: str) -> dict[str, str]:
        """The settings of our commands in a part of the bench: topics, lake and checkpoint are its own."""
        own = self.folder / part
        return {
            "REFI_LAKE_URL": str(own / "lake"),
            "REFI_STORE_DIR": str(own / "store"),
            "REFI_STREAM_DIR": str(own / "stream"),
            "REFI_STREAM_PORT": str(HEALTH_PORT),
            "REFI_STREAM_EVENTS_A_BATCH": str(self.sizes.events_a_batch),
            "REFI_MLFLOW_URI": f"sqlite:///{self.folder / 'registry' / 'mlflow.db'}",
            "REFI_KAFKA_BOOTSTRAP": f"127.0.0.1:{BROKER_PORT}",
            "REFI_KAFKA_TOPIC_PREFIX": f"{part}.",
            "REFI_SPARK_MASTER": "local[2]",
            "REFI_LOG_FORMAT": "json",
        }

    def prepare(self) -> None:
        """A champion, and a published run over all borrowers, with a month of history each; kept for the next bench."""
        ready = self.folder / "base" / f"{self.sizes.borrowers}.ready"
        if ready.exists():
            return
        base, source = empty_folder(self.folder / "base"), self.folder / "source"
        empty_folder(self.folder / "registry")
        home = dagster_home(base / "dagster")
        day = lender_now().date() - timedelta(days=1)
        for borrowers, months in ((TRAINING_BORROWERS, 30), (self.sizes.borrowers, 1)):
            print(f"A run over {borrowers:,} borrowers", flush=True)
            with generated_risk(borrowers, 1, empty_folder(source), as_of=day, days=0, months=months):
                self._run(home, "risk", "run", "--source", source, "--as-of", day.isoformat(), "--replace")
            if borrowers == TRAINING_BORROWERS:
                self._run(home, "model", "train", "live_default", "--promote", "--who", "bench")
        shutil.rmtree(source)
        ready.touch()

    def _run(self, home: Path, *arguments: str | Path) -> None:
        measure_process(command("refi", *arguments), self.folder / "base", home, variables=self.variables("base"))

    @contextmanager
    def part(self, name: str, options: Mapping[str, str] | None = None) -> Iterator[dict[str, str]]:
        """Settings of a part, in force in this process as well; its lake is a copy of the prepared one."""
        own, before = empty_folder(self.folder / name), dict(os.environ)
        shutil.copytree(self.folder / "base" / "lake", own / "lake", copy_function=os.link)
        variables = self.variables(name) | dict(options or {})
        os.environ.update(variables)
        forget_settings()
        try:
            yield variables
        finally:
            os.environ.clear()
            os.environ.update(before)
            forget_settings()

    def measure_backlog(self, broker: int) -> dict[str, Any]:
        """A backlog through a bare query, and then through ours."""
        with self.part("backlog") as variables:
            create_topics()
            print(f"Sending {self.sizes.events:,} messages", flush=True)
            sending = send_events(self.sizes.borrowers, self.sizes.events)
            bare = python("-m", "bench.bare_stream", self.folder / "backlog" / "bare")
            ours = command("refi", "risk", "stream", "--until-caught-up")
            return {
                "sent_a_second": sending.messages / sending.seconds,
                "bare": self._caught_up(bare, variables, broker, bare_batches),
                "ours": self._caught_up(ours, variables, broker, our_batches),
            }

    def _caught_up(
        self, start: Sequence[str | Path], variables: Mapping[str, str], broker: int, batches: Batches
    ) -> dict[str, Any]:
        """The figures of a command that ends when it has caught up."""
        log = self.folder / "backlog" / "command.log"
        print(" ".join(map(str, start)), flush=True)
        with (
            running_command(start, variables, log) as process,
            MemorySampler({"broker": broker, "query": process.pid}) as memory,
        ):
            process.wait()
        return {"batches": batches(log.read_text()), "peak_mib": memory.peak_mib()}

    def measure_latency(self, broker: int) -> dict[str, Any]:
        """Messages at a constant rate, after some others, so that Java has compiled what it needs."""
        sizes, log = self.sizes, self.folder / "latency" / "command.log"
        before, messages = sizes.rate * WARM_UP_SECONDS, sizes.rate * sizes.seconds
        with self.part("latency") as variables, ExitStack() as stack:
            create_topics()
            query = stack.enter_context(running_command(command("refi", "risk", "stream"), variables, log))
            processes = {"broker": broker, "query": query.pid}
            memory = stack.enter_context(MemorySampler(processes | {"generator and consumer": os.getpid()}))
            scores = stack.enter_context(scores_seen())
            send_events(sizes.borrowers, before, rate=sizes.rate)
            wait_until_read(before)
            print(f"{sizes.rate:,} messages a second for {sizes.seconds} s", flush=True)
            began, sample = time.time(), Sample.of(processes)
            sending = send_events(sizes.borrowers, messages, rate=sizes.rate)
            cores = cores_since(sample, processes, {})
            wait_until_read(before + messages)
            stack.close()
            seconds = latencies([event for event in events_that_count() if event.sent >= began], scores)
            return {
                "events": len(seconds),
                "seconds": {name: float(np.percentile(seconds, rank)) for name, rank in RANKS.items()},
                "most_seconds_behind": sending.most_seconds_behind,
                "cores": cores,
                "peak_mib": memory.peak_mib(),
                "batches": our_batches(log.read_text()),
            }

    def measure_expiry(self, broker: int) -> dict[str, Any]:
        """State and memory while days are replayed, of which the state keeps the newest."""
        sizes, log = self.sizes, self.folder / "expiry" / "command.log"
        options = {"REFI_STREAM_EVENTS_A_BATCH": str(sizes.replayed_a_batch)}
        with self.part("expiry", options) as variables, ExitStack() as stack:
            create_topics(timestamps="CreateTime")
            messages = replay_days(sizes.replayed_borrowers, sizes.replayed_days)
            print(f"{messages:,} messages of {sizes.replayed_days} days", flush=True)
            query = stack.enter_context(
                running_command(command("refi", "risk", "stream", "--until-caught-up"), variables, log)
            )
            memory = stack.enter_context(MemorySampler({"broker": broker, "query": query.pid}))
            samples: list[dict[str, float]] = []
            while query.poll() is None:
                time.sleep(1)
                figures = stream_figures()
                if figures and memory.samples:
                    names = ("messages_total", "state_rows", "state_bytes", "dropped_total")
                    samples.append({name: figures[name] for name in names})
                    samples[-1]["memory_mib"] = sum(memory.samples[-1][1].values())
            return {"messages": messages, "samples": samples}


def our_batches(log: str) -> list[dict[str, Any]]:
    """The batches of our query in the lake of the settings: messages, end in seconds since 1970, seconds by phase."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{") and '"BATCH"' in line]
    decisions = {
        path.stem: json.loads(path.read_text())
        for path in Path(os.environ["REFI_LAKE_URL"]).glob("stream/risk/decisions/*/batch=*.json")
    }
    return [
        {
            "messages": messages_of(decisions[f"batch={line['batch']}"]),
            "ended": datetime.fromisoformat(line["time"]).timestamp(),
            "phases": line["seconds"],
        }
        for line in lines
    ]


def messages_of(decision: Mapping[str, Any]) -> int:
    """The number of messages between the start and the end offsets of a batch."""
    start, end = (
        sum(offset for offsets in decision[name].values() for offset in offsets.values()) for name in ("start", "end")
    )
    return int(end - start)


def bare_batches(log: str) -> list[dict[str, Any]]:
    """The batches of the bare query, as it prints them."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def measure_parts(folder: Path, sizes: Sizes, parts: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The figures of some parts, one after the other."""
    bench = StreamBench(folder, sizes)
    bench.prepare()
    log, variables = folder / "broker.log", bench.variables("broker")
    start = command("refi", "risk", "broker", "--port", str(BROKER_PORT), "--dir", empty_folder(folder / "kafka"))
    measure = {"backlog": bench.measure_backlog, "latency": bench.measure_latency, "expiry": bench.measure_expiry}
    with running_command(start, variables, log) as broker:
        wait_for_text(broker, log, "Kafka answers")
        for part in parts:
            yield part, measure[part](broker.pid)


def main() -> None:
    """Measure, then write the page: in docs/ if the sizes are the full ones, else in `--dir`."""
    parser = argparse.ArgumentParser(prog="python -m bench.stream", description=main.__doc__)
    for name, default in asdict(Sizes()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    parser.add_argument("--dir", type=Path, default=PROJECT_DIR / "build" / "bench-stream", help="folder for all files")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS, help="the others are those measured before")
    arguments = vars(parser.parse_args())
    folder, parts = arguments.pop("dir").resolve(), arguments.pop("parts")
    sizes = Sizes(**arguments)
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "measured.json"
    measured = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    use_two_cores()
    for part, figures in measure_parts(folder, sizes, parts) if parts else ():
        measured |= {"machine": this_machine(PACKAGES), "sizes": asdict(sizes), part: figures}
        kept.write_text(json.dumps(measured, indent=1), encoding="utf-8")
    if missing := [part for part in PARTS if part not in measured]:
        raise MeasureError(f"There is no page yet: {', '.join(missing)} has not been measured in {folder}.")
    page = PAGE if sizes == Sizes() else folder / PAGE.name
    page.write_text(render(measured), encoding="utf-8")
    print(f"Written: {page}")


if __name__ == "__main__":
    try:
        main()
    except RefiError as error:
        sys.exit(f"bench: {error}")
