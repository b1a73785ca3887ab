"""What the running query writes: a line after each batch, as text, or as JSON for those who read logs by program."""

import json
from datetime import UTC, datetime

from refi_assets.cli.terminal import say
from refi_assets.observability.settings import ObservabilitySettings
from refi_assets.risk.stream.batch import BatchFigures
from refi_assets.settings import settings_of


def say_batch(figures: BatchFigures, lag_seconds: float) -> None:
    """Print the figures of a finished batch."""
    counts = {name: getattr(figures, name) for name in ("events", "late_events", "dead_letters", "scores")}
    if settings_of(ObservabilitySettings).log_format == "json":
        seconds = {part: round(seconds, 3) for part, seconds in figures.seconds.items()}
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": "BATCH", "batch": figures.batch}
        print(json.dumps(line | counts | {"lag_seconds": round(lag_seconds, 1), "seconds": seconds}), flush=True)
        return
    texts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    parts = ", ".join(f"{part} {spent:.2f}" for part, spent in figures.seconds.items())
    say(f"Batch {figures.batch}: {texts}; {lag_seconds:.0f} s behind; seconds: {parts}")
