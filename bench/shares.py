"""`refi ARGUMENTS`, and whose the time was: python -m bench.shares OUT.json ARGUMENTS.

Every few milliseconds it looks at what the main thread does. The time is Dagster's when the innermost call that
is either ours or Dagster's is Dagster's: its imports, its event log, what it does around a step. It is not when that
call is ours, whatever library we called. OUT.json gets Dagster's seconds.
"""

import json
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from bench.measure import PROJECT_DIR
from refi_assets.cli import main

OURS = str(PROJECT_DIR / "refi_assets")
INTERVAL_SECONDS = 0.003
SWITCH_SECONDS = 0.001  # how long it may wait for its turn, lest it mostly see calls that let others run


def is_dagsters(frame: FrameType | None) -> bool:
    """Whether the innermost of our and Dagster's calls is Dagster's."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(OURS):
            return False
        if "/site-packages/dagster" in file:
            return True
        frame = frame.f_back
    return False


class Sampler(threading.Thread):
    """Adds up Dagster's seconds in the thread that made it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seconds = 0.0
        self._watched = threading.get_ident()

    def run(self) -> None:
        """Look, and charge the time since the last look to whom it finds."""
        last = time.perf_counter()
        while True:
            time.sleep(INTERVAL_SECONDS)
            dagsters, now = is_dagsters(sys._current_frames().get(self._watched)), time.perf_counter()
            self.seconds += dagsters * (now - last)
            last = now


if __name__ == "__main__":
    out = Path(sys.argv.pop(1))
    sys.setswitchinterval(SWITCH_SECONDS)
    sampler = Sampler()
    sampler.start()
    try:
        main()
    finally:
        out.write_text(json.dumps({"dagster": sampler.seconds}))
