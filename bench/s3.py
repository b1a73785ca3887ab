"""A lake on moto's S3, and the time that the sensor's ticks take on it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import PROJECT_DIR, json_from, python
from bench.results import FIRST_TICK, S3_TICKS, TICK, Bench

TICKS = 6


@contextmanager
def moto(scratch: Path, old_objects: int = 0) -> Iterator[dict[str, str]]:
    """A new moto with the buckets of moto_s3.py; yields the AWS variables that point to it."""
    command = python(PROJECT_DIR / "bench" / "moto_s3.py", str(old_objects))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["TMPDIR"] = str(scratch)  # moto's place for large objects
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            yield {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "bench",
                "AWS_SECRET_ACCESS_KEY": "bench",
                "AWS_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            }
        finally:
            server.terminate()


def measure_ticks(bench: Bench, old_objects: int, scratch: Path) -> None:
    """The first tick and later ticks of the sensor on a raw zone with this many old objects."""
    with moto(scratch, old_objects) as variables:
        first, *later = json_from("bench.tick", "s3://old/", str(TICKS), scratch=scratch, variables=variables)
    bench.rows[S3_TICKS] = old_objects
    bench.keep_seconds(S3_TICKS, FIRST_TICK, first)
    for seconds in later:
        bench.keep_seconds(S3_TICKS, TICK, seconds)
