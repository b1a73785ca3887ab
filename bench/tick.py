"""The seconds of the sensor's ticks, as JSON, oldest first: python -m bench.tick LAKE_URL TICKS."""

import json
import sys
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from refi_assets.defs.refi import REFI
from refi_assets.orchestration.automation import tick
from refi_assets.orchestration.resources import LakeResource

START = datetime(2026, 2, 20, 5, 0, tzinfo=ZoneInfo("America/New_York"))


def seconds_of_ticks(lake_url: str, ticks: int) -> list[float]:
    """The seconds of consecutive ticks, a minute apart by the sensor's clock."""
    cursor, seconds = None, []
    for number in range(ticks):
        started = time.perf_counter()
        cursor = tick(REFI, cursor, LakeResource(url=lake_url), START + timedelta(minutes=number)).cursor
        seconds.append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    print(json.dumps(seconds_of_ticks(sys.argv[1], int(sys.argv[2]))))
