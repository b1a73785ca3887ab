"""With a real daemon: files that are dropped become a published audience without a hand."""

import json
import subprocess
from pathlib import Path

from refi_assets.settings import PROJECT_DIR
from tests.acceptance.conftest import REFI
from tests.support.serving import serving, wait_for


def test_a_drop_becomes_an_audience(tmp_path: Path):
    lake = tmp_path / "lake"
    with serving("watch", lake):
        sample = PROJECT_DIR / "data" / "sample"
        subprocess.run([REFI, "ingest", "--source", sample, "--lake", lake], check=True)
        wait_for((lake / "output" / "latest.json").exists, 180)

    latest = json.loads((lake / "output" / "latest.json").read_text())
    manifest = json.loads((lake / latest["manifest"]).read_text())
    truth = json.loads((sample / "truth.json").read_text())
    assert manifest["counts"] == truth["counts"]
    assert manifest["audience"]["rows"] == truth["audience_rows"]
