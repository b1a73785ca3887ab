"""Requests at a constant rate, by vegeta, and their latencies from the moment at which each should have been sent.

vegeta counts from the moment at which it did send one; if all its connections wait for a slow server, that hides the
wait. Here request number N should be sent N / rate seconds after the first, and those never sent are errors.
"""

import base64
import csv
import io
import json
import math
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.measure import MeasureError

VEGETA = "github.com/tsenart/vegeta/v12@v12.13.0"
_MOST_WAITING = 2_000  # connections, and so requests without an answer
_TIMEOUT_S = 10
_MORE_S = 5  # in which vegeta sends what it could not send in time


@dataclass(frozen=True)
class Request:
    """A request to be sent. `kind` groups the figures; it is not sent."""

    kind: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answers:
    """What became of the requests of one load, in the order of sending.

    `milliseconds`: from the intended moment to the end of the answer. `late`: until it was sent. `intended`: seconds
    since the first, which was `began` after 1970. `failures`:
    of each request, "" if it was answered with 2xx. `unsent` have no answer at all.
    """

    kinds: NDArray[np.str_]
    milliseconds: NDArray[np.float64]
    late: NDArray[np.float64]
    intended: NDArray[np.float64]
    failures: NDArray[np.str_]
    unsent: int
    began: float

    def figures(self, among: NDArray[np.bool_] | None = None) -> dict[str, Any]:
        """Percentiles by kind, and the failures by what was answered; `among`: only of these requests."""
        chosen = np.ones(len(self.kinds), bool) if among is None else among
        failed = chosen & (self.failures != "")
        kinds = {str(kind): percentiles(self.milliseconds[chosen & (self.kinds == kind)]) for kind in set(self.kinds)}
        unsent = Counter({"never sent": self.unsent if among is None else 0})
        failures = Counter(map(str, self.failures[failed])) + unsent
        return {"kinds": kinds, "failures": dict(failures), "late": percentiles(self.late[chosen])}


def percentiles(milliseconds: NDArray[np.float64]) -> dict[str, float]:
    """The number of requests, and percentiles of their milliseconds, which are NaN if there are none."""
    if not len(milliseconds):
        return {"requests": 0, **dict.fromkeys(("p50", "p99", "p999", "max"), math.nan)}
    p50, p99, p999, most = np.percentile(milliseconds, (50, 99, 99.9, 100)).tolist()
    return {"requests": len(milliseconds), "p50": p50, "p99": p99, "p999": p999, "max": most}


def build_vegeta(folder: Path) -> Path:
    """vegeta, built from the Go module proxy into a folder unless it is there. Raises MeasureError without Go."""
    program = folder / "vegeta"
    if not program.exists():
        go = shutil.which("go")
        if go is None:
            raise MeasureError("The load is sent by vegeta, which Go builds. Install Go.")
        environment = {**os.environ, "GOBIN": str(folder.resolve()), "GOFLAGS": "-mod=mod"}
        built = subprocess.run([go, "install", VEGETA], env=environment, capture_output=True, text=True, check=False)
        if built.returncode:
            raise MeasureError(f"go install {VEGETA} failed:\n{built.stderr[-2000:]}")
    return program


def send(vegeta: Path, base: str, requests: Sequence[Request], rate: int, scratch: Path) -> tuple[Path, float]:
    """Send these requests, so many a second, and wait for the answers: the results, and vegeta's processor seconds."""
    targets, results = scratch / "targets.json", scratch / "results.gob"
    targets.write_text("".join(_target(base, request) for request in requests), encoding="utf-8")
    options = {
        "format": "json",
        "targets": targets,
        "output": results,
        "rate": f"{rate}/s",
        "duration": f"{len(requests) / rate + _MORE_S}s",
        "timeout": f"{_TIMEOUT_S}s",
        "workers": 64,
        "max-workers": _MOST_WAITING,
        "connections": _MOST_WAITING,
        "max-body": 0,  # read, but not kept
        "redirects": -1,
    }
    # Lazily: each request is read when it is sent, and the last one ends the attack, also if that is after its time.
    command = [str(vegeta), "attack", "-lazy", *(f"-{name}={value}" for name, value in options.items())]
    # Garbage is collected rarely, so that the generator disturbs the server little.
    attack = subprocess.Popen(command, env={**os.environ, "GOGC": "400"}, stderr=subprocess.PIPE)
    message = attack.stderr.read() if attack.stderr else b""
    _, status, usage = os.wait4(attack.pid, 0)
    attack.returncode = os.waitstatus_to_exitcode(status)
    if attack.returncode:
        raise MeasureError(f"vegeta attack failed:\n{message.decode()[-2000:]}")
    return results, usage.ru_utime + usage.ru_stime


def read_results(vegeta: Path, results: Path, requests: Sequence[Request], rate: int) -> Answers:
    """The answers to the requests that were sent."""
    encoded = subprocess.run([vegeta, "encode", "-to=csv", results], stdout=subprocess.PIPE, check=True).stdout.decode()
    return read_answers(csv.reader(io.StringIO(encoded)), requests, rate)


def read_answers(rows: Iterable[Sequence[str]], requests: Sequence[Request], rate: int) -> Answers:
    """What vegeta's CSV says: timestamp, status, latency in nanoseconds, ..., error, ..., and the request's number."""
    by_number = sorted(
        (int(row[8]), int(row[0]), int(row[2]), int(row[1]), row[5]) for row in rows if int(row[8]) < len(requests)
    )
    number, sent, took = (np.array(column) for column in list(zip(*by_number, strict=True))[:3])
    schedule = number * (1e9 / rate)
    begin = (sent - schedule).min()  # the request that was least late was sent when it should have been
    late = sent - schedule - begin
    failures = [
        "" if 200 <= code < 300 else f"status {code}" if code else error.rpartition(": ")[2]
        for *_, code, error in by_number
    ]
    return Answers(
        kinds=np.array([requests[place].kind for place in number]),
        milliseconds=(late + took) / 1e6,
        late=late / 1e6,
        intended=schedule / 1e9,
        failures=np.array(failures),
        unsent=len(requests) - len(by_number),
        began=float(begin) / 1e9,
    )


def _target(base: str, request: Request) -> str:
    target = {
        "method": request.method,
        "url": base + request.path,
        "header": {name: [value] for name, value in request.headers.items()},
        "body": base64.b64encode(request.body).decode(),
    }
    return json.dumps(target) + "\n"
