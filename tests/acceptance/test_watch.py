"""With a real daemon, dropped files become a published audience automatically."""

import json
from pathlib import Path

import pytest

from refi_assets.orchestration import partitions
from refi_assets.settings import PROJECT_DIR
from tests.support.running import ingest
from tests.support.serving import serving, wait_for

pytestmark = pytest.mark.long


def test_a_drop_becomes_an_audience(tmp_path: Path):
    lake = tmp_path / "lake"
    with serving("watch", lake):
        sample = PROJECT_DIR / "data" / "sample"
        ingest(lake, sample, partitions.now().date())
        wait_for((lake / "output" / "latest.json").exists, 180)

    latest = json.loads((lake / "output" / "latest.json").read_text())
    manifest = json.loads((lake / latest["manifest"]).read_text())
    truth = json.loads((sample / "truth.json").read_text())
    assert manifest["counts"] == truth["counts"]
    assert manifest["audience"]["rows"] == truth["audience_rows"]
