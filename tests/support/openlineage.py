"""Reading OpenLineage events in tests."""

import json
from pathlib import Path
from typing import Any

from tests.support.running import Ran

Event = dict[str, Any]


def events_of(lake: Path, done: Ran) -> list[Event]:
    return read(lake / "openlineage" / f"{done.result.run_id}.jsonl")


def read(file: Path) -> list[Event]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def completed(events: list[Event]) -> dict[str, Event]:
    complete = [event for event in events if event["eventType"] == "COMPLETE"]
    by_job = {event["job"]["name"]: event for event in complete}
    assert len(by_job) == len(complete), "one event for each asset"
    return by_job
