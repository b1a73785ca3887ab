"""Whether what latest.json names is whole: read with Python alone, as another program would."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any


def require_whole_audience(lake: Path) -> Any:
    """The manifest of the audience that latest.json names. Fails unless file, hash, rows and relations agree."""
    latest = json.loads((lake / "output" / "latest.json").read_text())
    manifest = json.loads((lake / latest["manifest"]).read_text())
    data = (lake / latest["audience"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == latest["sha256"] == manifest["audience"]["sha256"]
    assert len(list(csv.reader(io.StringIO(data.decode(), newline="")))) - 1 == manifest["audience"]["rows"]
    assert manifest["run_id"] == latest["run_id"]
    assert {made["run_id"] for made in manifest["relations"].values()} == {latest["run_id"]}
    for key, made in manifest["relations"].items():
        record = json.loads((lake / "runs" / made["run_id"] / f"{key}.json").read_text())
        assert record["rows"] == made["rows"]
        assert record["parquet"] is None or (lake / record["parquet"]).is_file()
    return manifest
