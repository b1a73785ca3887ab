"""Reading OpenLineage events in tests."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.running import Ran

Event = dict[str, Any]


def unconfigured(patch: pytest.MonkeyPatch) -> None:
    """Take away what the environment says to the OpenLineage client."""
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        patch.delenv(name)


def events_of(lake: Path, done: Ran) -> list[Event]:
    return read(lake / "openlineage" / f"{done.result.run_id}.jsonl")


def read(file: Path) -> list[Event]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def completed(events: list[Event]) -> dict[str, Event]:
    found = [event for event in events if event["eventType"] == "COMPLETE"]
    by_job = {event["job"]["name"]: event for event in found}
    assert len(by_job) == len(found), "one an asset"
    return by_job
