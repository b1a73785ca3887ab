"""Logs as JSON, one object a line: the form, and where it is used for all that Python logs.

What an event of a run says belongs to defs/logs.py. Errors are named by their type: their words may quote a cell.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime

Fields = dict[str, str | None]


class JsonFormatter(logging.Formatter):
    """A record as one line. Every line has the same keys; what does not apply is null."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return _line(record.levelname, record.created, self.fields(record))

    def fields(self, record: logging.LogRecord) -> Fields:
        """What a record says, besides when and how loud."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        return {"event": "LOG", "message": record.getMessage() + (f" ({error})" if error else "")}


def error_line(message: str, run_id: str | None) -> str:
    """The line of what ends a command."""
    return _line("ERROR", time.time(), {"run_id": run_id, "event": "LOG", "message": message})


def _line(level: str, timestamp: float, told: Fields) -> str:
    at = datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds")
    always: Fields = {"time": at, "level": level, "run_id": None, "job": None, "asset": None}
    return json.dumps(always | told, ensure_ascii=False)


def handler(formatter: logging.Formatter | None = None) -> logging.Handler:
    """A handler that writes JSON to stderr."""
    made = logging.StreamHandler(sys.stderr)
    made.setFormatter(formatter or JsonFormatter())
    return made


def log_as_json() -> None:
    """From now on, what any library warns of is JSON on stderr, too."""
    logging.captureWarnings(True)
    logging.basicConfig(level=logging.WARNING, handlers=[handler()], force=True)
