"""Whether the audience in latest.json is whole, read as another program would, without the platform's own code."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any, Protocol


class Readable(Protocol):
    """A lake that is read by key. tests/fakes/s3_reader.py has the one on S3."""

    def read(self, key: str) -> bytes:
        """An object's bytes."""

    def has(self, key: str) -> bool:
        """Whether there is an object, or, below a key that ends in /, at least one."""


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, key: str) -> bytes:
        return (self._root / key).read_bytes()

    def has(self, key: str) -> bool:
        return (self._root / key).is_file()


def require_whole_audience(where: Path | Readable) -> Any:
    """The manifest of the audience that latest.json names. Fails unless file, hash, rows and relations agree."""
    lake = _Folder(where) if isinstance(where, Path) else where
    latest = json.loads(lake.read("output/latest.json"))
    manifest = json.loads(lake.read(latest["manifest"]))
    data = lake.read(latest["audience"])
    assert hashlib.sha256(data).hexdigest() == latest["sha256"] == manifest["audience"]["sha256"]
    assert len(list(csv.reader(io.StringIO(data.decode(), newline="")))) - 1 == manifest["audience"]["rows"]
    assert manifest["run_id"] == latest["run_id"]
    assert {version["run_id"] for version in manifest["relations"].values()} == {latest["run_id"]}
    for key, version in manifest["relations"].items():
        record = json.loads(lake.read(f"runs/{version['run_id']}/{key}.json"))
        assert record["rows"] == version["rows"]
        is_nothing = record["parquet"] is None or (record["parquet"].endswith("/") and not record["rows"])
        assert is_nothing or lake.has(record["parquet"]), "engines other than DuckDB write no file without rows"
    return manifest
