"""Logs as JSON, one object a line: the form of a line, and a handler that writes all Python logging in it.

The events of a run are turned into lines by orchestration/logs.py. An error is named by its type only, since its
message may quote a cell.
"""

import json
import logging
import sys
import time
from datetime import UTC, datetime

Fields = dict[str, str | float | None]

_ENCODE = json.JSONEncoder(ensure_ascii=False).encode  # made once: json.dumps would make one for each line


class JsonFormatter(logging.Formatter):
    """A record as one line. Every line has the same keys; those that do not apply are null."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return _json_line(record.levelname, record.created, self.fields(record))

    def fields(self, record: logging.LogRecord) -> Fields:
        """The keys of a record besides its time and level."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        return {"event": "LOG", "message": record.getMessage() + (f" ({error})" if error else "")}


def error_line(message: str, run_id: str | None) -> str:
    """The line of an error that ends a command."""
    return _json_line("ERROR", time.time(), {"run_id": run_id, "event": "LOG", "message": message})


def _json_line(level: str, timestamp: float, fields: Fields) -> str:
    at = datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="milliseconds")
    defaults: Fields = {"time": at, "level": level, "run_id": None, "job": None, "asset": None}
    return _ENCODE(defaults | fields)


def stderr_handler(formatter: logging.Formatter | None = None) -> logging.Handler:
    """A handler that writes JSON to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter or JsonFormatter())
    return handler


def log_as_json() -> None:
    """Write the warnings and logs of all libraries as JSON to stderr from now on."""
    logging.captureWarnings(True)
    logging.basicConfig(level=logging.WARNING, handlers=[stderr_handler()], force=True)
