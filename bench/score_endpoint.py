"""How long a score takes: the model alone, and a request over loopback at a constant rate. Prints JSON.

python -m bench.score_endpoint [--rate 50] [--seconds 10]

The rate does not wait for answers, and a latency counts from the moment at which a request should have been sent, so a
server that falls behind shows it. Server and generator share the two cores.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from bench.measure import PROJECT_DIR, MeasureError, use_two_cores
from refi_assets.ml.columns import InputColumn, encode
from refi_assets.ml.fitted import FittedModel
from refi_assets.ml.policy import Kind, load_ml_policy
from refi_assets.ml.registered_files import ModelRecord
from refi_assets.ml.registry import CHAMPION, Registry
from refi_assets.ml.scorecard import fit_scorecard
from refi_assets.ml.tables import Bools, Table
from refi_assets.ml.trees import Trees

ROWS, COLUMNS, SCORES = 20_000, 25, 500
PORT = 18_473
CONNECTIONS = 32
Row = Mapping[str, float | None]


def main() -> None:
    """Measure each kind of model."""
    parser = argparse.ArgumentParser(prog="python -m bench.score_endpoint", description=__doc__)
    parser.add_argument("--rate", type=int, default=50, help="requests a second")
    parser.add_argument("--seconds", type=int, default=10, help="seconds for each kind of model")
    arguments = parser.parse_args()
    use_two_cores()
    rows, models = train_models()
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(f"sqlite:///{folder}/mlflow.db")
        for kind, model in models.items():
            record = ModelRecord(
                parameters={}, figures={}, data_sha256="", code_version="", trained_on="", card_md="", card_html=""
            )
            registry.set_alias(kind, CHAMPION, registry.register(kind, model, record))
        server = start_server(registry.uri, Path(folder))
        try:
            for kind, model in models.items():
                seconds = asyncio.run(send_requests(kind, rows, arguments.rate, arguments.seconds))
                measured[kind] = {"model": percentiles(scores_alone(model, rows)), "request": percentiles(seconds)}
        finally:
            server.terminate()
            server.wait()
    print(json.dumps({"requests_per_second": arguments.rate, "milliseconds": measured}))


def train_models() -> tuple[list[Row], dict[Kind, FittedModel]]:
    """Rows of numbers, a tenth of them unknown, and a model of each kind as large as training makes them."""
    random = np.random.default_rng(0)
    matrix = random.normal(size=(ROWS, COLUMNS))
    label: Bools = random.uniform(size=ROWS) < 1 / (1 + np.exp(2 - matrix @ np.linspace(-1, 1, COLUMNS)))
    matrix[random.uniform(size=matrix.shape) < 0.1] = np.nan
    inputs = tuple(InputColumn(name=f"feature_{number}", kind="number") for number in range(COLUMNS))
    table: Table = {column.name: matrix[:, number] for number, column in enumerate(inputs)}
    policy = load_ml_policy()
    scale, trees, rounds = policy.scorecard, policy.search.served_trees, max(policy.search.rounds)
    encoded = encode(inputs, table)
    forest = RandomForestClassifier(trees, **policy.search.forest[-1].model_dump(), n_jobs=2).fit(encoded, label)
    boosting = HistGradientBoostingClassifier(max_iter=rounds, **policy.search.boosting[-1].model_dump())
    models: dict[Kind, FittedModel] = {
        "logistic_regression": FittedModel(
            "logistic_regression", fit_scorecard(inputs, table, label, scale), (0, 1), scale
        ),
        "gradient_boosting": FittedModel(
            "gradient_boosting", Trees(inputs, boosting.fit(encoded, label)), (0, 1), scale
        ),
        "random_forest": FittedModel("random_forest", Trees(inputs, forest.set_params(n_jobs=1)), (0, 1), scale),
    }
    rows: list[Row] = [
        {column.name: None if np.isnan(value) else float(value) for column, value in zip(inputs, values, strict=True)}
        for values in matrix[:SCORES]
    ]
    return rows, models


def scores_alone(model: FittedModel, rows: list[Row]) -> list[float]:
    """The seconds of each score by the model alone."""
    model.score(rows[0])  # the first one prepares
    seconds = []
    for row in rows:
        started = time.perf_counter()
        model.score(row)
        seconds.append(time.perf_counter() - started)
    return seconds


def start_server(uri: str, folder: Path) -> "subprocess.Popen[bytes]":
    """`refi serve` on loopback, once it is ready."""
    settings = {"REFI_MLFLOW_URI": uri, "REFI_LAKE_URL": str(folder / "lake"), "REFI_API_PORT": str(PORT)}
    command = [sys.executable, "-c", "from refi_assets.cli import main; main()", "serve"]
    server = subprocess.Popen(command, cwd=PROJECT_DIR, env={**os.environ, **settings}, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz").close()
            return server
        except OSError:
            time.sleep(0.1)
    server.kill()
    raise MeasureError("the server was not ready within a minute")


async def send_requests(kind: str, rows: list[Row], rate: int, seconds: int) -> list[float]:
    """Seconds from the moment at which each request should be sent to the end of its answer."""
    idle: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.LifoQueue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", PORT))
    requests = [request_of({"model": kind, "features": row}) for row in rows]
    latencies: list[float] = []
    begin = time.perf_counter() + 0.1

    async def send(number: int) -> None:
        intended = begin + number / rate
        await asyncio.sleep(max(0, intended - time.perf_counter()))
        reader, writer = await idle.get()
        writer.write(requests[number % len(requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
        if not head.startswith(b"HTTP/1.1 200"):
            raise MeasureError(f"the server answered {head[:12]!r}")
        if number >= rate:  # the first second warms up
            latencies.append(time.perf_counter() - intended)
        idle.put_nowait((reader, writer))

    await asyncio.gather(*map(send, range(rate * (seconds + 1))))
    while not idle.empty():
        idle.get_nowait()[1].close()
    return latencies


def request_of(body: Any) -> bytes:
    """A request for a score, as bytes."""
    content = json.dumps(body).encode()
    head = f"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


def percentiles(seconds: list[float]) -> dict[str, float]:
    """P50 and P99 in milliseconds."""
    p50, p99 = np.percentile(np.array(seconds) * 1000, (50, 99))
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2)}


if __name__ == "__main__":
    main()
