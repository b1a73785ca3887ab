"""The README's commands on live default risk run in their order, beside a broker."""

import re

import pytest

from tests.acceptance.test_readme import RISK, run_in_order


@pytest.mark.long
def test_the_commands_on_live_default_risk_run(kafka, tmp_path, monkeypatch):
    packages, broker, *commands = RISK
    assert (packages, broker) == ("make stream", "make broker &")  # both are here
    monkeypatch.setenv("REFI_KAFKA_BOOTSTRAP", kafka.bootstrap)
    monkeypatch.setenv("REFI_STREAM_DIR", str(tmp_path / "stream"))

    *_, sent, streamed = run_in_order(commands, tmp_path)

    assert re.search(r"^Sent [1-9]", sent, re.M)
    assert re.search(r"[1-9]\d* scores", streamed)
    assert list((tmp_path / "lake").glob("stream/risk/scores/*/*.parquet"))
