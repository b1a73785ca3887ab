"""What a program of loan offers has published and serves, read from its files as another program would."""

import csv
import hashlib
import io
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

PROGRAM = "loan_offer_targeting"


def latest_publication(lake: Path) -> dict[str, Any]:
    """latest.json of the program. Fails unless its file has the bytes and rows that it and its manifest name."""
    latest: dict[str, Any] = json.loads((lake / "output" / PROGRAM / "latest.json").read_bytes())
    published = (lake / latest["offers"]).read_bytes()
    manifest = json.loads((lake / latest["manifest"]).read_bytes())
    assert manifest["run_id"] == latest["run_id"]
    assert hashlib.sha256(published).hexdigest() == latest["sha256"] == manifest["offers"]["sha256"]
    assert len(_rows(published)) == manifest["offers"]["rows"] == sum(manifest["counts"]["offers"].values())
    return latest


def published_file(lake: Path, run_id: str) -> bytes:
    """The published offers of a run."""
    return (lake / "output" / PROGRAM / f"{run_id}.csv").read_bytes()


def served_week(store: Path) -> tuple[str, dict[str, str]]:
    """The run of the store's current week, and the JSON of each of its offers by customer."""
    run_id = json.loads((store / PROGRAM / "current.json").read_bytes())["run_id"]
    with closing(sqlite3.connect(f"file:{store / PROGRAM / run_id}.sqlite?mode=ro", uri=True)) as week:
        return run_id, dict(week.execute("SELECT customer_id, body FROM offer"))


def require_served_whole(lake: Path, store: Path) -> str:
    """The run that is served. Fails unless its offers are those that it published, in number and in every term."""
    run_id, bodies = served_week(store)
    published = {row["customer_id"]: row for row in _rows(published_file(lake, run_id))}
    assert bodies.keys() == published.keys()
    for customer_id, row in published.items():
        body = json.loads(bodies[customer_id], parse_float=Decimal, parse_int=Decimal)
        assert {column: _text(body[column], like=text) for column, text in row.items()} == row
    return run_id


def _rows(text: bytes) -> list[Mapping[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode(), newline="")))


def _text(value: Any, *, like: str) -> str:
    """A value of JSON as a cell of CSV, if it equals this cell as a number."""
    return like if isinstance(value, Decimal) and value == Decimal(like) else str(value)
